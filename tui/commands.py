"""The one table of commands.

Key bindings, footer, help, command palette and the key page of the README are all read from here, so
none of them can lie. A command belongs to one pane or (pane None) to all; its action is the method
`action_<name>` of that pane or of the app. Letters and digits come first: function keys and control
keys get lost in terminals, multiplexers and browsers on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PANES: tuple[tuple[str, str], ...] = (
    ("data", "Data"),
    ("model", "Model"),
    ("train", "Train"),
    ("features", "Features"),
    ("evaluate", "Evaluate"),
    ("mistakes", "Mistakes"),
    ("runs", "Runs"),
)
"""(name, title) of the panes; the n-th one answers to the digit n."""

DENIED: frozenset[str] = frozenset(
    {f"ctrl+{letter}" for letter in "abhijmsok"}
    | {"ctrl+left_square_bracket", "tilde", "f10", "f11"}
    | {f"alt+{digit}" for digit in "0123456789"}
    | {f"shift+f{number}" for number in range(1, 13)}
)
"""Keys that arrive as another key (ctrl+h i j m), that multiplexers (ctrl+a, ctrl+b), terminals
(F10, F11, flow control) or SSH (~) keep for themselves."""


@dataclass(frozen=True)
class Command:
    """Something the user can do."""

    id: str
    """Stable name, also used to remap: "train.pause"."""
    keys: tuple[str, ...]
    """Textual's key names; the first one is shown."""
    title: str
    """A word or two, for footer and palette."""
    help: str
    """One line."""
    pane: str | None
    """Where it works; None: everywhere."""
    footer: bool
    """Whether the footer names it."""
    action: str
    """Name of the method `action_...`, with arguments where it takes some: "show_pane('data')"."""

    @property
    def method(self) -> str:
        """The method that must exist on the pane or on the app."""
        return "action_" + self.action.split("(", 1)[0]


def _panes() -> Iterable[Command]:
    for digit, (name, title) in enumerate(PANES, start=1):
        yield Command(
            id=f"pane.{name}",
            keys=(str(digit),),
            title=f"{title} pane",
            help=f"show {title}",
            pane=None,
            footer=False,
            action=f"show_pane('{name}')",
        )


# fmt: off
COMMANDS: tuple[Command, ...] = (
    *_panes(),
    Command("focus.next", ("tab",), "Next", "next part of the pane, then the next pane", None, False, "focus_next_part"),
    Command("focus.previous", ("shift+tab",), "Previous", "previous part of the pane, then the previous pane", None, False, "focus_previous_part"),
    Command("back", ("escape",), "Back", "leave a field or a dialog; never quits", None, False, "back"),
    Command("glyphs", ("v",), "Glyphs", "draw in half blocks or in ASCII", None, False, "glyphs"),
    Command("theme", ("t",), "Theme", "dark or light", None, False, "theme"),
    Command("redraw", ("ctrl+l",), "Redraw", "paint the whole screen again", None, False, "redraw"),
    Command("export", ("e",), "Export", "write figures of the current run", None, True, "export"),
    Command("palette", ("colon", "ctrl+p"), "Palette", "every command by name", None, False, "command_palette"),
    Command("help", ("question_mark", "f1"), "Help", "what the keys do here", None, True, "help"),
    Command("quit", ("q",), "Quit", "leave; asks what becomes of a run that trains", None, True, "ask_quit"),
    Command("quit.now", ("ctrl+q",), "Quit at once", "leave at once; training goes on", None, False, "quit_now"),
    Command("quit.hint", ("ctrl+c",), "Quit (Ctrl+C)", "copy what is selected, else as q", None, False, "interrupt"),

    # Train
    Command("train.start", ("r",), "Run", "start a run, or resume the one shown", "train", True, "start"),
    Command("train.new", ("n",), "New run", "start a new run even if the one shown could be resumed", "train", False, "new"),
    Command("train.pause", ("p",), "Pause", "pause after this step, or go on", "train", True, "pause"),
    Command("train.stop", ("x",), "Stop", "stop after this step and keep a checkpoint", "train", True, "stop"),
    Command("train.scale", ("y",), "Log y", "loss on a linear or a logarithmic axis", "train", True, "scale"),
    Command("train.log", ("L", "l"), "Log", "epochs or log", "train", True, "log"),
    Command("train.freeze", ("space",), "Freeze", "hold the display; training goes on", "train", False, "freeze"),
)
# fmt: on

LABELS = {
    "question_mark": "?",
    "colon": ":",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "space": "Space",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


def key_label(key: str) -> str:
    """How a key is written for people: "question_mark" -> "?", "ctrl+p" -> "Ctrl+P"."""
    if key in LABELS:
        return LABELS[key]
    if "+" in key:
        return "+".join(part.title() for part in key.split("+"))
    return key.upper() if len(key) > 1 and key[0] == "f" and key[1:].isdigit() else key


def command(command_id: str) -> Command:
    """The command of that id; KeyError where there is none."""
    for entry in COMMANDS:
        if entry.id == command_id:
            return entry
    raise KeyError(command_id)


def commands_for(pane: str | None) -> tuple[Command, ...]:
    """The commands of one pane alone (or, for None, those that work everywhere)."""
    return tuple(entry for entry in COMMANDS if entry.pane == pane)


def bindings_for(pane: str | None) -> tuple[tuple[str, str, str, str], ...]:
    """(keys joined by commas, action, title, id) of the commands of one pane, for a binding each."""
    return tuple(
        (",".join(entry.keys), entry.action, entry.title, entry.id) for entry in commands_for(pane)
    )


def footer_for(pane: str) -> tuple[tuple[str, str], ...]:
    """(key, word) for the footer of a pane: its own commands first."""
    shown = [*commands_for(pane), *commands_for(None)]
    return tuple((key_label(entry.keys[0]), entry.title.lower()) for entry in shown if entry.footer)


def help_for(pane: str | None) -> tuple[tuple[str, str], ...]:
    """(keys, help) of the commands of one pane, or of those that work everywhere."""
    rows = [
        (" ".join(key_label(key) for key in entry.keys), entry.help)
        for entry in commands_for(pane)
        if not entry.id.startswith("pane.")
    ]
    if pane is None:
        rows.insert(0, (f"1-{len(PANES)}", "show a pane"))
    return tuple(rows)


def readme_table() -> str:
    """The key page of the README: a Markdown table of every command."""
    titles = dict(PANES)
    lines = ["| Key | Where | What it does |", "|---|---|---|"]
    for entry in COMMANDS:
        keys = " ".join(f"`{key_label(key)}`" for key in entry.keys)
        where = titles[entry.pane] if entry.pane else "everywhere"
        lines.append(f"| {keys} | {where} | {entry.help} |")
    return "\n".join(lines) + "\n"
