"""The seven panes, one file each; a pane's module is imported when the pane is first shown."""

from __future__ import annotations

import importlib

from tui.panes.base import Pane

__all__ = ["Pane", "pane_class"]


def pane_class(name: str) -> type[Pane]:
    """The class of the pane of that name: "data" -> `tui.panes.data.DataPane`."""
    module = importlib.import_module(f"tui.panes.{name}")
    found = getattr(module, f"{name.title()}Pane")
    if not (isinstance(found, type) and issubclass(found, Pane)):
        raise TypeError(f"{module.__name__}.{name.title()}Pane is no Pane")
    return found
