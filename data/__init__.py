"""Data sets: a catalogue, downloads, readers that trust nothing, splits, and descriptions.

    dataset = data.load("mnist-5k")         # or "mnist", or a path to files of your own
    dataset.train.images                    # (n, C, H, W) uint8
    train, valid = data.holdout(dataset.train, 0.1, seed=0)
    data.describe(dataset).counts           # a pandas table

Importing this package imports neither pandas nor anything that draws or downloads.
"""

from data.catalog import DEFAULT
from data.dataset import Dataset, Split
from data.describe import Description, describe
from data.errors import BadRequest, DamagedFile, DataError, NotAvailable, UnknownDataset
from data.inputs import Inputs, read_inputs
from data.loading import catalogue, fetch_named, load
from data.progress import Progress, progress_bar
from data.published import Entry
from data.readers.csv import read_csv_images
from data.readers.folder import read_image
from data.split import holdout, holdout_indices

__all__ = [
    "DEFAULT",
    "BadRequest",
    "DamagedFile",
    "DataError",
    "Dataset",
    "Description",
    "Entry",
    "Inputs",
    "NotAvailable",
    "Progress",
    "Split",
    "UnknownDataset",
    "catalogue",
    "describe",
    "fetch_named",
    "holdout",
    "holdout_indices",
    "load",
    "progress_bar",
    "read_csv_images",
    "read_image",
    "read_inputs",
]
