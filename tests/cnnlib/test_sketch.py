"""A glance at a long journal: all that is not a step, evenly chosen steps, and the last ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnlib.events import EpochStarted, Event, Record, StepEnded, encode
from cnnlib.runs.sketch import SHORT, sketch


def journal(path: Path, steps: int) -> list[Record]:
    """A journal of so many steps in epochs of 100."""
    told: list[Event] = []
    for step in range(1, steps + 1):
        if step % 100 == 1:
            told.append(EpochStarted(step // 100 + 1, step - 1))
        told.append(StepEnded(step // 100 + 1, step, 1 / step, 0.5, 32, 0.001, 1.0))
    records = [Record(seq, float(seq), event) for seq, event in enumerate(told, 1)]
    path.write_text("".join(encode(record) + "\n" for record in records))
    return records


@pytest.mark.parametrize("steps", [10_000, 60_000])
def test_a_sketch_is_few_events_evenly_chosen(tmp_path: Path, steps: int) -> None:
    path = tmp_path / "events.jsonl"
    records = journal(path, steps)
    assert path.stat().st_size > SHORT
    found = sketch(path)
    assert [r.seq for r in found] == sorted({r.seq for r in found})
    assert set(found) <= set(records)
    others = [r for r in records if not isinstance(r.event, StepEnded)]
    assert [r for r in found if not isinstance(r.event, StepEnded)] == others
    chosen = [r.event.step for r in found if isinstance(r.event, StepEnded)]
    assert 1000 < len(chosen) < 4000
    assert chosen[-200:] == list(range(steps - 199, steps + 1))
    assert max(np.diff([1, *chosen])) <= 2 * steps / 1000


def test_a_short_journal_needs_no_sketch(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert sketch(path) == []
    journal(path, 1000)
    assert sketch(path) == []


def test_damage_in_a_long_journal_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    journal(path, 10_000)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 2000):
        content[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(bytes(content))
    assert len(sketch(path)) > 500
