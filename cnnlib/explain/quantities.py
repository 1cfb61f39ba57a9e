"""What is asked about a class: its score, its probability, or the logarithm of that."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.layers.base import show
from cnnlib.model import Sequential, softmax
from cnnlib.plan import Plan

Quantity = Literal["score", "log_probability", "probability"]


class Measured(NamedTuple):
    """Values (N,) of a quantity for N examples, and its derivatives (K, N) by the scores."""

    values: NDArray[np.float64]
    slopes: Array


def measure(scores: Array, target: int, of: Quantity) -> Measured:
    """A quantity of class ``target`` from the scores z (K, N), with its derivatives.

        score            z[t]           derivative  e[t]
        log_probability  ln p[t]        derivative  e[t] - p
        probability      p[t]           derivative  p[t] (e[t] - p),   p = softmax(z)

    Raises:
        SpecificationError: there is no such quantity.
    """
    slopes = np.zeros_like(scores)
    slopes[target] = 1
    if of == "score":
        return Measured(scores[target].astype(np.float64), slopes)
    shifted = scores.astype(np.float64)
    shifted -= shifted.max(axis=0)
    logarithms = shifted[target] - np.log(np.exp(shifted).sum(axis=0))
    slopes -= softmax(scores, axis=0)
    if of == "log_probability":
        return Measured(logarithms, slopes)
    if of == "probability":
        probabilities = np.exp(logarithms)
        slopes *= probabilities.astype(slopes.dtype)
        return Measured(probabilities, slopes)
    raise SpecificationError(
        "the quantity",
        expected="score, log_probability or probability",
        received=repr(of),
    )


def class_of(model: Sequential, pixels: Array, target: int | None) -> int:
    """The class that is asked about: ``target``, or the one that the network sees.

    Args:
        pixels: one image (C, H, W) in [0, 1].

    Raises:
        ShapeError: the network has no classes, or has no such class.
    """
    if len(model.output_shape) != 1:
        raise ShapeError(
            "the network",
            expected="scores of classes at its end",
            received=f"images of {show(model.output_shape)}",
            advice="End it with Flatten() or GlobalAvgPool2d(), and Dense(classes).",
        )
    if target is None:
        plan = Plan(model.layers, model.input_shape, 1, model.store, train=False)
        return int(plan.forward(pixels[None], ONE_DRAW)[:, 0].argmax())
    if not 0 <= target < model.classes:
        raise ShapeError(
            "the class", expected=f"at least 0 and below {model.classes}", received=f"{target}"
        )
    return int(target)


ONE_DRAW = Draw(seed=0, purpose="forward", count=1)
