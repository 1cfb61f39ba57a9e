"""Networks by name, as text."""

from __future__ import annotations

ARCHITECTURES: dict[str, str] = {
    "lenet": """\
Conv2d(8, kernel=5, padding="same")
ReLU()
MaxPool2d(2)
Conv2d(16, kernel=5)
ReLU()
MaxPool2d(2)
Flatten()
Dense(64)
ReLU()
Dense(10)
""",
    "keras": """\
Conv2d(32, kernel=3)
ReLU()
MaxPool2d(2)
Conv2d(64, kernel=3)
ReLU()
MaxPool2d(2)
Flatten()
Dropout(0.5)
Dense(10)
""",
    "tiny": """\
Conv2d(8, kernel=3, stride=2)
ReLU()
Conv2d(16, kernel=3, stride=2)
ReLU()
GlobalAvgPool2d()
Dense(10)
""",
    "sharp": """\
Conv2d(32, kernel=5, padding="same")
ReLU()
MaxPool2d(2)
Conv2d(64, kernel=3)
ReLU()
MaxPool2d(2)
Flatten()
Dropout(0.4)
Dense(128)
ReLU()
Dense(10)
""",
}
"""Architecture texts for ten classes; ``for_classes`` fits them to another number."""


def for_classes(text: str, classes: int) -> str:
    """The same network with its last dense layer giving ``classes`` outputs."""
    lines = text.splitlines()
    for place in range(len(lines) - 1, -1, -1):
        if lines[place].startswith("Dense("):
            lines[place] = f"Dense({classes})"
            break
    return "\n".join(lines) + "\n"


def fitted(text: str, classes: int) -> str:
    """A network of ``ARCHITECTURES`` with an output for each class; any other text as it is."""
    return for_classes(text, classes) if text in ARCHITECTURES.values() else text
