"""The words of sweep.toml: read, refused by name, kept in one form; and their settings applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnlib.errors import SpecificationError
from tui.settings.training import Settings
from tui.sweep.applying import apply
from tui.sweep.plan import read_sweep, settle
from tui.sweep.search import TPE, Grid, Hyperband, Median

WORDS = '''
trials = 24
pruning = "Median(warmup=1)"
seeds = [0, 1]
arch = "tiny"
preset = "fast"
space = """
lr = log_uniform(1e-4, 1e-1)   # of the schedule
optimizer.beta2 = uniform(0.9, 0.999)
"""
[training]
epochs = 6
'''


def read(tmp_path: Path, words: str, name: str = "rates.toml") -> object:
    (tmp_path / name).write_text(words, encoding="utf-8")
    return read_sweep(tmp_path / name)


def test_the_words_are_layered_and_the_file_gives_the_name(tmp_path: Path) -> None:
    (tmp_path / "rates.toml").write_text(WORDS, encoding="utf-8")
    sweep = read_sweep(tmp_path / "rates.toml")
    assert (sweep.name, sweep.trials, sweep.seeds) == ("rates", 24, (0, 1))
    assert (sweep.search, sweep.pruning) == (TPE(), Median(warmup=1))
    assert (sweep.settings.epochs, sweep.settings.batch_size) == (6, 64)
    assert sweep.settings.ranks == 1
    assert "GlobalAvgPool2d" in sweep.settings.architecture
    assert list(sweep.space) == ["lr", "optimizer.beta2"]
    assert sweep.most_epochs == 6


def test_the_folder_keeps_every_word(tmp_path: Path) -> None:
    (tmp_path / "rates.toml").write_text(WORDS, encoding="utf-8")
    sweep = read_sweep(tmp_path / "rates.toml")
    folder = settle(sweep, tmp_path / "runs")
    assert read_sweep(folder / "sweep.toml") == sweep
    assert settle(sweep, tmp_path / "runs") == folder


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs = 6", "epochs = 7"),
        ("1e-4", "1e-5"),
        ("[0, 1]", "[1, 0]"),
        ("warmup=1", "warmup=2"),
    ],
)
def test_another_sweep_does_not_go_on_under_the_same_name(
    tmp_path: Path, old: str, new: str
) -> None:
    (tmp_path / "rates.toml").write_text(WORDS, encoding="utf-8")
    settle(read_sweep(tmp_path / "rates.toml"), tmp_path / "runs")
    (tmp_path / "rates.toml").write_text(WORDS.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecificationError, match="another name to begin anew"):
        settle(read_sweep(tmp_path / "rates.toml"), tmp_path / "runs")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "runs/rates").mkdir(parents=True)
    (tmp_path / "runs/rates/poem.txt").write_text("o")
    (tmp_path / "rates.toml").write_text(WORDS, encoding="utf-8")
    with pytest.raises(SpecificationError, match="a free folder"):
        settle(read_sweep(tmp_path / "rates.toml"), tmp_path / "runs")


def test_a_grid_says_itself_how_many_trials_there_are(tmp_path: Path) -> None:
    words = WORDS.replace("trials = 24", 'search = "Grid(points=3)"')
    (tmp_path / "rates.toml").write_text(words, encoding="utf-8")
    sweep = read_sweep(tmp_path / "rates.toml")
    assert (sweep.search, sweep.trials) == (Grid(points=3), 9)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trials = 24", "trails = 24", "Did you mean 'trials'?"),
        ("trials = 24", "", "trials = 24"),
        ("trials = 24", "trials = 0", "trials: expected a whole number"),
        ("trials = 24", 'trials = 24\nsearch = "TPR()"', "Did you mean 'TPE'?"),
        ("trials = 24", 'trials = 24\nsearch = "TPE(startup=0)"', "at least 1"),
        ("Median(warmup=1)", "Hyperband(reduction=1)", "at least 2"),
        ("Median(warmup=1)", "Medium()", "Did you mean 'Median'?"),
        ("[0, 1]", "[0, 0]", "seeds: expected different whole numbers"),
        ("[0, 1]", "[-1]", "seeds"),
        ('"tiny"', '"tinny"', "Did you mean 'tiny'?"),
        ('"fast"', '"fats"', "Did you mean 'fast'?"),
        ("epochs = 6", "epoch = 6", "Did you mean 'epochs'?"),
        ("epochs = 6", "epochs = 6\n[data]\nvalidation = 0", "not for choosing settings"),
        ("trials = 24", 'trials = 24\nobjective = "test"', "accuracy or loss"),
        ("lr =", "learning_rate =", "one of lr, arch"),
        ("lr =", "seed =", "seeds = [...] repeats every trial."),
        ("optimizer.beta2", "optimizer.beta3", "Did you mean 'beta2'?"),
        ("optimizer.beta2", "average.decay", "a average in sweep.toml"),
        ("uniform(0.9, 0.999)", "uniform(0.9, 1.1)", "beta2"),
        ("lr = log_uniform(1e-4, 1e-1)", 'batch_size = choice("many")', "space: batch_size"),
        ("lr = log_uniform(1e-4, 1e-1)", "lr = choice(0.1, -1.0)", "space: lr"),
        ("trials = 24", "trials = ", "expected TOML"),
    ],
)
def test_wrong_words_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in WORDS
    with pytest.raises(SpecificationError) as told:
        read(tmp_path, WORDS.replace(old, new, 1))
    assert str(tmp_path / "rates.toml") in str(told.value)
    assert said in str(told.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match=r"none\.toml"):
        read_sweep(tmp_path / "none.toml")


def test_parameters_are_applied_whole_settings_first_the_rate_last() -> None:
    varied = apply(
        Settings(),
        {
            "lr": 0.02,
            "optimizer.beta2": 0.98,
            "schedule": "Cosine(0.1)",
            "optimizer": "AdamW(weight_decay=0.1)",
            "arch": "tiny",
            "batch_size": 64,
            "clip": None,
        },
    )
    assert varied.network == "tiny"
    assert varied.settings.optimizer == "AdamW(beta2=0.98, weight_decay=0.1)"
    assert varied.settings.schedule == "Cosine(rate=0.02)"
    assert varied.settings.batch_size == 64
    assert "GlobalAvgPool2d" in varied.settings.architecture


def test_hyperband_is_told_the_longest_trial(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    words = WORDS.replace("lr = log_uniform(1e-4, 1e-1)", "epochs = integer(2, 27)")
    (tmp_path / "rates.toml").write_text(words, encoding="utf-8")
    assert read_sweep(tmp_path / "rates.toml").most_epochs == 27
    assert Hyperband().pruner(27) is not None
