"""Laws of the form of settings: what it shows is what it reads, and every fault has its field."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from cnnlib.schedules import Schedule
from cnnlib.text import family
from tui.drafting.form import FIELDS, RATE, about_preset, main_rate, read, texts_of, with_preset
from tui.settings.presets import PRESETS
from tui.settings.training import Settings

OTHER = Settings(
    epochs=9,
    batch_size=64,
    optimizer="SGD(momentum=0.9)",
    schedule="Cosine(rate=0.02)",
    augment="Shift(1), Noise(0.05)",
    average="ExponentialMovingAverage()",
    stopping="EarlyStopping(patience=2)",
    clip=1.5,
    validation=0.2,
    seed=4,
    ranks=2,
)


@pytest.mark.parametrize("settings", [Settings(), OTHER])
@pytest.mark.parametrize("base", [Settings(), OTHER])
def test_what_the_form_shows_is_what_it_reads(settings, base):
    kept = {name: getattr(base, name) for name in ("data", "architecture", "split_seed")}
    assert read(texts_of(settings), base) == (replace(settings, **kept), {})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("epochs", "many"),
        ("epochs", "0"),
        ("batch_size", "3.5"),
        ("optimizer", "Adan()"),
        (RATE, "fast"),
        (RATE, "-1"),
        (RATE, ""),
        ("schedule", "Constant(rate=-1)"),
        ("loss", ""),
        ("augment", "Shift(pixles=2)"),
        ("average", "Average()"),
        ("stopping", "never"),
        ("clip", "0"),
        ("validation", "95%"),
        ("validation", "0.95"),
        ("seed", "-1"),
        ("ranks", "x"),
    ],
)
def test_what_is_wrong_is_said_of_its_field_alone(name, wrong):
    settings, problems = read({**texts_of(OTHER), name: wrong}, OTHER)
    assert list(problems) == [name]
    assert "expected" in problems[name]
    assert not problems[name].startswith((f"{name}:", "lr:"))
    assert settings == OTHER


def test_the_rate_is_that_of_the_schedule_whichever_it_is():
    for name, cls in family(Schedule).items():
        needed = {"steps": "10", "then": "Cosine(rate=0.5)"}
        options = [option.name for option in cls.options() if option.required]
        text = f"{name}({', '.join(f'{each}={needed[each]}' for each in options)})"
        rate = main_rate(text)
        assert rate is not None
        texts = {**texts_of(Settings(schedule=text)), RATE: "0.125"}
        settings, problems = read(texts, Settings(schedule=text))
        assert problems == {}
        assert main_rate(settings.schedule) == 0.125


def test_another_schedule_brings_its_own_rate():
    texts = {**texts_of(OTHER), "schedule": "Constant(rate=0.3)"}
    settings, problems = read(texts, OTHER)
    assert problems == {}
    assert settings.schedule == "Constant(rate=0.3)"


def test_every_field_is_a_setting_says_what_it_is_and_when_it_takes_effect():
    known = {each.name for each in fields(Settings)}
    for field in FIELDS:
        assert field.name == RATE or field.name in known
        assert field.help
        assert field.when(False) == "next run"
    assert [field.name for field in FIELDS if field.when(True) == "now too"] == [RATE]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_what_it_says_and_keeps_the_data(name):
    base = replace(OTHER, data="mnist", split_seed=3)
    settings = with_preset(base, name)
    assert (settings.data, settings.split_seed) == ("mnist", 3)
    assert settings == replace(
        settings, **{key: getattr(Settings(**PRESETS[name]), key) for key in PRESETS[name]}
    )
    assert about_preset(name)
