"""Training from the command line: train, resume, and attach to what trains elsewhere."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli.asking import PATIENCE, ask
from tui.cli.exits import DONE
from tui.cli.launched import join, launched_here, work_for_rank_0
from tui.cli.options import (
    DEFAULT_RUNS,
    Architecture,
    Config,
    Data,
    Json,
    Preset,
    Resize,
    Runs,
    RunWords,
    find_run,
    print_json,
)
from tui.experiment.launching import one_thread_each

if TYPE_CHECKING:
    from cnnlib.ranks import Communicator
    from cnnlib.runs.directory import Run

Detach = Annotated[
    bool, typer.Option("--detach", help="Train in a process of its own and return at once.")
]


def train(
    data: Data = None,
    arch: Architecture = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Passes over the training images.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", help="Images a step, over all ranks.")
    ] = None,
    lr: Annotated[
        float | None, typer.Option("--lr", metavar="X", help="Main rate of the schedule.")
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(metavar="CALL", help='Such as "AdamW(weight_decay=0.01)".')
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(metavar="CALL", help='Such as "OneCycle(peak=6e-3)".')
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(metavar="CALL", help='Such as "CrossEntropyLoss(label_smoothing=0.1)".'),
    ] = None,
    augment: Annotated[
        str | None, typer.Option(metavar="CALLS", help='Such as "Shift(2), Noise(0.05)".')
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of everything random in the training.")
    ] = None,
    split_seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of the held-out splits.")
    ] = None,
    resize: Resize = None,
    ranks: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Processes that share each batch; 0: one a core, with 32 images or more for each.",
        ),
    ] = None,
    scale_rate: Annotated[
        str | None,
        typer.Option(
            metavar="CALL",
            help='How the rates follow the batch size, such as "LinearScaling(base=32)".',
        ),
    ] = None,
    validation: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Share of the training images held out; 0 for none."),
    ] = None,
    clip: Annotated[
        float | None, typer.Option(metavar="X", help="Largest norm of the gradient.")
    ] = None,
    average: Annotated[
        str | None,
        typer.Option(metavar="CALL", help='Such as "ExponentialMovingAverage(decay=0.999)".'),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(metavar="N", help="Epochs without improvement before stopping.")
    ] = None,
    preset: Preset = None,
    config: Config = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ends the name of the run's directory.")
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    detach: Detach = False,
    as_json: Json = False,
) -> int:
    """Train a network in a new run directory.

    Settings come in layers: the defaults, then --preset, then --config, then these options. Ctrl-C
    writes a checkpoint and stops; `cnn-tui resume` goes on to the same bits. Started by mpiexec
    or srun, the processes share the training.
    """
    one_thread_each(os.environ)
    communicator = join(ranks=ranks, detach=detach)
    if communicator and communicator.rank:
        return work_for_rank_0(communicator)
    from data import progress_bar
    from tui.experiment import prepare
    from tui.experiment.loading import load_dataset
    from tui.settings.layering import architecture_text, layered

    settings = layered(
        preset=preset,
        config=config,
        lr=lr,
        data=data,
        architecture=architecture_text(arch) if arch is not None else None,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        schedule=schedule,
        loss=loss,
        augment=augment,
        seed=seed,
        split_seed=split_seed,
        resize=resize,
        ranks=ranks,
        rate_scaling=scale_rate,
        validation=validation,
        clip=clip,
        average=average,
        stopping=None if patience is None else f"EarlyStopping(patience={patience})",
    )
    with progress_bar() as progress:
        dataset = load_dataset(settings, progress)
    network = Path(arch).stem if arch is not None else ""
    launch = launched_here()
    run = prepare(settings, runs, name or "", network=network, dataset=dataset, launch=launch)
    del dataset  # the training reads it from the run; two would stand in memory
    return _begin(run, detach, as_json, communicator)


def resume(
    run: RunWords,
    lr: Annotated[
        float | None,
        typer.Option("--lr", metavar="X", help="Go on at this rate; the schedule in proportion."),
    ] = None,
    ranks: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, max=4096, help="Go on with so many processes; other last digits."
        ),
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    detach: Detach = False,
    as_json: Json = False,
) -> int:
    """Go on with a run: from its last checkpoint to the same bits, or after a pause."""
    one_thread_each(os.environ)
    communicator = join(ranks=ranks, detach=detach)
    if communicator and communicator.rank:
        return work_for_rank_0(communicator)
    from cnnlib.errors import SpecificationError
    from cnnlib.runs import commands
    from cnnlib.runs.lock import owner

    if lr is not None and not 0 < lr < math.inf:
        raise SpecificationError("lr", expected="a number above 0", received=repr(lr))
    found = find_run(run, runs)
    trainer = owner(found)
    if trainer is not None and trainer.present:
        if lr is not None and (code := ask(found, commands.SetLearningRate(lr), PATIENCE, as_json)):
            return code
        return ask(found, commands.Resume(), PATIENCE, as_json)
    if lr is None:
        _refuse_to_diverge_again(found)
    else:
        commands.send(found, commands.SetLearningRate(lr))  # obeyed before the first step
    return _begin(found, detach, as_json, communicator, ranks or 0)


def _refuse_to_diverge_again(run: Run) -> None:
    """The same steps at the same rate would give the same infinities."""
    from cnnlib.errors import RunError
    from cnnlib.runs.state import read_state

    state = read_state(run)
    if state.state == "diverged":
        rate = f"{state.learning_rate / 10:.3g}" if state.learning_rate else "X"
        raise RunError(
            f"run {run.id} diverged: {state.message}",
            advice=f"Say at which: cnn-tui resume {run.id} --lr {rate}",
        )


def _begin(
    run: Run,
    detach: bool,
    as_json: bool,
    communicator: Communicator | None = None,
    ranks: int = 0,
) -> int:
    """Train the run here, or in a process of its own."""
    if detach:
        return _launch(run, as_json, ranks)
    from tui.cli.progress import listener
    from tui.experiment import train as train_here

    with listener(run, as_json=as_json, on_terminal=sys.stdout.isatty()) as listen:
        return train_here(run, listen, communicator=communicator, ranks=ranks)


def _launch(run: Run, as_json: bool, ranks: int) -> int:
    from tui.experiment import launch

    process = launch(run, ranks)
    if as_json:
        print_json({"run": run.id, "path": str(run.path), "pid": process.pid})
    else:
        print(f"{run.id} trains in process {process.pid}. Watch it: cnn-tui attach {run.id}")
    return DONE


def attach(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="Newest by default.")] = None,
    runs: Runs = DEFAULT_RUNS,
) -> int:
    """Open the app on a run, also one that trains elsewhere."""
    from tui.cli.opening import open_app

    return open_app(runs=runs, attach=run, attached=True)
