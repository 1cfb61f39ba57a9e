"""Put the app's real screens and its table of keys into the README.

`python tests/end_to_end/capture_readme.py` drives the installed app through a training on the
embedded data and copies each pane's screen between its markers; `--keys` copies the keys alone.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from terminal_driver import Terminal

from tui.keys.commands import PANES
from tui.keys.pages import readme_table

README = Path(__file__).resolve().parents[2] / "README.md"
IN_ASCII = ("data", "features", "mistakes")  # their pictures say nothing without colours


def screens() -> dict[str, str]:
    """The screen of every pane by its name, after a training."""
    taken: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        terminal = Terminal("--runs", home / "runs", home=home)
        try:
            terminal.wait_for("4 000", "label")
            terminal.press("3")
            terminal.press("r")
            terminal.wait_for("finished", seconds=120)
            for digit, (name, _) in enumerate(PANES, start=1):
                terminal.press(str(digit))
                if name in IN_ASCII:
                    terminal.press("v")
                terminal.read(6)  # what is said for a while goes
                taken[name] = terminal.text.replace(folder, "~").rstrip()
                if name in IN_ASCII:
                    terminal.press("v")
            terminal.press("q")
            terminal.wait_for_end()
        finally:
            terminal.close()
    return taken


def between(text: str, marker: str, content: str) -> str:
    """The text with the content between a marker and its end."""
    pattern = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert pattern.search(text), f"no <!-- {marker} --> in {README}"
    return pattern.sub(lambda match: match[1] + content + match[2], text, count=1)


def main(keys_alone: bool) -> None:
    """Rewrite the README."""
    text = README.read_text(encoding="utf-8")
    for name, screen in ({} if keys_alone else screens()).items():
        text = between(text, f"capture {name}", f"```text\n{screen}\n```\n")
    text = between(text, "keys", readme_table())
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main("--keys" in sys.argv)
