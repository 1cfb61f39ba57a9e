"""Keys go where the user meant them: each is dispatched when the one before it has had its effect.

A mixin of the app. Textual decides where a key goes when the key arrives. Of a few keys in one
burst (typed ahead, pasted, or gathered by a slow line) the later ones would therefore reach what
was there before the pane, the dialog or the editor opened that the first one asked for: `i` opens
the editor, and the text that follows would be commands. So while a key is still at work those that
follow wait.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

PATIENCE = 2.0
"""Seconds that the keys behind one wait for it at the longest."""
QUIET_ROUNDS = 2
"""How often all queues are found empty, and the focus where it was, before a key has done."""


class TypeAhead(App[None]):
    """See the module."""

    def __init__(self, **options: Any) -> None:
        self._typed: deque[events.Key] = deque()
        self._at_work: asyncio.Task[None] | None = None
        super().__init__(**options)

    @property
    def is_ready(self) -> bool:
        """Whether what is shown can answer to keys; not while it is still being read."""
        return True

    @property
    def is_typing(self) -> bool:
        """Whether a key is at work or waits."""
        return self._at_work is not None

    async def on_event(self, event: events.Event) -> None:
        """Take keys in, one at a time."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._typed.append(event)
            if self._at_work is None:
                await self._dispatch()
        else:
            await super().on_event(event)

    async def _dispatch(self) -> None:
        """Dispatch the first key that waits, and see to it that the others follow."""
        if not self._typed:  # the app is being left
            return
        self._at_work = asyncio.create_task(self._let_it_work())
        await super().on_event(self._typed.popleft())

    async def _let_it_work(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._quiet()
                while not self.is_ready:
                    await asyncio.sleep(0.02)
        if self._typed:
            self.call_next(self._dispatch)
        else:
            self._at_work = None

    async def _quiet(self) -> None:
        quiet, before = 0, None
        while quiet < QUIET_ROUNDS:
            for node in list(self._on_the_way()):
                reached = asyncio.Event()
                if node.call_later(reached.set):
                    await reached.wait()
            now = (self._screen_stack[-1:], self.focused if self._screen_stack else None)
            quiet, before = (quiet + 1 if now == before else 0), now

    def _on_the_way(self) -> Iterator[MessagePump]:
        """Whose queues a key passes: from what has the focus up to the app."""
        if self._screen_stack:
            yield from (self.focused or self.screen).ancestors_with_self  # the app is the last
        else:
            yield self

    def forget_keys(self) -> None:
        """Let go of what waits: the app is being left."""
        self._typed.clear()
        if self._at_work is not None:
            self._at_work.cancel()
