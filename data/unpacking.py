"""Taking the files of a data set out of the ZIP archive that they are published in.

Each is written beside its place, bounded by the size that the catalogue knows, verified there,
and only then moved to it.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from data.errors import DamagedFile
from data.published import RemoteFile

_PIECE = 1 << 20


def unpack(
    archive: Path,
    targets: Mapping[RemoteFile, Path],
    verify: Callable[[Path, RemoteFile], None],
) -> None:
    """Put every file of ``targets`` into its place, verified.

    Args:
        archive: the ZIP archive; its own folders do not matter.
        targets: where each file goes; the folders are made.
        verify: raises `DamagedFile` if what was unpacked is not the published file.

    Raises:
        DamagedFile: no ZIP archive, or without a file, or with another one in its place.
        OSError: a folder cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = {PurePosixPath(info.filename).name: info for info in packed.infolist()}
            for file, target in targets.items():
                if file.name not in members:
                    raise DamagedFile(str(archive), f"the file {file.name} in it", "none")
                with packed.open(members[file.name]) as stream:
                    _put(stream, file, target, verify)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DamagedFile(str(archive), "a whole ZIP archive", str(error)) from error


def _put(
    stream: IO[bytes],
    file: RemoteFile,
    target: Path,
    verify: Callable[[Path, RemoteFile], None],
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(".part", target.name + ".", target.parent)
    part = Path(name)
    try:
        with open(descriptor, "wb") as out:
            left = file.archive_bytes
            while left > 0 and (piece := stream.read(min(_PIECE, left))):
                out.write(piece)
                left -= len(piece)
            if stream.read(1):
                raise DamagedFile(str(target), f"{file.archive_bytes:,} bytes", "more")
            out.flush()
            os.fsync(out.fileno())
        verify(part, file)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
