"""What a user writes: layers as dataclasses of their hyper-parameters, one file a family."""

from cnnlib.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from cnnlib.layers.base import Layer
from cnnlib.layers.convolution import Conv2d
from cnnlib.layers.dense import Dense, Flatten
from cnnlib.layers.dropout import Dropout
from cnnlib.layers.normalization import BatchNorm2d, LayerNorm
from cnnlib.layers.pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from cnnlib.layers.residual import Residual

__all__ = [
    "GELU",
    "AvgPool2d",
    "BatchNorm2d",
    "Conv2d",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2d",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2d",
    "ReLU",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Tanh",
]
