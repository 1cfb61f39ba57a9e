"""Optuna's study, made anew from the journal, knows what the study before knew."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cnnlib.errors import SpecificationError
from tui.sweep.journal import Trial
from tui.sweep.plan import Sweep, read_sweep

optuna = pytest.importorskip("optuna")
pytest.importorskip("distributed")

from tui.sweep.study import ENOUGH, Study, importances, require_extra  # noqa: E402

WORDS = '''
trials = 40
search = "SEARCH"
pruning = "PRUNING"
arch = "tiny"
space = """
lr = log_uniform(1e-4, 1e-1)
batch_size = choice(32, 64)
optimizer.beta2 = uniform(0.9, 0.999)
epochs = integer(3, 9)
"""
'''


@pytest.fixture(autouse=True)
def quiet() -> None:
    require_extra()


def sweep(tmp_path: Path, search: str = "Random()", pruning: str = "") -> Sweep:
    path = tmp_path / "study.toml"
    words = WORDS.replace("SEARCH", search).replace("PRUNING", pruning)
    path.write_text(words, encoding="utf-8")
    return read_sweep(path)


def carry_out(study: Study, number: int) -> Trial:
    """A trial whose accuracy is the better the nearer its rate is to 0.01."""
    parameters = study.ask(number)
    value = 1 / (1 + abs(float(parameters["lr"] or 0) - 0.01) * 100)
    trial = Trial(number, parameters, "finished", ("run",), value, (value,))
    study.tell(trial)
    return trial


@pytest.mark.parametrize("search", ["Random()", "Grid(points=3)"])
def test_a_trial_is_the_same_whoever_was_asked_before(tmp_path: Path, search: str) -> None:
    asked = sweep(tmp_path, search)
    study = Study(asked)
    trials = [carry_out(study, number) for number in range(8)]
    for known in range(8):
        assert Study(asked, trials[:known]).ask(known) == trials[known].parameters


def test_what_is_chosen_is_in_the_space(tmp_path: Path) -> None:
    asked = sweep(tmp_path, "TPE(startup=3)")
    study = Study(asked)
    trials = [carry_out(study, number) for number in range(12)]
    for trial in trials:
        assert list(trial.parameters) == list(asked.space)
        assert all(asked.space[n].contains(v) for n, v in trial.parameters.items())
    assert len({str(trial.parameters) for trial in trials}) == 12


def test_trials_under_way_are_asked_for_again(tmp_path: Path) -> None:
    asked = sweep(tmp_path, "TPE(startup=2)")
    study = Study(asked)
    done = [carry_out(study, number) for number in range(3)]
    under_way = Trial(3, study.ask(3))
    again = Study(asked, [*done, under_way])
    again.report(3, 1, 0.5)
    again.tell(replace(under_way, state="finished", value=0.5, values=(0.5,)))
    assert again.ask(4) != under_way.parameters


def test_tpe_learns_from_what_the_journal_tells(tmp_path: Path) -> None:
    """A study of 30 known trials draws nearer to the best rate than chance does."""
    asked = sweep(tmp_path, "TPE(startup=10)")
    by_chance = Study(sweep(tmp_path, "Random()"))
    known = [carry_out(by_chance, number) for number in range(30)]
    taken_up = Study(asked, known)
    later = [carry_out(taken_up, number) for number in range(30, 40)]
    mean = [sum(t.value or 0 for t in each) / len(each) for each in (known, later)]
    assert mean[1] > mean[0]


@pytest.mark.parametrize("pruning", ["Median(startup=2)", "Hyperband()"])
def test_bad_trials_are_pruned_also_after_a_resumption(tmp_path: Path, pruning: str) -> None:
    asked = sweep(tmp_path, "Random()", pruning)

    def trial(number: int) -> Trial:
        values = tuple(0.8 + 0.01 * epoch for epoch in range(9))
        parameters = asked.search.propose(asked.space, 0, number) or {}
        return Trial(number, parameters, "finished", (), 0.9, values)

    study = Study(asked, [trial(number) for number in range(20)])
    study.ask(20)
    assert any(study.report(20, epoch, 0.1) for epoch in range(1, 9))
    study.ask(21)
    assert not any(study.report(21, epoch, 0.99) for epoch in range(1, 9))


def test_no_pruning_never_prunes(tmp_path: Path) -> None:
    study = Study(sweep(tmp_path))
    for number in range(5):
        carry_out(study, number)
    study.ask(5)
    assert not any(study.report(5, epoch, -1.0) for epoch in range(1, 9))


def test_importances_are_told_of_enough_trials_and_find_what_matters(tmp_path: Path) -> None:
    asked = sweep(tmp_path)
    study = Study(asked)
    trials = [carry_out(study, number) for number in range(40)]
    assert importances(asked, trials[: ENOUGH - 1]) == {}
    found = importances(asked, trials)
    assert sum(found.values()) == pytest.approx(1)
    assert next(iter(found)) == "lr"
    assert list(found.values()) == sorted(found.values(), reverse=True)
    others = [replace(trial, state="pruned", value=None) for trial in trials[: ENOUGH + 9]]
    assert importances(asked, [*trials, *others]) == found


def test_a_rate_that_rounding_put_beyond_its_bound_has_its_importance(tmp_path: Path) -> None:
    asked = sweep(tmp_path)
    study = Study(asked)
    trials = [carry_out(study, number) for number in range(ENOUGH)]
    beyond = {**trials[0].parameters, "lr": 1e-1 * (1 + 1e-13)}
    assert asked.space["lr"].contains(beyond["lr"])
    found = importances(asked, [replace(trials[0], parameters=beyond), *trials[1:]])
    assert found.keys() == asked.space.keys()


@pytest.mark.parametrize("damage", [{"batch_size": 48}, {"batch_size": None}, {}])
def test_trials_that_the_space_does_not_hold_are_left_out(
    tmp_path: Path, damage: dict[str, int | None]
) -> None:
    asked = sweep(tmp_path)
    study = Study(asked)
    trials = [carry_out(study, number) for number in range(ENOUGH + 1)]
    kept = {name: value for name, value in trials[0].parameters.items() if name != "batch_size"}
    strange = replace(trials[0], parameters={**kept, **damage})
    assert importances(asked, [strange, *trials[1:]]) == importances(asked, trials[1:])
    assert importances(asked, [strange, *trials[2:]]) == {}


def test_trials_of_one_value_tell_of_no_importance(tmp_path: Path) -> None:
    asked = sweep(tmp_path)
    study = Study(asked)
    trials = [replace(carry_out(study, number), value=0.5) for number in range(ENOUGH)]
    assert importances(asked, trials) == {}


@pytest.mark.parametrize("state", ["pruned", "diverged", "failed"])
def test_every_way_to_end_is_told_and_taken_up(tmp_path: Path, state: str) -> None:
    asked = sweep(tmp_path, "TPE(startup=1)", "Median(startup=1)")
    study = Study(asked)
    over = Trial(0, study.ask(0), state, ("run",), None, (0.3,))
    study.report(0, 1, 0.3)
    study.tell(over)
    assert study.ask(1)
    assert Study(asked, [over]).ask(1)


def test_a_missing_package_is_said_without_our_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SpecificationError, match=r"^sweep: expected the packages"):
        require_extra()
