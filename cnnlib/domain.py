"""The check that the value of an option is one that the class can use."""

from __future__ import annotations

from cnnlib.errors import SpecificationError
from cnnlib.text import Described


def require(owner: Described, name: str, fits: bool, expected: str, advice: str = "") -> None:
    """Refuse ``owner`` unless its option ``name`` fits.

    Write the condition so that NaN does not fit: ``0 < rate < math.inf``, not ``rate > 0``.

    Raises:
        SpecificationError: it names the class and the option, what was expected and received.
    """
    if not fits:
        raise SpecificationError(
            f"{type(owner).__name__}: {name}",
            expected=expected,
            received=repr(getattr(owner, name)),
            advice=advice,
        )
