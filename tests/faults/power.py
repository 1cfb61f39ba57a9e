"""A disk that can lose its power: what a folder may hold afterwards.

While it records, calls that write below a folder are noted. What is promised to survive a power cut
is what was fsynced: the content of a file when it was synced itself, the names in a folder when the
folder was. Everything later may be there or not: names, that any number of the later renames, links
and removals were undone; content, that the file ends anywhere, or that blocks of it hold zeros.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BLOCK = 512
_Id = tuple[int, int]  # inode, and how often its number was given out


@dataclass
class _Folder:
    """The names that are safe, and what was done to them since."""

    safe: dict[str, _Id] = field(default_factory=dict)
    later: list[tuple[str, _Id | None]] = field(default_factory=list)


class Disk:
    """Records what happens below a folder, all of which is safe at first."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.moments = 0
        self._lock = threading.RLock()
        self._given: dict[int, int] = {}
        self._safe: dict[_Id, bytes] = {}
        self._folders: dict[Path, _Folder] = {}
        self._before: Callable[[int], None] = lambda moment: None
        for folder, _, names in os.walk(root):
            there = self._folders[Path(folder)] = _Folder()
            for name in names:
                path = Path(folder, name)
                there.safe[name] = self._id(path)
                self._safe[there.safe[name]] = path.read_bytes()
        for name in ("open", "fsync", "replace", "rename", "link", "unlink"):
            patch.setattr(os, name, getattr(self, f"_{name}")(getattr(os, name)))

    def at_every_moment(self, do: Callable[[int], None]) -> None:
        """Call this before each of the calls that are noted."""
        self._before = do

    def after_a_cut(self, target: Path, rng: np.random.Generator) -> None:
        """Make a copy of the folder as it may be when the power goes now."""
        with self._lock:
            for folder, names in self._folders.items():
                place = target / folder.relative_to(self.root)
                place.mkdir(parents=True, exist_ok=True)
                for name, file in self._names(names, rng).items():
                    place.joinpath(name).write_bytes(self._content(folder, file, rng))

    def _names(self, folder: _Folder, rng: np.random.Generator) -> dict[str, _Id]:
        """The safe names, and what any number of the later changes made of them."""
        found = dict(folder.safe)
        for name, file in folder.later[: rng.integers(len(folder.later) + 1)]:
            if file is None:
                found.pop(name, None)
            else:
                found[name] = file
        return found

    def _content(self, folder: Path, file: _Id, rng: np.random.Generator) -> bytes:
        """The safe content, and any part of what came after it."""
        safe = self._safe.get(file, b"")
        now = next((p.read_bytes() for p in folder.iterdir() if self._is(p, file)), safe)
        if not now.startswith(safe) or rng.random() < 0.3:
            return safe
        cut = bytearray(now[: rng.integers(len(safe), len(now) + 1)])
        if rng.random() < 0.3:  # a block that was never written
            for begin in range(len(safe), len(cut), BLOCK):
                if rng.random() < 0.5:
                    end = min(begin + BLOCK, len(cut))
                    cut[begin:end] = bytes(end - begin)
        return bytes(cut)

    def _id(self, path: Path | int) -> _Id:
        number = os.stat(path).st_ino
        return number, self._given.setdefault(number, 0)

    def _is(self, path: Path, file: _Id) -> bool:
        return path.is_file() and self._id(path) == file

    def _note(self, *paths: Any) -> list[Path] | None:
        """The paths, where they are ours; and the moment."""
        own = [Path(os.path.abspath(path)) for path in paths]
        if not all(path.parent in self._folders for path in own):
            return None
        self._before(self.moments)
        self.moments += 1
        return own

    # The calls

    def _open(self, real: Callable[..., int]) -> Callable[..., int]:
        def opened(path: Any, flags: int, *more: Any, **options: Any) -> int:
            with self._lock:
                new = flags & os.O_CREAT and not os.path.lexists(path)
                own = self._note(path) if new else None
                descriptor = real(path, flags, *more, **options)
                if own:
                    number = os.fstat(descriptor).st_ino
                    self._given[number] = self._given.get(number, -1) + 1
                    self._folders[own[0].parent].later.append((own[0].name, self._id(descriptor)))
                return descriptor

        return opened

    def _fsync(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def synced(descriptor: int) -> None:
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            with self._lock:
                if self._note(path if path not in self._folders else path / "x") is None:
                    real(descriptor)
                    return
                if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                    folder = self._folders[path]
                    for name, file in folder.later:
                        if file is None:
                            folder.safe.pop(name, None)
                        else:
                            folder.safe[name] = file
                    folder.later.clear()
                else:
                    self._safe[self._id(descriptor)] = path.read_bytes()
            real(descriptor)

        return synced

    def _replace(self, real: Callable[..., None]) -> Callable[..., None]:
        def moved(old: Any, new: Any, **options: Any) -> None:
            with self._lock:
                own = self._note(old, new)
                file = self._id(own[0]) if own else None
                real(old, new, **options)
                if own:
                    changes = self._folders[own[0].parent].later
                    changes += [(own[1].name, file), (own[0].name, None)]

        return moved

    _rename = _replace

    def _link(self, real: Callable[..., None]) -> Callable[..., None]:
        def linked(old: Any, new: Any, **options: Any) -> None:
            with self._lock:
                own = self._note(old, new)
                real(old, new, **options)
                if own:
                    self._folders[own[1].parent].later.append((own[1].name, self._id(own[1])))

        return linked

    def _unlink(self, real: Callable[..., None]) -> Callable[..., None]:
        def removed(path: Any, **options: Any) -> None:
            with self._lock:
                own = self._note(path)
                real(path, **options)
                if own:
                    self._folders[own[0].parent].later.append((own[0].name, None))

        return removed
