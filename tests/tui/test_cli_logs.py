"""What a run has recorded is read back by the tools that it is written for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from tui.cli import run as command
from tui.logs.contents import Contents
from tui.logs.mlflow import _log


@pytest.fixture
def recorded(runs: Path) -> Run:
    """A run that was trained, in a folder of its own."""
    return Run(next(runs.iterdir()))


def logs(run: Run, to: str, *words: str) -> int:
    return command(["logs", run.id, "--to", to, "--runs", str(run.path.parent), *words])


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Leaves out what takes longest, until it is undone."""
    monkeypatch.setattr(Contents, "figures", lambda contents: iter(()))
    return monkeypatch


def test_csv_is_what_pandas_reads(recorded: Run, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    assert logs(recorded, "csv", "--out", str(out)) == 0
    history = RunHistory.read(recorded)
    for name in ("steps", "epochs", "evaluations"):
        expected = getattr(history, name)()
        assert len(expected)
        pd.testing.assert_frame_equal(pd.read_csv(out / f"{name}.csv"), expected, check_dtype=False)


def test_paths_are_printed_as_json(recorded: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs(recorded, "csv", "--json") == 0
    paths = [Path(path) for path in json.loads(capsys.readouterr().out)]
    assert [path.name for path in paths] == ["steps.csv", "epochs.csv", "evaluations.csv"]
    assert all(path.parent == recorded.path / "logs" for path in paths)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_reads_scalars_histograms_images_and_settings(
    recorded: Run, tmp_path: Path, without_figures: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboardX", reason="the extra tensorboard is not installed")
    accumulators = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="TensorBoard is not installed: its reader is the test",
    )
    for _ in range(2):  # the second time replaces the first
        assert logs(recorded, "tensorboard", "--out", str(tmp_path / "board")) == 0
        without_figures.undo()
    (folder,) = (tmp_path / "board").iterdir()
    assert folder.name == recorded.id
    found = accumulators.EventAccumulator(
        str(folder), {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}
    )
    found.Reload()
    steps = RunHistory.read(recorded).steps()
    for tag, column in {
        "train/batch_loss": "loss",
        "train/batch_accuracy": "accuracy",
        "train/learning_rate": "learning_rate",
        "train/gradient_norm": "gradient_norm",
    }.items():
        scalars = found.Scalars(tag)
        assert [s.step for s in scalars] == steps["step"].tolist()
        assert np.allclose([s.value for s in scalars], steps[column])
        assert np.allclose([s.wall_time for s in scalars], steps["time"], atol=1e-3)
    epochs = RunHistory.read(recorded).epochs()
    assert np.allclose([s.value for s in found.Scalars("valid/loss")], epochs["valid_loss"])
    tags = found.Tags()
    assert "test/accuracy" in tags["scalars"]
    assert {"conv1/weight", "conv1/bias", "dense1/weight"} <= set(tags["histograms"])
    (histogram,) = found.Histograms("conv1/weight")
    assert histogram.histogram_value.num == 8 * 3 * 3
    assert histogram.step == epochs["step"].iloc[-1]
    assert {"feature_maps/conv1", "evaluation/confusion", "evaluation/mistakes"} <= set(
        tags["images"]
    )
    (image,) = found.Images("evaluation/confusion")
    assert image.encoded_image_string.startswith(b"\x89PNG")
    assert image.width > 200
    plugins = found.summary_metadata["_hparams_/session_start_info"].plugin_data
    assert plugins.plugin_name == "hparams"
    assert b"training/optimizer" in plugins.content
    assert any("network" in tag for tag in tags["tensors"])


def test_a_folder_of_other_things_is_not_replaced(recorded: Run, tmp_path: Path, capsys) -> None:
    pytest.importorskip("tensorboardX", reason="the extra tensorboard is not installed")
    target = tmp_path / "board" / recorded.id
    target.mkdir(parents=True)
    (target / "thesis.txt").write_text("mine")
    assert logs(recorded, "tensorboard", "--out", str(tmp_path / "board")) == 1
    assert "something else" in capsys.readouterr().err
    assert (target / "thesis.txt").read_text() == "mine"


@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_parameters_metrics_and_artifacts(
    recorded: Run,
    tmp_path: Path,
    without_figures: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra mlflow is not installed")
    tracking = pytest.importorskip("mlflow.tracking", reason="the extra mlflow is not installed")
    words = []
    for _ in range(2):  # the second time replaces the first
        assert logs(recorded, "mlflow", "--out", str(tmp_path / "flow"), "--json") == 0
        words.append(json.loads(capsys.readouterr().out))
        without_figures.undo()
    client = tracking.MlflowClient(words[-1]["uri"])
    experiment = client.get_experiment_by_name("cnn-tui")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.run_id == words[-1]["run_id"] != words[0]["run_id"]
    assert found.info.status == "FINISHED"
    description = recorded.description()
    assert found.data.params["training/optimizer"] == description["training"]["optimizer"]
    assert found.data.params["data/sha256"] == description["data"]["sha256"]
    assert found.data.tags["cnn_tui.numpy"] == np.__version__
    history = RunHistory.read(recorded)
    steps = history.steps()
    logged = client.get_metric_history(found.info.run_id, "train/batch_loss")
    assert sorted(metric.step for metric in logged) == steps["step"].tolist()
    by_step = sorted(logged, key=lambda metric: metric.step)
    assert np.allclose([metric.value for metric in by_step], steps["loss"])
    assert found.data.metrics["test/accuracy"] == history.state.test_accuracy
    paths = {item.path for item in client.list_artifacts(found.info.run_id)}
    assert {"run.toml", "report.json", "report.md", "weights", "figures"} <= paths
    figures = {item.path for item in client.list_artifacts(found.info.run_id, "figures")}
    assert "figures/confusion.png" in figures


@pytest.mark.filterwarnings("ignore")
def test_a_store_that_mlflow_refuses_is_said_in_a_line(
    recorded: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mlflow.tracking", reason="the extra mlflow is not installed")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://nowhere")
    assert logs(recorded, "mlflow") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "nonsense://nowhere" in said


@pytest.mark.filterwarnings("ignore")
def test_what_failed_first_is_said_even_if_it_cannot_be_taken_back(recorded: Run) -> None:
    failures = pytest.importorskip("mlflow.exceptions", reason="the extra mlflow is not installed")
    client = Mock()
    client.log_batch.side_effect = failures.MlflowException("the disk is full")
    client.delete_run.side_effect = failures.MlflowException("nothing can be deleted")
    with pytest.raises(failures.MlflowException, match="the disk is full"):
        _log(client, Contents(recorded), None)
    assert client.delete_run.called


@pytest.mark.parametrize(
    ("to", "package"), [("tensorboard", "tensorboardX"), ("mlflow", "mlflow.tracking")]
)
def test_an_absent_package_is_named_with_its_extra(
    recorded: Run,
    to: str,
    package: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if to == "mlflow":
        monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.setitem(sys.modules, package, None)
    assert logs(recorded, to) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"pip install 'cnn-tui[{to}]'" in said
    assert not list((recorded.path).glob("logs/*"))


def test_other_words_are_refused(recorded: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs(recorded, "wandb") == 2
    assert "csv or tensorboard or mlflow" in capsys.readouterr().err


def test_a_run_that_has_just_begun_is_logged(make_run, tmp_path: Path) -> None:
    """And its steps are logged once, although it was interrupted and went over some again."""
    pytest.importorskip("tensorboardX", reason="the extra tensorboard is not installed")
    fake = make_run()
    fake.begin()
    fake.train(5)
    fake.begin(step=3)
    fake.step = 3
    fake.train(4)
    numbers = [n for n in Contents(fake.run).numbers() if n.name == "train/batch_loss"]
    assert [n.step for n in numbers] == [1, 2, 3, 4, 5, 6, 7]
    rates = [n.value for n in Contents(fake.run).numbers() if n.name == "train/learning_rate"]
    assert rates == [6e-3] * 7
    for to in ("csv", "tensorboard"):
        assert logs(fake.run, to, "--out", str(tmp_path / to)) == 0
