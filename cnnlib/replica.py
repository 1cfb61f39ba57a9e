"""One rank's copy of the model, and its share of every step.

All ranks do the same things in the same order, each on its own share of the examples; wherever they
need each other's numbers they add them up. After every step all copies are equal to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw, Examples, stream
from cnnlib.augmentations import augment
from cnnlib.errors import RankError
from cnnlib.events import StepEnded
from cnnlib.model import NO_DRAW, Sequential, softmax
from cnnlib.optimizers import clip_norm
from cnnlib.plan import Plan, micro_batch_in_cache
from cnnlib.ranks.communicator import Communicator
from cnnlib.work import Work

Weights = Literal["current", "average", "best"]


class StepResult(NamedTuple):
    """What one step did: means over the batch before the update."""

    loss: float
    accuracy: float
    examples: int
    gradient_norm: float

    @property
    def finite(self) -> bool:
        """Whether the step could be taken; one that is not finite leaves the weights alone."""
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm)

    def event(self, epoch: int, step: int, learning_rate: float) -> StepEnded:
        """The event that tells of it."""
        return StepEnded(
            epoch=epoch,
            step=step,
            loss=self.loss,
            accuracy=self.accuracy,
            examples=self.examples,
            learning_rate=learning_rate,
            gradient_norm=self.gradient_norm,
        )


class Replica:
    """The model of one rank, with all that a step needs.

    Args:
        work: what is trained and how.
        splits: examples by name; "train" is what steps learn from.
        communicator: the tie to the other ranks.
    """

    def __init__(
        self, work: Work, splits: Mapping[str, Examples], communicator: Communicator
    ) -> None:
        self.work, self.splits, self._comm = work, splits, communicator
        self.model = Sequential.parse(
            work.architecture, work.input_shape, seed=work.seed, dtype=work.dtype
        )
        flat = self.model.flat_parameters
        self.optimizer = work.optimizer.start(flat)
        self.average = work.average.start(flat) if work.average else None
        self.best = flat.copy()
        self.best_buffers = {name: array.copy() for name, array in self.model.buffers.items()}
        self._exchange = np.empty(flat.size + 2, flat.dtype)  # gradients, loss, correct answers
        self._plans: dict[int, Plan] = {}
        self._order: tuple[int, NDArray[np.int64]] | None = None
        wish = self.model.micro_batch
        chosen = work.micro_batch or micro_batch_in_cache(self.model.layers, work.input_shape)
        self._micro_batch = chosen if wish is None else wish  # 0: the whole share

    def batches(self) -> int:
        """Steps in an epoch. The last one is short, or left out where it is too short for batch
        normalisation over all ranks: two examples, and one for each rank, have statistics.
        """
        whole, rest = divmod(len(self.splits["train"].labels), self.work.batch_size)
        enough = 1 if self._micro_batch else max(2, self._comm.size)
        return whole + (rest >= enough)

    def step(self, epoch: int, batch: int, learning_rate: float) -> StepResult:
        """Learn from batch number ``batch`` (from 0) of an epoch.

        A step that cannot be taken, because a number is not finite or a rank has gone, leaves the
        model as it was.
        """
        buffers = {name: array.copy() for name, array in self.model.buffers.items()}
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # seen in the result
                result = self._gradients(epoch, batch)
                if result.finite:
                    self._average_buffers()
        except RankError:
            self._put_back(buffers)
            raise
        if not result.finite:
            self._put_back(buffers)
            return result
        self.work.optimizer.step(
            self.model.flat_parameters, self.model.flat_gradients, self.optimizer, learning_rate
        )
        if self.work.average and self.average:
            self.work.average.update(self.model.flat_parameters, self.average)
        return result

    def probabilities(self, split: str, weights: Weights) -> Array:
        """Probabilities (N, K) of all examples of a split, each rank doing its share."""
        images = self.splits[split].images
        found = np.zeros((len(images), self.model.classes), self.model.flat_parameters.dtype)
        first, last = _share(len(images), self._comm)
        with self.weights(weights), np.errstate(over="ignore", invalid="ignore"):
            size = micro_batch_in_cache(self.model.layers, self.model.input_shape)
            for start in range(first, last, size):
                part = images[start : min(start + size, last)]
                logits = self.model.plan(len(part), train=False).forward(part, NO_DRAW)
                found[start : start + len(part)] = softmax(logits, axis=0).T
        self._comm.sum(found)
        return found

    def keep_best(self) -> None:
        """Remember the weights that are evaluated now as the best ones."""
        np.copyto(
            self.best, self.model.flat_parameters if self.average is None else self.average.values
        )
        for name, array in self.model.buffers.items():
            np.copyto(self.best_buffers[name], array)

    @contextmanager
    def weights(self, which: Weights) -> Iterator[None]:
        """The model with other weights for a while; "average" is "current" where none is kept."""
        flat, buffers = self.model.flat_parameters, self.model.buffers
        values: Array | None = None
        if which == "best":
            values = self.best
        elif which == "average" and self.average is not None:
            values = self.average.values
        if values is None:
            yield
            return
        saved = flat.copy(), {name: array.copy() for name, array in buffers.items()}
        np.copyto(flat, values)
        if which == "best":
            self._put_back(self.best_buffers)
        try:
            yield
        finally:
            np.copyto(flat, saved[0])
            self._put_back(saved[1])

    def arrays(self) -> dict[str, Array]:
        """All that a training remembers, by name: what resuming needs, and ranks must agree on."""
        found = {"parameters": self.model.flat_parameters, "best": self.best}
        found |= {f"buffers/{name}": array for name, array in self.model.buffers.items()}
        found |= {f"best/{name}": array for name, array in self.best_buffers.items()}
        found |= {f"optimizer/{name}": slot for name, slot in self.optimizer.slots.items()}
        if self.average is not None:
            found["average"] = self.average.values
        return found

    def agree(self, optimizer_steps: int, average_steps: int) -> None:
        """Take over everything from rank 0."""
        self.optimizer.steps = optimizer_steps
        if self.average is not None:
            self.average.steps = average_steps
        for array in self.arrays().values():
            self._comm.share(array)

    def not_finite(self) -> tuple[str, str]:
        """Where the numbers of the last step left the finite ones, and what stands there."""
        for name, gradient in self.model.gradients.items():
            for word, found in (("NaN", np.isnan(gradient)), ("infinity", np.isinf(gradient))):
                if found.any():
                    return f"the gradient of {name}", word
        return "the loss", "NaN or infinity"

    def _gradients(self, epoch: int, batch: int) -> StepResult:
        """Compute the gradient of a batch over all ranks, clipped where that is asked."""
        examples = self._batch(epoch, batch)
        labels = self.splits["train"].labels[examples]
        normaliser = self.work.loss.normaliser(labels)
        gradients = self.model.flat_gradients
        gradients.fill(0)
        loss, correct = 0.0, 0
        for start, stop in self._micro_batches(len(examples)):
            part_loss, part_correct = self._learn(
                examples[start:stop],
                labels[start:stop],
                1.0 / normaliser,
                Draw(self.work.seed, "step", (epoch, batch), start, stop - start),
            )
            loss += part_loss
            correct += part_correct
        loss, correct = self._add_up(loss, correct)
        norm = clip_norm(gradients, math.inf if self.work.clip is None else self.work.clip)
        return StepResult(loss / normaliser, correct / len(examples), len(examples), norm)

    def _average_buffers(self) -> None:
        """Ghost batches leave each rank its own running statistics: all take their mean."""
        buffers = self.model.buffers.values()
        if self._comm.size == 1 or not buffers:
            return
        exchange = np.concatenate(list(buffers))
        self._comm.sum(exchange)
        exchange /= self._comm.size
        start = 0
        for array in buffers:
            np.copyto(array, exchange[start : start + array.size])
            start += array.size

    def _put_back(self, buffers: Mapping[str, Array]) -> None:
        for name, array in buffers.items():
            np.copyto(self.model.buffers[name], array)

    def _learn(
        self, examples: NDArray[np.int64], labels: NDArray[np.integer], scale: float, draw: Draw
    ) -> tuple[float, int]:
        """Add one micro-batch's gradients; return the sum of its losses and its correct answers."""
        n = len(examples)
        if n not in self._plans:
            self._plans[n] = Plan(
                self.model.layers,
                self.model.input_shape,
                n,
                self.model.store,
                train=True,
                sum_over_ranks=self._comm.sum,
            )
        images: NDArray[Any] = self.splits["train"].images[examples]
        if self.work.augment:
            pixels = images.astype(np.float32)
            if images.dtype == np.uint8:
                pixels *= np.float32(1 / 255)
            images = augment(pixels, self.work.augment, draw.child(0))
        plan = self._plans[n]
        logits = plan.forward(images, draw.child(1))
        correct = int(np.count_nonzero(logits.argmax(axis=0) == labels))
        d_logits = np.empty_like(logits)  # the last kernel may need its own output again
        loss = self.work.loss.batch_last(logits, labels, scale, out=d_logits)
        plan.backward(d_logits)
        return loss, correct

    def _add_up(self, loss: float, correct: int) -> tuple[float, int]:
        """Sum gradients, loss and correct answers over the ranks, in one exchange."""
        if self._comm.size == 1:
            return loss, correct
        gradients, exchange = self.model.flat_gradients, self._exchange
        np.copyto(exchange[:-2], gradients)
        exchange[-2:] = loss, correct
        self._comm.sum(exchange)
        np.copyto(gradients, exchange[:-2])
        return float(exchange[-2]), int(exchange[-1])

    def _batch(self, epoch: int, batch: int) -> NDArray[np.int64]:
        """The numbers of a batch's examples: a shuffle that depends on seed and epoch alone."""
        if self._order is None or self._order[0] != epoch:
            count = len(self.splits["train"].labels)
            self._order = epoch, stream(self.work.seed, "shuffle", epoch).permutation(count)
        size = self.work.batch_size
        return self._order[1][batch * size : (batch + 1) * size]

    def _micro_batches(self, examples: int) -> Iterator[tuple[int, int]]:
        """This rank's share of a batch, in parts."""
        first, last = _share(examples, self._comm)
        size = self._micro_batch or last - first
        for start in range(first, last, max(size, 1)):
            yield start, min(start + size, last)


def _share(count: int, communicator: Communicator) -> tuple[int, int]:
    """This rank's part of ``count`` things: they are dealt in one piece to each rank."""
    rank, size = communicator.rank, communicator.size
    return count * rank // size, count * (rank + 1) // size
