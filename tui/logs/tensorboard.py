"""A run as an event file of TensorBoard: scalars, histograms, images, text and hyper-parameters."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnlib import figures
from cnnlib.errors import RunError
from tui.logs import extra
from tui.logs.contents import Contents

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from cnnlib.runs.directory import Run


def write(run: Run, folder: Path) -> list[Path]:
    """Write the event files of a run; what was written for it before is replaced as a whole.

    Args:
        run: the run.
        folder: TensorBoard's log directory; the files go into a folder of the run's name there.

    Returns:
        That folder.

    Raises:
        SpecificationError: tensorboardX is not installed.
        RunError: the run cannot be read, or the folder holds something else.
        OSError: the folder cannot be written.
    """
    module = extra("tensorboardX", "tensorboard")
    contents = Contents(run)
    target = folder / run.id
    _require_ours(target)
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    try:
        with module.SummaryWriter(str(draft)) as writer:
            _write(contents, writer)
        if target.exists():
            shutil.rmtree(target)
        os.rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [target]


def _write(contents: Contents, writer: Any) -> None:
    last, time = 0, None
    for number in contents.numbers():
        writer.add_scalar(number.name, number.value, number.step, walltime=number.time)
        last, time = number.step, number.time
    for step, model in contents.networks():
        for name, array in model.tensors().items():
            layer, _, parameter = name.rpartition(".")
            if np.isfinite(array).all():
                writer.add_histogram(f"{layer}/{parameter}", array, step, walltime=time)
    for name, figure in contents.figures():
        tag = "feature_maps/" + name.removeprefix("feature-maps-")
        tag = tag if name.startswith("feature-maps-") else f"evaluation/{name}"
        writer.add_image(tag, _pixels(figure), last, walltime=time, dataformats="HWC")
    network = str(contents.settings["model/architecture"])
    writer.add_text("network", "\n".join(f"    {line}" for line in network.splitlines()), last)
    writer.add_text("command", f"    {contents.origin.get('command', '')}", last)
    settings = {
        name: value
        for name, value in contents.settings.items()
        if name.startswith("training/") or name in ("data/name", "model/name", "model/parameters")
    }
    for summary in extra("tensorboardX.summary", "tensorboard").hparams(
        settings, contents.results()
    ):
        writer.file_writer.add_summary(summary)


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    """A figure as pixels (H, W, 3)."""
    from PIL import Image

    with Image.open(io.BytesIO(figures.render(figure, "png", dpi=100))) as picture:
        return np.asarray(picture.convert("RGB"))


def _require_ours(target: Path) -> None:
    """Refuse to replace a folder that is not all event files."""
    if not target.exists():
        return
    files = [path for path in target.rglob("*") if not path.is_dir()]
    if not target.is_dir() or any("tfevents" not in path.name for path in files):
        raise RunError(
            str(target),
            expected="a folder of event files, to replace, or none",
            received="something else",
            advice="Give another --out.",
        )
