"""What the panes share that look at one image through a network: a worker asks, once for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.message import Message

from cnnlib.errors import CnnError
from data.errors import DataError
from tui.inspection.inspector import Inspector, Look
from tui.inspection.sources import Source, source_of
from tui.panes.renewing import RenewedPane
from tui.session import Sample, Session


@dataclass(frozen=True)
class LookQuestion:
    """The image and the network that a pane shows, or waits for."""

    source: Source
    sample: Sample
    data: str
    drawing: int = 0
    """Which state of the drawing is looked at instead of the sample; 0: none."""


class LookPane(RenewedPane):
    """A pane that shows what a network makes of the chosen image."""

    @dataclass
    class Looked(Message):
        """The worker has an answer: a look, or why there is none."""

        question: LookQuestion
        look: Look | None
        problem: str

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.inspector = Inspector()
        self.look: Look | None = None
        self.look_problem = ""
        self.question: LookQuestion | None = None
        self.answered: LookQuestion | None = None
        """What `look` is the answer to."""

    def wanted_weights(self, session: Session) -> str:
        """Which weights of the run are looked at, where it has them."""
        return "best"

    def drawn_image(self, shape: tuple[int, int, int]) -> tuple[int, NDArray[np.uint8]] | None:
        """What is looked at instead of the sample: a number that grows, and the image."""
        return None

    def ask_look(self, session: Session) -> None:
        """Have the worker look at the session's sample, if it is a new one or the network is."""
        split, dataset = session.split(session.sample.split), session.dataset
        if dataset is None or split is None or not len(split):
            return
        wanted = self.wanted_weights(session)
        source = source_of(session.run, session.settings.architecture, dataset, wanted)
        drawn = self.drawn_image(dataset.image_shape)
        revision, pixels = drawn or (0, split.images[session.sample.index])
        question = LookQuestion(source, session.sample, dataset.sha256, revision)
        if question != self.question:
            self.question = question
            self._ask(question, pixels)

    @work(thread=True, exclusive=True, exit_on_error=False, group="look")
    def _ask(self, question: LookQuestion, pixels: NDArray[np.uint8]) -> None:
        try:
            look, problem = self.inspector.look(question.source, pixels), ""
        except (CnnError, DataError, OSError) as error:
            look, problem = None, str(error)
        self.post_message(self.Looked(question, look, problem))

    @on(Looked)
    def _looked(self, message: Looked) -> None:
        if message.question != self.question:
            return
        self.look, self.look_problem = message.look, message.problem
        self.answered = message.question
        self.renew()
