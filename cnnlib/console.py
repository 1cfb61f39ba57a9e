"""A training told on a console: a bar on a terminal or in a notebook, a line an epoch elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec

from cnnlib.events import EpochEnded, Event, RunStarted, StepEnded

Tell = Callable[[Event], None]


def teller(show: bool | None) -> AbstractContextManager[Tell]:
    """A way of telling, as a context that gives a function of the events as they come.

    Args:
        show: False tells nothing; True a bar on a terminal or in a notebook with ipywidgets, and
            lines elsewhere; None as True on a terminal or in a notebook, and else nothing.
    """
    terminal, notebook = sys.stdout.isatty(), _notebook()
    if show is False or (show is None and not (terminal or notebook)):
        return _silence()
    return _bar() if terminal or (notebook and find_spec("ipywidgets")) else _lines()


def epoch_line(event: EpochEnded, epochs: int) -> str:
    """What an epoch came to, in a line."""
    words = (
        f"epoch {event.epoch}/{epochs}  loss {event.train_loss:.4f}  "
        f"accuracy {event.train_accuracy:.2%}"
    )
    if event.valid_loss is not None and event.valid_accuracy is not None:
        words += f"  valid loss {event.valid_loss:.4f}  valid accuracy {event.valid_accuracy:.2%}"
        words += "  best so far" if event.is_best else ""
    return words


def _notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


@contextmanager
def _silence() -> Iterator[Tell]:
    yield lambda event: None


@contextmanager
def _lines() -> Iterator[Tell]:
    epochs = 0

    def tell(event: Event) -> None:
        nonlocal epochs
        if isinstance(event, RunStarted):
            epochs = event.epochs
        elif isinstance(event, EpochEnded):
            print(epoch_line(event, epochs), flush=True)

    yield tell


@contextmanager
def _bar() -> Iterator[Tell]:
    try:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        with _lines() as tell:
            yield tell
        return
    columns = (
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, refresh_per_second=4, transient=True) as progress:
        bar = progress.add_task("", total=None, epoch=0, epochs=0, loss=0.0)

        def tell_bar(event: Event) -> None:
            match event:
                case RunStarted():
                    total = event.epochs * event.steps_per_epoch
                    progress.update(bar, total=total, epochs=event.epochs)
                case StepEnded():
                    progress.update(bar, completed=event.step, epoch=event.epoch, loss=event.loss)
                case EpochEnded():
                    line = epoch_line(event, progress.tasks[bar].fields["epochs"])
                    progress.console.print(line, highlight=False, soft_wrap=True)

        yield tell_bar
