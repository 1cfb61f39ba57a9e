"""What the Train pane says of a run: figures with progress bars, the table of epochs, the draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.following.log_lines import clock
from tui.following.series import Series
from tui.render.bars import bar
from tui.render.cells import Grid
from tui.render.format import count, duration, number, percent, short_count, size
from tui.render.frame import progress, run_state
from tui.render.palette import Palette
from tui.render.tables import Cell, Column, facts, table
from tui.terminal.abilities import Terminal

if TYPE_CHECKING:
    from tui.settings.training import Settings


def figures_of_run(
    series: Series, width: int, height: int, terminal: Terminal, palette: Palette
) -> Grid:
    """How far the run is, how fast, and how good; the most important rows first."""
    started = series.started
    rows: list[tuple[str, str | Cell]] = [("state", _state(series, terminal, palette))]
    if trainer := _trainer(series):
        rows.append(("trainer", trainer))
    label = 10
    room = max(4, width - label - 1)
    if started is not None:
        within = series.step - (series.epoch - 1) * started.steps_per_epoch if series.epoch else 0
        of_epoch = within / started.steps_per_epoch
        epoch = f"{series.epoch}/{started.epochs}"
        step = f"{count(series.step)}/{count(series.total_steps)}"
        text = max(len(epoch), len(step)) + 1
        for name, figure, share in (("epoch", epoch, of_epoch), ("step", step, progress(series))):
            bar_width = min(24, room - text - 5)
            drawn = bar(share, bar_width, terminal) + f" {share:4.0%}" if bar_width >= 4 else ""
            rows.append((name, Cell(f"{figure:<{text}}{drawn}", palette.train)))
        speed = series.images_per_second
        pace = f"{short_count(speed)} img/s" if speed is not None else "-"
        left = series.seconds_left
        spent = duration(series.seconds)
        time = f"{spent}, {duration(left)} left" if left is not None else spent
        rows.append(("speed", f"{pace}, {time}"))
        rows += _scores(series, palette)
        usage = series.usage
        if usage is not None and series.is_live:
            ranks = f", {usage.processes} processes" if usage.processes > 1 else ""
            taken = f"{usage.cores:.0%} CPU, {size(usage.memory)}{ranks}"
            rows.append(("trainer", taken))
    return facts(rows, width, height, terminal, palette=palette)


def _trainer(series: Series) -> str:
    """Where the trainer is, or since when it is silent, where that is not here and now."""
    owner = series.owner
    if owner is None or series.ended is not None:
        return ""
    who = f"{owner.host}, process {owner.pid}"
    if series.state == "suspended":
        return f"held by a signal: kill -CONT {owner.pid} wakes it"
    if series.is_live:
        return f"on {who}" if owner.alive is None else ""
    return f"silent since {clock(series.owner_heard)}: {who}"


def _state(series: Series, terminal: Terminal, palette: Palette) -> Cell:
    state = run_state(series, True, terminal).replace(f" {percent(progress(series), 0)}", "")
    colour = {"training": palette.good, "finished": palette.good, "paused": palette.warn}
    colour["suspended"] = palette.bad
    return Cell(state, colour.get(series.state, palette.text), bold=True)


def _scores(series: Series, palette: Palette) -> list[tuple[str, str | Cell]]:
    rows: list[tuple[str, str | Cell]] = []
    last = series.epochs[-1] if series.epochs else None
    rates = series.rates.values
    if last is not None:
        rows.append(("loss", f"{number(last.train_loss)}  valid {number(last.valid_loss)}"))
        accuracy = f"{percent(last.train_accuracy, 2)}  valid {percent(last.valid_accuracy, 2)}"
        rows.append(("accuracy", accuracy))
    elif series.last_loss is not None:
        rows.append(("loss", number(series.last_loss)))
    best, ended = series.best, series.ended
    if ended is not None and ended.test_accuracy is not None:
        test = f"{percent(ended.test_accuracy, 2)}  loss {number(ended.test_loss)}"
        rows.append(("test", Cell(test, palette.good, bold=True)))
    rate = f"rate {number(float(rates[-1]))}" if rates.size else ""
    if best is not None:
        rows.append(("best", f"{percent(best.valid_accuracy, 2)} epoch {best.epoch}, {rate}"))
    elif rate:
        rows.append(("rate", rate.removeprefix("rate ")))
    return rows


def draft(
    settings: Settings, width: int, height: int, terminal: Terminal, palette: Palette
) -> Grid:
    """What the next run will be asked to do."""
    layers = [line for line in settings.architecture.splitlines() if line.strip()]
    rows: list[tuple[str, str | Cell]] = [
        ("next run", Cell("r starts it", palette.accent, bold=True)),
        ("data", f"{settings.data}, {percent(settings.validation, 0)} to validate"),
        ("network", f"{len(layers)} layers (2 shows them)"),
        ("epochs", f"{settings.epochs}, batch {settings.batch_size}, seed {settings.seed}"),
        ("optimizer", settings.optimizer),
        ("schedule", settings.schedule),
        ("loss", settings.loss),
        ("augment", settings.augment or "none"),
        ("ranks", str(settings.ranks or "one a core, 32 images or more each")),
    ]
    return facts(rows, width, height, terminal, palette=palette)


COLUMNS = (
    Column("ep", "right", keep=9),
    Column("loss", "right", keep=7),
    Column("acc", "right", keep=6),
    Column("v.loss", "right", keep=5),
    Column("v.acc", "right", keep=8),
    Column("time", "right", keep=4),
    Column("rate", "right", keep=2),
    Column("", keep=9),
)


def epoch_table(
    series: Series, width: int, height: int, terminal: Terminal, palette: Palette
) -> Grid:
    """A row an epoch; where they do not all fit, the newest."""
    rows = [
        (
            str(row.epoch),
            number(row.train_loss),
            percent(row.train_accuracy, 2),
            number(row.valid_loss),
            percent(row.valid_accuracy, 2),
            duration(row.seconds),
            number(row.learning_rate, 5),
            Cell("*" if row.is_best else "", palette.good),
        )
        for row in series.epochs
    ]
    newest = rows[-max(1, height - 1) :]
    return table(COLUMNS, newest, width, height, terminal, palette=palette)
