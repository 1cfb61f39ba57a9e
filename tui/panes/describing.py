"""What a pane shares that describes the data set: a thread worker reads all images, once."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.message import Message

from data import Description, describe
from data.dataset import Dataset
from data.suspicions import Suspicion, suspicions
from tui.panes.renewing import RenewedPane
from tui.session import Session


class DescribingPane(RenewedPane):
    """A pane that knows what the data are like."""

    @dataclass
    class Described(Message):
        """The worker has described the data set."""

        description: Description
        suspicions: list[Suspicion]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.description: Description | None = None
        self.suspicions: list[Suspicion] = []
        self._asked = ""

    @property
    def known(self) -> Description | None:
        """The description, if it is that of the data set that is shown."""
        dataset, known = self.session.dataset, self.description
        return known if dataset and known and known.sha256 == dataset.sha256 else None

    def ask_description(self) -> None:
        """Have the data set described, if it is a new one."""
        dataset = self.session.dataset
        if dataset is not None and dataset.sha256 != self._asked:
            self._asked = dataset.sha256
            self._describe(dataset)

    @work(thread=True, exclusive=True, exit_on_error=False, group="describe")
    def _describe(self, dataset: Dataset) -> None:
        known = describe(dataset)
        self.post_message(self.Described(known, suspicions(known)))

    @on(Described)
    def _described(self, message: Described) -> None:
        if message.description.sha256 == self._asked:
            self.description, self.suspicions = message.description, message.suspicions
            self.data_described()
            self.renew()

    def data_described(self) -> None:
        """Other data are known now."""
