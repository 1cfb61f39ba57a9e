"""CSV: Kaggle's form and its relatives come back; damage is told with its line and column."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data
from data import DamagedFile, DataError
from data.readers.csv import read_csv, read_csv_images

N, SIDE = 12, 4
PIXELS = np.random.default_rng(2).integers(0, 256, (N, SIDE * SIDE), dtype=np.uint8)
LABELS = np.arange(N) % 3
HEADER = ["label", *(f"pixel{at}" for at in range(SIDE * SIDE))]


def frame(first: int = 0) -> pd.DataFrame:
    columns = [f"pixel{at}" for at in range(first, first + SIDE * SIDE)]
    table = pd.DataFrame(PIXELS, columns=columns)
    table.insert(0, "label", LABELS)
    return table


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def good_lines() -> list[str]:
    rows = [
        ",".join(map(str, [label, *row]))
        for label, row in zip(LABELS, PIXELS.tolist(), strict=True)
    ]
    return [",".join(HEADER), *rows]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", ["train.csv", "train.csv.gz"])
def test_what_pandas_writes_comes_back(tmp_path: Path, first: int, name: str) -> None:
    path = tmp_path / name
    frame(first).to_csv(path, index=False)
    split = read_csv(path)
    assert np.array_equal(split.images, PIXELS.reshape(N, 1, SIDE, SIDE))
    assert split.labels.tolist() == LABELS.tolist()
    assert split.images.dtype == split.labels.dtype == np.uint8


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace(",", ", "),
        lambda text: "\n".join(",".join(f'"{v}"' for v in r.split(",")) for r in text.split()),
        lambda text: text.split("\n", 1)[1],
        lambda text: text.replace("pixel", "p").upper(),
    ],
    ids=["crlf", "bom", "blank lines", "no end", "spaces", "quotes", "no header", "other names"],
)
def test_harmless_differences(tmp_path: Path, change: object) -> None:
    path = tmp_path / "digits.csv"
    text = "\n".join(good_lines()) + "\n"
    path.write_bytes(change(text).encode())  # type: ignore[operator]
    split = read_csv(path)
    assert np.array_equal(split.images.reshape(N, -1), PIXELS)
    assert split.labels.tolist() == LABELS.tolist()


def test_the_label_may_stand_anywhere(tmp_path: Path) -> None:
    table = frame()
    table["class"] = table.pop("label")
    table.to_csv(tmp_path / "a.csv", index=False)
    split = read_csv(tmp_path / "a.csv")
    assert split.labels.tolist() == LABELS.tolist()
    assert np.array_equal(split.images.reshape(N, -1), PIXELS)


def test_more_lines_than_a_block(tmp_path: Path) -> None:
    lines = ["label,pixel0", *(f"{at % 7},{at % 256}" for at in range(4500))]
    split = read_csv(write(tmp_path / "a.csv", lines))
    assert (split.images.ravel() == np.arange(4500) % 256).all()
    lines[4321] = "1,300"
    with pytest.raises(DamagedFile, match=r"line 4322, column 'pixel0'.*'300'"):
        read_csv(write(tmp_path / "a.csv", lines))


def test_a_csv_file_is_a_data_set_and_kaggles_pair_too(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", good_lines())
    alone = data.load(tmp_path / "train.csv", seed=1)
    assert (len(alone.train), len(alone.test)) == (10, 2)
    test = write(tmp_path / "test.csv", [line.split(",", 1)[1] for line in good_lines()])
    assert data.load(tmp_path, seed=1).sha256 == alone.sha256
    assert np.array_equal(data.read_csv_images(test).reshape(N, -1), PIXELS)
    assert np.array_equal(read_csv_images(tmp_path / "train.csv").reshape(N, -1), PIXELS)
    with pytest.raises(DamagedFile, match="a column named label"):
        data.load(test)
    write(test, good_lines()[:5])
    assert (len(data.load(tmp_path).train), len(data.load(tmp_path).test)) == (N, 4)


def damaged(edit: object) -> list[str]:
    lines = good_lines()
    edit(lines)  # type: ignore[operator]
    return lines


def cell(row: int, column: int, value: str) -> object:
    def edit(lines: list[str]) -> None:
        fields = lines[row].split(",")
        fields[column] = value
        lines[row] = ",".join(fields)

    return edit


def without_column(column: int) -> object:
    def edit(lines: list[str]) -> None:
        for at, line in enumerate(lines):
            fields = line.split(",")
            del fields[column]
            lines[at] = ",".join(fields)

    return edit


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (without_column(0), r"line 1: expected a column named label"),
        (without_column(6), r"line 1: expected the column pixel5, received pixel6"),
        (without_column(16), r"line 1: expected a label and the pixels of a square.*15 pixel"),
        (cell(0, 3, "label"), r"line 1: expected one column named label"),
        (cell(3, 0, "cat"), r"line 4, column 'label': expected a label as a whole.*'cat'"),
        (cell(3, 0, ""), r"line 4, column 'label'.*''"),
        (cell(3, 0, "-1"), r"line 4, column 'label'.*'-1'"),
        (cell(3, 0, "10000"), r"line 4, column 'label'.*'10000'"),
        (cell(3, 0, "1.5"), r"line 4, column 'label'.*'1.5'"),
        (cell(5, 2, "256"), r"line 6, column 'pixel1': expected a pixel.*0 to 255.*'256'"),
        (cell(5, 2, "-7"), r"line 6, column 'pixel1'.*'-7'"),
        (cell(5, 2, "0.5"), r"line 6, column 'pixel1'.*'0.5'"),
        (cell(5, 2, "nan"), r"line 6, column 'pixel1'.*'nan'"),
        (cell(5, 2, "True"), r"line 6, column 'pixel1'.*'True'"),
        (cell(5, 2, "9" * 30), r"line 6, column 'pixel1'.*'999"),
        (cell(5, 2, "\x00\x07"), r"line 6, column 'pixel1'"),
        (cell(5, 2, "1,2"), r"line 6: expected 17 values.*18"),
        (lambda lines: lines.append("1,2,3"), r"line 14: expected 17 values.*received 3"),
        (lambda lines: lines.__setitem__(4, lines[4] + ",0"), r"line 5: expected 17 .*18"),
        (lambda lines: lines.__setitem__(4, lines[4] + ","), r"line 5: expected 17 .*18"),
        (lambda lines: lines.__setitem__(4, '"' + lines[4]), r"line 5"),
        (lambda lines: lines.__setitem__(2, "x" * 200_000), r"line 3"),
        (lambda lines: lines.__delitem__(slice(1, None)), "rows of numbers after the header"),
        (lambda lines: lines.clear(), "empty file"),
        (
            lambda lines: lines.__setitem__(slice(1, None), ["1,2,3"] * 9),
            r"line 2: expected 17 .*3",
        ),
        (lambda lines: lines.__setitem__(5, lines[5] + "\U0006d458"), r"line 6, column 'pixel15'"),
    ],
)
def test_damage_is_told_with_its_place(tmp_path: Path, edit: object, expected: str) -> None:
    path = write(tmp_path / "damaged.csv", damaged(edit))
    with pytest.raises(DamagedFile, match=expected) as caught:
        data.load(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert text.isprintable()
    assert len(text) < 600


def test_a_broken_archive_and_an_endless_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    whole = gzip.compress(("\n".join(good_lines()) + "\n").encode())
    for cut in range(3, len(whole) - 1, 11):
        path.write_bytes(whole[:cut])
        with pytest.raises(DamagedFile):
            read_csv(path)
    path.write_bytes(gzip.compress(b"0," * (32 << 20), 1))
    tracemalloc.start()
    with pytest.raises(DamagedFile, match="bytes in a line"):
        read_csv(path)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 64 << 20


def test_too_few_images_to_hold_any_out(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="images to test on"):
        data.load(write(tmp_path / "a.csv", good_lines()[:2]))


def is_clear(error: DataError, path: Path) -> bool:
    """Whether an error names the file in a single printable line."""
    return str(path) in str(error) and str(error).isprintable() and len(str(error)) < 700


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=st.one_of(
        st.text(max_size=80),
        st.text(alphabet='0123456789,\n"-. \r', max_size=80),
        st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")),
    ),
    header=st.sampled_from(["", "label,pixel0\n", "label,a,b,c,d\n", "0,1,2,3,4\n"]),
)
def test_any_text_is_images_or_a_clear_error(tmp_path: Path, text: str, header: str) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_bytes((header + text).encode("utf-8", "surrogatepass"))
    try:
        split = read_csv(path)
    except DataError as error:
        clear = is_clear(error, path)
    else:
        clear = len(split) > 0
    assert clear
