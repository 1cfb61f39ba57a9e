"""Laws of every registered loss, optimizer, schedule, augmentation, average and stopping rule."""

from __future__ import annotations

import dataclasses

import pytest

from cnnlib.augmentations import Affine, Augmentation, Cutout, Flip, Noise, Shift
from cnnlib.averaging import Average, ExponentialMovingAverage
from cnnlib.errors import SpecificationError
from cnnlib.losses import CrossEntropyLoss, Loss, MSELoss
from cnnlib.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from cnnlib.schedules import Constant, Cosine, OneCycle, OnPlateau, Schedule, Step, Warmup
from cnnlib.stopping import EarlyStopping, Stopping
from cnnlib.text import Described, family, parse

ROOTS = (Loss, Optimizer, Schedule, Augmentation, Average, Stopping)
MEMBERS = [(root, cls) for root in ROOTS for cls in family(root).values()]

# One object of each class with every option away from its default.
UNUSUAL: list[Described] = [
    CrossEntropyLoss(label_smoothing=0.1, class_weights=(1.0, 2.5, 0.25)),
    MSELoss(),
    SGD(momentum=0.9, nesterov=True, weight_decay=1e-4),
    RMSprop(alpha=0.9, eps=1e-6, momentum=0.5, weight_decay=1e-4),
    Adam(beta1=0.8, beta2=0.99, eps=1e-6, weight_decay=1e-4),
    AdamW(beta1=0.8, beta2=0.99, eps=1e-6, weight_decay=0.1),
    Constant(rate=0.5),
    Step(rate=0.1, every=3, factor=0.5),
    Cosine(rate=0.1, final=0.001),
    Warmup(steps=7, then=OneCycle(peak=0.01, warmup=0.1)),
    OneCycle(peak=0.01, warmup=0.3),
    OnPlateau(rate=0.1, factor=0.5, patience=2, threshold=0.01),
    Shift(pixels=1),
    Affine(rotate=0.2, scale=0.15, shear=0.05, shift=1.5),
    Noise(std=0.1),
    Cutout(size=5),
    Flip(probability=0.25),
    ExponentialMovingAverage(decay=0.99),
    EarlyStopping(patience=3, min_delta=0.01),
]

# Values that an option must refuse.
REFUSED: list[tuple[type[Described], dict[str, object]]] = [
    (CrossEntropyLoss, {"label_smoothing": 1.0}),
    (CrossEntropyLoss, {"label_smoothing": -0.1}),
    (CrossEntropyLoss, {"label_smoothing": float("nan")}),
    (CrossEntropyLoss, {"class_weights": (1.0, 0.0)}),
    (CrossEntropyLoss, {"class_weights": ()}),
    (CrossEntropyLoss, {"class_weights": (1.0, float("inf"))}),
    (SGD, {"momentum": 1.0}),
    (SGD, {"momentum": -0.1}),
    (SGD, {"nesterov": True}),
    (SGD, {"weight_decay": -1e-4}),
    (RMSprop, {"alpha": 1.0}),
    (RMSprop, {"eps": 0.0}),
    (RMSprop, {"momentum": 1.5}),
    (RMSprop, {"weight_decay": float("nan")}),
    (Adam, {"beta1": 1.0}),
    (Adam, {"beta2": -0.5}),
    (Adam, {"eps": -1e-8}),
    (Adam, {"weight_decay": -1.0}),
    (AdamW, {"beta1": -0.1}),
    (AdamW, {"beta2": 1.0}),
    (AdamW, {"eps": 0.0}),
    (AdamW, {"weight_decay": float("inf")}),
    (Constant, {"rate": 0.0}),
    (Constant, {"rate": float("inf")}),
    (Step, {"rate": -1.0}),
    (Step, {"every": 0}),
    (Step, {"factor": 1.5}),
    (Cosine, {"rate": 0.0}),
    (Cosine, {"final": 1.0}),
    (Warmup, {"steps": 0}),
    (OneCycle, {"peak": float("nan")}),
    (OneCycle, {"warmup": 1.0}),
    (OnPlateau, {"rate": 0.0}),
    (OnPlateau, {"factor": 1.0}),
    (OnPlateau, {"patience": -1}),
    (OnPlateau, {"threshold": 1.0}),
    (Shift, {"pixels": -1}),
    (Affine, {"rotate": 4.0}),
    (Affine, {"scale": 1.0}),
    (Affine, {"shear": -0.1}),
    (Affine, {"shift": float("inf")}),
    (Noise, {"std": -0.1}),
    (Cutout, {"size": -1}),
    (Flip, {"probability": 1.1}),
    (ExponentialMovingAverage, {"decay": 1.0}),
    (EarlyStopping, {"patience": 0}),
    (EarlyStopping, {"min_delta": -1.0}),
]


