"""CNNClassifier: the network behind scikit-learn's fit, predict and score."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from cnnlib.augmentations import Augmentation
from cnnlib.averaging import Average
from cnnlib.fitting import Pairs, beginning, fit, go_on
from cnnlib.losses import Loss
from cnnlib.model import Sequential
from cnnlib.optimizers import Optimizer
from cnnlib.progress import TrainingState
from cnnlib.schedules import Constant, Schedule
from cnnlib.sklearn.inputs import Scale, flat, image_shape
from cnnlib.sklearn.networks import network_for
from cnnlib.stopping import EarlyStopping
from cnnlib.text import Described, parse, parse_pipeline
from cnnlib.work import Work

ROWS = 64  # rows that are always predicted together, the last ones with zeros behind them
ENOUGH_STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 1000, 5, 60  # of epochs="auto"


class CNNClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A convolutional network as a scikit-learn classifier.

    X is (n, C, H, W), (n, H, W), or rows of features: an array or a pandas frame. Rows that make a
    square of at least 8 pixels a side are taken for gray images; other rows go through dense
    layers, each feature standardised. Images are scaled by the greatest value seen in training
    (bytes by 255), so give ``predict`` the units that ``fit`` was given.

    Args:
        architecture: "auto", or the network as text, one layer a line; its last layer has an
            output for each class.
        image_shape: (C, H, W) of rows; None: as above. (features, 1, 1) says that they are none.
        epochs: how often to see all rows; "auto": about a thousand steps, 5 to 60 epochs.
        batch_size: rows a step.
        optimizer, schedule, loss: as objects or as text, such as "AdamW(weight_decay=0.01)".
        learning_rate: the main rate of the schedule, None for its own; that of ``partial_fit``,
            which is constant, is 1e-3 unless it is given here.
        augment: random changes of the training images, such as "Shift(2), Noise(0.05)".
        average: "ExponentialMovingAverage()" to predict with averaged weights.
        validation_fraction: share of the rows that is held out; the best epoch on them is kept.
        patience: epochs without a better validation loss that end the training, or None.
        n_jobs: processes that share the work of a batch; None 1, -1 all cores.
        random_state: seed of the first weights, the order, the augmentation and the validation.
        verbose: whether to tell how it goes.

    Attributes:
        classes_: the labels, sorted.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.
        model_: the trained :class:`cnnlib.Sequential`.
        image_shape_: (C, H, W).
        history_: the :class:`cnnlib.History` of the last ``fit``.

    Sample weights are not supported. Two fits of one ``random_state`` and one ``n_jobs`` give
    equal bits, and the probabilities of a row do not depend on the rows beside it.

    >>> from sklearn.datasets import load_digits
    >>> from cnnlib.sklearn import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> CNNClassifier(epochs=3, random_state=0).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:])
    0.9...
    """

    _state: TrainingState | None  # of partial_fit

    def __init__(
        self,
        architecture: str = "auto",
        *,
        image_shape: tuple[int, int, int] | None = None,
        epochs: int | str = "auto",
        batch_size: int = 32,
        optimizer: Optimizer | str = "Adam()",
        schedule: Schedule | str = "OneCycle()",
        learning_rate: float | None = None,
        loss: Loss | str = "CrossEntropyLoss()",
        augment: tuple[Augmentation, ...] | str = "",
        average: Average | str = "",
        validation_fraction: float = 0.0,
        patience: int | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.architecture = architecture
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.schedule = schedule
        self.learning_rate = learning_rate
        self.loss = loss
        self.augment = augment
        self.average = average
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Train a new network on rows X and their labels y, (n,).

        Raises:
            ValueError: the data are none to classify.
            SpecificationError, ShapeError: a parameter is wrong, or the network does not fit.
            DivergedError: a number left the finite ones.
        """
        X, shape = flat(X)
        rows, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        self._build(rows, shape)
        train, valid = self._split(Pairs(self._scale.images(rows), labels))
        work = self._work()
        schedule = _made(self.schedule, Schedule)
        if self.learning_rate is not None:
            schedule = schedule.with_rate(self.learning_rate)
        self.history_ = fit(
            self.model_,
            train,
            valid,
            epochs=self._epochs(len(train.labels)),
            schedule=schedule,
            stopping=None if self.patience is None else EarlyStopping(self.patience),
            ranks=self._ranks(),
            progress=bool(self.verbose),
            **{name: getattr(work, name) for name in _OF_WORK},
        )
        return self

    def partial_fit(self, X: Any, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """See the rows X with labels y once, going on from what was learned before.

        Args:
            X, y: as for ``fit``.
            classes: all labels that will ever come; needed at the first call.

        Raises:
            ValueError: no classes at the first call, others at a later one, or unknown labels.
        """
        X, shape = flat(X)
        first = not hasattr(self, "classes_")
        rows, y = validate_data(self, X, y, reset=first)
        check_classification_targets(y)
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if first:
            self.classes_ = np.unique(np.asarray(classes))
            self._build(rows, shape)
        self._require_shape(shape)
        if classes is not None and not np.array_equal(
            np.unique(np.asarray(classes)), self.classes_
        ):
            raise ValueError(f"classes: expected {self.classes_}, as at the first call to fit.")
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"y: expected labels of {self.classes_}, received also {unknown}.")
        labels = np.searchsorted(self.classes_, y)
        work = self._work()
        state = self._state or beginning(work, self.model_)
        rate = 1e-3 if self.learning_rate is None else self.learning_rate
        self._state = go_on(
            self.model_,
            work,
            Pairs(self._scale.images(rows), labels),
            state,
            schedule=Constant(rate),
            ranks=self._ranks(),
        )
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of each of ``classes_`` for rows X, (n, K)."""
        check_is_fitted(self)
        X, shape = flat(X)
        rows = validate_data(self, X, reset=False)
        self._require_shape(shape)
        found = np.empty((len(rows), len(self.classes_)), np.float64)
        for start in range(0, len(rows), ROWS):
            images = self._scale.images(rows[start : start + ROWS])
            batch: Any = np.zeros((ROWS, *self.image_shape_), images.dtype)
            batch[: len(images)] = images
            found[start : start + ROWS] = self.model_.predict(batch, micro_batch=ROWS)[
                : len(images)
            ]
        found /= found.sum(axis=1, keepdims=True)
        return found

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of rows X, (n,)."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def _build(self, rows: NDArray[Any], shape: tuple[int, ...] | None) -> None:
        """A new network for such rows and ``classes_``."""
        if shape is not None and self.image_shape is not None and shape != tuple(self.image_shape):
            raise ValueError(f"X: expected images of {self.image_shape}, received {shape}.")
        self.image_shape_ = image_shape(rows.shape[1], shape or self.image_shape)
        self._scale = Scale.of(rows, self.image_shape_)
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        text = self.architecture
        if text == "auto":
            text = network_for(self.image_shape_, len(self.classes_))
        self.model_ = Sequential.parse(text, self.image_shape_, seed=self._seed)
        self._state = None
        if self.model_.output_shape != (len(self.classes_),):
            raise ValueError(
                f"architecture: expected {len(self.classes_)} outputs, one a class, "
                f"received {self.model_.output_shape}."
            )

    def _require_shape(self, shape: tuple[int, ...] | None) -> None:
        if shape is not None and shape != self.image_shape_:
            raise ValueError(f"X: expected images of {self.image_shape_}, received {shape}.")

    def _work(self) -> Work:
        augment, average = self.augment, self.average
        return Work(
            self.model_.text(),
            self.image_shape_,
            loss=_made(self.loss, Loss),
            optimizer=_made(self.optimizer, Optimizer),
            augment=parse_pipeline(augment, Augmentation) if isinstance(augment, str) else augment,
            average=_made(average, Average) if average else None,
            batch_size=self.batch_size,
            seed=self._seed,
        )

    def _split(self, examples: Pairs) -> tuple[Pairs, Pairs | None]:
        if not self.validation_fraction:
            return examples, None
        train, valid = train_test_split(
            np.arange(len(examples.labels)),
            test_size=self.validation_fraction,
            stratify=examples.labels,
            random_state=self._seed,
        )
        images, labels = examples
        return Pairs(images[train], labels[train]), Pairs(images[valid], labels[valid])

    def _epochs(self, rows: int) -> int:
        if self.epochs != "auto":
            return int(self.epochs)
        steps = -(-rows // self.batch_size)
        return min(max(-(-ENOUGH_STEPS // steps), FEWEST_EPOCHS), MOST_EPOCHS)

    def _ranks(self) -> int:
        from joblib import effective_n_jobs

        return min(int(effective_n_jobs(self.n_jobs)), self.batch_size)


_OF_WORK = ("batch_size", "loss", "optimizer", "augment", "average", "seed")


def _made(given: Any, root: type[Described]) -> Any:
    """An object as it is, or the one that a text describes."""
    return parse(given, root) if isinstance(given, str) else given
