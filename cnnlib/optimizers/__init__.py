"""How parameters follow their gradients: SGD, RMSprop, Adam and AdamW, with PyTorch's formulas."""

from cnnlib.optimizers.adam import Adam, AdamW
from cnnlib.optimizers.base import Optimizer, OptimizerState
from cnnlib.optimizers.clipping import clip_norm
from cnnlib.optimizers.rmsprop import RMSprop
from cnnlib.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "OptimizerState", "RMSprop", "clip_norm"]