def root_of(thing: Described) -> type[Described]:
    return next(root for root in ROOTS if isinstance(thing, root))


def test_every_class_has_an_unusual_example() -> None:
    assert {type(thing) for thing in UNUSUAL} == {cls for _, cls in MEMBERS}


def test_every_option_with_a_domain_has_a_refused_value() -> None:
    covered = {(cls, name) for cls, options in REFUSED for name in options}
    free = {(Warmup, "then")}
    options = {(cls, option.name) for _, cls in MEMBERS for option in cls.options()}
    assert options - covered - free == set()


@pytest.mark.parametrize(("root", "cls"), MEMBERS, ids=lambda value: value.__name__)
def test_the_defaults_stand_for_themselves(root: type[Described], cls: type[Described]) -> None:
    assert repr(cls()) == f"{cls.__name__}()"
    assert parse(repr(cls()), root) == cls()


@pytest.mark.parametrize("thing", UNUSUAL, ids=lambda thing: type(thing).__name__)
def test_the_text_of_any_options_gives_them_back(thing: Described) -> None:
    assert parse(repr(thing), root_of(thing)) == thing
    for option in type(thing).options():
        assert option.name in repr(thing), "an option away from its default is written"


@pytest.mark.parametrize("thing", UNUSUAL, ids=lambda thing: type(thing).__name__)
def test_nothing_can_be_changed_after_it_was_made(thing: Described) -> None:
    for option in type(thing).options():
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, option.name, getattr(thing, option.name))


@pytest.mark.parametrize(("root", "cls"), MEMBERS, ids=lambda value: value.__name__)
def test_every_option_says_what_it_is(root: type[Described], cls: type[Described]) -> None:
    assert (cls.__doc__ or "").strip()
    assert not (cls.__doc__ or "").startswith(f"{cls.__name__}("), "a docstring of its own"
    for option in cls.options():
        assert option.help, option.name
        assert not option.help.endswith("."), option.name
        assert not option.required, option.name


@pytest.mark.parametrize(("cls", "options"), REFUSED, ids=lambda value: str(value))
def test_a_value_outside_its_domain_is_refused(
    cls: type[Described], options: dict[str, object]
) -> None:
    with pytest.raises(SpecificationError) as caught:
        cls(**options)
    (name,) = options
    if (cls, name) != (Cosine, "final"):
        assert caught.value.where == f"{cls.__name__}: {name}"
    assert caught.value.expected
    assert caught.value.received == repr(options[name])
    assert "\n" not in str(caught.value)


def test_a_refusal_in_a_text_names_line_class_and_option() -> None:
    with pytest.raises(SpecificationError) as caught:
        parse("SGD(momentum=2)", Optimizer)
    assert str(caught.value) == (
        "line 1: SGD: momentum: expected at least 0 and less than 1, received 2.0"
    )


@pytest.mark.parametrize("number", ["1e30", "-1e30", "10**0 and 1", "9223372036854775808"])
def test_a_number_beyond_every_option_is_told_the_limit(number: str) -> None:
    with pytest.raises(SpecificationError) as told:
        parse(f"Constant(rate={number})", Schedule)
    assert ("No number may reach" in str(told.value)) == (" and " not in number)
