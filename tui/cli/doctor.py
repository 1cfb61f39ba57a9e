"""What this machine offers: versions, BLAS, terminal, directories, and how fast it trains."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, print_json
from tui.experiment.launching import one_thread_each

PACKAGES = ("cnn-tui", "numpy", "pandas", "safetensors", "textual", "plotext", "matplotlib")
BATCH = 64
SECONDS = 1.0


def doctor(runs: Runs = DEFAULT_RUNS, as_json: Json = False) -> int:
    """Say what this machine offers, with a speed test of a second."""
    one_thread_each(os.environ)
    found: dict[str, Any] = {
        "python": f"{platform.python_version()} on {platform.platform()}",
        "processors": os.cpu_count(),
        **{package: _version(package) for package in PACKAGES},
        "blas": _blas(),
        "terminal": _terminal(),
        "configuration": _configuration(),
        "data cache": _writable(_cache()),
        "runs": _writable(runs),
        "images a second": round(speed()),
    }
    if as_json:
        print_json(found)
        return DONE
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name.ljust(width)}  {value}")
    return DONE


def speed(seconds: float = SECONDS) -> float:
    """Images a second that one process trains a LeNet with, batches of 64, no optimizer."""
    import numpy as np

    from cnnlib.architectures import ARCHITECTURES
    from cnnlib.losses import CrossEntropyLoss
    from cnnlib.model import Sequential

    model = Sequential.parse(ARCHITECTURES["lenet"], (1, 28, 28))
    loss = CrossEntropyLoss()
    rng = np.random.default_rng(0)
    images = rng.random((BATCH, 1, 28, 28), dtype=np.float32)
    labels = rng.integers(0, 10, BATCH)
    steps = 0
    began = time.perf_counter()
    while steps < 3 or time.perf_counter() - began < seconds:
        if steps == 2:  # the first steps plan and warm up
            began = time.perf_counter()
        _, d_logits = loss(model.forward(images, train=True), labels)
        model.backward(d_logits)
        steps += 1
    return (steps - 2) * BATCH / (time.perf_counter() - began)


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _blas() -> str:
    """The BLAS that NumPy uses, its version and its threads."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2), dtype=np.float32) @ np.ones((2, 2), dtype=np.float32)  # loads it
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return (
        ", ".join(
            f"{pool['internal_api']} {pool['version']}, threads {pool['num_threads']}"
            for pool in pools
        )
        or "unknown"
    )


def _terminal() -> str:
    from tui.terminal.abilities import ask

    where = "a terminal" if sys.stdout.isatty() else "no terminal here"
    return f"{where}; by the environment {ask().describe()}"


def _configuration() -> str:
    """Where the preferences of the app are, and whether they are there and well."""
    from cnnlib.errors import SpecificationError
    from tui.settings.preferences import config_path, load

    path = config_path()
    try:
        load(path)
    except SpecificationError as error:
        return str(error)
    return str(path) if path.is_file() else f"{path} (not there: all as usual)"


def _cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("cnn-tui") / "data"


def _writable(folder: Path) -> str:
    """The directory, and whether files can be made in it (or in the nearest one above it)."""
    nearest = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    words = [] if folder.exists() else ["made when it is needed"]
    if not os.access(nearest, os.W_OK):
        words.append("NOT WRITABLE")
    return f"{folder.absolute()}" + (f" ({', '.join(words)})" if words else "")
