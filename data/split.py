"""Holding examples out: a stratified share of every class, the same one for the same seed.

Stratified means that each class gives the same share. The counts are exact: the total is the
share of the whole, rounded, and each class gives its own share rounded down or up (largest
remainders are rounded up, as seats are given in a proportional election, Hamilton 1792).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.dataset import Labels, Split
from data.errors import BadRequest

_PURPOSE = 0x686F6C64  # "hold": keeps these numbers apart from any other use of the same seed

_BYTES_AT_ONCE = 16 << 20


def holdout(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """Divide a split in two: what remains, and a stratified share that is held out.

    Args:
        split: n examples.
        fraction: share to hold out, 0 <= fraction < 1.
        seed: which examples; the same seed gives the same ones on any machine. Not negative.

    Returns:
        ``(rest, held)``, disjoint, together the whole, each in the order of ``split``.

    Raises:
        BadRequest: the fraction or the seed is out of its range.
    """
    rest, held = holdout_indices(split.labels, fraction, seed)
    return split.take(rest), split.take(held)


def holdout_in_place(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """The same division as `holdout`, made in the memory of ``split``, which is used up by it.

    Beside the images, only those that are held out stand in memory a second time, for a while.
    Images that belong to somebody else (whose memory cannot be written) are copied.
    """
    images = split.images.view()
    try:
        images.flags.writeable = True
    except ValueError:
        return holdout(split, fraction, seed)
    rest, held = holdout_indices(split.labels, fraction, seed)
    aside = images[held]
    block = max(1, _BYTES_AT_ONCE // max(1, images[:1].nbytes))
    for start in range(0, len(rest), block):  # each goes down or stays, never up
        at = rest[start : start + block]
        images[start : start + len(at)] = images[at]
    images[len(rest) :] = aside
    labels = split.labels
    return Split(images[: len(rest)], labels[rest]), Split(images[len(rest) :], labels[held])


def holdout_indices(
    labels: Labels, fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The positions that `holdout` would leave and hold out: two sorted arrays."""
    if not 0 <= fraction < 1:
        raise BadRequest("share to hold out", "a number from 0 to below 1", f"{fraction}")
    if seed < 0:
        raise BadRequest("seed", "a whole number from 0 up", f"{seed}")
    kinds, members = np.unique(labels, return_counts=True)
    quota = _quotas(members, fraction)
    mask = np.zeros(len(labels), dtype=bool)
    for kind, held in zip(kinds, quota, strict=True):
        generator = np.random.default_rng([seed, _PURPOSE, int(kind)])
        mask[generator.permutation(np.flatnonzero(labels == kind))[:held]] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def _quotas(members: NDArray[Any], fraction: float) -> NDArray[np.int64]:
    """How many each class gives. No class gives its last example: it could not be learned."""
    most = members - 1
    exact = members * fraction
    quota: NDArray[np.int64] = np.minimum(np.floor(exact).astype(np.int64), most)
    missing = min(round(float(members.sum()) * fraction), int(most.sum())) - int(quota.sum())
    order = np.argsort(-(exact - np.floor(exact)), kind="stable")
    while missing > 0:
        for at in order[quota[order] < most[order]][:missing]:
            quota[at] += 1
            missing -= 1
    return quota
