"""The images of a set that are most like one image, by pixels or as the network sees them.

A *space* gives images as vectors, block after block, so the set is never held twice: ``pixels``,
or ``features``, the numbers on which the network's last layer decides. ``nearest`` walks over the
blocks and keeps the best. Who asks often keeps the blocks of a space in a list and asks that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.model import Sequential
from cnnlib.plan import Plan, examples_first

Images = NDArray[np.uint8] | Array
Metric = Literal["euclidean", "cosine"]
Space = Literal["features", "pixels"]


class Neighbours(NamedTuple):
    """The nearest first; of equally near ones the first in the set.

    Attributes:
        indices: places in the set, (k,).
        distances: (k,) float64.
    """

    indices: NDArray[np.int64]
    distances: NDArray[np.float64]


def nearest_images(
    model: Sequential,
    image: Images,
    images: Images,
    *,
    count: int = 5,
    space: Space = "features",
    metric: Metric = "euclidean",
) -> Neighbours:
    """The images of a set that are most like ``image``.

    Args:
        model: whose features are compared.
        image: (C, H, W), bytes or numbers in [0, 1].
        images: the set, (N, C, H, W); one that holds ``image`` itself finds it at distance 0.
        count: how many to find; fewer where the set is smaller.
        space: "features", or "pixels".
        metric: "euclidean", or "cosine".

    Raises:
        ShapeError: the images are not of the network's input shape.
        SpecificationError: there is no such space or metric, or nothing to count.
    """
    if space == "features":
        (query,) = features(model, image[None])
        return nearest(query[0], features(model, images), count=count, metric=metric)
    if space == "pixels":
        (query,) = pixels(image[None])
        return nearest(query[0], pixels(images), count=count, metric=metric)
    raise SpecificationError(
        "the space of neighbours", expected="features or pixels", received=repr(space)
    )


def pixels(images: Images, *, block: int = 2048) -> Iterator[Array]:
    """Images (N, C, H, W) as vectors of their pixels in [0, 1], blocks (n, C*H*W)."""
    for start in range(0, len(images), block):
        part = images[start : start + block]
        flat = part.reshape(len(part), -1)
        yield flat * np.float32(1.0 / 255.0) if flat.dtype == np.uint8 else np.asarray(flat)


def features(model: Sequential, images: Images, *, block: int = 64) -> Iterator[Array]:
    """Images (N, C, H, W) as what the last layer with weights reads, blocks (n, D).

    That is the last hidden layer: what the network made of an image before it weighs the classes.

    Raises:
        ShapeError: the images are not of the network's input shape.
    """
    if images.ndim != 4 or tuple(images.shape[1:]) != model.input_shape:
        raise ShapeError(
            "the images",
            expected=f"(N, {', '.join(map(str, model.input_shape))})",
            received=f"{images.shape}",
        )
    hidden = model.layers[: _last_with_weights(model)]
    plan: Plan | None = None
    for start in range(0, len(images), block):
        part = images[start : start + block]
        if plan is None or plan.n != len(part):
            plan = Plan(hidden, model.input_shape, len(part), model.store, train=False)
        y = plan.forward(part, Draw(seed=0, purpose="forward", count=len(part)))
        yield np.array(examples_first(y).reshape(len(part), -1))


def nearest(
    query: Array, blocks: Iterable[Array], *, count: int = 5, metric: Metric = "euclidean"
) -> Neighbours:
    """The vectors nearest to ``query``.

        euclidean  |a - b|        cosine  1 - <a, b> / (|a| |b|), and 1 where a vector is 0

    Args:
        query: (D,).
        blocks: vectors (n, D), one block after another; indices count through them.
        count: how many to find, at least 1.
        metric: the distance.

    Raises:
        ShapeError: vectors of another length.
        SpecificationError: there is no such metric, or nothing to count.
    """
    if count < 1:
        raise SpecificationError("count", expected="at least 1", received=f"{count}")
    if metric not in ("euclidean", "cosine"):
        raise SpecificationError(
            "the metric", expected="euclidean or cosine", received=repr(metric)
        )
    indices = np.empty(0, np.int64)
    distances = np.empty(0)
    first = 0
    for block in blocks:
        if block.ndim != 2 or block.shape[1:] != query.shape:
            raise ShapeError(
                "neighbours",
                expected=f"vectors of {query.size} numbers",
                received=f"an array of shape {block.shape}",
            )
        distance = _distances(query, block, metric)
        if len(distance) > count:
            limit = np.partition(distance, count - 1)[count - 1]
            near = np.flatnonzero(distance <= limit)
        else:
            near = np.arange(len(distance))
        indices = np.concatenate([indices, first + near])
        distances = np.concatenate([distances, distance[near]])
        best = np.argsort(distances, kind="stable")[:count]
        indices, distances = indices[best], distances[best]
        first += len(block)
    return Neighbours(indices, distances)


def _distances(query: Array, block: Array, metric: Metric) -> NDArray[np.float64]:
    if metric == "euclidean":
        differences = block - query
        squares = np.einsum("nd,nd->n", differences, differences)
        return np.asarray(np.sqrt(squares.astype(np.float64)))
    lengths = np.linalg.norm(block, axis=1).astype(np.float64) * np.linalg.norm(query)
    products = (block @ query).astype(np.float64)
    cosines = np.divide(products, lengths, out=np.zeros(len(block)), where=lengths > 0)
    return np.asarray(np.maximum(1 - cosines, 0.0))


def _last_with_weights(model: Sequential) -> int:
    """The place of the last layer that learns, or of the last at all."""
    learning = [place for place, row in enumerate(model.summary()) if row.parameters]
    return learning[-1] if learning else len(model.layers) - 1
