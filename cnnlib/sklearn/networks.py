"""A network for images of any size and rows of any number of features."""

from __future__ import annotations

from cnnlib.arrays import Shape

_BLOCK = 'Conv2d({}, kernel=5, padding="same")\nReLU()\nMaxPool2d(2)\n'


def network_for(shape: Shape, classes: int) -> str:
    """A small network that serves, as text.

    Images are halved by convolutions of 8, 16, 32 ... filters as long as a side of at least eight
    pixels is left: for those of MNIST that is LeNet. Then, as rows of features at once, they go
    through dense layers.

    >>> print(network_for((2, 1, 1), 3), end="")
    Flatten()
    Dense(64)
    ReLU()
    Dense(64)
    ReLU()
    Dense(3)
    """
    _, height, width = shape
    blocks, side = "", min(height, width)
    for filters in (8, 16, 32, 64, 64):
        if side < 8:
            break
        blocks += _BLOCK.format(filters)
        side //= 2
    hidden = "Dense(64)\nReLU()\n" * (1 if blocks else 2)
    return f"{blocks}Flatten()\n{hidden}Dense({classes})\n"
