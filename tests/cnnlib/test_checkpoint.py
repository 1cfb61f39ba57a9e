"""Laws of checkpoints: every bit comes back, or the file is refused and the one before is used."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import stat
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from safetensors.numpy import load as package_load

from cnnlib.errors import CheckpointError
from cnnlib.runs import Run, checkpoint, load, load_newest, save
from cnnlib.runs.checkpoint import previous

Arrays = dict[str, NDArray[Any]]
KINDS = [*"?bBhHiIlLefd"]


def same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Equal in shape, type and every bit."""
    native = np.asarray(b).astype(np.asarray(b).dtype.newbyteorder("="))
    return a.shape == b.shape and a.dtype == native.dtype and a.tobytes() == native.tobytes()


def some() -> Arrays:
    numbers = np.random.default_rng(0)
    return {
        "model/conv1.weight": numbers.normal(size=(2, 1, 3, 3)).astype(np.float32),
        "model/conv1.bias": np.zeros(2, np.float32),
        "optimizer/steps": np.array(7),
        "position": np.array([1, 2, 3], np.int64),
        "mask": np.array([True, False]),
    }


def test_equal_content_is_equal_bytes(tmp_path: Path) -> None:
    """The package alone writes the words in another order each time."""
    words = {f"word {number} é": f"{number}\n" for number in range(9)}
    contents = set()
    for number in range(5):
        path = tmp_path / f"{number}.safetensors"
        save(path, some(), words)
        contents.add(path.read_bytes())
        assert_loads(path, some(), words)
        assert package_load(path.read_bytes()).keys() == some().keys()
    assert len(contents) == 1


def assert_loads(path: Path, tensors: Arrays, words: dict[str, str]) -> None:
    read, read_words = load(path)
    assert read_words == words
    assert list(read) == sorted(tensors)
    for name, array in tensors.items():
        assert same(read[name], array), name
        assert read[name].flags.c_contiguous
        assert read[name].flags.writeable
        assert read[name].flags.aligned


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
            lambda name: name != "__metadata__"
        ),
        st.sampled_from(KINDS).flatmap(
            lambda kind: hnp.arrays(
                np.dtype(kind), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
            )
        ),
        max_size=4,
    ),
    st.dictionaries(st.text(max_size=5).filter(lambda n: not n.startswith("cnnlib")), st.text()),
)
def test_what_was_saved_is_loaded_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, tensors: Arrays, words: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("law") / "last.safetensors"
    try:
        "".join([*words, *words.values()]).encode()
    except UnicodeEncodeError:
        with pytest.raises(CheckpointError):
            save(path, tensors, words)
        return
    save(path, tensors, words)
    assert_loads(path, tensors, words)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # anybody who has the package reads the same
    for name, array in package_load(path.read_bytes()).items():
        assert same(np.asarray(array), tensors[name])


