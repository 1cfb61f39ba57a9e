"""Rates that follow the batch size: the two rules by hand, and what a trainer makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_cases import constant, only, plain, trainer_of

from cnnlib.errors import SpecificationError
from cnnlib.events import StepEnded
from cnnlib.scaling import LinearScaling, RateScaling, SqrtScaling
from cnnlib.text import parse


@pytest.mark.parametrize(
    ("rule", "batch_size", "factor"),
    [
        (LinearScaling(32), 256, 8.0),
        (LinearScaling(64), 32, 0.5),
        (SqrtScaling(64), 256, 2.0),
        (SqrtScaling(64), 16, 0.5),
    ],
)
def test_the_factor_is_that_of_the_rule(rule: RateScaling, batch_size: int, factor: float) -> None:
    assert rule(batch_size) == pytest.approx(factor)


@given(st.sampled_from([LinearScaling, SqrtScaling]), st.integers(1, 10**6))
def test_at_the_size_that_the_schedule_is_meant_for_nothing_changes(
    rule: type[LinearScaling] | type[SqrtScaling], base: int
) -> None:
    assert rule(base)(base) == 1.0
    assert parse(repr(rule(base)), RateScaling) == rule(base)


@pytest.mark.parametrize("text", ["LinearScaling(base=0)", "SqrtScaling(base=-4)"])
def test_a_base_that_is_no_batch_size_is_refused(text: str) -> None:
    with pytest.raises(SpecificationError, match="a batch size of at least 1"):
        parse(text, RateScaling)


def test_a_trainer_scales_every_rate_whatever_its_ranks() -> None:
    for ranks in (1, 2):
        trainer = trainer_of(
            plain(batch_size=16),
            schedule=constant(0.01),
            scaling=LinearScaling(base=4),
            epochs=1,
            ranks=ranks,
        )
        rates = [step.learning_rate for step in only(list(trainer.run()), StepEnded)]
        assert rates == [pytest.approx(0.04)] * 2
