"""How good a set of predictions is. Classes are numbers 0 ... K-1.

``counts`` holds what follows from the confusion matrix, ``probabilities`` what needs to know how
sure each prediction was.
"""

from cnnlib.metrics.agreement import Agreement, agreement
from cnnlib.metrics.counts import (
    Average,
    Scores,
    Tallied,
    Tally,
    confusion_matrix,
    wilson_interval,
)
from cnnlib.metrics.probabilities import (
    Calibration,
    calibration,
    check_probabilities,
    example_losses,
    log_loss,
    top_k_accuracy,
)

__all__ = [
    "Agreement",
    "Average",
    "Calibration",
    "Scores",
    "Tallied",
    "Tally",
    "agreement",
    "calibration",
    "check_probabilities",
    "confusion_matrix",
    "example_losses",
    "log_loss",
    "top_k_accuracy",
    "wilson_interval",
]
