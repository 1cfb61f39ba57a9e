"""The log of a run: the newest lines, bounded, appended in batches."""

from __future__ import annotations

from textual.widgets import Log

from tui.following.series import LOG_LINES, Series


class LogView(Log):
    """Shows a series' log; what was shown before is not written again."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(max_lines=LOG_LINES, auto_scroll=True, id=id, classes=classes)
        self._series: Series | None = None
        self._shown = 0

    def show_log(self, series: Series) -> None:
        """Append what is new, or begin again for another series."""
        if series is not self._series:
            self.clear()
            self._series, self._shown = series, 0
        total, lines = series.log_count, list(series.log)
        new = total - self._shown
        if new > 0:
            text = "\n".join(lines[-new:])
            self.write("\n" + text if self._shown else text)
            self._shown = total
