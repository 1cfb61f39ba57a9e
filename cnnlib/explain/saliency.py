"""Which pixels a decision rests on, from the network's own backward pass.

All of it runs through the network as it infers: no noise, running statistics, and no gradient of
a parameter is touched. Images are (C, H, W), bytes or numbers in [0, 1]; derivatives are by
pixels in [0, 1]. Without ``target`` the question is about the class that the network sees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.explain.quantities import ONE_DRAW, Quantity, class_of, measure
from cnnlib.explain.trace import pixels_of
from cnnlib.model import Sequential
from cnnlib.plan import Plan, examples_first

Image = NDArray[np.uint8] | Array


def gradient(
    model: Sequential, image: Image, target: int | None = None, *, of: Quantity = "score"
) -> Array:
    """d quantity / d pixel: how a small change of each pixel moves it (Simonyan et al. 2013).

    Args:
        model: the network.
        image: (C, H, W).
        target: the class.
        of: the quantity; its logarithmic probability also says what speaks for other classes.

    Returns:
        (C, H, W), of the network's dtype.

    Raises:
        ShapeError: the image does not fit, or there is no such class.
    """
    pixels = pixels_of(model, image)
    chosen = class_of(model, pixels, target)
    return np.asarray(_gradients(model, pixels[None], chosen, of)[0])


def gradient_times_input(
    model: Sequential, image: Image, target: int | None = None, *, of: Quantity = "score"
) -> Array:
    """gradient * pixel: what each pixel adds to the quantity, were it linear (Shrikumar 2016).

    For a network of convolutions, ReLU, pooling and dense layers without biases it is linear
    along the ray from black, and the sum over all pixels is the score.
    """
    return np.asarray(gradient(model, image, target, of=of) * pixels_of(model, image))


def integrated_gradients(
    model: Sequential,
    image: Image,
    target: int | None = None,
    *,
    of: Quantity = "score",
    baseline: float = 0.0,
    steps: int = 32,
) -> Array:
    """(x - x') * mean of the gradient on the straight way from x' to x (Sundararajan et al. 2017).

    Its sum over all pixels approaches quantity(x) - quantity(x') as ``steps`` grow.

    Args:
        baseline: the pixel value of x', an image without content: black.
        steps: points on the way, the middles of equal parts.

    Returns:
        (C, H, W).

    Raises:
        SpecificationError: fewer than one step; else as ``gradient``.
    """
    if steps < 1:
        raise SpecificationError("steps", expected="at least 1", received=f"{steps}")
    x = pixels_of(model, image)
    chosen = class_of(model, x, target)
    total = np.zeros(x.shape)
    for start in range(0, steps, _TOGETHER):
        places = (np.arange(start, min(start + _TOGETHER, steps)) + 0.5) / steps
        way = baseline + places[:, None, None, None] * (x.astype(np.float64) - baseline)
        total += _gradients(model, way.astype(x.dtype), chosen, of).sum(axis=0, dtype=np.float64)
    return np.asarray((x - baseline) * (total / steps), x.dtype)


def grad_cam(
    model: Sequential,
    image: Image,
    layer_name: str,
    target: int | None = None,
    *,
    of: Quantity = "score",
) -> Array:
    """Where the maps A of a layer speak for a class: Grad-CAM (Selvaraju et al. 2017).

        map = max(0, sum over c of a[c] * A[c])
        a[c] = mean over i, j of d quantity / d A[c, i, j]

    Args:
        layer_name: a layer of the network whose output is images: a convolution, or what follows
            it. The last ones say most.

    Returns:
        (H', W') as the layer's maps; ``enlarge`` brings it to the size of the image.

    Raises:
        SpecificationError: there is no such layer; else as ``gradient``.
    """
    pixels = pixels_of(model, image)
    chosen = class_of(model, pixels, target)
    shapes = {row.name: row.output_shape for row in model.summary()}
    if len(shapes.get(layer_name, ())) != 3:
        maps = ", ".join(name for name, shape in shapes.items() if len(shape) == 3)
        raise SpecificationError(
            "the layer of Grad-CAM", expected=f"one of {maps}", received=repr(layer_name)
        )
    plan = Plan(
        model.layers,
        model.input_shape,
        1,
        model.store,
        train=False,
        fuse=False,
        input_gradient=True,
    )
    outputs = dict(plan.outputs(pixels[None], ONE_DRAW))
    d: Array | None = measure(outputs[model.names[-1]], chosen, of).slopes
    for kernel in reversed(plan.chain.kernels[model.names.index(layer_name) + 1 :]):
        d = None if d is None else kernel.backward(d)
    if d is None:
        raise ShapeError("grad_cam", expected="a gradient by the maps", received="none")
    maps_of, slopes = (examples_first(array)[0] for array in (outputs[layer_name], d))
    weights = slopes.mean(axis=(1, 2))
    return np.maximum(np.tensordot(weights, maps_of, axes=1), 0)


def enlarge(values: Array, shape: Shape) -> Array:
    """A map (h, w) at the size ``shape`` (H, W), linear between the middles of its cells."""
    for axis, size in enumerate(shape):
        side = values.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * side / size - 0.5, 0, side - 1)
        low = np.minimum(at.astype(np.int64), max(0, side - 2))
        high = np.minimum(low + 1, side - 1)
        share = (at - low).astype(values.dtype).reshape((-1, 1) if axis == 0 else (1, -1))
        values = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return values


_TOGETHER = 16  # images that pass the network at once


def _gradients(model: Sequential, images: Array, target: int, of: Quantity) -> Array:
    """(N, C, H, W) for pixels (N, C, H, W)."""
    n = len(images)
    plan = Plan(model.layers, model.input_shape, n, model.store, train=False, input_gradient=True)
    scores = plan.forward(images, Draw(seed=0, purpose="forward", count=n))
    d = plan.backward(measure(scores, target, of).slopes)
    if d is None:
        raise ShapeError("saliency", expected="a gradient by the images", received="none")
    return examples_first(d)
