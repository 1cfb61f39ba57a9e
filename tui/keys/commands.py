"""The one table of commands.

Key bindings, footer, help, command palette and the key page of the README are all read from here,
so none of them can lie. A command belongs to one pane or (pane None) to all; its action is the
method `action_<name>` of that pane or of the app. Letters and digits come first: function keys and
control keys get lost in terminals, multiplexers and browsers on the way.
"""

# ruff: noqa: E501 - a table is read a row a line

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

VIEWS: tuple[tuple[str, str, str], ...] = (("sweep", "Sweep", "runs"),)
"""(name, title, pane) of what is opened from a pane and then stands in its place."""

PLACES: tuple[tuple[str, str], ...] = (*PANES, *((name, title) for name, title, _ in VIEWS))
"""(name, title) of everything that has commands of its own."""

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
    """Where it works, a pane or a view; None: everywhere."""
    footer: bool
    """Whether the footer names it."""
    action: str
    """Name of the method `action_...`, with arguments where it takes some: "show_pane('data')"."""

    @property
    def method(self) -> str:
        """The method that must exist on the pane or on the app."""
        return "action_" + self.action.split("(", 1)[0]


Table = tuple[Command, ...]
"""The commands, with whatever keys."""


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
    Command("focus.next", ("tab",), "Next", "next part of the pane, then the next pane", None, False, "focus_next"),
    Command("focus.previous", ("shift+tab",), "Previous", "previous part of the pane, then the previous pane", None, False, "focus_previous"),
    Command("back", ("escape",), "Back", "leave a field or a dialog; never quits", None, False, "back"),
    Command("glyphs", ("v",), "Glyphs", "draw in half blocks or in ASCII", None, False, "glyphs"),
    Command("theme", ("t",), "Theme", "dark, light, for colour-blind eyes, the terminal's own colours", None, False, "theme"),
    Command("redraw", ("ctrl+l",), "Redraw", "paint the whole screen again", None, False, "redraw"),
    Command("suspend", ("ctrl+z",), "Suspend", "go back to the shell; `fg` comes back; training goes on", None, False, "suspend_process"),
    Command("export", ("e",), "Export", "write figures of the current run, or the screen, into files", None, True, "export"),
    Command("palette", ("colon", "ctrl+p"), "Palette", "every command by name", None, False, "command_palette"),
    Command("help", ("question_mark", "f1"), "Help", "what the keys do here", None, True, "help"),
    Command("quit", ("q",), "Quit", "leave; asks what becomes of a run that trains", None, True, "ask_quit"),
    Command("quit.now", ("ctrl+q",), "Quit (Ctrl+Q)", "leave, training goes on; asks only if edits in Model would be lost", None, False, "quit_now"),
    Command("quit.hint", ("ctrl+c",), "Quit (Ctrl+C)", "copy what is selected, else as q", None, False, "interrupt"),

    # Data
    Command("data.previous", ("h", "left", "comma"), "Previous image", "previous image", "data", False, "step(-1)"),
    Command("data.next", ("l", "right", "full_stop"), "Next image", "next image", "data", False, "step(1)"),
    Command("data.back", ("k", "up", "pageup"), "Ten back", "ten images back", "data", False, "step(-10)"),
    Command("data.on", ("j", "down", "pagedown"), "Ten on", "ten images on", "data", False, "step(10)"),
    Command("data.first", ("g", "home"), "First image", "first image", "data", False, "first"),
    Command("data.last", ("G", "end"), "Last image", "last image", "data", False, "last"),
    Command("data.class", ("c",), "Class", "images of one class alone: the next class, then all again", "data", True, "next_class(1)"),
    Command("data.class_back", ("C",), "Class back", "the same, the other way round", "data", False, "next_class(-1)"),
    Command("data.split", ("s",), "Split", "test or training images", "data", True, "split"),
    Command("data.view", ("m",), "Means", "the mean of each class, its spread, what is suspicious, the image again", "data", True, "view"),
    Command("data.augment", ("a",), "Augment", "what each augmentation makes of the image, one after another, then the image again", "data", True, "augment"),
    Command("data.roll", ("R",), "Other draws", "the same augmentations with other random numbers", "data", False, "roll"),
    Command("data.suspicious", ("n",), "Suspicious", "the next image that is a copy or blank", "data", False, "next_suspicious(1)"),
    Command("data.suspicious_back", ("N",), "Suspicious back", "the one before", "data", False, "next_suspicious(-1)"),
    Command("data.set", ("d",), "Data set", "another data set, of the catalogue or by a path", "data", True, "dataset"),
    Command("data.seed", ("r",), "Seed", "divide the data anew, by another seed", "data", False, "seed"),

    # Model
    Command("model.edit", ("i",), "Edit", "type in the editor; Esc leaves it", "model", True, "edit"),
    Command("model.apply", ("f2",), "Apply", "the next run trains this network; also while typing", "model", True, "apply"),
    Command("model.undo", ("u",), "Undo", "take the last edit back (Ctrl+Z while typing)", "model", True, "undo"),
    Command("model.redo", ("U",), "Redo", "make it again (Ctrl+Y while typing)", "model", False, "redo"),
    Command("model.revert", ("R",), "Revert", "back to the network that was applied last", "model", False, "revert"),
    Command("model.problem", ("n",), "Next mistake", "go to the next line that is wrong", "model", False, "problem"),
    Command("model.preset", ("P",), "Preset", "choose one of the known networks", "model", True, "preset"),
    Command("model.time", ("T",), "Time", "measure how long an epoch takes on this machine", "model", True, "time"),
    Command("model.diff", ("d",), "Diff", "compare with the network of a run", "model", True, "diff"),
    Command("model.open", ("o",), "Open", "read a network from a file", "model", False, "open"),
    Command("model.write", ("w",), "Save", "write the network to a file", "model", False, "write"),
    Command("model.down", ("j", "down"), "Scroll down", "scroll the table of layers", "model", False, "scroll_table(1)"),
    Command("model.up", ("k", "up"), "Scroll up", "scroll the table of layers", "model", False, "scroll_table(-1)"),

    # Train
    Command("train.start", ("r",), "Run", "start a run, or resume the one shown", "train", True, "start"),
    Command("train.new", ("n",), "New run", "start a new run even if the one shown could be resumed", "train", False, "new"),
    Command("train.pause", ("p",), "Pause", "pause after this step, or go on", "train", True, "pause"),
    Command("train.stop", ("x",), "Stop", "stop after this step and keep a checkpoint", "train", True, "stop"),
    Command("train.settings", ("S",), "Settings", "the settings of the next run, and of this one what can be changed", "train", True, "settings"),
    Command("train.rate", ("R",), "Rate", "change the learning rate of the run at work", "train", False, "rate"),
    Command("train.batch", ("b",), "One step", "do one step, then wait", "train", False, "request('step')"),
    Command("train.epoch", ("B",), "One epoch", "go on to the end of the epoch, then wait", "train", False, "request('epoch')"),
    Command("train.snapshot", ("w",), "Snapshot", "save a checkpoint now", "train", False, "request('snapshot')"),
    Command("train.evaluate", ("E",), "Evaluate now", "try the network on the validation images now", "train", False, "request('evaluate')"),
    Command("train.abandon", ("X",), "Abandon", "end the run at once, without a checkpoint; asks first", "train", False, "abandon"),
    Command("train.left", ("h", "left"), "Read left", "read values off the curves: to the left; Esc ends it", "train", False, "cursor(-1)"),
    Command("train.right", ("l", "right"), "Read right", "read values off the curves: to the right", "train", False, "cursor(1)"),
    Command("train.far_left", ("pageup",), "Read far left", "the same, ten columns at once", "train", False, "cursor(-10)"),
    Command("train.far_right", ("pagedown",), "Read far right", "the same, ten columns at once", "train", False, "cursor(10)"),
    Command("train.closer", ("plus", "equals_sign"), "Zoom", "fewer epochs, about the cursor or the newest step", "train", False, "zoom(0.5)"),
    Command("train.farther", ("minus",), "Zoom out", "more epochs", "train", False, "zoom(2.0)"),
    Command("train.whole", ("0",), "All epochs", "all epochs, following the run", "train", False, "whole"),
    Command("train.pan_left", ("left_square_bracket",), "Pan left", "earlier epochs, where some are shown", "train", False, "pan(-0.5)"),
    Command("train.pan_right", ("right_square_bracket",), "Pan right", "later epochs, where some are shown", "train", False, "pan(0.5)"),
    Command("train.smooth", ("m",), "Smooth", "training curves as means of 0.05, 0.2, 1 epoch, or as fine as the chart", "train", False, "smooth"),
    Command("train.scale", ("y",), "Log y", "loss on a linear or a logarithmic axis", "train", True, "scale"),
    Command("train.compare", ("c",), "Compare", "draw the curves of other runs too", "train", False, "compare"),
    Command("train.log", ("L",), "Log", "epochs or log", "train", True, "log"),
    Command("train.freeze", ("space",), "Freeze", "hold the display; training goes on", "train", False, "freeze"),

    # Features
    Command("features.layer_back", ("left_square_bracket",), "Layer back", "the layer before; in the arithmetic the channel before", "features", False, "layer(-1)"),
    Command("features.layer_on", ("right_square_bracket",), "Layer", "the next layer; in the arithmetic the next channel", "features", True, "layer(1)"),
    Command("features.convolution", ("n",), "Convolution", "the next convolution", "features", False, "convolution(1)"),
    Command("features.convolution_back", ("N",), "Convolution back", "the convolution before", "features", False, "convolution(-1)"),
    Command("features.sample_back", ("comma",), "Sample back", "the image before", "features", False, "step(-1)"),
    Command("features.sample_on", ("full_stop",), "Sample", "the next image", "features", True, "step(1)"),
    Command("features.filters", ("f",), "Filters", "the weights of a convolution, or what it makes of the image", "features", True, "filters"),
    Command("features.zoom", ("enter",), "Zoom", "nearer: one map, the arithmetic of its pixel, a number that made it; Esc back", "features", True, "zoom"),
    Command("features.arithmetic", ("a",), "Numbers", "what made the number under the cursor; again: the map on which it stands", "features", True, "arithmetic"),
    Command("features.return", ("backspace",), "Return", "in the arithmetic, back to the number that the last step came from", "features", False, "return"),
    Command("features.weights", ("w",), "Weights", "other weights of the run: the best, those of its epochs, the last", "features", False, "weights(1)"),
    Command("features.weights_back", ("W",), "Weights back", "the same, the other way round", "features", False, "weights(-1)"),
    Command("features.newest", ("r",), "Newest", "have the trainer save its weights of this moment, and look at them", "features", False, "newest"),
    Command("features.draw", ("D",), "Draw", "draw a digit by hand: arrows, Space and the mouse; again: look at it", "features", False, "draw"),
    Command("features.pen", ("space",), "Pen", "on the canvas, put the pen down or lift it", "features", False, "pen"),
    Command("features.undo", ("u",), "Undo", "on the canvas, take the last stroke away", "features", False, "undo"),
    Command("features.clear", ("x",), "Clear", "clear the canvas", "features", False, "clear"),
    Command("features.left", ("h", "left"), "Left", "the map to the left; on one map the pixel, in the arithmetic the number", "features", False, "move(-1, 0)"),
    Command("features.right", ("l", "right"), "Right", "the map to the right; on one map the pixel, in the arithmetic the number", "features", False, "move(1, 0)"),
    Command("features.up", ("k", "up"), "Up", "the map above; on one map the pixel, in the arithmetic the number", "features", False, "move(0, -1)"),
    Command("features.down", ("j", "down"), "Down", "the map below; on one map the pixel, in the arithmetic the number", "features", False, "move(0, 1)"),
    Command("features.first", ("g", "home"), "First map", "the first map", "features", False, "first"),
    Command("features.last", ("G", "end"), "Last map", "the last map", "features", False, "last"),
    Command("features.page_on", ("pagedown",), "Page on", "a page of maps on; the next map where one is alone", "features", False, "page(1)"),
    Command("features.page_back", ("pageup",), "Page back", "a page of maps back; the map before where one is alone", "features", False, "page(-1)"),
    Command("features.larger", ("plus", "equals_sign"), "Larger maps", "larger maps, fewer of them", "features", False, "size(1)"),
    Command("features.smaller", ("minus",), "Smaller maps", "smaller maps, more of them", "features", False, "size(-1)"),
    Command("features.scale", ("s",), "Scale", "each map from its least to its greatest value, or all by one scale", "features", False, "scale"),

    # Evaluate
    Command("evaluate.left", ("h", "left"), "Left", "the cell to the left", "evaluate", False, "move(-1, 0)"),
    Command("evaluate.right", ("l", "right"), "Right", "the cell to the right", "evaluate", False, "move(1, 0)"),
    Command("evaluate.up", ("k", "up"), "Up", "the cell above", "evaluate", False, "move(0, -1)"),
    Command("evaluate.down", ("j", "down"), "Down", "the cell below", "evaluate", False, "move(0, 1)"),
    Command("evaluate.next", ("n",), "Next pair", "the pair of classes that is confused next most", "evaluate", True, "next_confused(1)"),
    Command("evaluate.previous", ("N",), "Previous confusion", "the pair of classes that is confused more", "evaluate", False, "next_confused(-1)"),
    Command("evaluate.open", ("enter",), "Images", "the mistakes that this cell counts; of a comparison the images, then their maps", "evaluate", True, "open"),
    Command("evaluate.calibration", ("c",), "Calibration", "how often it is right by how sure it is, or the confusion matrix", "evaluate", True, "calibration"),
    Command("evaluate.compare", ("o",), "Compare", "compare with another run: who is right about which images", "evaluate", True, "compare"),
    Command("evaluate.scale", ("y",), "Counts/%", "counts, shares of the row, shares of the column", "evaluate", False, "scale"),
    Command("evaluate.split", ("s",), "Split", "the test report, or the last validation", "evaluate", False, "split"),

    # Mistakes
    Command("mistakes.down", ("j", "down"), "Down", "the next mistake", "mistakes", False, "step(1)"),
    Command("mistakes.up", ("k", "up"), "Up", "the mistake before", "mistakes", False, "step(-1)"),
    Command("mistakes.page_on", ("pagedown",), "Page on", "a page on", "mistakes", False, "page(1)"),
    Command("mistakes.page_back", ("pageup",), "Page back", "a page back", "mistakes", False, "page(-1)"),
    Command("mistakes.first", ("g", "home"), "First", "the first mistake", "mistakes", False, "first"),
    Command("mistakes.last", ("G", "end"), "Last", "the last mistake", "mistakes", False, "last"),
    Command("mistakes.sort", ("s",), "Sort", "by loss, confidence, class pair, true class, predicted class, number", "mistakes", True, "sort"),
    Command("mistakes.reverse", ("S",), "Reverse", "the other way round", "mistakes", False, "reverse"),
    Command("mistakes.filter", ("slash",), "Filter", "such as t=2 p=7 conf>0.9 tag=ink is=marked; Esc clears it", "mistakes", True, "filter"),
    Command("mistakes.features", ("m", "enter"), "Maps", "feature maps of this image", "mistakes", True, "features"),
    Command("mistakes.saliency", ("o",), "Why", "which pixels speak for the class: by gradient, by occlusion, by Grad-CAM, or none", "mistakes", True, "saliency"),
    Command("mistakes.saliency_class", ("O",), "Why the truth", "the same for the true class, or again for the predicted one", "mistakes", False, "saliency_class"),
    Command("mistakes.neighbours", ("n",), "Nearest", "the training images that are most like this one; Esc gives it up", "mistakes", True, "neighbours"),
    Command("mistakes.mark", ("space",), "Mark", "mark this image, or take the mark away", "mistakes", False, "mark"),
    Command("mistakes.note", ("i",), "Note", "write a note on this image; its #words are tags", "mistakes", True, "note"),
    Command("mistakes.csv", ("w",), "Write CSV", "write the list as a CSV file into the run; its path is copied", "mistakes", False, "csv"),

    # Runs
    Command("runs.down", ("j", "down"), "Down", "the next run", "runs", False, "step(1)"),
    Command("runs.up", ("k", "up"), "Up", "the run before", "runs", False, "step(-1)"),
    Command("runs.first", ("g", "home"), "First", "the newest run", "runs", False, "first"),
    Command("runs.last", ("G", "end"), "Last", "the oldest run", "runs", False, "last"),
    Command("runs.open", ("enter",), "Open", "show this run in all panes; of a sweep its trials", "runs", True, "open"),
    Command("runs.compare", ("space",), "Compare", "mark it: its curves are drawn beside those of the run shown", "runs", True, "compare"),
    Command("runs.sort", ("s",), "Sort", "by start, name, state, data, validation, test, time", "runs", False, "sort"),
    Command("runs.search", ("slash",), "Search", "only runs with these words; Esc lists all", "runs", True, "search"),
    Command("runs.rename", ("n",), "Rename", "give the run a name; its directory keeps its own", "runs", False, "rename"),
    Command("runs.note", ("i",), "Note", "write a note on the run", "runs", False, "note"),
    Command("runs.tags", ("T",), "Tags", "put tags on the run", "runs", False, "tags"),
    Command("runs.delete", ("D",), "Delete", "move the run to the trash", "runs", False, "delete"),
    Command("runs.undo", ("u",), "Undo", "take the last deleted run back", "runs", False, "undo"),
    Command("runs.reload", ("R",), "Reload", "read the runs directory again", "runs", True, "reload"),

    # A sweep, opened in Runs
    Command("sweep.down", ("j", "down"), "Down", "the next trial", "sweep", False, "step(1)"),
    Command("sweep.up", ("k", "up"), "Up", "the trial before", "sweep", False, "step(-1)"),
    Command("sweep.page_on", ("pagedown",), "Page on", "a page on", "sweep", False, "page(1)"),
    Command("sweep.page_back", ("pageup",), "Page back", "a page back", "sweep", False, "page(-1)"),
    Command("sweep.first", ("g", "home"), "First", "the first trial of the table", "sweep", False, "first"),
    Command("sweep.last", ("G", "end"), "Last", "the last trial of the table", "sweep", False, "last"),
    Command("sweep.open", ("enter",), "Open", "show this trial as the run of all panes; of several seeds one", "sweep", True, "open"),
    Command("sweep.sort", ("s", "l", "right"), "Sort", "by the next column: trial, state, value, each setting, epochs, time", "sweep", True, "sort(1)"),
    Command("sweep.sort_back", ("h", "left"), "Sort back", "by the column before", "sweep", False, "sort(-1)"),
    Command("sweep.reverse", ("S",), "Reverse", "the other way round", "sweep", False, "reverse"),
    Command("sweep.view", ("m",), "View", "best so far, importances, parallel coordinates, the table alone", "sweep", True, "view"),
    Command("sweep.clock", ("c",), "Clock", "the best so far over the time, or over the trials", "sweep", False, "clock"),
    Command("sweep.axes_back", ("left_square_bracket",), "Axes back", "other settings on the parallel coordinates, where not all find room", "sweep", False, "axes(-1)"),
    Command("sweep.axes_on", ("right_square_bracket",), "Axes", "the same, the other way round", "sweep", False, "axes(1)"),
    Command("sweep.stop", ("x",), "Stop trial", "stop this trial with a checkpoint: it counts as pruned", "sweep", True, "stop"),
    Command("sweep.stop_all", ("X",), "Stop all", "stop the whole sweep, which can be taken up again; asks first", "sweep", True, "stop_all"),
)
# fmt: on


def command(command_id: str) -> Command:
    """The command of that id; KeyError where there is none."""
    for entry in COMMANDS:
        if entry.id == command_id:
            return entry
    raise KeyError(command_id)


def commands_for(pane: str | None, table: Table = COMMANDS) -> Table:
    """The commands of one pane alone (or, for None, those that work everywhere)."""
    return tuple(entry for entry in table if entry.pane == pane)
