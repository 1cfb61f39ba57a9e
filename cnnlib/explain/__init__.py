"""Everything can be asked: what made a number, what a decision rests on, what it is like."""

from cnnlib.explain.arithmetic import explain, explain_place
from cnnlib.explain.places import IMAGE, Place, Region
from cnnlib.explain.receptive import Box, receptive_field
from cnnlib.explain.trace import Trace

__all__ = [
    "IMAGE",
    "Box",
    "Place",
    "Region",
    "Trace",
    "explain",
    "explain_place",
    "receptive_field",
]
