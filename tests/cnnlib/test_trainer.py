"""The trainer: the order of its events, its endings, and that nothing depends on interruptions."""

from __future__ import annotations

import copy
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_cases import (
    GHOST,
    PLAIN,
    RICH,
    SHAPE,
    Split,
    bars,
    constant,
    everything,
    final_tensors,
    only,
    plain,
    same_bits,
    trainer_of,
    until_step,
)

import data
from cnnlib import events
from cnnlib import trainer as trainer_module
from cnnlib.architectures import ARCHITECTURES
from cnnlib.arrays import stream
from cnnlib.errors import CheckpointError, RankError, SpecificationError
from cnnlib.events import EpochEnded, EpochStarted, Evaluated, RunEnded, RunStarted, StepEnded
from cnnlib.losses import CrossEntropyLoss, MSELoss
from cnnlib.model import Sequential
from cnnlib.optimizers import SGD
from cnnlib.schedules import OnPlateau
from cnnlib.stopping import EarlyStopping
from cnnlib.trainer import Trainer
from cnnlib.work import Work

LETTERS = {RunStarted: "R", EpochStarted: "E", StepEnded: "s", EpochEnded: "e", RunEnded: "."}


def grammar(seen: list[events.Event]) -> str:
    """The events as letters: RunStarted R, EpochStarted E, StepEnded s, Evaluated v or t,
    EpochEnded e, Diverged D, RunEnded "."
    """
    word = ""
    for event in seen:
        if isinstance(event, Evaluated):
            word += event.split[0]
        else:
            word += LETTERS.get(type(event), "D")
    return word


# ------------------------------------------------------------------ events
def test_events_come_in_the_order_that_is_drawn() -> None:
    seen = list(trainer_of(everything(), epochs=3).run())
    assert grammar(seen) == "R" + "Essssve" * 3 + "t."
    steps = only(seen, StepEnded)
    assert [event.step for event in steps] == list(range(1, 13))
    assert [event.examples for event in steps] == [8, 8, 8, 6] * 3
    assert [(e.epoch, e.step) for e in only(seen, EpochStarted)] == [(1, 0), (2, 4), (3, 8)]
    assert [(e.epoch, e.step) for e in only(seen, EpochEnded)] == [(1, 4), (2, 8), (3, 12)]
    assert [e.epoch for e in only(seen, Evaluated)] == [1, 2, 3, 3]


def test_the_drawing_in_the_documentation_is_the_order() -> None:
    drawing = (events.__doc__ or "").split("::\n")[1].split("\n\nEpochs and steps")[0]
    names = re.findall(r"^ *([A-Z]\w+)(?:\(\"(\w+)\"\))?$", drawing, re.MULTILINE)
    seen = list(trainer_of(plain(), epochs=1, count=8).run())
    told = [(type(e).__name__, getattr(e, "split", "")) for e in seen]
    assert told == [name for name in names if name[0] != "CheckpointSaved"]


@pytest.mark.parametrize("valid", [True, False], ids=["valid", "no valid"])
@pytest.mark.parametrize("test", [True, False], ids=["test", "no test"])
def test_splits_that_are_not_there_are_not_evaluated(valid: bool, test: bool) -> None:
    trainer = trainer_of(
        plain(), valid=bars(12, 1) if valid else None, test=bars(9, 2) if test else None
    )
    seen = list(trainer.run())
    assert grammar(seen) == "R" + ("Essss" + "v" * valid + "e") * 3 + "t" * test + "."
    assert (seen[-1].test_accuracy is not None) == test
    assert all((e.valid_loss is not None) == valid for e in only(seen, EpochEnded))
    assert seen[-1].best_epoch == 3 or valid


def test_the_first_event_tells_the_training() -> None:
    trainer = trainer_of(plain(), epochs=2, run="a run", classes=("upright", "level", "none"))
    started = next(trainer.run())
    assert started == RunStarted(
        run="a run",
        architecture=PLAIN,
        parameters=Sequential.parse(PLAIN, SHAPE).flat_parameters.size,
        train_examples=30,
        valid_examples=12,
        classes=("upright", "level", "none"),
        steps_per_epoch=4,
        epochs=2,
        batch_size=8,
        ranks=1,
        seed=0,
        step=0,
    )


