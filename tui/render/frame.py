"""The rows around a pane: tabs above, status and keys below. One row of cells each."""

from __future__ import annotations

from collections.abc import Sequence

from tui.following.series import Series
from tui.keys.commands import PANES, VIEWS
from tui.render.cells import Grid, text_width
from tui.render.format import count, duration, percent, short_count
from tui.render.palette import Palette
from tui.terminal.abilities import Terminal

STATE_MARKS = {
    "training": ("●", "*"),
    "paused": ("‖", "="),
    "suspended": ("‖", "="),
    "starting": ("○", "o"),
    "finished": ("✓", "+"),
    "early-stopping": ("✓", "+"),
    "stopped": ("■", "#"),
}
"""A sign for a state, in UTF-8 and in ASCII."""


def tab_bar(
    current: str, state: str, width: int, terminal: Terminal, palette: Palette
) -> tuple[Grid, list[tuple[int, int, str]]]:
    """The numbered tabs, the state of the run at the right, and (start, stop, name) of each tab.

    Where the names do not fit, the tabs that are not shown keep their digit alone; where there is
    no colour, the one that is shown stands in brackets.
    """
    grid = Grid.blank(width, 1, palette.panel)
    needed = sum(len(title) + 4 for _, title in PANES)
    brief = needed > width
    if not brief and needed + text_width(state) + 2 > width:
        words = state.split()  # the sign and, while it trains, how far it is
        state = " ".join(words[:1] + words[2:])
    current = next((pane for name, _, pane in VIEWS if name == current), current)
    x, places = 0, []
    for digit, (name, title) in enumerate(PANES, start=1):
        here = name == current
        text = f" {digit} {title} " if here or not brief else f" {digit} "
        if here and not terminal.colours:
            text = f"[{text[1:-1]}]"
        colours = (palette.background, palette.accent) if here else (palette.muted, palette.panel)
        start, x = x, grid.put(x, 0, text, *colours, bold=here)
        places.append((start, x, name))
    if state and x + text_width(state) + 2 <= width:
        colour = palette.good if state[:1] in "●*" else palette.muted
        grid.put(width - text_width(state) - 1, 0, state, colour, palette.panel)
    return grid, places


def run_state(series: Series, has_run: bool, terminal: Terminal) -> str:
    """A sign and a word for the state of the run, with how far it is while it trains."""
    if not has_run:
        return ""
    state = series.state
    marks = STATE_MARKS.get(state, ("!", "!"))
    share = f" {percent(progress(series), 0)}" if state in ("training", "paused") else ""
    return f"{marks[0] if terminal.unicode else marks[1]} {state}{share}"


def progress(series: Series) -> float:
    """The share of all steps that is done."""
    return series.step / series.total_steps if series.total_steps else 0.0


def run_line(series: Series, names: Sequence[str], width: int, terminal: Terminal) -> str:
    """The run in one line: who, how far, how fast, how long still; ``names`` as of `run_names`.

    Where it does not fit, the date is left out of the run's name, then the time that is left, the
    time in the name, the share of the whole (the tab bar has it), and only then the step.
    """
    state = run_state(series, True, terminal)
    brief = state.removesuffix(f" {percent(progress(series), 0)}")
    epoch = step = ""
    if series.started is not None:
        epoch = f"epoch {series.epoch}/{series.started.epochs}"
        step = f"step {count(series.step)}/{count(series.total_steps)}"
    speed, left, ended = series.images_per_second, series.seconds_left, series.ended
    pace = rest = ""
    if speed is not None and series.state == "training":
        pace = f"{short_count(speed)} img/s"
    if left is not None:
        rest = f"{duration(left)} left"
    if ended is not None and ended.test_accuracy is not None:
        pace = f"test {percent(ended.test_accuracy, 2)}"
    whole, timed, named = names
    between = " · " if terminal.unicode else " | "
    lines = [
        between.join(part for part in parts if part)
        for parts in (
            (whole, state, epoch, step, pace, rest),
            (timed, state, epoch, step, pace, rest),
            (timed, state, epoch, step, pace),
            (named, state, epoch, step, pace),
            (named, brief, epoch, step, pace),
            (named, brief, epoch.replace("epoch", "ep"), step.removeprefix("step "), pace),
            (named, brief, epoch, pace),
        )
    ]
    return next((line for line in lines if text_width(line) <= width), lines[-1])


def status_bar(
    text: str, severity: str, right: str, width: int, terminal: Terminal, palette: Palette
) -> Grid:
    """A line of status, what the app is shown on at the right where there is room."""
    colour = {"error": palette.bad, "warning": palette.warn, "said": palette.accent}
    grid = Grid.blank(width, 1, palette.background)
    mark = {"error": "! ", "warning": "! "}.get(severity, "")
    if text_width(text) > width - 2 - len(mark):
        text = text[: width - 5 - len(mark)] + ("…" if terminal.unicode else "...")[:3]
    x = grid.put(1, 0, mark + text, colour.get(severity, palette.muted))
    if x + text_width(right) + 2 <= width:
        grid.put(width - text_width(right) - 1, 0, right, palette.faint)
    return grid


def key_bar(entries: Sequence[tuple[str, str]], width: int, palette: Palette) -> Grid:
    """Keys and what they do; the last entries (help, quit) stay when there is little room."""
    shown = list(entries)
    while len(shown) > 2 and sum(len(key) + len(word) + 3 for key, word in shown) > width:
        del shown[-4 if len(shown) > 4 else 0]
    grid = Grid.blank(width, 1, palette.panel)
    x = 1
    for key, word in shown:
        x = grid.put(x, 0, key, palette.accent, palette.panel, bold=True)
        x = grid.put(x, 0, f" {word}  ", palette.text, palette.panel)
    return grid
