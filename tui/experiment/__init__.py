"""Settings, data and a model composed into a training that lives in a run directory.

`prepare` makes the directory, `fork` one that goes on from another run, `train` carries the
training out in this process, `launch` does so in a process of its own that outlives the terminal,
and `load_model` and `load_data` bring back what a run was made of. `python -m tui.experiment RUN`
is that process.

The functions are imported when they are first asked for: the process must unblock its signals and
choose the threads of BLAS before NumPy is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.experiment.forking import fork as fork
    from tui.experiment.launching import launch as launch
    from tui.experiment.loading import RunData as RunData
    from tui.experiment.loading import load_data as load_data
    from tui.experiment.loading import load_model as load_model
    from tui.experiment.owning import train as train
    from tui.experiment.preparing import prepare as prepare

_HOMES = {
    "RunData": "loading",
    "fork": "forking",
    "launch": "launching",
    "load_data": "loading",
    "load_model": "loading",
    "prepare": "preparing",
    "train": "owning",
}

__all__ = ["RunData", "fork", "launch", "load_data", "load_model", "prepare", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