def test_events_are_sums_over_examples() -> None:
    seen = list(trainer_of(plain(), epochs=1).run())
    steps, (ended,) = only(seen, StepEnded), only(seen, EpochEnded)
    weights = [event.examples for event in steps]
    assert ended.train_loss == pytest.approx(np.average([e.loss for e in steps], weights=weights))
    assert ended.train_accuracy == pytest.approx(
        np.average([e.accuracy for e in steps], weights=weights)
    )
    for event in only(seen, Evaluated):
        assert sum(map(sum, event.confusion)) == event.examples
        assert sum(row[k] for k, row in enumerate(event.confusion)) == pytest.approx(
            event.accuracy * event.examples
        )
    for event in seen:
        assert events.decode(events.encode(events.Record(1, 0.0, event))).event == event


# ------------------------------------------------------------------ endings
def _spoilt() -> Work:
    return plain(optimizer=SGD(), loss=MSELoss())


ENDINGS: list[tuple[str, str, str]] = [
    ("last epoch", "R(Essssve){3}t.", "finished"),
    ("stopping rule", "R(Essssve){2}t.", "early-stopping"),
    ("stop in an epoch", "REsst.", "stopped"),
    ("stop after an epoch", "REssssvet.", "stopped"),
    ("stop without test", "REss.", "abandoned"),
    ("NaN or infinity", "REs*D.", "diverged"),
]


@pytest.mark.parametrize(("ending", "pattern", "reason"), ENDINGS, ids=[e[0] for e in ENDINGS])
def test_every_ending_is_that_of_the_table(ending: str, pattern: str, reason: str) -> None:
    options: dict[str, Any] = {}
    if ending == "stopping rule":
        options = {"stopping": EarlyStopping(patience=1, min_delta=1e6), "epochs": 9}
    if ending == "NaN or infinity":
        options = {"schedule": constant(1e20)}
    trainer = trainer_of(_spoilt() if reason == "diverged" else plain(), **options)
    seen: list[events.Event] = []
    for event in trainer.run():
        seen.append(event)
        at_step_2 = isinstance(event, StepEnded) and event.step == 2
        if at_step_2 and ending == "stop in an epoch":
            trainer.stop()
        if at_step_2 and ending == "stop without test":
            trainer.stop("abandoned", test=False)
        if isinstance(event, EpochEnded) and ending == "stop after an epoch":
            trainer.stop()
    assert re.fullmatch(pattern, grammar(seen)), grammar(seen)
    assert seen[-1].reason == reason
    assert (seen[-1].test_accuracy is not None) == ("t" in grammar(seen))
    assert len(only(seen, RunEnded)) == 1


def test_the_table_of_endings_is_tested_whole() -> None:
    rows = re.findall(r"^ +\| (.+?) *\|", trainer_module.__doc__ or "", re.MULTILINE)
    tested = {"last epoch", "stopping rule", "``stop()``", "NaN or infinity", "a rank that died"}
    assert set(rows) - {"ended by"} - {row for row in rows if row.startswith("-")} == tested


def test_a_stop_after_the_last_step_is_a_finish() -> None:
    trainer = trainer_of(plain(), epochs=1)
    seen = []
    for event in trainer.run():
        seen.append(event)
        if isinstance(event, StepEnded) and event.step == 4:
            trainer.stop()
    assert grammar(seen) == "REssssvet."
    assert seen[-1].reason == "finished"


@pytest.mark.parametrize("architecture", [PLAIN, RICH], ids=["plain", "rich"])
def test_divergence_leaves_the_last_good_numbers(architecture: str) -> None:
    work = everything(architecture=architecture, optimizer=SGD(), loss=MSELoss(), clip=None)
    trainer = trainer_of(work, schedule=constant(1e20))
    before, seen = {}, []
    for event in trainer.run():
        seen.append(event)
        if isinstance(event, RunStarted | StepEnded):
            before = trainer.state().tensors
        if isinstance(event, events.Diverged):
            assert event.step == len(only(seen, StepEnded)) + 1
            assert event.where == "the loss" or event.where.startswith("the gradient of ")
            assert same_bits(trainer.state().tensors, before)
    assert seen[-1].reason == "diverged"
    assert "can go on at a lower learning rate" in seen[-1].message
    assert all(np.isfinite(array).all() for array in before.values())


