"""The trainer that the description of a run asks for, with its data."""

from __future__ import annotations

import os
from typing import cast

from cnnlib.augmentations import Augmentation
from cnnlib.averaging import Average, ExponentialMovingAverage
from cnnlib.losses import Loss
from cnnlib.optimizers import Optimizer
from cnnlib.ranks import Communicator
from cnnlib.scaling import RateScaling
from cnnlib.schedules import Schedule
from cnnlib.stopping import EarlyStopping, Stopping
from cnnlib.text import parse, parse_pipeline
from cnnlib.trainer import Trainer
from cnnlib.work import Work
from tui.experiment.loading import RunData
from tui.settings.training import Settings


def cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def assemble(
    name: str, settings: Settings, splits: RunData, communicator: Communicator | None = None
) -> Trainer:
    """The trainer of the run of this name, at the beginning of the training.

    Args:
        name: of the run.
        settings: what the training is asked to do.
        splits: its data.
        communicator: to ranks that are there already; without it they are started here.

    Raises:
        SpecificationError: the settings do not fit together.
    """
    work = Work(
        architecture=settings.architecture,
        input_shape=splits.dataset.image_shape,
        loss=parse(settings.loss, Loss),
        optimizer=parse(settings.optimizer, Optimizer),
        augment=parse_pipeline(settings.augment, Augmentation),
        average=cast(
            "ExponentialMovingAverage | None",
            parse(settings.average, Average) if settings.average else None,
        ),
        batch_size=settings.batch_size,
        clip=settings.clip,
        seed=settings.seed,
        micro_batch=settings.micro_batch or None,
    )
    return Trainer(
        work,
        splits.train,
        splits.valid,
        splits.test,
        schedule=parse(settings.schedule, Schedule),
        epochs=settings.epochs,
        stopping=cast(
            "EarlyStopping | None",
            parse(settings.stopping, Stopping) if settings.stopping else None,
        ),
        scaling=parse(settings.rate_scaling, RateScaling) if settings.rate_scaling else None,
        ranks=settings.ranks_on(cores()),
        communicator=communicator,
        run=name,
        classes=splits.classes,
    )
