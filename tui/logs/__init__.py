"""What a run has recorded, written as other tools read it: CSV, TensorBoard, MLflow.

Each is made from the run's directory alone, while it trains or years later, so nothing has to be
asked for before a training. TensorBoard and MLflow are extras; they are imported when they are
asked for.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from cnnlib.errors import SpecificationError


def extra(package: str, name: str) -> ModuleType:
    """An optional package.

    Raises:
        SpecificationError: it is not installed; says which extra to install.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise SpecificationError(
            f"logs to {name}",
            expected=f"the package {package.partition('.')[0]}",
            received=f"none ({error})",
            advice=f"Install the extra: pip install 'cnn-tui[{name}]'.",
        ) from None
