"""Memory and messages that processes of one machine share.

The memory is a file without a name, mapped by everyone that inherited its descriptor: it goes with
the last process, however that one ends. The messages go over a pair of sockets: a process that dies
closes its end, so nobody waits for the dead.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import struct
import tempfile
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.errors import RankError
from cnnlib.ranks.communicator import Message

_LENGTH = struct.Struct("<I")
_PATIENCE = 0.0002  # seconds
_ALIGNMENT = 64  # bytes: a cache line, so ranks do not write into each other's lines


class SharedMemory:
    """A block of memory for all processes that inherit its descriptor.

    Args:
        size: in bytes.
        descriptor: of a block made by another process; None makes one.
    """

    def __init__(self, size: int, descriptor: int | None = None) -> None:
        if descriptor is None:
            descriptor = _nameless_file(size)
        self.descriptor, self.size = descriptor, size
        self._map = mmap.mmap(descriptor, size)

    def array(self, offset: int, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """The array that begins at byte ``offset``."""
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self._map, dtype, count, offset).reshape(shape)

    def close(self) -> None:
        """Give the descriptor back; the memory goes when the last array on it goes."""
        os.close(self.descriptor)


def aligned(size: int) -> int:
    """The next multiple of a cache line."""
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _nameless_file(size: int) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("cnnlib-ranks")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


class Line:
    """One end of a pair of sockets between rank 0 and another rank."""

    def __init__(self, end: socket.socket, other: str) -> None:
        self._socket = end
        self._other = other

    def meet_first(self) -> None:
        """Say that this side is there."""
        self._send(b".")

    def meet_last(self) -> None:
        """Wait until the other side is there."""
        self._look_out()
        self._receive(1)

    def send(self, message: Message) -> None:
        """Send plain words and numbers."""
        body = json.dumps(message).encode()
        self._send(_LENGTH.pack(len(body)) + body)

    def receive(self) -> Message:
        """Wait for what the other side sends."""
        self._look_out()
        (length,) = _LENGTH.unpack(self._receive(_LENGTH.size))
        message: Message = json.loads(self._receive(length))
        return message

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _look_out(self) -> None:
        """Look for a while whether something comes, before resting.

        A core that rests takes longer to wake than ranks usually wait for each other.
        """
        deadline = time.perf_counter() + _PATIENCE
        while time.perf_counter() < deadline:
            try:
                self._socket.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)
            except BlockingIOError:
                continue
            except OSError:
                raise self._gone() from None
            return

    def _send(self, body: bytes) -> None:
        try:
            self._socket.sendall(body)
        except OSError:
            raise self._gone() from None

    def _receive(self, count: int) -> bytes:
        body = b""
        while len(body) < count:
            try:
                part = self._socket.recv(count - len(body))
            except OSError:
                part = b""
            if not part:
                raise self._gone()
            body += part
        return body

    def _gone(self) -> RankError:
        return RankError(
            self._other,
            expected="a process at work",
            received="one that has gone",
            advice="The training can be resumed",
        )