def test_an_exception_ends_the_run_and_leaves_no_team() -> None:
    trainer = trainer_of(plain(), schedule=constant())
    trainer.splits["train"].labels[7] = 3  # a label that has no output
    with pytest.raises(SpecificationError, match="label 3"):
        list(trainer.run())
    with pytest.raises(RankError):
        trainer.evaluate("valid")


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"ranks": 0}, {"ranks": 9}, {"count": 0}], ids=str
)
def test_numbers_that_cannot_be_trained_with_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SpecificationError, match="the training"):
        trainer_of(plain(batch_size=8), **wrong)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"batch_size": 0}, "batch_size: expected at least 1, received 0"),
        ({"micro_batch": 0}, "micro_batch: expected None, or at least 1, received 0"),
        ({"clip": 0.0}, "clip: expected None, or a number above 0, received 0.0"),
        ({"clip": -1.0}, "clip: expected None, or a number above 0, received -1.0"),
        ({"clip": math.nan}, "clip: expected None, or a number above 0, received nan"),
        ({"seed": -1}, "seed: expected at least 0, received -1"),
    ],
    ids=str,
)
def test_work_that_cannot_be_done_is_refused(wrong: dict[str, Any], expected: str) -> None:
    with pytest.raises(SpecificationError, match=f"the training: {re.escape(expected)}"):
        plain(**wrong)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_last_batch_too_short_for_batch_normalisation_is_left_out(count: int) -> None:
    work = everything(augment=())
    if count == 1:
        with pytest.raises(SpecificationError):
            list(trainer_of(work, count=1).run())
        return
    seen = list(trainer_of(work, count=count, epochs=2).run())
    assert [e.examples for e in only(seen, StepEnded)] == [min(count, 8)] * 2
    assert seen[-1].reason == "finished"


# ------------------------------------------------------------------ learning
@pytest.mark.parametrize("architecture", ["lenet", "tiny"])
def test_the_loss_begins_near_that_of_guessing(architecture: str) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (64, 1, 28, 28), dtype=np.uint8)
    images[rng.random(images.shape) < 0.8] = 0
    work = Work(ARCHITECTURES[architecture], (1, 28, 28), batch_size=64)
    trainer = Trainer(work, Split(images, np.arange(64) % 10), schedule=constant(), epochs=1)
    first = only(list(trainer.run()), StepEnded)[0]
    assert first.loss == pytest.approx(math.log(10), abs=0.35)


@pytest.mark.parametrize("architecture", [PLAIN, re.sub(r"Dropout\(.*\)\n", "", RICH)])
def test_one_batch_is_learned_by_heart(architecture: str) -> None:
    trainer = trainer_of(
        plain(architecture=architecture), count=8, epochs=150, valid=None, test=None
    )
    losses = [event.loss for event in only(list(trainer.run()), StepEnded)]
    assert losses[0] > 0.5
    assert np.mean(losses[-5:]) < 0.02


def test_the_test_examples_are_tried_with_the_best_weights() -> None:
    trainer = trainer_of(plain(), schedule=constant(0.01), epochs=6)
    best: dict[str, Any] = {}
    seen: list[events.Event] = []
    for event in trainer.run():
        seen.append(event)
        if isinstance(event, EpochEnded) and event.is_best:
            best = {"epoch": event.epoch, "accuracy": event.valid_accuracy}
            best["tensors"] = trainer.tensors("average")
        if isinstance(event, EpochEnded) and event.epoch == 4:
            trainer.scale_learning_rate(200)  # and spoil the rest
        if isinstance(event, RunEnded):
            assert same_bits(trainer.tensors("best"), best["tensors"])
            assert (event.best_epoch, event.best_accuracy) == (best["epoch"], best["accuracy"])
    accuracies = [event.valid_accuracy for event in only(seen, EpochEnded)]
    assert best["accuracy"] == max(accuracies) > accuracies[-1]
    model = Sequential.parse(PLAIN, SHAPE)
    model.load(best["tensors"])
    expected = model.predict(bars(9, 2).images)
    assert trainer.test_evaluation is not None
    np.testing.assert_allclose(trainer.test_evaluation.probabilities, expected, atol=1e-6)
    right = expected.argmax(axis=1) == bars(9, 2).labels
    assert seen[-1].test_accuracy == pytest.approx(right.mean())


