"""What tests of several packages need."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

# One thread for BLAS, as in the program. Plugins of pytest load NumPy before this file is read, so
# the environment would come too late; threads that wait for each other make a busy machine crawl.
threadpool_limits(limits=1, user_api="blas")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One process of tests more than there are cores: many tests wait for other processes."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:  # xdist reads it
        return None
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, in whatever order: at the end no core waits for one of them."""
    items.sort(key=lambda item: not {"slow", "terminal"} & {m.name for m in item.iter_markers()})


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that is learned in a second, as a file: a bright bar at one of three heights.

    300 training and 60 test images of 1 x 12 x 12.
    """
    rng = np.random.default_rng(7)
    labels = np.arange(360) % 3
    images = rng.integers(0, 90, (360, 1, 12, 12)).astype(np.uint8)
    for image, label in zip(images[:, 0], labels, strict=True):
        image[4 * label : 4 * label + 4] += 120
    path = tmp_path_factory.mktemp("data") / "bars.npz"
    np.savez(
        path, x_train=images[:300], y_train=labels[:300], x_test=images[300:], y_test=labels[300:]
    )
    return path


class AtOnce(Executor):
    """In place of a thread: what is submitted is done when it is submitted."""

    def __init__(self, *about: object) -> None:
        super().__init__()

    def submit(self, work: Callable[..., Any], /, *words: Any, **options: Any) -> Future[Any]:
        """Do the work now."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*words, **options))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture
def written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who listens hears of a step when it is done, not when the checkpoint before is written."""
    monkeypatch.setattr("tui.experiment.keeping.ThreadPoolExecutor", AtOnce)
