"""Scores equal scikit-learn's, count what they say they count, and add up over batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib.errors import DivergedError, ShapeError
from cnnlib.metrics import (
    Scores,
    Tally,
    calibration,
    check_probabilities,
    confusion_matrix,
    example_losses,
    log_loss,
    top_k_accuracy,
    wilson_interval,
)

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def predictions(seed, n=200, classes=10, sharpness=3.0):
    """Labels, and probabilities that lean towards them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    logits = rng.normal(size=(n, classes)) * sharpness
    logits[np.arange(n), labels] += 2
    return softmax(logits), labels


@st.composite
def pairs(draw):
    """Labels and predictions in which some classes never occur and some are never predicted."""
    classes = draw(st.integers(1, 8))
    n = draw(st.integers(1, 40))
    number = st.integers(0, classes - 1)
    labels = draw(st.lists(number, min_size=n, max_size=n))
    predicted = draw(st.lists(number, min_size=n, max_size=n))
    return np.array(labels), np.array(predicted), classes


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(pairs())
@settings(deadline=None)
def test_scores_equal_scikit_learn(case):
    labels, predicted, classes = case
    numbers = range(classes)
    matrix = confusion_matrix(labels, predicted, classes)
    scores = Scores.from_confusion(matrix)
    theirs = sklearn_metrics.confusion_matrix(labels, predicted, labels=numbers)
    assert (matrix == theirs).all()
    assert matrix.dtype == np.int64
    assert scores.accuracy == pytest.approx(
        sklearn_metrics.accuracy_score(labels, predicted), abs=1e-12
    )

    def reference(average):
        return sklearn_metrics.precision_recall_fscore_support(
            labels, predicted, labels=numbers, average=average, zero_division=0.0
        )

    precision, recall, f1, support = reference(None)
    np.testing.assert_allclose(scores.precision, precision, atol=1e-12, rtol=0)
    np.testing.assert_allclose(scores.recall, recall, atol=1e-12, rtol=0)
    np.testing.assert_allclose(scores.f1, f1, atol=1e-12, rtol=0)
    assert (scores.support == support).all()
    for ours, average in ((scores.macro, "macro"), (scores.weighted, "weighted")):
        np.testing.assert_allclose(
            [ours.precision, ours.recall, ours.f1], reference(average)[:3], atol=1e-12, rtol=0
        )


def test_rows_are_the_truth():
    matrix = confusion_matrix(np.array([2, 2, 0]), np.array([1, 1, 0]), 3)
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 0], [0, 2, 0]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_many_classes_of_small_integers_do_not_overflow(dtype):
    labels = np.full(3, 46, dtype=dtype)
    assert confusion_matrix(labels, labels, 47)[46, 46] == 3


def test_a_class_that_never_occurs_scores_zero():
    scores = Scores.from_confusion(np.array([[3, 0], [0, 0]]))
    assert scores.precision.tolist() == [1.0, 0.0]
    assert scores.recall.tolist() == [1.0, 0.0]
    assert scores.macro.f1 == 0.5
    assert scores.weighted.f1 == 1.0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sharpness", [0.1, 3.0, 40.0])
def test_log_loss_equals_scikit_learn(seed, sharpness):
    probabilities, labels = predictions(seed, sharpness=sharpness)
    theirs = sklearn_metrics.log_loss(labels, probabilities, labels=range(10))
    assert log_loss(probabilities, labels) == pytest.approx(theirs, abs=1e-12)


def test_log_loss_of_float32_is_that_of_the_same_numbers_in_float64():
    probabilities, labels = predictions(0)
    single = probabilities.astype(np.float32)
    assert log_loss(single, labels) == log_loss(single.astype(np.float64), labels)
    assert log_loss(single, labels) == pytest.approx(log_loss(probabilities, labels), abs=1e-6)


def test_a_class_that_was_ruled_out_costs_a_finite_loss():
    certain = np.array([[1.0, 0.0]], dtype=np.float32)
    assert example_losses(certain, np.array([1]))[0] == pytest.approx(52 * np.log(2))
    assert example_losses(certain, np.array([0]))[0] == pytest.approx(0, abs=1e-15)


def test_loss_of_knowing_nothing_is_the_logarithm_of_the_classes():
    uniform = np.full((5, 10), 0.1)
    assert log_loss(uniform, np.arange(5)) == pytest.approx(np.log(10))


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_top_k_equals_scikit_learn(k):
    probabilities, labels = predictions(1)
    theirs = sklearn_metrics.top_k_accuracy_score(labels, probabilities, k=k, labels=range(10))
    assert top_k_accuracy(probabilities, labels, k) == pytest.approx(theirs, abs=1e-12)


def test_top_one_is_the_accuracy_and_all_is_certain_even_with_ties():
    probabilities = np.round(predictions(2, sharpness=0.3)[0], 1)
    labels = predictions(2)[1]
    accuracy = (probabilities.argmax(axis=1) == labels).mean()
    assert top_k_accuracy(probabilities, labels, 1) == accuracy
    assert top_k_accuracy(probabilities, labels, 10) == 1.0


