"""Opening the app: the terminal is checked first, and only then is Textual imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run
    from tui.following.follower import Follower


def open_app(
    *,
    runs: Path,
    data: str | None = None,
    resize: str | None = None,
    arch: str | None = None,
    preset: str | None = None,
    config: Path | None = None,
    attach: str | None = None,
    attached: bool = False,
) -> int:
    """Run the app until it is quit and return its exit code.

    Args:
        runs: where run directories are kept.
        data: data set, None for the default.
        resize: height x width that its images are brought to, None for their own.
        arch: architecture, a name or a file, None for the default.
        preset, config: settings of the runs that the app starts, in layers as for a training.
        attach: the run to show, None for the newest.
        attached: whether a run is to be shown at all.
    """
    from tui.terminal.guard import require_terminal
    from tui.terminal.signals import SignalGuard

    require_terminal()
    with SignalGuard() as guard:  # before NumPy has threads of its own
        from tui.cli.options import find_run
        from tui.experiment.launching import one_thread_each

        one_thread_each(os.environ)
        from tui.settings.layering import architecture_text, layered
        from tui.settings.preferences import load

        preferences = load()

        settings = layered(
            preset=preset,
            config=config,
            data=data,
            resize=resize,
            architecture=architecture_text(arch) if arch is not None else None,
        )
        run = find_run(attach, runs) if attached else None
        follower = _followed(run) if run is not None else None  # read while Textual is loaded

        from tui.app.app import app_with
        from tui.terminal.abilities import ask

        app = app_with(preferences.commands)(
            ask(),
            data=settings.data,
            architecture=settings.architecture,
            runs=runs,
            attach=run,
            preferences=preferences,
        )
        app.session.edit(settings)
        if run is not None:
            app.session.open_run(run, follower=follower)
        guard.on_signal(app.leave_by_signal)
        app.run(mouse=preferences.mouse)
    return app.return_code or 0


def _followed(run: Run) -> Follower:
    """A follower at work on a run."""
    from tui.following.follower import Follower

    follower = Follower(run)
    follower.start()
    return follower
