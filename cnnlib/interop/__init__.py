"""Networks go elsewhere and come from there: ONNX, safetensors, NumPy, PyTorch and Keras source.

onnx is imported by the function that needs it; PyTorch and Keras are never.
"""

from cnnlib.interop.exports import FORMATS, export, files_of, require_free
from cnnlib.interop.keras_source import to_keras, to_npz
from cnnlib.interop.loading import load_weights
from cnnlib.interop.matching import Matching, match
from cnnlib.interop.numpy_script import to_script
from cnnlib.interop.onnx_graph import to_onnx
from cnnlib.interop.subject import TrainedModel
from cnnlib.interop.torch_source import to_torch
from cnnlib.interop.weights import Names, state_dict, to_safetensors

__all__ = [
    "FORMATS",
    "Matching",
    "Names",
    "TrainedModel",
    "export",
    "files_of",
    "load_weights",
    "match",
    "require_free",
    "state_dict",
    "to_keras",
    "to_npz",
    "to_onnx",
    "to_safetensors",
    "to_script",
    "to_torch",
]
