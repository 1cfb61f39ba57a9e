"""One contender of a speed comparison, in a process of its own that works only when told.

``python contenders.py NAME NET BATCH RANKS`` reads lines "train SECONDS" or "infer SECONDS" and
answers each with a JSON line {"images_per_second", "peak_mib"}. All contenders train on the same
random images with cross-entropy and Adam, and pay for gathering a shuffled batch of bytes and
scaling it. The memory is that of all processes of the contender.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if sys.argv[1:2] == ["cnnlib"]:
    for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[_name] = "1"

import numpy as np

IMAGES = 4096
NETS = {
    # the Keras example "Simple MNIST convnet", without its dropout
    "M1": ["conv 32 3", "pool", "conv 64 3", "pool", "flatten", "dense 10"],
    # a LeNet
    "M2": ["conv 8 5 same", "pool", "conv 16 5", "pool", "flatten", "dense 64 relu", "dense 10"],
    # what neither of them has: batch norm, residual, depthwise, strides, RGB 32x32
    "M3": [
        "conv 32 3 same", "norm", "relu", "residual 32", "depthwise 32 stride", "conv 64 1", "norm",
        "relu", "residual 64", "global", "dense 10",
    ],
}  # fmt: skip
SHAPES = {"M1": (1, 28, 28), "M2": (1, 28, 28), "M3": (3, 32, 32)}

Job = Callable[[], int]
"""Does a piece of work and returns how many images it worked on."""


def examples(net: str) -> tuple[Any, Any]:
    """Random images as bytes, with random classes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES, *SHAPES[net]), dtype=np.uint8)
    return images, rng.integers(0, 10, IMAGES)


def architecture(net: str) -> str:
    """The net in cnnlib's words."""
    lines = []
    for line in NETS[net]:
        kind, *words = line.split()
        if kind == "conv":
            same = ', padding="same"' if "same" in words else ""
            lines.append(f"Conv2d({words[0]}, kernel={words[1]}{same})")
            if net != "M3":
                lines.append("ReLU()")
        elif kind == "residual":
            conv = f'Conv2d({words[0]}, kernel=3, padding="same"), BatchNorm2d()'
            lines += [f"Residual([{conv}, ReLU(), {conv}])", "ReLU()"]
        elif kind == "depthwise":
            lines.append(f"Conv2d({words[0]}, kernel=3, stride=2, padding=1, groups={words[0]})")
        elif kind == "dense":
            lines += [f"Dense({words[0]})", *(["ReLU()"] if "relu" in words else [])]
        else:
            lines.append(
                {
                    "pool": "MaxPool2d(2)", "norm": "BatchNorm2d()", "relu": "ReLU()",
                    "flatten": "Flatten()", "global": "GlobalAvgPool2d()",
                }[kind]
            )  # fmt: skip
    return "\n".join(lines)


def cnnlib_jobs(net: str, batch: int, ranks: int) -> tuple[dict[str, Job], list[int]]:
    """This library, with as many processes as ranks; and the other processes."""
    from cnnlib import Work
    from cnnlib.team import Share, Team

    images, labels = examples(net)
    share = Share(images, labels)
    work = Work(architecture(net), SHAPES[net], batch_size=batch)
    team = Team(work, {"train": share}, ranks)
    team.agree()
    position = iter(range(10**9))
    per_epoch = team.replica.batches()

    def train() -> int:
        epoch, place = divmod(next(position), per_epoch)
        return team.step(epoch + 1, place, 1e-3).examples

    def infer() -> int:
        return len(team.probabilities("train", "current"))

    return {"train": train, "infer": infer}, team.pids()


