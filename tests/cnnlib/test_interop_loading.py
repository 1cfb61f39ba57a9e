"""Weights from elsewhere fit or are refused in one line, and then nothing has changed."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from cnnlib.errors import CheckpointError
from cnnlib.interop import load_weights, match
from cnnlib.model import Sequential

TEXT = "Conv2d(2, padding=1)\nConv2d(2, padding=1)\nFlatten()\nDense(3)"
SHAPE = (2, 3, 3)


def model() -> Sequential:
    return Sequential.parse(TEXT, SHAPE)


def named(**modules: str) -> dict[str, np.ndarray]:
    """The weights of the model with its layers renamed."""
    rng = np.random.default_rng(1)
    return {
        f"{modules.get(layer, layer)}.{leaf}": rng.normal(size=array.shape).astype(np.float32)
        for name, array in model().tensors().items()
        for layer, _, leaf in [name.rpartition(".")]
    }


def refusal(path: Path) -> str:
    """What a file is refused with; the network has not changed."""
    target = model()
    before = target.flat_parameters.copy()
    with pytest.raises(CheckpointError) as refused:
        load_weights(target, path)
    np.testing.assert_array_equal(target.flat_parameters, before)
    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_names_decide_where_they_are_ours(tmp_path: Path) -> None:
    tensors = named(conv1="conv2", conv2="conv1")  # same shapes, so only names can tell
    save_file(tensors, tmp_path / "w.safetensors")
    target = model()
    assert load_weights(target, tmp_path / "w.safetensors").by == "name"
    np.testing.assert_array_equal(target.parameters["conv1.weight"], tensors["conv1.weight"])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_floating_point_is_taken(dtype: type, tmp_path: Path) -> None:
    tensors = {name: array.astype(dtype) for name, array in named().items()}
    save_file(tensors, tmp_path / "w.safetensors")
    target = model()
    load_weights(target, tmp_path / "w.safetensors")
    for name, array in tensors.items():
        np.testing.assert_array_equal(target.tensors()[name], array.astype(np.float32))


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    save_file(named(), tmp_path / "blob")
    (tmp_path / "w.safetensors").symlink_to(tmp_path / "blob")
    load_weights(model(), tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("renamed", "expected"),
    [
        ({"conv1": "conv0", "conv2": "conv1"}, ["conv0", "conv1", "dense1"]),
        ({"conv1": "net.9", "conv2": "net.10", "dense1": "head"}, ["net.9", "net.10", "head"]),
        (
            {"conv1": "m.conv1", "conv2": "m.conv2", "dense1": "m.fc"},
            ["m.conv1", "m.conv2", "m.fc"],
        ),
    ],
)
def test_shapes_and_then_numbers_decide_elsewhere(
    renamed: dict[str, str], expected: list[str]
) -> None:
    theirs = {name: array.shape for name, array in named(**renamed).items()}
    own = {name: array.shape for name, array in model().tensors().items()}
    found = match(own, dict(sorted(theirs.items())), "w")
    assert [found.names[f"{layer}.weight"] for layer in ("conv1", "conv2", "dense1")] == [
        f"{module}.weight" for module in expected
    ]


def test_names_that_give_no_order_are_not_guessed(tmp_path: Path) -> None:
    save_file(named(conv1="left", conv2="right"), tmp_path / "w.safetensors")
    told = refusal(tmp_path / "w.safetensors")
    assert "left, right, all of the same shapes" in told
    assert "conv1, conv2" in told


def test_a_shortcut_is_not_guessed() -> None:
    own = {"residual1.conv1.weight": (2, 2, 1, 1), "residual1.shortcut.conv1.weight": (2, 2, 1, 1)}
    theirs = {"block.conv1.weight": (2, 2, 1, 1), "block.conv2.weight": (2, 2, 1, 1)}
    assert match(own, own, "w").by == "name"
    with pytest.raises(CheckpointError, match="all of the same shapes"):
        match(own, theirs, "w")


def test_what_does_not_match_is_listed(tmp_path: Path) -> None:
    tensors = named(conv1="0", conv2="1", dense1="2")
    tensors["2.weight"] = np.zeros((3, 20), np.float32)
    save_file(tensors, tmp_path / "w.safetensors")
    told = refusal(tmp_path / "w.safetensors")
    assert "dense1.weight (3, 18)" in told
    assert "2.weight (3, 20)" in told
    assert "conv" not in told


def test_one_array_too_many_or_too_few_is_listed(tmp_path: Path) -> None:
    extra = named() | {"more.weight": np.zeros(3, np.float32)}
    save_file(extra, tmp_path / "extra.safetensors")
    assert "more.weight (3,)" in refusal(tmp_path / "extra.safetensors")
    missing = {name: array for name, array in named().items() if name != "dense1.bias"}
    save_file(missing, tmp_path / "missing.safetensors")
    assert "dense1.bias (3,)" in refusal(tmp_path / "missing.safetensors")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(value: float, tmp_path: Path) -> None:
    tensors = named()
    tensors["dense1.bias"][1] = value
    save_file(tensors, tmp_path / "w.safetensors")
    assert "dense1.bias" in refusal(tmp_path / "w.safetensors")


def test_numbers_too_large_and_integers_are_refused(tmp_path: Path) -> None:
    large = named() | {"dense1.bias": np.full(3, 1e300)}
    save_file(large, tmp_path / "large.safetensors")
    assert "float32" in refusal(tmp_path / "large.safetensors")
    whole = named() | {"dense1.bias": np.zeros(3, np.int64)}
    save_file(whole, tmp_path / "whole.safetensors")
    assert "int64" in refusal(tmp_path / "whole.safetensors")


def test_pickles_are_refused_with_the_way_to_convert_them(tmp_path: Path) -> None:
    for protocol in (2, 5):
        (tmp_path / f"{protocol}.pth").write_bytes(pickle.dumps({"w": 1}, protocol))
        assert "save_file" in refusal(tmp_path / f"{protocol}.pth")
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"")
    told = refusal(tmp_path / "net.pt")
    assert f"torch.load('{tmp_path}/net.pt', weights_only=True), '{tmp_path}/net.saf" in told


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    for name, content in (
        ("net.h5", b"\x89HDF\r\n\x1a\n"),
        ("empty", b""),
        ("text", b"hello there"),
    ):
        (tmp_path / name).write_bytes(content)
        refusal(tmp_path / name)
    refusal(tmp_path / "nowhere")
    refusal(tmp_path)


@given(st.data())
def test_a_damaged_file_is_refused_or_gives_finite_numbers(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(save(named()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path_factory.mktemp("damaged") / "w.safetensors"
    path.write_bytes(content)
    target = model()
    before = target.flat_parameters.copy()
    try:
        load_weights(target, path)
    except CheckpointError:
        np.testing.assert_array_equal(target.flat_parameters, before)
    assert np.isfinite(target.flat_parameters).all()
