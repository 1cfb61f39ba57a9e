"""The classifier keeps scikit-learn's contract, and learns whatever rows it is given."""

from __future__ import annotations

import copy
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from training_cases import bars

from cnnlib.errors import SpecificationError
from cnnlib.model import Sequential
from cnnlib.sklearn import CNNClassifier
from cnnlib.sklearn.networks import network_for


@parametrize_with_checks([CNNClassifier()])
def test_the_contract_of_scikit_learn(estimator: Any, check: Any) -> None:
    """Every check, none expected to fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # some checks ask for warnings of scikit-learn's own
        check(estimator)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    return X[:600], y[:600]


def small(**other: Any) -> CNNClassifier:
    return CNNClassifier(**{"epochs": 4, "random_state": 0, **other})


def test_rows_planes_and_images_are_the_same(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = digits
    rows = small().fit(X, y)
    planes = small().fit(X.reshape(-1, 8, 8), y)
    images = small().fit(X.reshape(-1, 1, 8, 8), y)
    expected = rows.predict_proba(X)
    assert rows.image_shape_ == (1, 8, 8)
    for other in (planes, images):
        assert other.n_features_in_ == 64
        assert np.array_equal(other.predict_proba(X), expected)
        assert np.array_equal(other.predict_proba(X.reshape(-1, 1, 8, 8)), expected)
    with pytest.raises(ValueError, match=r"\(1, 4, 16\)"):
        rows.predict(X.reshape(-1, 1, 4, 16))


def test_images_are_recognised() -> None:
    X, y = load_digits(return_X_y=True)
    model = small(epochs="auto").fit(X[:1200], y[:1200])
    assert any(name.startswith("conv") for name in model.model_.names)
    assert model.score(X[1200:], y[1200:]) > 0.9


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 9, 40), (1, 200, 3), (7, 1, 1)]
)
def test_there_is_a_network_for_every_shape(shape: tuple[int, int, int]) -> None:
    X = np.random.default_rng(0).random((12, *shape))
    model = small(epochs=1, image_shape=shape).fit(X.reshape(12, -1), np.arange(12) % 3)
    assert model.predict_proba(X.reshape(12, -1)).shape == (12, 3)
    assert model.model_.layers == Sequential.parse(network_for(shape, 3), shape).layers


def test_bytes_are_images_of_the_network_itself() -> None:
    images, labels = bars(60)
    model = small(architecture="Conv2d(4)\nReLU()\nFlatten()\nDense(3)\n").fit(images, labels)
    of_network = model.model_.predict(images)
    assert np.allclose(model.predict_proba(images), of_network, atol=1e-6)


def test_the_probabilities_of_a_row_do_not_depend_on_its_neighbours(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = digits
    model = small(epochs=1).fit(X, y)
    together = model.predict_proba(X[:100])
    assert np.array_equal(model.predict_proba(X[70:71]), together[70:71])
    assert np.array_equal(model.predict_proba(X[99::-1]), together[::-1])


def test_one_seed_gives_one_classifier(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = digits
    first, second = (small(epochs=1).fit(X, y).predict_proba(X) for _ in range(2))
    assert np.array_equal(first, second)
    other = small(epochs=1, random_state=1).fit(X, y).predict_proba(X)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "labels", [["cat", "dog", "owl"], [True, False], [-7, 3, 2**40], [0.0, 1.0, 2.0]]
)
def test_labels_of_any_type_come_back(labels: list[Any]) -> None:
    X = np.random.default_rng(0).normal(size=(90, 2)) * 0.1
    y = np.asarray(labels)[np.arange(90) % len(labels)]
    X[:, 0] += np.arange(90) % len(labels)
    model = small(epochs=40).fit(X, y)
    predicted = model.predict(X)
    assert predicted.dtype == y.dtype
    assert np.array_equal(model.classes_, np.unique(y))
    assert np.mean(predicted == y) > 0.9


def test_frames_keep_their_names() -> None:
    frame, y = load_iris(return_X_y=True, as_frame=True)
    names = y.map({0: "setosa", 1: "versicolor", 2: "virginica"}).astype("category")
    model = small(epochs=40).fit(frame, names)
    assert list(model.feature_names_in_) == list(frame.columns)
    assert set(model.predict(frame)) == {"setosa", "versicolor", "virginica"}
    assert model.score(frame, names) > 0.9
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[frame.columns[::-1]])


def test_features_of_any_scale_are_learned() -> None:
    X, y = load_iris(return_X_y=True)
    scale, offset = np.array([1e-6, 1.0, 1e6, 1e3]), np.array([5.0, 0.0, 1e8, -1e3])
    assert small(epochs=40).fit(X * scale + offset, y).score(X * scale + offset, y) > 0.9


def test_in_a_grid_a_pipeline_and_a_cross_validation(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = digits[0][:200], digits[1][:200]
    grid = {"cnnclassifier__learning_rate": [1e-9, 1e-2], "cnnclassifier__optimizer": ["Adam()"]}
    pipeline = make_pipeline(StandardScaler(with_std=False), small())
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["cnnclassifier__learning_rate"] == 1e-2
    out_of_fold = cross_val_predict(small(epochs=6), X, y, cv=3, method="predict_proba")
    assert out_of_fold.shape == (200, 10)
    assert np.mean(out_of_fold.argmax(axis=1) == y) > 0.6


def test_partial_fit_goes_on() -> None:
    X, y = load_iris(return_X_y=True)
    model = small(learning_rate=1e-2)
    with pytest.raises(ValueError, match="classes must be passed"):
        model.partial_fit(X, y)
    order = np.random.default_rng(0).permutation(150)
    for _ in range(20):
        for part in np.array_split(order, 3):
            model.partial_fit(X[part], y[part], classes=[0, 1, 2])
    assert model.score(X, y) > 0.9
    with pytest.raises(ValueError, match="received also"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="expected \\[0 1 2\\]"):
        model.partial_fit(X, y, classes=[0, 1])


def test_partial_fit_goes_on_from_a_fit_and_from_a_copy() -> None:
    X, y = load_iris(return_X_y=True)
    model = small(epochs=20).fit(X, y)
    before = model.score(X, y)
    model.partial_fit(X, y)
    assert model.score(X, y) >= before - 0.05
    other = copy.deepcopy(model)
    for each in (model, other):
        each.partial_fit(X, y)
    assert np.array_equal(model.predict_proba(X), other.predict_proba(X))


def test_a_share_is_held_out_to_stop_early(digits: tuple[np.ndarray, np.ndarray]) -> None:
    model = small(validation_fraction=0.25, epochs=60, patience=2, learning_rate=0.03).fit(*digits)
    epochs = model.history_.epochs()
    assert epochs["valid_loss"].notna().all()
    assert len(epochs) < 60


def test_processes_share_the_work(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = digits
    model = small(n_jobs=2, epochs=6).fit(X, y)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ({"architecture": "Flatten()\nDense(4)"}, ValueError, "3 outputs"),
        ({"architecture": "Flaten()"}, SpecificationError, "Flatten"),
        ({"optimizer": "Adm()"}, SpecificationError, "Adam"),
        ({"image_shape": (1, 2, 3)}, ValueError, "4 numbers"),
        ({"epochs": 0}, SpecificationError, "at least 1"),
    ],
)
def test_wrong_parameters_are_named(words: dict[str, Any], error: type, said: str) -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.raises(error, match=said):
        small(**words).fit(X, y)
    model = small(**words)
    assert clone(model).get_params() == model.get_params()


def test_without_scikit_learn_the_extra_is_named() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import cnnlib; import cnnlib.sklearn"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stderr.splitlines()[-1].endswith("pip install 'cnn-tui[sklearn]'")


def test_nothing_is_predicted_before_a_fit() -> None:
    with pytest.raises(NotFittedError):
        small().predict(pd.DataFrame({"a": [1.0]}))