def test_calibration_follows_its_definition():
    probabilities, labels = predictions(3, n=300)
    result = calibration(probabilities, labels, bins=7)
    confidence, guess = probabilities.max(axis=1), probabilities.argmax(axis=1)
    error = 0.0
    for b in range(7):
        inside = (confidence > b / 7) & (confidence <= (b + 1) / 7)
        assert result.counts[b] == inside.sum()
        if inside.any():
            hit, sure = (guess == labels)[inside].mean(), confidence[inside].mean()
            assert result.accuracy[b] == pytest.approx(hit, abs=1e-12)
            assert result.confidence[b] == pytest.approx(sure, abs=1e-12)
            error += inside.mean() * abs(hit - sure)
        else:
            assert (result.accuracy[b], result.confidence[b]) == (0.0, 0.0)
    assert result.error == pytest.approx(error, abs=1e-12)
    assert result.counts.sum() == 300


def test_calibrated_probabilities_have_a_small_error_and_boasting_a_large_one():
    rng = np.random.default_rng(4)
    probabilities = softmax(rng.normal(size=(20_000, 3)))
    labels = (probabilities.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert calibration(probabilities, labels).error < 0.02
    boast = np.eye(3)[probabilities.argmax(axis=1)]
    wrong = (probabilities.argmax(axis=1) != labels).mean()
    assert calibration(boast, labels).error == pytest.approx(wrong)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_interval_holds_the_rate_and_solves_its_equation(correct, examples):
    correct = min(correct, examples)
    low, high = wilson_interval(correct, examples)
    rate = correct / examples
    assert 0 <= low <= rate <= high <= 1
    for bound in (low, high):  # (p̂ - p)² = z² p (1 - p) / n at both ends
        right = 1.959963984540054**2 * bound * (1 - bound) / examples
        assert (rate - bound) ** 2 == pytest.approx(right, abs=1e-12)


@given(pairs(), st.integers(1, 9))
@settings(deadline=None)
def test_a_tally_of_batches_is_the_score_of_the_whole(case, size):
    labels, predicted, classes = case
    losses = np.arange(len(labels)) / 4
    tally = Tally(classes)
    tally.update(labels, predicted, loss_sum=99.0)
    tally.reset()
    for start in range(0, len(labels), size):
        part = slice(start, start + size)
        tally.update(labels[part], predicted[part], loss_sum=float(losses[part].sum()))
    result = tally.compute()
    assert (result.scores.matrix == confusion_matrix(labels, predicted, classes)).all()
    assert result.loss == pytest.approx(losses.mean(), abs=1e-12)
    assert tally.compute().loss == result.loss


def test_a_result_does_not_change_when_the_tally_goes_on():
    tally = Tally(2)
    tally.update(np.array([0]), np.array([0]), loss_sum=0.5)
    before = tally.compute()
    tally.update(np.array([1]), np.array([0]), loss_sum=0.5)
    assert before.scores.matrix.tolist() == [[1, 0], [0, 0]]


def test_nothing_scores_zero_and_leaves_everything_open():
    empty = Tally(3).compute()
    assert (empty.loss, empty.scores.accuracy, empty.scores.weighted.f1) == (0.0, 0.0, 0.0)
    assert empty.scores.accuracy_interval == (0.0, 1.0)
    none, nobody = np.zeros((0, 3)), np.zeros(0, dtype=int)
    assert log_loss(none, nobody) == 0.0
    assert top_k_accuracy(none, nobody, 1) == 0.0
    assert calibration(none, nobody).error == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: confusion_matrix(np.array([3]), np.array([0]), 3), "class numbers from 0 to 2"),
        (lambda: confusion_matrix(np.array([-1]), np.array([0]), 3), "labels: expected"),
        (lambda: confusion_matrix(np.array([0]), np.array([0, 1]), 3), "each of the 1 labels"),
        (lambda: confusion_matrix(np.array([0.0]), np.array([0]), 3), "integers"),
        (lambda: Scores.from_confusion(np.zeros((2, 3), dtype=int)), "(K, K)"),
        (lambda: Scores.from_confusion(np.array([[-1]])), "at least 0"),
        (lambda: Scores.from_confusion(np.array([[0.5]])), "counts"),
        (lambda: log_loss(np.zeros((2, 3)), np.array([0])), "each of the 2 rows"),
        (lambda: log_loss(np.zeros(3), np.array([0])), "(examples, classes)"),
        (lambda: top_k_accuracy(np.ones((1, 1)), np.array([0]), 0), "k: expected at least 1"),
        (lambda: calibration(np.ones((1, 1)), np.array([0]), 0), "bins: expected at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, words):
    with pytest.raises(ShapeError) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.5])
def test_probabilities_that_are_none_are_refused(bad):
    probabilities = np.array([[0.5, 0.5], [bad, 0.5]])
    with pytest.raises(DivergedError, match="1 of 2 examples"):
        check_probabilities(probabilities, np.array([0, 1]))
