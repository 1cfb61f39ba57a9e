"""Waiting until an app has done what it was asked for, by its own account and by no clock.

Textual's Pilot waits after each key until the process takes little processor time for 20 ms, twice,
and a second where a thread is at work. This waits for what a test means: no key is at work or
waits, every widget has seen the messages that it was sent and is painted, and no worker is left.
"""

from __future__ import annotations

import asyncio
import time

from textual._context import active_app
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen

ROUNDS = 4
"""How often in a row nothing is at work: a style leads to a layout, that to a size and cells."""
PATIENCE = 1.0
"""Seconds for workers that have no end; Textual's own patience with a process at work."""


async def until_quiet(min_sleep: float = 0.0, max_sleep: float = PATIENCE) -> None:
    """In place of Textual's ``wait_for_idle``."""
    app = active_app.get(None)
    if app is None:
        await asyncio.sleep(min_sleep)
        return
    end = time.monotonic() + max_sleep
    rounds = 0
    while rounds < ROUNDS and time.monotonic() < end:
        arrived = await _seen_by_all(app)
        working = getattr(app, "is_typing", False) or any(w.is_running for w in app.workers)
        if app._screen_stack:
            app.screen._on_timer_update()  # lays out and paints now what is to be
        rounds = 0 if working or not arrived else rounds + 1
        if not rounds:
            await asyncio.sleep(0.005)


async def _seen_by_all(app: App[object]) -> bool:
    """Let every widget see what it was sent so far; whether all were there already."""
    pumps: list[MessagePump] = [app]
    for screen in list(app._screen_stack):
        pumps += screen.walk_children(with_self=True)
    there = [pump for pump in pumps if pump is app or getattr(pump, "is_mounted", True)]
    waited, focused = [], app.focused if app._screen_stack else None
    for pump in there:
        queue = pump._message_queue
        if pump in (app, focused) or isinstance(pump, Screen) or (queue and not queue.empty()):
            reached = asyncio.Event()
            if pump.call_later(reached.set):
                waited.append(asyncio.ensure_future(reached.wait()))
    if waited:
        _, late = await asyncio.wait(waited, timeout=PATIENCE)
        for each in late:
            each.cancel()
    return len(there) == len(pumps)