def test_an_average_is_evaluated_and_kept_as_the_best() -> None:
    trainer = trainer_of(everything(), epochs=1)
    for event in trainer.run():
        if isinstance(event, EpochEnded):
            model = Sequential.parse(RICH, SHAPE)
            model.load(trainer.tensors("average"))
            expected = model.predict(bars(12, 1).images)
            found = trainer.evaluate("valid")
            np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
            current = trainer.evaluate("valid", "current").probabilities
            assert not np.allclose(current, expected, atol=1e-6)
            np.testing.assert_array_equal(
                trainer.evaluate("valid", "best").probabilities, found.probabilities
            )


def test_early_stopping_ends_where_the_rule_says() -> None:
    rule = EarlyStopping(patience=2, min_delta=0.01)
    trainer = trainer_of(plain(), epochs=40, stopping=rule, schedule=constant(0.02))
    seen = list(trainer.run())
    losses = [event.valid_loss for event in only(seen, EpochEnded)]
    assert seen[-1].reason == "early-stopping"
    assert len(losses) < 40
    assert rule(losses)
    assert not rule(losses[:-1])
    assert {e.epoch for e in seen if e.step == seen[-1].step} == {len(losses)}


def test_a_scaled_rate_holds_from_the_next_step_on() -> None:
    trainer = trainer_of(plain(), epochs=1, schedule=constant(0.01))
    rates = []
    for event in trainer.run():
        if isinstance(event, StepEnded):
            rates.append(event.learning_rate)
            if event.step == 2:
                trainer.scale_learning_rate(0.5)
    assert rates == [0.01, 0.01, 0.005, 0.005]


def test_a_network_that_ends_in_an_activation_learns_its_true_gradient() -> None:
    for tail in ("ReLU()", "Tanh()", "Sigmoid()", "SiLU()", "GELU()", "LeakyReLU()", "LayerNorm()"):
        text = f"Flatten()\nDense(3)\n{tail}"
        work = plain(architecture=text, batch_size=8, micro_batch=3, loss=MSELoss())
        trainer = trainer_of(work, count=8, epochs=1)
        model = Sequential.parse(text, SHAPE)
        for event in trainer.run():
            if isinstance(event, StepEnded):
                found = trainer.team.replica.model.flat_gradients.copy()
        split = bars(8)
        logits = model.forward(split.images, train=True)
        model.backward(MSELoss()(logits, split.labels)[1])
        np.testing.assert_allclose(found, model.flat_gradients, rtol=1e-4, atol=1e-6, err_msg=tail)


def test_every_epoch_sees_every_example_once_in_an_order_of_its_own() -> None:
    still = trainer_of(plain(optimizer=SGD()), schedule=constant(1e-12), epochs=2)
    seen = list(still.run())
    first, second = ([e.loss for e in only(seen, StepEnded) if e.epoch == k] for k in (1, 2))
    assert not np.allclose(np.sort(first), np.sort(second), rtol=1e-4)
    split, model = bars(30), Sequential.parse(PLAIN, SHAPE)
    expected = CrossEntropyLoss()(model.forward(split.images), split.labels)[0]
    for ended in only(seen, EpochEnded):
        assert ended.train_loss == pytest.approx(expected, rel=1e-5)


def test_a_clipped_gradient_is_told_as_it_was() -> None:
    free = only(list(trainer_of(plain(), epochs=1).run()), StepEnded)[0]
    trainer = trainer_of(plain(clip=0.01), epochs=1)
    for event in trainer.run():
        if isinstance(event, StepEnded):
            norm = np.linalg.norm(trainer.team.replica.model.flat_gradients)
            assert norm == pytest.approx(0.01, rel=1e-4)
            assert event.step > 1 or event.gradient_norm == free.gradient_norm