def torch_jobs(net: str, batch: int, *, channels_last: bool) -> dict[str, Job]:
    """PyTorch eager with its own threads, on tensors NCHW or channels_last."""
    import torch
    from torch import nn

    layers: list[nn.Module] = []
    channels, height, _ = SHAPES[net]

    class Residual(nn.Module):
        def __init__(self, c: int) -> None:
            super().__init__()
            self.f = nn.Sequential(
                nn.Conv2d(c, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU(),
                nn.Conv2d(c, c, 3, padding=1), nn.BatchNorm2d(c),
            )  # fmt: skip

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x + self.f(x))

    for line in NETS[net]:
        kind, *words = line.split()
        if kind == "conv":
            size = int(words[1])
            layers.append(
                nn.Conv2d(channels, int(words[0]), size, padding=size // 2 * ("same" in words))
            )
            channels, height = int(words[0]), height if "same" in words else height - size + 1
            layers += [nn.ReLU()] * (net != "M3")
        elif kind == "pool":
            layers.append(nn.MaxPool2d(2))
            height //= 2
        elif kind == "flatten":
            layers.append(nn.Flatten())
            channels *= height**2
        elif kind == "dense":
            layers.append(nn.Linear(channels, int(words[0])))
            channels = int(words[0])
            layers += [nn.ReLU()] * ("relu" in words)
        elif kind == "norm":
            layers.append(nn.BatchNorm2d(channels))
        elif kind == "relu":
            layers.append(nn.ReLU())
        elif kind == "residual":
            layers.append(Residual(channels))
        elif kind == "depthwise":
            layers.append(nn.Conv2d(channels, channels, 3, 2, 1, groups=channels))
        else:
            layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    model = nn.Sequential(*layers)
    order = torch.channels_last if channels_last else torch.contiguous_format
    model = model.to(memory_format=order)  # type: ignore[call-overload]
    optimizer, loss = torch.optim.Adam(model.parameters(), lr=1e-3), nn.CrossEntropyLoss()
    images, labels = (torch.from_numpy(array) for array in examples(net))
    rng = np.random.default_rng(0)
    pending: list[Any] = []

    def take(index: Any) -> torch.Tensor:
        return (images[index].to(torch.float32) * (1 / 255)).contiguous(memory_format=order)

    def train() -> int:
        if not pending:
            pending.extend(torch.from_numpy(rng.permutation(IMAGES)).split(batch))
        index = pending.pop()
        optimizer.zero_grad()
        loss(model(take(index)), labels[index]).backward()
        optimizer.step()
        return len(index)

    def infer() -> int:
        with torch.inference_mode():
            for start in range(0, IMAGES, batch):
                model(take(slice(start, start + batch))).softmax(1)
        return IMAGES

    return {"train": train, "infer": infer}


def speed(job: Job, seconds: float) -> float:
    """Images per second over about ``seconds``."""
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        done += job()
    return done / (time.perf_counter() - start)


def peak_mib(others: list[int]) -> float:
    """Greatest resident memory of this and other processes in MiB; what they share counts in each.

    Where the system does not tell the peak of another process, its present memory stands in.
    """
    status = Path("/proc/self/status")
    if status.exists():  # of this program: ru_maxrss may be that of the one that started it
        pages = [status, *(Path(f"/proc/{pid}/status") for pid in others)]
        peaks = [re.search(r"VmHWM:\s+(\d+) kB", page.read_text()) for page in pages]
        return sum(int(peak[1]) for peak in peaks if peak) / 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kib = own / 1024 if sys.platform == "darwin" else own
    for pid in others:
        words = ["ps", "-o", "rss=", "-p", str(pid)]
        kib += int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return kib / 1024


def main(words: list[str]) -> None:
    name, net, batch, ranks = words[0], words[1], int(words[2]), int(words[3])
    others: list[int] = []
    if name == "cnnlib":
        jobs, others = cnnlib_jobs(net, batch, ranks)
    else:
        jobs = torch_jobs(net, batch, channels_last=name == "torch channels_last")
    for _ in range(3):
        jobs["train"]()
    jobs["infer"]()
    print("ready", flush=True)
    for line in sys.stdin:
        what, seconds = line.split()
        answer = {
            "images_per_second": speed(jobs[what], float(seconds)),
            "peak_mib": peak_mib(others),
        }
        print(json.dumps(answer), flush=True)
    os._exit(0)  # the driver has hung up; ranks end by themselves


if __name__ == "__main__":
    main(sys.argv[1:])
