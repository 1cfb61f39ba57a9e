"""cnnlib as a scikit-learn classifier: for pipelines, grid searches and cross-validation.

Needs scikit-learn: ``pip install 'cnn-tui[sklearn]'``. Nothing else of cnnlib imports this room.
"""

from cnnlib.sklearn.classifier import CNNClassifier

__all__ = ["CNNClassifier"]
