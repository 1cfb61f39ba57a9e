"""cnnlib as a scikit-learn classifier: for pipelines, grid searches and cross-validation.

Needs scikit-learn: ``pip install 'cnn-tui[sklearn]'``. Nothing else of cnnlib imports this room.
"""

try:
    from cnnlib.sklearn.classifier import CNNClassifier
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise ImportError(
        "cnnlib.sklearn needs scikit-learn: pip install 'cnn-tui[sklearn]'", name="sklearn"
    ) from None

__all__ = ["CNNClassifier"]
