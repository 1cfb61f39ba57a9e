"""Weights go to PyTorch and come from there, by its names and layouts; torch is the other side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interop_cases import NAMES, case_of, images_for

from cnnlib.errors import CheckpointError, SpecificationError
from cnnlib.interop import export, load_weights, state_dict, to_safetensors
from cnnlib.model import Sequential

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")
nn = torch.nn

PLAIN = """\
Conv2d(4, kernel=3, padding=1, bias=False)
BatchNorm2d()
ReLU()
MaxPool2d(2)
Conv2d(6)
BatchNorm2d(eps=0.001)
LeakyReLU()
GlobalAvgPool2d()
Dropout(0.2)
Dense(12)
LayerNorm()
GELU()
Dense(12)
SiLU()
Dense(5)
"""


def plain_net() -> Any:
    """The same network as anybody would write it."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3),
        nn.BatchNorm2d(6, eps=0.001),
        nn.LeakyReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(6, 12),
        nn.LayerNorm(12),
        nn.GELU(approximate="tanh"),
        nn.Linear(12, 12),
        nn.SiLU(),
        nn.Linear(12, 5),
    )


def plain_model(seed: int = 3) -> Sequential:
    return Sequential.parse(PLAIN, (3, 12, 10), seed=seed)


def module_of(path: Path) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "network", "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    return namespace


@pytest.mark.parametrize("name", NAMES)
def test_the_source_loads_the_weights_and_computes_what_the_network_does(
    name: str, tmp_path: Path
) -> None:
    trained = case_of(name)
    weights, source = export(trained, "torch", tmp_path / "network.py")
    assert (weights.name, source.name) == ("network.safetensors", "network.py")
    written = module_of(source)
    assert written["CLASSES"] == list(trained.classes)
    net = written["load"]()
    images = images_for(trained, 100)
    found = written["predict"](net, images).numpy()
    np.testing.assert_allclose(found, trained.model.predict(images), rtol=0, atol=1e-5)


def test_the_source_trains(tmp_path: Path) -> None:
    _, source = export(case_of(NAMES[-1]), "torch", tmp_path / "network.py")
    net = module_of(source)["network"]().train()
    net(torch.rand(4, 1, 7, 8)).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_load_state_dict_of_the_same_net_just_works(tmp_path: Path) -> None:
    trained = _trained(plain_model())
    (path,) = export(trained, "safetensors", tmp_path / "net.safetensors", names="numbers")
    net = plain_net()
    net.load_state_dict(safetensors_torch.load_file(path))  # strict
    images = images_for(trained, 64)
    with torch.inference_mode():
        logits = net.eval()(torch.tensor(images) / 255).numpy()
    np.testing.assert_allclose(trained.model.forward(images), logits, rtol=1e-5, atol=1e-5)


def _trained(model: Sequential) -> Any:
    from cnnlib.interop import TrainedModel

    rng = np.random.default_rng(5)
    for name, array in model.tensors().items():
        if "norm" in name:
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    return TrainedModel(model, tuple("abcde"))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_opens_with_its_names_shapes_and_values(name: str) -> None:
    trained = case_of(name)
    tensors = safetensors_torch.load(to_safetensors(trained))
    own = trained.model.tensors()
    counters = {key for key in tensors if key.endswith(".num_batches_tracked")}
    assert tensors.keys() - counters == own.keys()
    assert len(counters) == sum(key.endswith("running_mean") for key in own)
    for key, array in own.items():
        np.testing.assert_array_equal(tensors[key].numpy(), array)


def test_the_file_says_what_it_is_and_is_the_same_each_time() -> None:
    trained = case_of("sharp")
    data = to_safetensors(trained)
    assert data == to_safetensors(trained)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert json.loads(header["__metadata__"]["classes"]) == list(trained.classes)
    assert header["__metadata__"]["architecture"] == trained.model.text()


def test_names_by_number_need_a_plain_row() -> None:
    model = Sequential.parse("Residual([ReLU()])\nFlatten()\nDense(2)", (1, 2, 2))
    with pytest.raises(SpecificationError, match="residual1"):
        state_dict(model, "numbers")


# ------------------------------------------------------------------------------------- model in


def their_outputs(net: Any, images: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(net.eval()(torch.tensor(images) / 255).numpy())


def test_weights_of_a_torch_net_are_taken_in(tmp_path: Path) -> None:
    torch.manual_seed(4)
    net = plain_net()
    net(torch.rand(32, 3, 12, 10))  # running statistics that are not those of the beginning
    path = tmp_path / "theirs.safetensors"
    safetensors_torch.save_file(net.state_dict(), path)
    model = plain_model()
    assert load_weights(model, path).by == "shape"
    images = images_for(_trained(plain_model()), 64)
    expected = their_outputs(net, images)
    np.testing.assert_allclose(model.forward(images), expected, rtol=1e-5, atol=1e-5)


class Tutorial(nn.Module):
    """A network as tutorials write it, by names of its own; number 10 comes behind number 8."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(part for _ in range(6) for part in (nn.Conv2d(2, 2, 3, padding=1), nn.ReLU()))
        )
        self.head = nn.Linear(2 * 5 * 5, 3)
        self.classifier = nn.Linear(3, 4)

    def forward(self, x: Any) -> Any:
        return self.classifier(self.head(self.features(x).flatten(1)))


def test_layers_of_one_shape_go_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    torch.manual_seed(5)
    net, path = Tutorial(), tmp_path / "theirs.safetensors"
    safetensors_torch.save_file(net.state_dict(), path)
    text = "Conv2d(2, padding=1)\nReLU()\n" * 6 + "Flatten()\nDense(3)\nDense(4)"
    model = Sequential.parse(text, (2, 5, 5))
    found = load_weights(model, path)
    assert found.names["conv6.weight"] == "features.10.weight"
    images = np.random.default_rng(0).integers(0, 256, (20, 2, 5, 5)).astype(np.uint8)
    expected = their_outputs(net, images)
    np.testing.assert_allclose(model.forward(images), expected, rtol=1e-5, atol=1e-5)


def test_bfloat16_is_refused_with_the_way_out(tmp_path: Path) -> None:
    net, path = plain_net().bfloat16(), tmp_path / "theirs.safetensors"
    safetensors_torch.save_file(net.state_dict(), path)
    with pytest.raises(CheckpointError, match=r"bfloat16.*net\.float\(\)"):
        load_weights(plain_model(), path)


def test_an_export_comes_back_to_the_bit(tmp_path: Path) -> None:
    trained = case_of(NAMES[-1])
    (path,) = export(trained, "safetensors", tmp_path / "net.safetensors")
    model = Sequential(trained.model.layers, trained.model.input_shape, seed=9)
    assert load_weights(model, path).by == "name"
    for name, array in trained.model.tensors().items():
        np.testing.assert_array_equal(model.tensors()[name], array)
