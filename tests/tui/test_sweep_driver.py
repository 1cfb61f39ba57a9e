"""The driver of a sweep, with workers that write journals instead of training."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from cnnlib.errors import RunError
from cnnlib.events import CommandDone, EpochEnded, RunEnded, RunStarted
from cnnlib.runs.commands import CommandReader, Pause, Request, Stop, send
from cnnlib.runs.directory import Run, list_runs
from cnnlib.runs.history import RunHistory
from cnnlib.runs.journal import JournalWriter
from tui.settings.training import Settings
from tui.sweep import driver as driver_module
from tui.sweep.driver import MOST_ATTEMPTS, Driver, SweepStopped, driving, require_free
from tui.sweep.journal import Trial, read_trials
from tui.sweep.plan import Sweep, read_sweep, settle
from tui.sweep.study import Study

pytest.importorskip("optuna")

WORDS = """
name = "rates"
trials = 4
search = "Grid(points=4)"
arch = "tiny"
space = "lr = log_uniform(1e-4, 1e-1)"
[training]
epochs = 3
"""


class Done:
    """A task that was over before it was asked for."""

    over = True

    def complaint(self) -> str:
        return ""


class PaperCrew:
    """Workers that write down what ``course`` says: the accuracies of a run, and how it ends."""

    def __init__(
        self, course: Callable[[Settings], tuple[list[float], str]], slots: int = 2
    ) -> None:
        self.course = course
        self.free = slots
        self.given: list[str] = []

    def slots(self) -> int:
        return self.free

    def submit(self, run: Run, folder: Path) -> Any:
        self.given.append(run.id)
        settings = Settings.from_description(run.description())
        values, reason = self.course(settings)
        with JournalWriter(run.journal_path) as journal:
            journal.append(started(run, settings))
            for epoch, value in enumerate(values, 1):
                journal.append(EpochEnded(epoch, epoch, 1.0, value, 1 - value, value, 0.1, True))
            if reason == "by hand":
                journal.append(CommandDone("x", "Stop"))
            if reason != "killed":
                why: Any = "stopped" if reason == "by hand" else reason
                last = len(values)
                best = max(values, default=None)
                journal.append(RunEnded(last, last, why, last, best, 0.5, 0.5, reason))
        return Done()


def started(run: Run, settings: Settings) -> RunStarted:
    return RunStarted(
        run=run.id, architecture=settings.architecture, classes=("0", "1"), parameters=1,
        train_examples=1, valid_examples=1, batch_size=1, ranks=1, seed=settings.seed,
        epochs=settings.epochs, step=0, steps_per_epoch=1,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "POLL_SECONDS", 0.0)


def drive(tmp_path: Path, crew: Any, words: str = WORDS) -> tuple[list[Trial], Path]:
    file = tmp_path / "rates.toml"
    file.write_text(words, encoding="utf-8")
    sweep = read_sweep(file)
    folder = settle(sweep, tmp_path / "runs")
    with driving(folder) as lock:
        return Driver(sweep, folder, lock, crew).drive(), folder


def rate(settings: Settings) -> float:
    return float(settings.schedule.partition("=")[2].strip(")"))


def by_rate(settings: Settings) -> tuple[list[float], str]:
    """The higher the rate, the better."""
    return [0.1, 0.2, 0.2 + 5 * rate(settings)], "finished"


def test_every_point_of_a_grid_is_trained_once(tmp_path: Path) -> None:
    crew = PaperCrew(by_rate)
    trials, folder = drive(tmp_path, crew)
    assert [trial.parameters["lr"] for trial in trials] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])
    assert [trial.value for trial in trials] == pytest.approx([0.2005, 0.205, 0.25, 0.7])
    assert all(trial.state == "finished" for trial in trials)
    assert len(crew.given) == 4
    for trial in trials:
        settings = Settings.from_description(Run(folder / trial.runs[0]).description())
        assert rate(settings) == trial.parameters["lr"]
        assert settings.ranks == 1


def test_the_journal_tells_all_and_nothing_is_done_again(tmp_path: Path) -> None:
    trials, folder = drive(tmp_path, PaperCrew(by_rate))
    assert read_trials(folder) == trials
    crew = PaperCrew(by_rate)
    again, _ = drive(tmp_path, crew)
    assert again == trials
    assert not crew.given


def test_a_sweep_is_lengthened_by_its_number_of_trials(tmp_path: Path) -> None:
    words = WORDS.replace("Grid(points=4)", "Random()")
    first, _ = drive(tmp_path, PaperCrew(by_rate), words)
    crew = PaperCrew(by_rate)
    longer, _ = drive(tmp_path, crew, words.replace("trials = 4", "trials = 6"))
    assert longer[:4] == first
    assert len(longer) == 6
    assert len(crew.given) == 2
    (tmp_path / "other").mkdir()
    at_once, _ = drive(
        tmp_path / "other", PaperCrew(by_rate), words.replace("trials = 4", "trials = 6")
    )
    assert [trial.parameters for trial in at_once] == [trial.parameters for trial in longer]


def test_a_driver_stops_when_it_is_asked_and_the_next_one_goes_on(tmp_path: Path) -> None:
    class Asking(PaperCrew):
        def submit(self, run: Run, folder: Path) -> Any:
            task = super().submit(run, folder)
            send(Run(folder), Pause() if len(self.given) == 1 else Stop())
            return task

    first = Asking(by_rate, slots=1)
    with pytest.raises(SweepStopped):
        drive(tmp_path, first)
    assert len(first.given) == 2
    second = PaperCrew(by_rate)
    trials, _ = drive(tmp_path, second)
    assert [trial.state for trial in trials] == ["finished"] * 4
    assert len(set(first.given + second.given)) == 4


def test_a_driver_obeys_what_it_is_asked_while_it_reads_what_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asked(Study):
        """Optuna's study, which takes long to make, and meanwhile somebody presses a key."""

        def __init__(self, sweep: Sweep, trials: Iterable[Trial] = ()) -> None:
            super().__init__(sweep, trials)
            send(Run(tmp_path / "runs" / sweep.name), Stop())

    monkeypatch.setattr(driver_module, "Study", Asked)
    crew = PaperCrew(by_rate)
    with pytest.raises(SweepStopped):
        drive(tmp_path, crew)
    assert not crew.given


