"""The table of trials: one a row, the column that it is sorted by marked and never left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tui.render import format as say
from tui.render.cells import Grid
from tui.render.number_tables import Sheet
from tui.render.sweep import words
from tui.render.tables import Cell, Column, Row, note, table
from tui.sweep.ordering import columns
from tui.sweep.view import SweepView, TrialView

_KEEP = {"trial": 100, "state": 95, "value": 99, "seconds": 40, "epochs": 45}
_SETTING = 90
"""How long a column stays where it is narrow; of the settings the first longest."""


def trial_table(
    view: SweepView,
    trials: Sequence[TrialView],
    chosen: int,
    first: int,
    sheet: Sheet,
    *,
    by: str = "value",
    reverse: bool = False,
    best: Collection[int] = (),
    shown: str = "",
) -> Grid:
    """The trials from ``first`` on, the ``chosen`` one marked.

    Args:
        view: the sweep.
        trials: in the order in which they stand.
        chosen: the place of the one under the cursor.
        first: the place of the one that stands first.
        sheet: where it is drawn.
        by: the column that they are sorted by.
        reverse: which way.
        best: the numbers of the best trials, which are marked.
        shown: the name of the run that the other panes show.
    """
    if not trials:
        return note("No trial was begun yet.", sheet.width, sheet.height, fg=sheet.palette.muted)
    heads = [Column("", keep=94), *_heads(view, sheet, by, reverse=reverse)]
    rows = [_row(view, trial, sheet, best=best, shown=shown) for trial in trials]
    return table(
        heads,
        rows,
        sheet.width,
        sheet.height,
        sheet.terminal,
        first=first,
        selected=chosen,
        palette=sheet.palette,
    )


def _heads(view: SweepView, sheet: Sheet, by: str, *, reverse: bool) -> list[Column]:
    down = reverse != (view.objective == "accuracy" and by == "value")
    arrow = ("▼" if down else "▲") if sheet.terminal.unicode else (" v" if down else " ^")
    titles = {"value": "valid" if view.objective == "accuracy" else "loss"}
    titles |= {"seconds": "time", "trial": "#"}
    titles |= {
        f"={name}": end for name, end in zip(view.names, words.short(view.names), strict=True)
    }
    heads = []
    for place, name in enumerate(columns(view)):
        title = titles.get(name, name)
        text = name.startswith("=") and _is_text(view, name[1:])
        heads.append(
            Column(
                f"{title}{arrow}" if name == by else title,
                "left" if text or name == "state" else "right",
                stretch=text,
                keep=98 if name == by else _KEEP.get(name, _SETTING - place),
            )
        )
    return heads


def _is_text(view: SweepView, name: str) -> bool:
    return any(isinstance(trial.trial.parameters.get(name), str) for trial in view.trials)


def _row(
    view: SweepView, trial: TrialView, sheet: Sheet, *, best: Collection[int], shown: str
) -> Row:
    palette = sheet.palette
    mark = "*" if trial.number in best else "+" if shown in [run.id for run in trial.runs] else " "
    settled = trial.state == "finished"
    value = words.objective(trial.value, view.objective)
    given = trial.trial.parameters
    return [
        Cell(mark, palette.accent, bold=True),
        str(trial.number),
        Cell(trial.state, words.ink(trial.state, palette)),
        Cell(value, palette.text if settled else palette.muted),
        *(words.setting(given[name]) if name in given else "" for name in view.names),
        f"{trial.epochs}/{_epochs(view, trial)}" if _epochs(view, trial) else str(trial.epochs),
        say.duration(trial.seconds),
    ]


def _epochs(view: SweepView, trial: TrialView) -> int:
    """The epochs that a trial is given."""
    given = trial.trial.parameters.get("epochs", view.epochs)
    return given if isinstance(given, int) else 0
