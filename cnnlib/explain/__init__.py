"""Everything can be asked: what made a number, what a decision rests on, what it is like."""

from cnnlib.explain.arithmetic import explain, explain_place
from cnnlib.explain.label_errors import (
    MNIST_TEST_ERRORS,
    CorrectedAccuracy,
    LabelError,
    corrected_accuracy,
    is_mnist_test,
)
from cnnlib.explain.neighbours import Neighbours, features, nearest, nearest_images, pixels
from cnnlib.explain.occlusion import occlusion
from cnnlib.explain.onward import onward
from cnnlib.explain.places import IMAGE, Place, Region
from cnnlib.explain.receptive import Box, receptive_field
from cnnlib.explain.saliency import (
    enlarge,
    grad_cam,
    gradient,
    gradient_times_input,
    integrated_gradients,
)
from cnnlib.explain.trace import Trace

__all__ = [
    "IMAGE",
    "MNIST_TEST_ERRORS",
    "Box",
    "CorrectedAccuracy",
    "LabelError",
    "Neighbours",
    "Place",
    "Region",
    "Trace",
    "corrected_accuracy",
    "enlarge",
    "explain",
    "explain_place",
    "features",
    "grad_cam",
    "gradient",
    "gradient_times_input",
    "integrated_gradients",
    "is_mnist_test",
    "nearest",
    "nearest_images",
    "occlusion",
    "onward",
    "pixels",
    "receptive_field",
]
