"""Settings that go well together, by name: ``--preset``, and where the form begins."""

from __future__ import annotations

from typing import Any

from cnnlib.architectures import ARCHITECTURES

PRESETS: dict[str, dict[str, Any]] = {
    "fast": {
        "architecture": ARCHITECTURES["lenet"],
        "epochs": 2,
        "batch_size": 64,
        "optimizer": "Adam(beta2=0.99)",
        "schedule": "OneCycle(peak=0.01)",
        "validation": 0.02,
    },
    "sharp": {
        "architecture": ARCHITECTURES["sharp"],
        "epochs": 10,
        "batch_size": 64,
        "optimizer": "Adam(beta2=0.99)",
        "schedule": "OneCycle(peak=0.004)",
        "loss": "CrossEntropyLoss(label_smoothing=0.05)",
        "augment": "Affine(rotate=0.2, scale=0.12, shear=0.15)",
        "average": "ExponentialMovingAverage(decay=0.999)",
        "validation": 0.02,
    },
    "smoke": {
        "architecture": ARCHITECTURES["tiny"],
        "epochs": 1,
        "batch_size": 8,
        "optimizer": "Adam(beta2=0.97)",
        "schedule": "OneCycle(peak=0.05)",
        "loss": "CrossEntropyLoss(label_smoothing=0.15)",
    },
}
