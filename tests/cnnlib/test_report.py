"""A report says what scikit-learn says, survives its file, and refuses a damaged one in words."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from cnnlib.errors import DivergedError, RunError, ShapeError
from cnnlib.markdown import table
from cnnlib.report import Report, evaluate

sklearn_metrics = pytest.importorskip("sklearn.metrics")

NAMES = ("zero", "one", "two", "never", "a|b")


def probabilities_and_labels(seed=0, n=120, classes=5):
    """Noisy predictions; class 3 never occurs."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([0, 1, 2, 4], size=n)
    logits = rng.normal(size=(n, classes)) * 2
    logits[np.arange(n), labels] += 2
    powers = np.exp(logits)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), labels


@pytest.fixture
def report():
    return evaluate(*probabilities_and_labels(), NAMES)


def test_the_dictionary_equals_scikit_learn(report):
    probabilities, labels = probabilities_and_labels()
    predicted = probabilities.argmax(axis=1)
    theirs = sklearn_metrics.classification_report(
        labels,
        predicted,
        labels=range(5),
        target_names=NAMES,
        output_dict=True,
        zero_division=0.0,
    )
    content = report.to_dict()
    for name in NAMES:
        for ours, word in (
            ("precision", "precision"),
            ("recall", "recall"),
            ("f1", "f1-score"),
            ("support", "support"),
        ):
            assert content["per_class"][name][ours] == pytest.approx(theirs[name][word], abs=1e-12)
    for ours, word in (("macro_avg", "macro avg"), ("weighted_avg", "weighted avg")):
        assert content[ours]["f1"] == pytest.approx(theirs[word]["f1-score"], abs=1e-12)
    matrix = sklearn_metrics.confusion_matrix(labels, predicted, labels=range(5))
    assert content["confusion"] == matrix.tolist()
    assert content["accuracy"] == pytest.approx((predicted == labels).mean(), abs=1e-12)
    assert content["examples"] == 120


def test_mistakes_are_all_wrong_examples_and_the_costliest_comes_first(report):
    probabilities, labels = probabilities_and_labels()
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    assert {m.index for m in report.mistakes} == set(wrong.tolist())
    assert report.mistakes_total == len(wrong) > 5
    losses = [m.loss for m in report.mistakes]
    assert losses == sorted(losses, reverse=True)
    for m in report.mistakes:
        assert m.label == labels[m.index] != m.predicted
        np.testing.assert_allclose(m.probabilities, probabilities[m.index], atol=1e-6)
        assert m.confidence == max(m.probabilities) == m.probabilities[m.predicted]
        assert m.loss == pytest.approx(-np.log(probabilities[m.index, m.label]), abs=1e-5)


def test_the_list_of_mistakes_is_bounded_and_their_number_is_not():
    probabilities, labels = probabilities_and_labels()
    whole = evaluate(probabilities, labels, NAMES)
    short = evaluate(probabilities, labels, NAMES, keep=3)
    assert short.mistakes == whole.mistakes[:3]
    assert short.mistakes_total == whole.mistakes_total


def test_it_survives_its_file(report):
    again = Report.from_json(report.to_json())
    assert again.to_dict() == report.to_dict()
    assert again.mistakes == report.mistakes
    assert again.to_json() == report.to_json()


def test_the_file_is_plain_json_with_the_names_that_others_read(report):
    content = json.loads(report.to_json())
    assert content == report.to_dict()
    assert list(content) == [
        "accuracy",
        "accuracy_interval",
        "loss",
        "examples",
        "classes",
        "confusion",
        "per_class",
        "macro_avg",
        "weighted_avg",
        "top_k",
        "calibration",
        "mistakes_total",
        "mistakes",
    ]
    assert sum(b["examples"] for b in content["calibration"]["bins"]) == 120
    assert content["top_k"].keys() == {"2", "3"}
    assert content["top_k"]["2"] > content["accuracy"]


