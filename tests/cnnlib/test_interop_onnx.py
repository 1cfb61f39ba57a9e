"""The exported graph computes what the network does: onnxruntime is the other side."""

from __future__ import annotations

import builtins
import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from interop_cases import NAMES, case_of, images_for

from cnnlib.arrays import Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.interop import TrainedModel, to_keras, to_onnx, to_script, to_torch
from cnnlib.layers import Dense, Flatten, Layer, Residual
from cnnlib.layers.base import Site
from cnnlib.model import Sequential
from cnnlib.text import family

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def session(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", NAMES)
def test_onnxruntime_agrees_within_1e_5_on_a_thousand_images(name: str) -> None:
    trained = case_of(name)
    images = images_for(trained)
    probabilities, logits = session(to_onnx(trained)).run(None, {"image": images})
    np.testing.assert_allclose(probabilities, trained.model.predict(images), rtol=0, atol=1e-5)
    expected = trained.model.forward(images)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_every_layer_of_the_catalogue_is_among_the_networks() -> None:
    texts = " ".join(repr(case_of(name).model.layers) for name in NAMES)
    assert all(f"{layer}(" in texts for layer in family(Layer))


@pytest.mark.parametrize("n", [1, 7])
def test_any_number_of_images_passes(n: int) -> None:
    trained = case_of("lenet")
    probabilities, logits = session(to_onnx(trained)).run(None, {"image": images_for(trained, n)})
    assert probabilities.shape == logits.shape == (n, 10)


def test_the_graph_says_what_goes_in_and_what_comes_out() -> None:
    trained = case_of("lenet")
    built = onnx.load_from_string(to_onnx(trained))
    words = {entry.key: entry.value for entry in built.metadata_props}
    assert json.loads(words["classes"]) == list(trained.classes)
    assert (words["run"], words["data"]) == ("a-run", "random images")
    assert words["architecture"] == trained.model.text()
    assert "uint8" in words["input"]
    run = session(to_onnx(trained))
    (image,) = run.get_inputs()
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["N", 1, 28, 28])
    assert [output.name for output in run.get_outputs()] == ["probabilities", "logits"]
    assert [entry.version for entry in built.opset_import] == [17]


def test_equal_networks_give_equal_bytes() -> None:
    assert to_onnx(case_of("sharp")) == to_onnx(case_of("sharp"))


@dataclass(frozen=True, repr=False)
class _Strange(Layer):
    """A layer that somebody added, and that no other side knows; unregistered by its name."""

    kind: ClassVar[str] = "strange"

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def plan(self, site: Site) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize("write", [to_onnx, to_script, to_torch, to_keras])
@pytest.mark.parametrize("inside", [False, True])
def test_a_layer_without_a_counterpart_is_named(write: Any, inside: bool) -> None:
    layer: Layer = Residual((_Strange(),)) if inside else _Strange()
    trained = TrainedModel(Sequential([layer, Flatten(), Dense(2)], (1, 2, 2)), ("a", "b"))
    with pytest.raises(SpecificationError, match=r"strange1 \(_Strange\)"):
        write(trained)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_onnx(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "onnx":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    with pytest.raises(SpecificationError, match=r"cnn-tui\[onnx\]"):
        to_onnx(case_of("tiny"))


def test_a_network_needs_an_output_for_each_class() -> None:
    model = Sequential([Flatten(), Dense(3)], (1, 2, 2))
    with pytest.raises(ShapeError, match="each of 2 classes"):
        TrainedModel(model, ("a", "b"))
