"""Settings: each value checked, layers in their order, and back from run.toml unchanged."""

from __future__ import annotations

import os
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.architectures import ARCHITECTURES
from cnnlib.errors import SpecificationError
from tui.settings.layering import architecture_text, layered, read_toml
from tui.settings.presets import PRESETS
from tui.settings.training import Settings, values_of

settings_values = st.fixed_dictionaries(
    {},
    optional={
        "data": st.sampled_from(["mnist-5k", "mnist", "/somewhere/else.csv"]),
        "validation": st.floats(0, 0.9),
        "split_seed": st.integers(0, 2**31 - 1),
        "architecture": st.sampled_from(list(ARCHITECTURES.values())),
        "epochs": st.integers(1, 1000),
        "batch_size": st.integers(1, 4096),
        "optimizer": st.sampled_from(["SGD(momentum=0.9)", "AdamW()", "Adam(beta1=0.8)"]),
        "schedule": st.sampled_from(["Constant(0.01)", "OneCycle(peak=0.02)"]),
        "loss": st.sampled_from(["CrossEntropyLoss()", "MSELoss()"]),
        "augment": st.sampled_from(["", "Shift(1)", "Shift(2), Noise(0.05)"]),
        "seed": st.integers(0, 2**31 - 1),
        "ranks": st.integers(1, 64),
        "clip": st.none() | st.floats(1e-6, 1e6),
        "average": st.sampled_from(["", "ExponentialMovingAverage(decay=0.99)"]),
        "stopping": st.sampled_from(["", "EarlyStopping(patience=3)"]),
        "checkpoint_seconds": st.floats(0.1, 1e4),
    },
)


@given(values=settings_values)
def test_a_description_gives_the_settings_back(values: dict[str, Any]) -> None:
    settings = Settings(**values)
    text = tomli_w.dumps(settings.to_description(), multiline_strings=True)
    assert Settings.from_description(tomllib.loads(text)) == settings


def test_every_setting_can_be_described() -> None:
    given_all = Settings(
        clip=1.0, average="ExponentialMovingAverage()", stopping="EarlyStopping()"
    ).to_description()
    described = {key for table in given_all.values() for key in table} - {"name"} | {"data"}
    assert described == {each.name for each in fields(Settings)}


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("epochs", 0, "at least 1"),
        ("epochs", True, "at least 1"),
        ("epochs", 2.5, "at least 1"),
        ("epochs", 2**31, "at most"),
        ("batch_size", -1, "at least 1"),
        ("seed", -1, "at least 0"),
        ("ranks", -1, "at least 0"),
        ("validation", 1.0, "0 to 0.9"),
        ("validation", float("nan"), "0 to 0.9"),
        ("validation", "a tenth", "0 to 0.9"),
        ("clip", 0.0, "above 0"),
        ("checkpoint_seconds", float("inf"), "above 0"),
        ("data", "", "a text"),
        ("data", 5, "a text"),
        ("architecture", " \n", "a text"),
        ("optimizer", "Adma()", "an optimizer"),
        ("optimizer", "__import__('os')", "an optimizer"),
        ("schedule", "OneCycle(peak=-1)", "above 0"),
        ("loss", "CrossEntropyLoss(smooth=0.1)", "an option among"),
        ("augment", "Shift(2), Blur()", "an augmentation"),
        ("augment", 3, "calls separated by commas"),
        ("average", "Mean()", "an average"),
        ("stopping", "EarlyStopping(patience=0)", "at least 1"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected_and_received(
    setting: str, value: Any, expected: str
) -> None:
    with pytest.raises(SpecificationError) as caught:
        Settings(**{setting: value})
    line = str(caught.value)
    assert line.startswith(setting)
    assert expected in line
    assert "received" in line
    assert "\n" not in line


def test_texts_are_brought_to_their_shortest_form() -> None:
    settings = Settings(
        optimizer="Adam( beta1 = 0.9 )", augment="Shift(pixels=2),Noise(0.05)", loss="MSELoss"
    )
    assert settings.optimizer == "Adam()"
    assert settings.loss == "MSELoss()"
    assert Settings(augment=settings.augment) == Settings(augment="Shift(2), Noise(0.05)")


def test_each_layer_covers_the_one_before(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("[training]\nepochs = 7\nseed = 3\n")
    assert layered().epochs == Settings().epochs
    assert layered(preset="sharp").epochs == PRESETS["sharp"]["epochs"]
    assert layered(preset="sharp", config=config).epochs == 7
    layers = layered(preset="sharp", config=config, epochs=9, seed=None)
    assert (layers.epochs, layers.seed) == (9, 3)
    assert layers.augment == PRESETS["sharp"]["augment"]


def test_the_rate_changes_whichever_schedule_was_chosen() -> None:
    assert layered(lr=0.02).schedule == "OneCycle(peak=0.02)"
    assert "0.5" in layered(schedule="Constant(0.1)", lr=0.5).schedule


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(SpecificationError, match="lr: expected a number above 0"):
        layered(lr=rate)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_settings(name: str) -> None:
    assert layered(preset=name) == Settings(**PRESETS[name])


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(SpecificationError, match="Did you mean 'sharp'"):
        layered(preset="shrap")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[training]\nepoch = 3\n", "Did you mean 'epochs'"),
        ("[trainings]\n", "Did you mean 'training'"),
        ("training = 3\n", "training: expected a table"),
        ("[data]\nepochs = 3\n", r"\[data\]"),
        ("[training\n", "expected TOML"),
    ],
)
def test_a_wrong_configuration_says_where(tmp_path: Path, text: str, told: str) -> None:
    config = tmp_path / "some.toml"
    config.write_text(text)
    with pytest.raises(SpecificationError, match=told):
        layered(config=config)