# ------------------------------------------------------------------ the same again
@pytest.mark.parametrize("work", [plain(), everything()], ids=["plain", "everything"])
def test_the_same_seed_gives_the_same_events_and_the_same_bits(work: Work) -> None:
    first, second = (final_tensors(trainer_of(work)) for _ in range(2))
    assert first[0] == second[0]
    assert same_bits(first[1], second[1])


def test_another_seed_gives_others() -> None:
    first, second = (final_tensors(trainer_of(everything(seed=seed))) for seed in (1, 2))
    assert first[0] != second[0]


@pytest.mark.parametrize("micro_batch", [1, 3, 8, 30])
def test_the_micro_batch_changes_rounding_only(micro_batch: int) -> None:
    text = RICH.replace("BatchNorm2d()\n", "")
    _, expected = final_tensors(trainer_of(everything(architecture=text, clip=None), epochs=1))
    work = everything(architecture=text, clip=None, micro_batch=micro_batch)
    _, found = final_tensors(trainer_of(work, epochs=1))
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=2e-4, err_msg=name)


STRAIGHT: dict[str, Any] = {}


@pytest.mark.parametrize("architecture", [RICH, GHOST], ids=["rich", "ghost"])
@settings(max_examples=8, deadline=None)
@given(step=st.integers(1, 12))
def test_a_run_that_was_stopped_and_restored_is_the_straight_run(
    architecture: str, step: int
) -> None:
    options: dict[str, Any] = {"schedule": OnPlateau(0.02, factor=0.5, patience=0)}
    work = everything(architecture=architecture)
    if architecture not in STRAIGHT:
        STRAIGHT[architecture] = final_tensors(trainer_of(work, **options))
    expected, tensors = STRAIGHT[architecture]
    state = None
    trainer = trainer_of(work, **options)
    for event in trainer.run():
        if isinstance(event, StepEnded) and event.step == step:
            state = trainer.state()
            trainer.stop(test=False)
    assert state is not None
    again = trainer_of(work, **options)
    again.restore(state)
    seen, found = final_tensors(again)
    place = next(i for i, e in enumerate(expected) if isinstance(e, StepEnded) and e.step == step)
    assert seen[0].step == step
    assert seen[1:] == expected[place + 1 :]
    assert same_bits(found, tensors)


def test_a_generator_that_was_dropped_goes_on_from_its_position() -> None:
    expected, tensors = final_tensors(trainer_of(everything()))
    trainer = trainer_of(everything())
    first = until_step(trainer, 6)
    second, found = final_tensors(trainer)
    assert second[0].step == 6
    assert [*first, *second[1:]] == expected
    assert same_bits(found, tensors)


def test_any_event_is_a_place_to_stop_at() -> None:
    """The state taken at any event gives the straight run's steps, weights and end."""
    options: dict[str, Any] = {"epochs": 9, "stopping": EarlyStopping(patience=1, min_delta=0.3)}
    trainer = trainer_of(everything(), **options)
    states, expected = [], []
    for event in trainer.run():
        expected.append(event)
        states.append(trainer.state())
    assert expected[-1].reason == "early-stopping"
    tensors = states[-1].tensors
    for place, state in enumerate(states):
        kept = copy.deepcopy(state.progress)
        again = trainer_of(everything(), **options)
        again.restore(state)
        seen, found = final_tensors(again)
        rest = [e for e in expected[place + 1 :] if isinstance(e, StepEnded | EpochEnded)]
        told = only(seen, StepEnded, EpochEnded)
        assert told[-len(rest) or len(told) :] == rest
        assert len(only(told, StepEnded)) == len(only(rest, StepEnded))
        assert seen[-1] == expected[-1]
        assert same_bits(found, tensors)
        assert state.progress == kept, "a state may be restored twice"


def test_looking_disturbs_nothing() -> None:
    expected, tensors = final_tensors(trainer_of(everything()))
    trainer, seen, found = trainer_of(everything()), [], {}
    for event in trainer.run():
        seen.append(event)
        for split in ("train", "valid", "test"):
            trainer.evaluate(split, "current")
        trainer.tensors("best")
        trainer.tensors("average")
        trainer.team.replica.model.activations(bars(1).images[0])
        found = trainer.state().tensors
    assert seen == expected
    assert same_bits(found, tensors)


