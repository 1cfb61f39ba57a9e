"""A run as a run of MLflow, in a file of SQLite or on a tracking server."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnlib import figures
from cnnlib.errors import RunError
from tui.logs import extra
from tui.logs.contents import Contents

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

EXPERIMENT = "cnn-tui"
TAG = "cnn_tui.run"
MOST_METRICS, MOST_PARAMS, MOST_TAGS = 1000, 100, 100  # that MLflow takes in one call
LONGEST = 5000  # characters of a parameter or a tag
STATUS = {"finished": "FINISHED", "early-stopping": "FINISHED", "stopped": "KILLED"}
_MANNERS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing is told to strangers
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # seven would keep silent for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


class Logged(NamedTuple):
    """Where MLflow keeps the run."""

    uri: str
    run_id: str


def write(run: Run, folder: Path | None) -> Logged:
    """Log a run; where the same one was logged before, that is deleted (MLflow keeps a trash).

    Parameters, a metric for every number of every step and epoch, tags with the origin, and as
    artifacts run.toml, the report, the best weights and the figures.

    Args:
        run: the run.
        folder: where mlflow.db and artifacts are kept; None: what MLFLOW_TRACKING_URI says, and
            else the folder logs of the run.

    Raises:
        SpecificationError: mlflow is not installed.
        RunError: the run cannot be read, or MLflow refuses.
        OSError: the folder cannot be written.
    """
    for name, value in _MANNERS.items():
        os.environ.setdefault(name, value)
    named = os.environ.get("MLFLOW_TRACKING_URI", "") if folder is None else ""
    with _quietly():
        extra("sqlalchemy", "mlflow")
        tracking = extra("mlflow.tracking", "mlflow")
        failures = extra("mlflow.exceptions", "mlflow").MlflowException
        contents = Contents(run)
        if named:
            uri, artifacts = named, None
        else:
            folder = (folder or run.folder("logs")).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            uri, artifacts = f"sqlite:///{folder / 'mlflow.db'}", (folder / "artifacts").as_uri()
        try:
            return Logged(uri, _log(tracking.MlflowClient(uri), contents, artifacts))
        except failures as error:
            raise RunError(
                "MLflow", expected=f"a run logged in {uri}", received=str(error)
            ) from error


def _log(client: Any, contents: Contents, artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    run, state = contents.run, contents.history.state
    known = client.get_experiment_by_name(EXPERIMENT)
    experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT, artifacts)
    before = client.search_runs([experiment], f"tags.`{TAG}` = '{run.id}'")
    made = client.create_run(
        experiment, start_time=_milliseconds(state.started), run_name=run.id, tags={TAG: run.id}
    )
    logged = str(made.info.run_id)
    try:
        _fill(client, logged, contents)
    except BaseException:
        with suppress(MlflowException):  # the first error is the one to be told
            client.delete_run(logged)
        raise
    if state.ended:
        status = STATUS.get(state.state, "FAILED")
        client.set_terminated(logged, status, _milliseconds(state.last_time))
    for old in before:
        client.delete_run(old.info.run_id)
    return logged


def _fill(client: Any, logged: str, contents: Contents) -> None:
    from mlflow.entities import Metric, Param, RunTag

    params = [Param(name, str(value)[:LONGEST]) for name, value in contents.settings.items()]
    tags = [RunTag(f"cnn_tui.{k}", v[:LONGEST]) for k, v in contents.origin.items()]
    metrics = [Metric(n.name, n.value, _milliseconds(n.time), n.step) for n in contents.numbers()]
    for what, rows, most in (
        ("params", params, MOST_PARAMS),
        ("tags", tags, MOST_TAGS),
        ("metrics", metrics, MOST_METRICS),
    ):
        for start in range(0, len(rows), most):
            client.log_batch(logged, **{what: rows[start : start + most]})
    run = contents.run
    for path in (run.description_path, run.report_path, run.report_markdown_path):
        if path.exists():
            client.log_artifact(logged, str(path))
    best = run.checkpoints / "best.safetensors"
    if best.exists():
        client.log_artifact(logged, str(best), "weights")
    with tempfile.TemporaryDirectory() as folder:
        for name, figure in contents.figures():
            path = figures.save(figure, Path(folder) / f"{name}.png")
            client.log_artifact(logged, str(path), "figures")


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what MLflow and the migrations of its database say while all is well."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
