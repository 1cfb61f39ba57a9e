"""The layers when inferring, each a function of plain NumPy that stands alone.

Nothing here is called by the library. :mod:`cnnlib.interop.numpy_script` copies the source of the
functions that a network uses into a script for somebody who has NumPy and nothing else, so they
are written to be read there: images (N, C, H, W), features (N, D), one formula each, no planning.
"""

# np.ndarray alone, which a reader of the script knows, is an array of anything to a type checker:
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import argparse
import gzip
import math
import os
import sys
import zlib
from collections.abc import Callable, Sequence

import numpy as np


def windows(x: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """The windows of images, (N, C, H', W', kernel, kernel); what is over is left out."""
    seen = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return seen[:, :, ::stride, ::stride]


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> np.ndarray:
    """y[n, f, i, j] = bias[f] + sum over c, p, q of
                           weight[f, c, p, q] * x[n, c, s*i + d*p, s*j + d*q]

    s is the stride, d the dilation, and x is padded with zeros first. Each group of filters sees
    its own group of channels.
    """
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    reach = dilation * (weight.shape[2] - 1) + 1
    seen = windows(x, reach, stride)[..., ::dilation, ::dilation]
    parts, filters = np.split(seen, groups, axis=1), np.split(weight, groups)
    sums = [np.tensordot(parts[g], filters[g], axes=((1, 4, 5), (1, 2, 3))) for g in range(groups)]
    y = np.concatenate(sums, axis=3).transpose(0, 3, 1, 2)
    return y if bias is None else y + bias[:, None, None]


def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """y[n, o] = bias[o] + sum over i of weight[o, i] * x[n, i]."""
    y = x @ weight.T
    return y if bias is None else y + bias


def flatten(x: np.ndarray) -> np.ndarray:
    """Images as features, channel by channel, row by row."""
    return x.reshape(len(x), -1)


def max_pool2d(x: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """The largest number of each window."""
    return windows(x, kernel, stride).max(axis=(4, 5))


def avg_pool2d(x: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """The mean of each window."""
    return windows(x, kernel, stride).mean(axis=(4, 5))


def global_avg_pool2d(x: np.ndarray) -> np.ndarray:
    """The mean of each channel: images become features."""
    return x.mean(axis=(2, 3))


def batch_norm2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    running_mean: np.ndarray,
    running_var: np.ndarray,
    *,
    eps: float,
) -> np.ndarray:
    """Each channel by the mean and variance that training has seen."""
    scale = weight / np.sqrt(running_var + x.dtype.type(eps))
    shift = bias - running_mean * scale
    return x * scale[:, None, None] + shift[:, None, None]


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, eps: float) -> np.ndarray:
    """Each example to mean 0 and variance 1 over all its numbers."""
    axes = tuple(range(1, x.ndim))
    centred = x - x.mean(axis=axes, keepdims=True)
    variance = (centred * centred).mean(axis=axes, keepdims=True)
    return centred / np.sqrt(variance + x.dtype.type(eps)) * weight + bias


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0)."""
    return np.maximum(x, 0)


def leaky_relu(x: np.ndarray, slope: float) -> np.ndarray:
    """x above 0, slope * x below."""
    return np.where(x > 0, x, x.dtype.type(slope) * x)


def gelu(x: np.ndarray) -> np.ndarray:
    """x times the normal distribution function, in its tanh form."""
    return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), written so that nothing overflows."""
    return (1 + np.tanh(x / 2)) / 2


def silu(x: np.ndarray) -> np.ndarray:
    """x times its sigmoid."""
    return x * sigmoid(x)


def tanh(x: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent."""
    return np.tanh(x)


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(logits) scaled to sum 1 for each example."""
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    return found / found.sum(axis=1, keepdims=True)


def as_pixels(images: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Images as float32 (N, C, H, W) in [0, 1]: from bytes, or from floats that are so already.

    One image alone, gray images without a channel axis and channels at the end are understood.
    """
    images = np.asarray(images)
    channels, height, width = shape
    if images.shape[-3:] == (height, width, channels) != shape:
        images = np.moveaxis(images, -1, -3)
    elif channels == 1 and images.shape[-2:] == (height, width) and images.shape[-3:] != shape:
        images = images[..., None, :, :]
    if images.shape[-3:] != shape or images.ndim > 4:
        raise ValueError(
            f"expected images of shape (N, C, H, W) = (N, *{shape}), not {images.shape}"
        )
    images = images.reshape(-1, *shape)
    low, high = (images.min(), images.max()) if images.size else (0, 0)
    if images.dtype.kind in "iu" and 0 <= low and high <= 255:
        return images.astype(np.float32) * np.float32(1 / 255)
    if images.dtype.kind == "f" and 0 <= low <= high <= 1:
        return images.astype(np.float32)
    raise ValueError("expected bytes from 0 to 255, or floats from 0 to 1")


def read_images(path: str) -> np.ndarray:
    """The array in an .npy file or in an IDX file (as MNIST has them, plain or .gz)."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with (gzip.open if packed else open)(path, "rb") as file:
        head = file.read(4)
        if head == b"\x93NUM":
            file.seek(0)
            return np.load(file, allow_pickle=False)
        if len(head) < 4 or head[:3] != b"\x00\x00\x08" or not 1 <= head[3] <= 8:
            raise ValueError("neither an .npy file nor an IDX file of bytes")
        shape = tuple(int.from_bytes(file.read(4), "big") for _ in range(head[3]))
        data = file.read()
    if len(data) != math.prod(shape):
        raise ValueError(f"{len(data)} bytes for an array of shape {shape}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def main(predict: Callable[[np.ndarray], np.ndarray], classes: Sequence[str]) -> None:
    """Print the class of every image of some files, tab-separated."""
    parser = argparse.ArgumentParser(description="Name the class of each image.")
    parser.add_argument(
        "files", nargs="+", help=".npy or IDX (plain or .gz): bytes, or floats in [0, 1]"
    )
    parser.add_argument("--all", action="store_true", help="the probability of every class")
    options = parser.parse_args()
    try:
        print("file", "image", "class", "probability", *(classes if options.all else ()), sep="\t")
        for path in options.files:
            try:
                probabilities = predict(read_images(path))
            except (OSError, EOFError, ValueError, MemoryError, zlib.error) as problem:
                sys.exit(f"{path}: {problem}")
            for number, row in enumerate(probabilities):
                best = int(row.argmax())
                rest = [f"{p:.6f}" for p in row] if options.all else []
                print(path, number, classes[best], f"{row[best]:.6f}", *rest, sep="\t")
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