def test_a_finished_training_only_tells_its_end_again() -> None:
    trainer = trainer_of(plain())
    expected = list(trainer.run())
    again = list(trainer.run())
    assert grammar(again) == "Rt."
    assert again[-1] == expected[-1]


@pytest.mark.parametrize("kind", ["progress", "names", "shapes"])
def test_a_state_of_another_training_is_refused(kind: str) -> None:
    trainer = trainer_of(plain())
    until_step(trainer, 2)
    other = trainer_of(plain(architecture=PLAIN.replace("Conv2d(4)", "Conv2d(5)")))
    run = trainer.run()
    next(run)
    state = trainer.state()
    run.close()
    if kind == "progress":
        with pytest.raises(CheckpointError, match="progress"):
            other.restore(state._replace(progress={"epochs": 1}))
        assert len(only(list(other.run()), StepEnded)) == 12
        return
    if kind == "names":
        del state.tensors["best"]
    (trainer if kind == "names" else other).restore(state)
    with pytest.raises(CheckpointError, match="the settings it was begun with"):
        list((trainer if kind == "names" else other).run())


def test_a_work_survives_being_written_as_plain_words() -> None:
    for work in (plain(), everything(), Work(PLAIN, SHAPE)):
        assert Work.from_plain(json.loads(json.dumps(work.to_plain()))) == work


# ------------------------------------------------------------------ against PyTorch
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_ten_steps_of_a_whole_lenet_are_those_of_torch(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    split = data.load("mnist-5k").train
    split = Split(split.images[:80], split.labels[:80].astype(np.int64))
    nn, rate, smoothing = torch.nn, 0.05, 0.1
    module = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 64), nn.ReLU(), nn.Linear(64, 10)),
    ).to(getattr(torch, dtype))
    model = Sequential.parse(ARCHITECTURES["lenet"], (1, 28, 28), seed=4, dtype=dtype)
    with torch.no_grad():
        for there, here in zip(module.parameters(), model.parameters.values(), strict=True):
            there.copy_(torch.tensor(np.ascontiguousarray(here)))
    work = Work(
        ARCHITECTURES["lenet"],
        (1, 28, 28),
        loss=CrossEntropyLoss(label_smoothing=smoothing),
        optimizer=SGD(momentum=0.9),
        batch_size=8,
        seed=4,
    )
    sgd = torch.optim.SGD(module.parameters(), lr=rate, momentum=0.9)
    ours: list[float] = []
    tolerance = 1e-11 if dtype == "float64" else 3e-5
    if dtype == "float64":
        state = work.optimizer.start(model.flat_parameters)
        for first in range(0, 80, 8):
            part = slice(first, first + 8)
            pixels = split.images[part] / 255.0
            loss, gradient = work.loss(model.forward(pixels, train=True), split.labels[part])
            model.backward(gradient)
            work.optimizer.step(model.flat_parameters, model.flat_gradients, state, rate)
            ours.append(loss)
        order, parameters = np.arange(80), model.parameters
    else:
        trainer = Trainer(work, split, schedule=constant(rate), epochs=1)
        for event in trainer.run():
            if isinstance(event, StepEnded):
                ours.append(event.loss)
            if isinstance(event, RunEnded):
                parameters = trainer.tensors("best")
        order = stream(4, "shuffle", 1).permutation(80)
    for step in range(10):
        batch = order[8 * step : 8 * step + 8]
        pixels = torch.tensor(split.images[batch] / 255.0, dtype=getattr(torch, dtype))
        logits = module(pixels)
        loss = nn.functional.cross_entropy(
            logits, torch.tensor(split.labels[batch]), label_smoothing=smoothing
        )
        assert ours[step] == pytest.approx(loss.item(), rel=tolerance)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    assert len(ours) == 10
    for (name, here), there in zip(parameters.items(), module.parameters(), strict=True):
        np.testing.assert_allclose(here, there.detach().numpy(), atol=tolerance, err_msg=name)