LAYOUTS: dict[str, NDArray[Any]] = {
    "C": np.arange(24.0).reshape(2, 3, 4),
    "Fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "transposed": np.arange(24.0).reshape(2, 3, 4).T,
    "strided": np.arange(48.0).reshape(6, 8)[::2, ::3],
    "reversed": np.arange(12.0)[::-1],
    "broadcast": np.broadcast_to(np.arange(3.0), (4, 3)),
    "offset": np.frombuffer(bytes(range(41)), np.uint8)[1:].view(np.float64),
    "read-only": np.frombuffer(b"12345678", np.float64),
    "big-endian": np.arange(6, dtype=">f4").reshape(2, 3),
    "big-endian, strided": np.arange(6, dtype=">i8")[::2],
    "0-d": np.array(3.5),
    "0-d big-endian": np.array(3.5, ">f8"),
    "0-d of a view": np.arange(5.0)[2:3].reshape(()),
    "scalar": np.float32(2.5),  # type: ignore[dict-item]
    "one": np.ones((1,)),
    "empty": np.empty((0,)),
    "empty inside": np.empty((3, 0, 2), np.int8),
    "empty, Fortran": np.asfortranarray(np.empty((3, 0, 2))),
    "bool, transposed": np.array([[True, False], [True, True]]).T,
    "NaN with a payload": np.array([0x7FC12345], np.uint32).view(np.float32),
    "minus zero": np.array([-0.0]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_memory_layout_keeps_values_and_shape(tmp_path: Path, layout: str) -> None:
    array = LAYOUTS[layout]
    before = array.tobytes()
    save(tmp_path / "a.safetensors", {"a": array, "b": array}, {})
    assert_loads(tmp_path / "a.safetensors", {"a": array, "b": array}, {})
    assert array.tobytes() == before


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"a": np.array([object()])}, {}),
        ({"a": np.array(["x"])}, {}),
        ({"a": np.array([1j])}, {}),
        ({"a": np.array([1.0], np.longdouble)}, {}),
        ({"": np.zeros(1)}, {}),
        ({"__metadata__": np.zeros(1)}, {}),
        ({"\ud800": np.zeros(1)}, {}),
        ({}, {"a": 1}),
        ({}, {"cnnlib.sha256": "0"}),
        ({}, {"a": "\ud800"}),
    ],
    ids=range(10),
)
def test_what_cannot_be_stored_is_refused_and_nothing_is_written(
    tmp_path: Path, tensors: Arrays, words: dict[str, Any]
) -> None:
    with pytest.raises(CheckpointError):
        save(tmp_path / "a.safetensors", tensors, words)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------- damage


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    save(path, some(), {"step": "3"})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            load(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(CheckpointError):
        load(path)


def test_flipped_bits_are_refused_or_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    save(path, some(), {"step": "3"})
    content = path.read_bytes()
    draw = random.Random(5)
    for _ in range(1500):
        broken = bytearray(content)
        for _ in range(draw.choice((1, 1, 1, 2, 5))):
            broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        # a letter of a JSON escape may change and still mean the same, never anything else
        with contextlib.suppress(CheckpointError):
            assert_loads(path, some(), {"step": "3"})


def test_every_bit_of_the_values_counts(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    save(path, some(), {})
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    for place in range(start, len(content)):
        broken = bytearray(content)
        broken[place] ^= 1 << (place % 8)
        path.write_bytes(broken)
        with pytest.raises(CheckpointError, match="damaged"):
            load(path)


def file_of(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape: Any, begin: Any, end: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "a header without end": file_of({}, length=2**63),
    "a header larger than the file": file_of({}, length=100),
    "no JSON": file_of(b"{nonsense"),
    "no UTF-8": file_of(b"\xff\xfe"),
    "a list": file_of([1, 2]),
    "depth without end": file_of(b"[" * 200_000),
    "a number without end": file_of(b"9" * 100_000),
    "a name twice": file_of(b'{"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}, '
                            b'"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}'),
    "petabytes": file_of({"a": tensor([2**40, 1000], 0, 2**52)}, b"1234"),
    "shape and bytes differ": file_of({"a": tensor([3], 0, 4)}, b"1234"),
    "shapes whose product overflows": file_of({"a": tensor([2**59, 2**59], 0, 4)}, b"1234"),
    "empty but huge": file_of({"a": tensor([0, 2**59, 2**59], 0, 0)}),
    "a negative axis": file_of({"a": tensor([-1], 0, -4)}),
    "a boolean axis": file_of({"a": tensor([True], 0, 4)}, b"1234"),
    "a broken axis": file_of({"a": tensor([1.0], 0, 4)}, b"1234"),
    "too many axes": file_of({"a": tensor([1] * 100, 0, 4)}, b"1234"),
    "no shape": file_of({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, b"1234"),
    "an unknown type": file_of({"a": tensor([1], 0, 4, "O32")}, b"1234"),
    "a type that is a list": file_of({"a": tensor([1], 0, 4, ["F32"])}, b"1234"),
    "overlap": file_of({"a": tensor([1], 0, 4), "b": tensor([1], 2, 6)}, b"123456"),
    "the same bytes": file_of({"a": tensor([1], 0, 4), "b": tensor([1], 0, 4)}, b"1234"),
    "a gap": file_of({"a": tensor([1], 0, 4), "b": tensor([1], 8, 12)}, b"1234" * 3),
    "bytes of nobody": file_of({"a": tensor([1], 0, 4)}, b"12345678"),
    "beyond the end": file_of({"a": tensor([2], 0, 8)}, b"1234"),
    "metadata that are no texts": file_of({"__metadata__": {"a": 1}}),
    "metadata that are a list": file_of({"__metadata__": []}),
    "a lone surrogate": file_of(b'{"__metadata__": {"a": "\\ud800"}}'),
    "a name of half a letter": file_of(
        b'{"\\ud800": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}'
    ),
    "a boolean of 2": file_of({"a": tensor([1], 0, 1, "BOOL")}, b"\x02"),
    "no checksum": file_of({"a": tensor([1], 0, 4)}, b"1234"),
    "another format": file_of({"__metadata__": {"cnnlib.format": "9", "cnnlib.sha256": "0"}}),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "last.safetensors"
    path.write_bytes(HOSTILE[kind])
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert "last.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_huge_sparse_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    size = 1 << 40
    path.write_bytes(file_of({"a": tensor([size // 4], 0, size)}))
    os.truncate(path, path.stat().st_size + size)
    with pytest.raises(CheckpointError, match="bytes"):
        load(path)
    save(path, some(), {})
    with pytest.raises(CheckpointError, match="between 8 and 100"):
        load(path, limit=100)


@pytest.mark.parametrize("kind", ["absent", "folder", "link", "pipe"])
def test_only_regular_files_are_checkpoints(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "last.safetensors"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        save(tmp_path / "other.safetensors", some(), {})
        path.symlink_to(tmp_path / "other.safetensors")
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(CheckpointError):
        load(path)


# ------------------------------------------------------------------- the one before, falling back


def run_with(tmp_path: Path, *steps: int) -> Run:
    run = Run(tmp_path)
    run.checkpoints.mkdir()
    for step in steps:
        save(run.checkpoints / "last.safetensors", some(), {"step": str(step)})
    return run


def break_it(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_saving_keeps_the_one_before(tmp_path: Path) -> None:
    run = run_with(tmp_path, 1, 2, 3)
    last = run.checkpoints / "last.safetensors"
    assert load(last)[1] == {"step": "3"}
    assert load(previous(last))[1] == {"step": "2"}
    assert sorted(path.name for path in run.checkpoints.iterdir()) == [
        "last.safetensors",
        "last.safetensors.previous",
    ]


def test_a_damaged_last_falls_back_and_says_so(tmp_path: Path) -> None:
    run = run_with(tmp_path, 1, 2)
    last = run.checkpoints / "last.safetensors"
    assert load_newest(run).note == ""
    assert load_newest(run).metadata == {"step": "2"}
    break_it(last)
    found = load_newest(run)
    assert found.metadata == {"step": "1"}
    assert found.path == previous(last)
    assert "last.safetensors: a damaged one" in found.note
    last.unlink()
    assert load_newest(run).metadata == {"step": "1"}


def test_a_damaged_last_never_displaces_the_good_one_before_the_new_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(tmp_path, 1, 2)
    last = run.checkpoints / "last.safetensors"
    break_it(last)
    really_replace = os.replace
    for allowed in range(3):  # a crash before, between and after the two renames
        left = allowed

        def dying(source: Path, target: Path) -> None:
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            really_replace(source, target)

        copy = tmp_path / f"copy{allowed}"
        shutil.copytree(run.checkpoints, copy / "checkpoints")
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", dying)
            with contextlib.suppress(KeyboardInterrupt):
                save(copy / "checkpoints" / "last.safetensors", some(), {"step": "3"})
        assert load_newest(Run(copy)).metadata == {"step": "3" if allowed else "1"}


def test_older_epochs_are_tried_in_turn(tmp_path: Path) -> None:
    run = run_with(tmp_path, 1, 2)
    for epoch in (9, 10):
        save(run.checkpoints / f"epoch-{epoch:03}.safetensors", some(), {"step": str(epoch)})
    save(run.checkpoints / "best.safetensors", some(), {"step": "best"})
    (run.checkpoints / "epoch-x.safetensors").write_bytes(b"")
    expected = ["2", "1", "10", "9", "best"]
    for path, step in zip(checkpoint.candidates(run), expected, strict=True):
        found = load_newest(run)
        assert found.metadata == {"step": step}
        assert found.path == path
        break_it(path)
    with pytest.raises(CheckpointError, match=r"last.safetensors.*epoch-009.*best"):
        load_newest(run)


def test_without_any_checkpoint_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="received none"):
        load_newest(Run(tmp_path))


def test_a_full_disk_leaves_both_files_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(tmp_path, 1, 2)
    last = run.checkpoints / "last.safetensors"

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CheckpointError, match=r"No space left.*Make room"):
            save(last, some(), {"step": "3"})
    assert load(last)[1] == {"step": "2"}
    assert load(previous(last))[1] == {"step": "1"}
    assert len(list(run.checkpoints.iterdir())) == 2
    save(last, some(), {"step": "3"})
    assert load_newest(run).metadata == {"step": "3"}


def test_file_systems_without_links_keep_the_one_before_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    run = run_with(tmp_path, 1, 2)
    assert load(previous(run.checkpoints / "last.safetensors"))[1] == {"step": "1"}
    assert len(list(run.checkpoints.iterdir())) == 2
