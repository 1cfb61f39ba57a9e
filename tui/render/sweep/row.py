"""A sweep among the runs: one row of their list, and what is told of it below the list."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlib.runs import RunSummary
from tui.render import format as say
from tui.render.number_tables import Sheet
from tui.render.sweep import words
from tui.render.sweep.summary import best_words
from tui.render.tables import Cell
from tui.sweep.view import SweepView


@dataclass(frozen=True)
class SweepRow(RunSummary):
    """A row that sorts and is searched like a run's; of epochs it tells trials."""

    label: str = ""
    """What stands in the column of the names."""


def row_of(view: SweepView) -> SweepRow:
    """The row of a sweep."""
    ranking = view.ranking()
    best = ranking[0] if ranking else None
    told = f"best: trial {best.number}" if best is not None else "no trial finished yet"
    accuracy = best.value if best is not None and view.objective == "accuracy" else None
    return SweepRow(
        id=view.folder.name,
        path=view.folder,
        state=view.state,
        data=view.sweep.settings.data if view.sweep is not None else "",
        architecture=f"sweep over {', '.join(view.names)}",
        epoch=view.over,
        epochs=view.planned,
        valid_accuracy=accuracy,
        started=view.began,
        note=view.problem,
        label=f"{view.folder.name} (sweep, {told})",
    )


def sweep_facts(view: SweepView, sheet: Sheet) -> list[tuple[str, str | Cell]]:
    """Names and what they are, for the part below the list."""
    palette = sheet.palette
    pairs: list[tuple[str, str | Cell]] = []
    if view.problem:
        pairs.append(("problem", Cell(say.plain(view.problem, sheet.terminal), palette.bad)))
    over = f"{view.state}, {view.over} of {view.planned} trials over"
    counts = view.counts()
    ended = [f"{counts[each]} {each}" for each in ("pruned", "diverged", "failed") if counts[each]]
    pairs.append(("state", ", ".join([over, *ended])))
    ranking = view.ranking()
    if ranking:
        pairs.append(("best", best_words(view).removeprefix("best ")))
        given = ranking[0].parameters
        chosen = ", ".join(f"{name}={words.setting(value)}" for name, value in given.items())
        pairs.append(("settings", say.plain(chosen, sheet.terminal)))
    if view.sweep is not None:
        told = [
            repr(view.sweep.search),
            *([repr(view.sweep.pruning)] if view.sweep.pruning else []),
        ]
        pairs.append(("search", ", ".join(told)))
    pairs.append(("over", ", ".join(view.names)))
    pairs.append(("directory", str(view.folder)))
    return pairs
