"""Schedules: values at the start, the joints and the end, shapes, and PyTorch's curves."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib.errors import SpecificationError
from cnnlib.schedules import (
    Constant,
    Cosine,
    Moment,
    OneCycle,
    OnPlateau,
    Schedule,
    Step,
    Warmup,
)
from cnnlib.text import family

EPOCHS, PER_EPOCH = 8, 25
TOTAL = EPOCHS * PER_EPOCH


def moment(step: int, *valid_losses: float) -> Moment:
    epoch = (step - 1) // PER_EPOCH + 1
    return Moment(step, TOTAL, epoch, EPOCHS, valid_losses)


def curve(schedule: Schedule) -> list[float]:
    return [schedule(moment(step)) for step in range(1, TOTAL + 1)]


@pytest.mark.parametrize("cls", family(Schedule).values(), ids=lambda cls: cls.__name__)
def test_rates_are_plain_positive_finite_numbers(cls: type[Schedule]) -> None:
    for rate in curve(cls()):
        assert type(rate) is float
        assert 0 < rate < math.inf


@pytest.mark.parametrize("cls", family(Schedule).values(), ids=lambda cls: cls.__name__)
def test_another_main_rate_scales_the_curve(cls: type[Schedule]) -> None:
    schedule = cls()
    scaled = schedule.with_rate(2 * max(curve(schedule.with_rate(1.0))))
    assert type(scaled) is cls
    np.testing.assert_allclose(curve(scaled.with_rate(1.0)), curve(schedule.with_rate(1.0)))
    np.testing.assert_allclose(
        curve(schedule.with_rate(0.5)), np.multiply(curve(schedule.with_rate(1.0)), 0.5)
    )


@pytest.mark.parametrize("cls", family(Schedule).values(), ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_main_rate_that_is_none_is_refused(cls: type[Schedule], rate: float) -> None:
    with pytest.raises(SpecificationError):
        cls().with_rate(rate)


@pytest.mark.parametrize("cls", family(Schedule).values(), ids=lambda cls: cls.__name__)
def test_a_training_of_one_step_has_a_rate(cls: type[Schedule]) -> None:
    assert cls()(Moment(1, 1, 1, 1)) > 0


def test_steps_and_epochs_are_counted_from_one() -> None:
    for step, epoch in ((0, 1), (1, 0)):
        with pytest.raises(SpecificationError, match="counted from 1"):
            Moment(step, 10, epoch, 1)


def test_constant_is_constant() -> None:
    assert set(curve(Constant(0.3))) == {0.3}


def test_step_falls_between_epochs_only() -> None:
    rates = curve(Step(1.0, every=3, factor=0.5))
    by_epoch = [rates[start : start + PER_EPOCH] for start in range(0, TOTAL, PER_EPOCH)]
    assert [set(epoch) for epoch in by_epoch] == [
        {1.0}, {1.0}, {1.0}, {0.5}, {0.5}, {0.5}, {0.25}, {0.25}
    ]  # fmt: skip


def test_cosine_starts_at_the_rate_and_falls_to_the_final_one() -> None:
    schedule = Cosine(1.0, final=0.1)
    rates = curve(schedule)
    assert rates[0] == 1.0
    assert rates[TOTAL // 2] == pytest.approx(0.55)
    assert all(a > b for a, b in itertools.pairwise(rates))
    assert schedule(replace(moment(TOTAL), step=TOTAL + 1)) == pytest.approx(0.1)
    assert schedule(replace(moment(TOTAL), step=5 * TOTAL)) == pytest.approx(0.1)


def test_warmup_meets_what_follows() -> None:
    follower = Cosine(1.0)
    schedule = Warmup(40, follower)
    rates = curve(schedule)
    np.testing.assert_allclose(rates[:40], np.arange(1, 41) / 40)
    rest = [follower(Moment(step, TOTAL - 39, 1, EPOCHS)) for step in range(1, TOTAL - 39 + 1)]
    assert rates[39:] == rest


def test_warmup_of_one_step_is_none() -> None:
    assert curve(Warmup(1, Cosine(1.0))) == curve(Cosine(1.0))


def test_warmup_leaves_epochs_and_losses_alone() -> None:
    schedule = Warmup(10, Step(1.0, every=1, factor=0.5))
    assert schedule(moment(5)) == 0.5
    assert schedule(moment(10)) == 1.0
    assert schedule(moment(PER_EPOCH + 1)) == 0.5
    plateau = Warmup(10, OnPlateau(1.0, factor=0.5, patience=0))
    assert plateau(moment(60, 1.0, 1.0)) == 0.5


def test_warmup_longer_than_the_training_only_rises() -> None:
    rates = curve(Warmup(10 * TOTAL, Cosine(1.0)))
    assert all(a < b for a, b in itertools.pairwise(rates))
    assert rates[-1] == pytest.approx(0.1)


@pytest.mark.parametrize("warmup", [0.0, 0.15, 0.5, 0.9])
def test_one_cycle_is_a_triangle(warmup: float) -> None:
    rates = curve(OneCycle(2.0, warmup=warmup))
    x = np.arange(1, TOTAL + 1) / (TOTAL + 1)
    if warmup:
        expected = np.interp(x, [0, warmup, 1], [0, 2.0, 0])
    else:
        expected = 2.0 * (1 - x)
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    top = int(np.argmax(rates))
    assert all(a < b for a, b in itertools.pairwise(rates[: top + 1]))
    assert all(a > b for a, b in itertools.pairwise(rates[top:]))
    assert max(rates) <= 2.0
    assert max(rates) > 2.0 * 0.95
    assert OneCycle()(replace(moment(1), step=10 * TOTAL)) == 0.0


def test_plateau_waits_falls_and_waits_anew() -> None:
    schedule = OnPlateau(1.0, factor=0.1, patience=1, threshold=0.0)
    history = [3.0, 2.0, 2.0, 2.5, 2.0, 2.0, 1.0, 1.0]
    rates = [schedule(moment(1, *history[:n])) for n in range(len(history) + 1)]
    np.testing.assert_allclose(rates, [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01])


def test_progress_below_the_threshold_is_none() -> None:
    schedule = OnPlateau(1.0, factor=0.5, patience=0, threshold=0.1)
    assert schedule(moment(1, 1.0, 0.95)) == 0.5
    assert schedule(moment(1, 1.0, 0.85)) == 1.0


def test_plateau_counts_what_is_no_number_as_no_progress() -> None:
    schedule = OnPlateau(1.0, factor=0.5, patience=1)
    assert schedule(moment(1, math.nan, math.nan)) == 0.5
    assert schedule(moment(1, math.inf, 1.0)) == 1.0


def torch_rates(make: object, count: int, losses: list[float] | None = None) -> list[float]:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.7)
    scheduler = make(torch.optim.lr_scheduler, optimizer)  # type: ignore[operator]
    rates = []
    for index in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([] if losses is None else [losses[index]]))
    return rates


def test_step_is_that_of_torch() -> None:
    theirs = torch_rates(lambda lib, opt: lib.StepLR(opt, step_size=3, gamma=0.3), EPOCHS)
    mine = curve(Step(0.7, every=3, factor=0.3))[::PER_EPOCH]
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_cosine_is_that_of_torch() -> None:
    theirs = torch_rates(lambda lib, opt: lib.CosineAnnealingLR(opt, TOTAL, 0.01), TOTAL)
    np.testing.assert_allclose(curve(Cosine(0.7, final=0.01)), theirs, rtol=1e-9)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([0.5, 0.8, 0.99, 0.99995, 1.0, 1.00005, 2.0, math.inf]),
        min_size=1,
        max_size=25,
    ),
    st.integers(0, 3),
)
def test_plateau_is_that_of_torch(losses: list[float], patience: int) -> None:
    theirs = torch_rates(
        lambda lib, opt: lib.ReduceLROnPlateau(
            opt, factor=0.5, patience=patience, threshold=1e-4, eps=0.0
        ),
        len(losses),
        losses,
    )
    schedule = OnPlateau(0.7, factor=0.5, patience=patience, threshold=1e-4)
    mine = [schedule(moment(1, *losses[:n])) for n in range(len(losses))]
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)