class Killed(BaseException):
    """Stands for a SIGKILL."""


@pytest.mark.parametrize("after", range(1, 9))
def test_a_driver_killed_after_any_line_goes_on(
    tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line of the journal is written, and then nothing more."""
    lines = 0
    append = driver_module.SweepJournal.append

    def fatal(journal: Any, trial: Trial) -> Trial:
        nonlocal lines
        trial = append(journal, trial)
        lines += 1
        if lines == after:
            raise Killed
        return trial

    monkeypatch.setattr(driver_module.SweepJournal, "append", fatal)
    first = PaperCrew(by_rate)
    with pytest.raises(Killed):
        drive(tmp_path, first)
    monkeypatch.setattr(driver_module.SweepJournal, "append", append)
    second = PaperCrew(by_rate)
    trials, folder = drive(tmp_path, second)
    assert [trial.value for trial in trials] == pytest.approx([0.2005, 0.205, 0.25, 0.7])
    assert sorted(first.given + second.given) == sorted(run.id for run in list_runs(folder))
    assert len(list_runs(folder)) == 4


def test_a_driver_killed_between_the_runs_of_a_trial_makes_the_others(tmp_path: Path) -> None:
    words = WORDS.replace("trials = 4", "trials = 1\nseeds = [0, 1, 2]")

    class Fatal(PaperCrew):
        def submit(self, run: Run, folder: Path) -> Any:
            raise Killed

    with pytest.raises(Killed):
        drive(tmp_path, Fatal(by_rate), words)
    [gone] = [path for path in (tmp_path / "runs/rates").glob("*-seed-2")]
    for path in sorted(gone.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    gone.rmdir()
    trials, folder = drive(tmp_path, PaperCrew(by_rate), words)
    assert len(trials[0].runs) == len(list_runs(folder)) == 3


def test_seeds_are_repeated_and_the_mean_counts(tmp_path: Path) -> None:
    words = WORDS.replace("trials = 4", "trials = 2\nseeds = [3, 5]")
    crew = PaperCrew(lambda settings: ([0.1 * settings.seed, 0.2, 0.1], "finished"))
    trials, folder = drive(tmp_path, crew, words)
    assert len(crew.given) == 4
    for trial in trials:
        assert [Run(folder / name).description()["training"]["seed"] for name in trial.runs] == [
            3,
            5,
        ]
        assert trial.values == pytest.approx((0.4, 0.2, 0.1))
        assert trial.value == pytest.approx((0.3 + 0.5) / 2)


def test_the_loss_is_made_small(tmp_path: Path) -> None:
    trials, _ = drive(tmp_path, PaperCrew(by_rate), 'objective = "loss"\n' + WORDS)
    assert [trial.value for trial in trials] == pytest.approx([0.7995, 0.795, 0.75, 0.3])


def test_a_hopeless_trial_is_written_down_as_pruned_then_told_to_stop(tmp_path: Path) -> None:
    words = WORDS.replace("trials = 4", 'trials = 4\npruning = "Median(startup=2)"')

    class Slow(PaperCrew):
        """Its runs of trials from the third on go on until they are told to stop."""

        def submit(self, run: Run, folder: Path) -> Any:
            self.given.append(run.id)
            if len(self.given) < 3:
                self.given.pop()
                return super().submit(run, folder)
            return Obedient(run, folder)

    class Obedient:
        """One bad epoch, then on and on until a command comes."""

        def __init__(self, run: Run, folder: Path) -> None:
            self.run, self.folder = run, folder
            settings = Settings.from_description(run.description())
            with JournalWriter(run.journal_path) as journal:
                journal.append(started(run, settings))
                journal.append(EpochEnded(1, 1, 1.0, 0.0, 1.0, 0.01, 0.1, True))
            self.commands = CommandReader(run.commands_path)

        @property
        def over(self) -> bool:
            for request in self.commands.poll():
                assert isinstance(request, Request)
                assert request.command == Stop()
                states = {trial.runs: trial.state for trial in read_trials(self.folder)}
                assert states[(self.run.id,)] == "pruned"  # before the command was sent
                with JournalWriter(self.run.journal_path) as journal:
                    journal.append(CommandDone(request.id, "Stop"))
                    journal.append(RunEnded(1, 1, "stopped", 1, 0.01, None, None, ""))
                return True
            return False

        def complaint(self) -> str:
            return ""

    trials, folder = drive(tmp_path, Slow(by_rate, slots=1), words)
    assert [trial.state for trial in trials] == ["finished", "finished", "pruned", "pruned"]
    assert trials[2].values == (0.01,)
    assert trials[2].value is None
    ends = RunHistory.read(Run(folder / trials[2].runs[0])).state
    assert ends.state == "stopped"


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("by hand", "pruned"),
        ("abandoned", "pruned"),
        ("diverged", "diverged"),
        ("failed", "failed"),
    ],
)
def test_what_became_of_a_run_is_what_became_of_its_trial(
    tmp_path: Path, reason: str, state: str
) -> None:
    crew = PaperCrew(lambda settings: ([0.1], reason))
    trials, _ = drive(tmp_path, crew)
    assert [trial.state for trial in trials] == [state] * 4
    assert all(trial.value is None and trial.values == (0.1,) for trial in trials)
    assert len(crew.given) == 4
    drive(tmp_path, PaperCrew(by_rate))  # and is taken up by the study


def test_a_run_that_was_cut_short_is_given_to_another_worker(tmp_path: Path) -> None:
    seen: set[float] = set()

    def once_killed(settings: Settings) -> tuple[list[float], str]:
        first = rate(settings) not in seen
        seen.add(rate(settings))
        return by_rate(settings)[0], "killed" if first else "finished"

    crew = PaperCrew(once_killed)
    trials, _ = drive(tmp_path, crew)
    assert {trial.state for trial in trials} == {"finished"}
    assert len(crew.given) == 8


def test_a_run_that_nobody_brings_to_its_end_is_given_up(tmp_path: Path) -> None:
    crew = PaperCrew(lambda settings: ([], "killed"))
    trials, _ = drive(tmp_path, crew, WORDS.replace("trials = 4", "trials = 1"))
    assert trials[0].state == "failed"
    assert trials[0].message
    assert len(crew.given) == MOST_ATTEMPTS


def test_settings_that_do_not_fit_the_data_fail_alone(tmp_path: Path) -> None:
    words = WORDS.replace("lr = log_uniform(1e-4, 1e-1)", "batch_size = choice(100, 5000)")
    words = words.replace("trials = 4", "trials = 2")
    trials, _ = drive(tmp_path, PaperCrew(lambda settings: ([0.5], "finished")), words)
    assert [trial.state for trial in trials] == ["finished", "failed"]
    assert "batch_size" in trials[1].message


def test_a_sweep_has_one_driver(tmp_path: Path) -> None:
    _, folder = drive(tmp_path, PaperCrew(by_rate))
    require_free(folder)
    with driving(folder), pytest.raises(RunError, match="only driver"):
        require_free(folder)
    assert json.loads((folder / "sweep.jsonl").read_text().splitlines()[0])["number"] == 0


def test_sweeps_are_not_listed_as_damaged_runs(tmp_path: Path) -> None:
    _, folder = drive(tmp_path, PaperCrew(by_rate))
    assert list_runs(tmp_path / "runs") == []
    assert len(list_runs(folder)) == 4
