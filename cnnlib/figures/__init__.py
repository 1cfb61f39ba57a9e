"""Figures of a training and of a model, from plain arrays to files.

Every function returns a matplotlib ``Figure``, which a notebook shows and :func:`save` writes.
matplotlib is imported by the functions, not by this package.
"""

from cnnlib.figures.confusion import confusion
from cnnlib.figures.curves import curves
from cnnlib.figures.files import FORMATS, check_format, render, save
from cnnlib.figures.maps import feature_maps, filters
from cnnlib.figures.mistakes import mistakes
from cnnlib.figures.scores import class_report, reliability

__all__ = [
    "FORMATS",
    "check_format",
    "class_report",
    "confusion",
    "curves",
    "feature_maps",
    "filters",
    "mistakes",
    "reliability",
    "render",
    "save",
]
