"""One call that trains a model: for scripts and notebooks, with the trainer behind it."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.arrays import Examples, Labels
from cnnlib.augmentations import Augmentation
from cnnlib.averaging import ExponentialMovingAverage
from cnnlib.console import teller
from cnnlib.errors import DivergedError, RankError, ShapeError
from cnnlib.events import Diverged, Record, RunEnded
from cnnlib.history import History
from cnnlib.losses import CrossEntropyLoss, Loss
from cnnlib.model import Sequential
from cnnlib.optimizers import Adam, Optimizer
from cnnlib.progress import Progress, TrainingState, capture
from cnnlib.ranks import Alone
from cnnlib.replica import Replica
from cnnlib.schedules import OneCycle, Schedule
from cnnlib.stopping import EarlyStopping
from cnnlib.trainer import Trainer
from cnnlib.work import Work


class Pairs(NamedTuple):
    """Images (N, C, H, W), bytes or numbers in [0, 1], and the class of each, (N,)."""

    images: NDArray[Any]
    labels: Labels


def fit(
    model: Sequential,
    train: Examples | tuple[ArrayLike, ArrayLike],
    valid: Examples | tuple[ArrayLike, ArrayLike] | None = None,
    *,
    epochs: int = 5,
    batch_size: int = 64,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    augment: tuple[Augmentation, ...] = (),
    average: ExponentialMovingAverage | None = None,
    clip: float | None = None,
    stopping: EarlyStopping | None = None,
    seed: int = 0,
    ranks: int = 1,
    progress: bool | None = None,
) -> History:
    """Train a model in place, from the weights that it has.

    With validation examples the model ends with the weights of its best epoch, otherwise with the
    last (or with their average, where one is kept). A training that fails leaves it as it was.

    Args:
        model: what learns.
        train: the examples to learn from: ``data.load(..).train``, or (images, labels).
        valid: examples to watch.
        epochs, batch_size: how often to see all examples, and how many at a step.
        loss, optimizer, schedule: ``CrossEntropyLoss()``, ``Adam()``, ``OneCycle()`` when None.
        augment, average, clip, seed, ranks: see :class:`cnnlib.work.Work` and
            :class:`cnnlib.trainer.Trainer`.
        stopping: when to end early.
        progress: whether to tell how it goes; None: where somebody looks at a terminal.

    Raises:
        SpecificationError, ShapeError: something does not fit; nothing was started.
        DivergedError: a number left the finite ones.
        RankError: a process that shared the work has gone.

    >>> import numpy as np
    >>> from cnnlib import Dense, Flatten, Sequential, fit
    >>> labels = np.arange(60) % 2
    >>> images = np.zeros((60, 1, 4, 4))
    >>> images[labels == 1, :, :2] = 1  # the upper half of every second one is bright
    >>> model = Sequential([Flatten(), Dense(2)], (1, 4, 4))
    >>> fit(model, (images, labels), epochs=20, batch_size=10)
    <History of 20 epochs, training accuracy 100.00%>
    """
    if model.flat_parameters.dtype != np.float32:
        raise ShapeError(
            "fit",
            expected="a model of float32",
            received=f"{model.flat_parameters.dtype}",
            advice="Other types are there to check gradients.",
        )
    work = Work(
        model.text(),
        model.input_shape,
        loss=loss or CrossEntropyLoss(),
        optimizer=optimizer or Adam(),
        augment=augment,
        average=average,
        batch_size=batch_size,
        clip=clip,
        seed=seed,
    )
    watched = None if valid is None else examples(valid, model)
    trainer = Trainer(
        work,
        examples(train, model),
        watched,
        schedule=schedule or OneCycle(),
        epochs=epochs,
        stopping=stopping,
        ranks=ranks,
    )
    trainer.restore(beginning(work, model))
    records: list[Record] = []
    with teller(progress) as tell:
        for event in trainer.run():
            records.append(Record(len(records) + 1, time.time(), event))
            tell(event)
            if isinstance(event, RunEnded) and event.reason not in ("diverged", "failed"):
                model.load(trainer.tensors("average" if watched is None else "best"))
    _require_ended(records)
    return History(tuple(records))


def _require_ended(records: list[Record]) -> None:
    """Raise what the training ended with, where that was no good end."""
    for event in (record.event for record in records):
        if isinstance(event, Diverged):
            raise DivergedError(
                f"the training, step {event.step}",
                expected="finite numbers",
                received=f"{event.what} in {event.where}",
                advice="Use a lower learning rate.",
            )
        if isinstance(event, RunEnded) and event.reason == "failed":
            raise RankError("the training", received=event.message)


def beginning(work: Work, model: Sequential) -> TrainingState:
    """The state of a training that has done no step, at the weights of ``model``."""
    replica = Replica(work, {}, Alone())
    replica.model.load(model.tensors())
    if replica.average is not None:
        np.copyto(replica.average.values, replica.model.flat_parameters)
    replica.keep_best()
    return capture(replica, Progress())


def go_on(
    model: Sequential,
    work: Work,
    train: Examples,
    state: TrainingState,
    *,
    schedule: Schedule,
    ranks: int = 1,
) -> TrainingState:
    """One epoch more of a training whose state is carried along, each on examples of its own.

    Args:
        model: receives the weights.
        work: the same at every call.
        train: what this epoch sees.
        state: from ``beginning`` or from the call before.
        schedule: of the learning rate.
        ranks: processes that share the work.

    Returns:
        The state after it.

    Raises:
        DivergedError, RankError: as ``fit``; the model and the state stay as they were.
    """
    epoch = int(state.progress["epoch"])
    trainer = Trainer(work, train, schedule=schedule, epochs=epoch, ranks=ranks)
    trainer.restore(state)
    records: list[Record] = []
    for event in trainer.run():
        records.append(Record(len(records) + 1, time.time(), event))
        if isinstance(event, RunEnded) and event.reason == "finished":
            state = trainer.state()
            model.load(trainer.tensors("average"))
    _require_ended(records)
    return state


def examples(given: Examples | tuple[ArrayLike, ArrayLike], model: Sequential) -> Examples:
    """What a training reads, from examples or (images, labels).

    Raises:
        ShapeError: they are not as many, or not for this model.
    """
    if not isinstance(given, tuple) or hasattr(given, "images"):
        found: Any = given
    else:
        images, labels = (np.asarray(part) for part in given)
        images = images if images.dtype == np.uint8 else images.astype(np.float32)
        found = Pairs(images, labels)
    if found.images.shape[1:] != model.input_shape or len(found.images) != len(found.labels):
        shape = ", ".join(map(str, model.input_shape))
        raise ShapeError(
            "the examples",
            expected=f"images (N, {shape}) and N labels",
            received=f"{found.images.shape} and {len(found.labels)}",
        )
    return Pairs(found.images, found.labels)
