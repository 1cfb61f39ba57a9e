"""A convolutional network from scratch in NumPy: every forward and backward pass is to be read.

>>> import data
>>> from cnnlib import Conv2d, Dense, Flatten, MaxPool2d, ReLU, Sequential, fit
>>> digits = data.load("mnist-5k")
>>> model = Sequential([Conv2d(8), ReLU(), MaxPool2d(2), Flatten(), Dense(10)], (1, 28, 28))
>>> history = fit(model, digits.train, epochs=1)
>>> model.predict(digits.test.images).shape
(1000, 10)
"""

from cnnlib.architectures import ARCHITECTURES
from cnnlib.arrays import Draw, Examples, stream
from cnnlib.augmentations import Affine, Cutout, Flip, Noise, Shift
from cnnlib.averaging import ExponentialMovingAverage
from cnnlib.checking import Check, Diagnostic, check
from cnnlib.errors import CnnError, ShapeError, SpecificationError
from cnnlib.fitting import fit
from cnnlib.history import History
from cnnlib.layers import (
    GELU,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
)
from cnnlib.losses import CrossEntropyLoss, MSELoss
from cnnlib.model import LayerRow, Sequential
from cnnlib.optimizers import SGD, Adam, AdamW, RMSprop
from cnnlib.scaling import LinearScaling, SqrtScaling
from cnnlib.schedules import Constant, Cosine, OneCycle, OnPlateau, Step, Warmup
from cnnlib.stopping import EarlyStopping
from cnnlib.trainer import Trainer
from cnnlib.work import Work

__all__ = [
    "ARCHITECTURES",
    "GELU",
    "SGD",
    "Adam",
    "AdamW",
    "Affine",
    "AvgPool2d",
    "BatchNorm2d",
    "Check",
    "CnnError",
    "Constant",
    "Conv2d",
    "Cosine",
    "CrossEntropyLoss",
    "Cutout",
    "Dense",
    "Diagnostic",
    "Draw",
    "Dropout",
    "EarlyStopping",
    "Examples",
    "ExponentialMovingAverage",
    "Flatten",
    "Flip",
    "GlobalAvgPool2d",
    "History",
    "LayerNorm",
    "LayerRow",
    "LeakyReLU",
    "LinearScaling",
    "MSELoss",
    "MaxPool2d",
    "Noise",
    "OnPlateau",
    "OneCycle",
    "RMSprop",
    "ReLU",
    "Residual",
    "Sequential",
    "ShapeError",
    "Shift",
    "SiLU",
    "Sigmoid",
    "SpecificationError",
    "SqrtScaling",
    "Step",
    "Tanh",
    "Trainer",
    "Warmup",
    "Work",
    "check",
    "fit",
    "stream",
]