def test_what_a_run_records_beside_its_settings_is_passed_over() -> None:
    description = {
        "run": {"id": "x", "anything": 1},
        "data": {"name": "mnist", "sha256": "ab", "classes": ["0"], "train": 1},
        "model": {"input_shape": [1, 28, 28], "parameters": 7},
        "training": {"epochs": 2},
    }
    assert values_of(description) == {"data": "mnist", "epochs": 2}


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match=r"nowhere\.toml"):
        read_toml(tmp_path / "nowhere.toml")


def test_an_architecture_is_a_name_or_a_file(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("Flatten()\nDense(10)\n")
    assert architecture_text("lenet") == ARCHITECTURES["lenet"]
    assert architecture_text(str(own)) == own.read_text()
    with pytest.raises(SpecificationError, match="Did you mean 'lenet'"):
        architecture_text("lenett")
    with pytest.raises(SpecificationError, match=r"received not a regular file$"):
        architecture_text(str(tmp_path))
    own.write_bytes(b"Flatten()\n\xff\xfe")
    with pytest.raises(SpecificationError, match=r"received bytes that are no UTF-8$"):
        architecture_text(str(own))
    own.write_text("\n")
    with pytest.raises(SpecificationError, match=r"one layer a line, received an empty file$"):
        architecture_text(str(own))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no file without an end")
def test_a_text_without_an_end_is_refused(tmp_path: Path) -> None:
    endless, long = Path("/dev/zero"), tmp_path / "long"
    with open(long, "wb") as file:
        file.truncate(1 << 40)  # of which the disk holds nothing
    link = tmp_path / "link"
    link.symlink_to(endless)
    for path in (endless, long, link):
        with pytest.raises(SpecificationError, match=r"not a regular file|bytes"):
            read_toml(path)
        with pytest.raises(SpecificationError, match=r"not a regular file|bytes"):
            architecture_text(str(path))
    own = tmp_path / "own.toml"
    own.write_text("[training]\nepochs = 3\n")
    link.unlink()
    link.symlink_to(own)
    assert read_toml(link) == {"training": {"epochs": 3}}


@pytest.mark.parametrize(
    ("asked", "batch_size", "cores", "ranks"),
    [(0, 32, 8, 1), (0, 64, 2, 2), (0, 256, 4, 4), (0, 8, 4, 1), (3, 32, 1, 3)],
)
def test_ranks_are_one_a_core_while_each_has_enough_to_do(
    asked: int, batch_size: int, cores: int, ranks: int
) -> None:
    assert Settings(ranks=asked, batch_size=batch_size).ranks_on(cores) == ranks
