"""Choosing a data set and how it is divided: from the catalogue, by a path, by another seed."""

from __future__ import annotations

from data import catalogue
from tui.panes.base import Pane
from tui.render.format import count
from tui.screens.ask import AskScreen
from tui.screens.choose import ChooseScreen

A_PATH = "a path ..."


class DataSets(Pane):
    """A pane in which other data can be asked for."""

    def action_dataset(self) -> None:
        """Choose another data set, of the catalogue or by a path."""
        choices = {
            each.name: f"{each.state}, {count(each.train + each.test)} images"
            for each in catalogue()
        }
        choices[A_PATH] = "IDX, CSV, NPZ, a folder a class"
        self.application.push_screen(ChooseScreen("Data set", choices), self._use_dataset)

    def _use_dataset(self, name: str | None) -> None:
        if name == A_PATH:
            question = "A directory or a file: IDX, CSV, NPZ, images in a folder for each class."
            self.application.push_screen(AskScreen("Data set", question), self._use_dataset)
        elif name and name.strip():
            self._read(name.strip(), self.session.settings.split_seed)

    def _read(self, name: str, seed: int) -> None:
        self.say(f"reading {name}")
        self.application.read_dataset(name, seed, keep=True)

    def action_seed(self) -> None:
        """Divide the data anew, by another seed."""
        seed = str(self.session.settings.split_seed)
        question = "The seed by which images are held out to test and to validate:"
        screen = AskScreen("Split", question, seed, check=_wrong_seed)
        self.application.push_screen(screen, self._use_seed)

    def _use_seed(self, answer: str | None) -> None:
        if answer is not None:
            self._read(self.session.dataset_name, int(answer))


def _wrong_seed(text: str) -> str:
    """What is wrong with a seed."""
    return "" if text.strip().isdecimal() and len(text) < 10 else "A whole number from 0 up."