def test_no_example_and_no_mistake_make_a_report_too():
    nothing = evaluate(np.zeros((0, 2), dtype=np.float32), np.zeros(0, dtype=int), ("a", "b"))
    perfect = evaluate(np.eye(2, dtype=np.float32), np.arange(2), ("a", "b"))
    for report in (nothing, perfect):
        assert Report.from_json(report.to_json()).to_dict() == report.to_dict()
        assert "0 mistakes" in report.to_markdown()
    assert perfect.scores.accuracy == 1.0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda c: c.pop("confusion"), "confusion: expected a value, received nothing"),
        (lambda c: c["confusion"].pop(), "5 rows of 5 counts"),
        (lambda c: c["confusion"][0].__setitem__(0, -1), "at least 0, received -1"),
        (lambda c: c["confusion"][0].__setitem__(0, 1.5), "an integer, received 1.5"),
        (lambda c: c["confusion"][0].__setitem__(0, 10_000), "as its confusion matrix says"),
        (lambda c: c.update(loss=float("nan")), "loss: expected a finite number"),
        (lambda c: c.update(loss="low"), "a number, received 'low'"),
        (lambda c: c.update(loss=True), "a number, received True"),
        (lambda c: c.update(classes=["a"] * 5), "different names"),
        (lambda c: c.update(classes=[]), "a list of names"),
        (lambda c: c["mistakes"][0].update(label=7), "label: expected an integer, 0 to 4"),
        (lambda c: c["mistakes"][0]["probabilities"].pop(), "5 numbers, received 4"),
        (lambda c: c.update(mistakes=[3]), "index: expected an object that holds it"),
        (lambda c: c["calibration"].pop("error"), "error: expected a value"),
        (lambda c: c.update(top_k={"two": 1.0}), "top_k: expected"),
        (lambda c: c.update(top_k={"2": "high"}), "top_k: expected"),
    ],
)
def test_a_damaged_report_is_refused_in_words(report, damage, words):
    content = copy.deepcopy(report.to_dict())
    damage(content)
    with pytest.raises(RunError) as caught:
        Report.from_dict(content, where="runs/a/report.json")
    assert words in str(caught.value)
    assert str(caught.value).startswith("runs/a/report.json, ")
    assert "Evaluate the run again" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"report"', "null"])
def test_a_file_that_is_no_report_is_refused(text):
    with pytest.raises(RunError, match=r"report\.json"):
        Report.from_json(text)


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "c", "d", "d"), ()])
def test_names_must_fit_the_classes(names):
    with pytest.raises(ShapeError, match="5 different names"):
        evaluate(*probabilities_and_labels(), names)


def test_a_diverged_model_is_named_as_such():
    with pytest.raises(DivergedError, match="earlier checkpoint"):
        evaluate(np.full((2, 2), np.nan), np.array([0, 1]), ("a", "b"))


def tables(page):
    """Every table of a page, as lists of cells; all its rows have as many."""
    found, inside = [], False
    for line in page.splitlines():
        if line.startswith("|"):
            if not inside:
                found.append([])
            found[-1].append([c.strip() for c in line.replace("\\|", "¦").split("|")[1:-1]])
        inside = line.startswith("|")
    return found


def test_the_page_holds_the_facts(report):
    page = report.to_markdown(
        title="A run",
        command="cnn-tui train --seed 7",
        settings={"batch size": 32, "architecture": "Flatten()\nDense(5)"},
        epochs=[
            {"epoch": 1, "train_loss": 0.5, "valid_loss": None, "learning_rate": 1e-3},
            {
                "epoch": 2,
                "train_loss": 0.25,
                "valid_loss": 0.3,
                "learning_rate": 1e-4,
                "is_best": True,
            },
        ],
        figures={"Confusion matrix": "figures/confusion.png"},
        worst=4,
    )
    assert page.startswith("# A run\n")
    assert f"**{100 * report.scores.accuracy:.2f} % accuracy** on 120 examples" in page
    assert "```sh\ncnn-tui train --seed 7\n```" in page
    assert "```\nFlatten()\nDense(5)\n```" in page
    assert "![Confusion matrix](<figures/confusion.png>)" in page
    found = {t[0][0]: t for t in tables(page)}
    for rows in found.values():
        assert len({len(row) for row in rows}) == 1
    assert ["batch size", "32"] in found["setting"]
    assert found["epoch"][2:] == [
        ["1", "0.5000", "–", "0.001", ""],
        ["2", "0.2500", "0.3000", "0.0001", "best"],
    ]
    assert [row[0] for row in found["class"][2:7]] == ["zero", "one", "two", "never", "a¦b"]
    matrix = next(t for t in tables(page) if t[0][:2] == ["truth", "zero"])
    counts = [[int(c.strip("*").replace("·", "0")) for c in row[1:]] for row in matrix[2:]]
    assert counts == report.confusion.tolist()
    mistakes = next(t for t in tables(page) if t[0][:3] == ["truth", "predicted", "example"])
    assert [int(row[2]) for row in mistakes[2:]] == [m.index for m in report.mistakes[:4]]


def test_a_page_of_many_classes_lists_the_confusions_instead_of_the_matrix():
    rng = np.random.default_rng(5)
    probabilities = rng.dirichlet(np.ones(47), size=300)
    labels = rng.integers(47, size=300)
    page = evaluate(probabilities, labels, [f"class {i}" for i in range(47)]).to_markdown()
    headers = [t[0] for t in tables(page)]
    assert ["truth", "taken for", "examples", "of the class"] in headers
    assert max(len(h) for h in headers) < 10


def test_cells_of_a_table_cannot_break_it():
    text = table(["name", "n"], [["a|b\nc", 1]])
    assert text.splitlines()[2] == "| a\\|b c |   1 |"
