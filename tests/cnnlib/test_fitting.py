"""One call trains a model in place, tells how it goes, and gives back its history."""

from __future__ import annotations

import copy
import io
import pickle
import sys
import types

import numpy as np
import pytest
from rich.progress import Progress
from training_cases import PLAIN, RICH, SHAPE, bars, everything, plain, trainer_of

from cnnlib import (
    Adam,
    CnnError,
    Constant,
    EarlyStopping,
    ExponentialMovingAverage,
    History,
    Noise,
    Sequential,
    console,
    fit,
)
from cnnlib.errors import DivergedError, RankError, ShapeError
from cnnlib.events import EpochEnded, RunEnded
from cnnlib.fitting import beginning, go_on


def model_of(text: str = PLAIN, seed: int = 0) -> Sequential:
    return Sequential.parse(text, SHAPE, seed=seed)


def test_a_fit_is_the_training_of_the_trainer() -> None:
    """Same seed, same bits, with noise and batch statistics in it."""
    work = everything(micro_batch=None)
    trainer = trainer_of(work, epochs=2, valid=None, test=None, schedule=Constant(0.01))
    for event in trainer.run():
        if isinstance(event, RunEnded):
            expected = trainer.tensors("average")
    model = model_of(RICH, seed=5)
    options = {name: getattr(work, name) for name in ("loss", "optimizer", "augment", "average")}
    fit(
        model,
        bars(30),
        epochs=2,
        schedule=Constant(0.01),
        batch_size=8,
        clip=1.0,
        seed=5,
        **options,
    )
    for name, array in model.tensors().items():
        assert np.array_equal(array, expected[name]), name


def test_a_fit_begins_at_the_weights_of_the_model() -> None:
    model = model_of(seed=3)
    fit(model, bars(60), epochs=4)
    before = model.predict(bars(12, 1).images)
    fit(model, bars(60), epochs=1, schedule=Constant(1e-12))
    assert np.allclose(model.predict(bars(12, 1).images), before, atol=1e-5)


def test_the_best_epoch_is_kept_where_there_is_validation() -> None:
    model = model_of()
    valid = bars(30, 1)
    history = fit(model, bars(60), valid, epochs=6, batch_size=10, schedule=Constant(0.03))
    found = np.mean(model.predict(valid.images).argmax(axis=1) == valid.labels)
    assert found == pytest.approx(history.epochs()["valid_accuracy"].max())


def test_a_fit_stops_early() -> None:
    images, labels = bars(30, 1)
    valid = images, (labels + 1) % 3  # the more is learned, the worse
    history = fit(model_of(), bars(60), valid, epochs=50, stopping=EarlyStopping(2))
    assert len(history.epochs()) < 50


def test_arrays_are_examples_and_bytes_are_numbers() -> None:
    images, labels = bars(30)
    models = [model_of(), model_of()]
    given = [(images, labels), ((images / np.float32(255)).tolist(), labels.tolist())]
    for model, pair in zip(models, given, strict=True):
        fit(model, pair, epochs=2, augment=(Noise(0.1),), average=ExponentialMovingAverage())
    for name, array in models[0].tensors().items():
        assert np.allclose(array, models[1].tensors()[name], atol=1e-5), name


def test_an_epoch_more_is_an_epoch_of_one_training() -> None:
    work = plain()
    whole, parts = model_of(), model_of()
    fit(whole, bars(30), epochs=3, batch_size=8, schedule=Constant(0.01))
    state = beginning(work, parts)
    for _ in range(3):
        state = go_on(parts, work, bars(30), state, schedule=Constant(0.01))
    for name, array in whole.tensors().items():
        assert np.allclose(array, parts.tensors()[name], atol=1e-6), name


def test_what_fails_leaves_the_model_alone() -> None:
    model = model_of()
    before = {name: array.copy() for name, array in model.tensors().items()}
    images, labels = bars(30)
    with pytest.raises(DivergedError, match="lower learning rate"):
        fit(model, (np.full(images.shape, np.nan), labels), epochs=2)
    wrong: list[tuple[tuple[np.ndarray, np.ndarray], type[CnnError]]] = [
        ((images[:, :, 1:], labels), ShapeError),
        ((images, labels[:-1]), ShapeError),
        ((images, labels + 1), CnnError),
    ]
    for pair, error in wrong:
        with pytest.raises(error):
            fit(model, pair)
    for name, array in model.tensors().items():
        assert np.array_equal(array, before[name]), name


def test_checks_of_gradients_are_no_models_to_train() -> None:
    with pytest.raises(ShapeError, match="float64"):
        fit(Sequential.parse(PLAIN, SHAPE, dtype=np.float64), bars(30))


def test_lines_are_told_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    fit(model_of(), bars(30), bars(12, 1), epochs=2, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert all("valid accuracy" in line for line in lines)
    fit(model_of(), bars(30), epochs=1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_gets_a_bar_or_lines(widgets: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = types.ModuleType("IPython")
    shell = type("ZMQInteractiveShell", (), {})
    kernel.get_ipython = shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setattr(console, "find_spec", lambda name: widgets or None)
    chosen = console.teller(None)
    assert chosen.gen.__name__ == ("_bar" if widgets else "_lines")  # type: ignore[attr-defined]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    shown: list[object] = []
    update = Progress.update

    def record(self: Progress, *words: object, **fields: object) -> None:
        shown.append(fields.get("completed"))
        update(self, *words, **fields)  # type: ignore[arg-type]

    monkeypatch.setattr(Progress, "update", record)
    fit(model_of(), bars(30), epochs=2, batch_size=10)
    assert [done for done in shown if done] == [1, 2, 3, 4, 5, 6]
    assert "epoch 2/2" in terminal.getvalue()


def test_a_history_is_shown_and_drawn(tmp_path) -> None:
    history = fit(model_of(), bars(30), bars(12, 1), epochs=2, batch_size=10)
    assert len(history.steps()) == 6
    assert [type(record.event) for record in history.records].count(EpochEnded) == 2
    assert "2 epochs" in repr(history)
    assert "validation accuracy" in repr(history)
    assert history._repr_html_().count("<tr>") == 3
    figure = history.plot(title="bars")
    assert len(figure.axes) >= 2
    assert figure._repr_png_().startswith(b"\x89PNG")  # what a notebook asks for
    history.to_csv(tmp_path / "steps.csv")
    assert (tmp_path / "steps.csv").read_text().count("\n") == 7
    assert "0 epochs" in repr(History(()))


def test_a_model_shows_its_summary() -> None:
    page = model_of()._repr_html_()
    assert repr(model_of("Flatten()\nDense(3)")) == "Sequential([Flatten(), Dense(3)], (1, 8, 8))"
    assert "Conv2d(4)" in page
    assert f"{model_of().flat_parameters.size:,}" in page
    assert "<script" not in page


@pytest.mark.parametrize("how", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_of_a_model_learns_by_itself(how) -> None:
    model = model_of(RICH)
    fit(model, bars(30), epochs=1, optimizer=Adam())
    before = model.predict(bars(9, 2).images)
    other = how(model)
    assert np.array_equal(other.predict(bars(9, 2).images), before)
    fit(other, bars(30), epochs=1)
    assert np.array_equal(model.predict(bars(9, 2).images), before)
    assert not np.array_equal(other.predict(bars(9, 2).images), before)


def test_a_process_that_has_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnlib.team import Team

    def gone(self: Team, *words: object) -> None:
        raise RankError("rank 1", received="it has gone")

    monkeypatch.setattr(Team, "step", gone)
    with pytest.raises(RankError, match="gone"):
        fit(model_of(), bars(30))
