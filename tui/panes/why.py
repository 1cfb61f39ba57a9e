"""Why a network sees what it sees in an image: the pixels that speak for it, and images like it.

Both are asked for by a key and computed in workers, for the image that is shown then; the answer
to another question than the last one is dropped. What a network makes of the training images takes
a while the first time: it is told how far it is, goes on where it was left, and can be given up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from cnnlib.errors import CnnError
from cnnlib.explain import Neighbours
from cnnlib.report import Mistake
from data.dataset import Dataset
from tui.inspection.going_through import now_and_then
from tui.inspection.inspector import METHODS, Inspector, Method
from tui.inspection.sources import Source, source_of
from tui.panes.reporting import ReportPane
from tui.render.format import count
from tui.session import Session


@dataclass(frozen=True)
class SaliencyQuestion:
    """Which pixels of which image speak for which class, by which method."""

    source: Source
    data: str
    index: int
    method: Method
    target: int


@dataclass(frozen=True)
class NeighbourQuestion:
    """Which training images are like which test image."""

    source: Source
    data: str
    index: int


class WhyPane(ReportPane):
    """A pane that explains one image of the test split."""

    @dataclass
    class Shone(Message):
        """The worker knows which pixels speak for the class, or why it cannot."""

        question: SaliencyQuestion
        heat: NDArray[np.float64] | None
        problem: str

    @dataclass
    class Sought(Message):
        """The worker has gone through so many training images, or found the nearest."""

        question: NeighbourQuestion
        done: int
        found: Neighbours | None
        problem: str

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.librarian = Inspector()
        """Looks for neighbours, so that nothing else waits for it."""
        self.method: Method | None = None
        self.for_truth = False
        """Whether the pixels are asked to speak for the true class, not for the predicted one."""
        self.with_neighbours = False
        self.neighbours: Neighbours | None = None
        self.heat: NDArray[np.float64] | None = None
        self.why_problem = ""
        self.sought = 0
        self._saliency: SaliencyQuestion | None = None
        self._neighbours: NeighbourQuestion | None = None

    def ask_why(self, mistake: Mistake | None) -> None:
        """Have the workers answer for this image what is asked, if it is new."""
        session, dataset = self.session, self.session.dataset
        if mistake is None or dataset is None or mistake.index >= len(dataset.test):
            self.heat, self.neighbours = None, None
            self._saliency = self._neighbours = None
            return
        source = source_of(session.run, session.settings.architecture, dataset)
        self._ask_saliency(source, dataset, mistake)
        self._ask_neighbours(source, dataset, mistake)

    def _ask_saliency(self, source: Source, dataset: Dataset, mistake: Mistake) -> None:
        question = None
        if self.method is not None:
            target = mistake.label if self.for_truth else mistake.predicted
            question = SaliencyQuestion(source, dataset.sha256, mistake.index, self.method, target)
        if question != self._saliency:
            self._saliency, self.heat, self.why_problem = question, None, ""
            if question is not None:
                self._shine(question, dataset.test.images[mistake.index])

    def _ask_neighbours(self, source: Source, dataset: Dataset, mistake: Mistake) -> None:
        question = None
        if self.with_neighbours:
            question = NeighbourQuestion(source, dataset.sha256, mistake.index)
        if question != self._neighbours:
            self._neighbours, self.neighbours = question, None
            if question is not None:
                self._seek(question, dataset)

    @work(thread=True, exclusive=True, exit_on_error=False, group="saliency")
    def _shine(self, question: SaliencyQuestion, image: NDArray[np.uint8]) -> None:
        heat, problem = None, ""
        try:
            heat = self.inspector.saliency(question.source, image, question.method, question.target)
        except (CnnError, OSError) as error:
            problem = str(error)
        self.post_message(self.Shone(question, heat, problem))

    @work(thread=True, exclusive=True, exit_on_error=False, group="neighbours")
    def _seek(self, question: NeighbourQuestion, dataset: Dataset) -> None:
        worker = get_current_worker()
        told = now_and_then(
            lambda done: self.post_message(self.Sought(question, done, None, "")),
            lambda: worker.is_cancelled,
        )
        found, problem = None, ""
        try:
            found = self.librarian.neighbours(
                question.source,
                dataset.test.images[question.index],
                dataset.train,
                dataset.sha256,
                told,
            )
        except (CnnError, OSError) as error:
            problem = str(error)
        if found is not None or problem:
            self.post_message(self.Sought(question, len(dataset.train), found, problem))

    @on(Shone)
    def _shone(self, message: Shone) -> None:
        if message.question == self._saliency:
            self.heat, self.why_problem = message.heat, message.problem
            self.renew()

    @on(Sought)
    def _found(self, message: Sought) -> None:
        if message.question == self._neighbours:
            self.sought = message.done
            self.neighbours = message.found or self.neighbours
            self.why_problem = message.problem or self.why_problem
            self.renew()

    def why_words(self, mistake: Mistake | None) -> str:
        """What is asked about the image, or how far that is; nothing where nothing is asked."""
        if mistake is None or self.report is None:
            return ""
        if self.with_neighbours and self.neighbours is None:
            train = self.session.split("train")
            return f"{count(self.sought)} of {count(len(train or ()))} images  Esc"
        if self.method is None:
            return ""
        name = self.report.classes[mistake.label if self.for_truth else mistake.predicted]
        computing = "..." if self.heat is None else ""
        return f"{self.method} for {name}{computing}  o O"

    # What the keys do

    def action_saliency(self) -> None:
        """The next way to say which pixels speak for the class, or none."""
        ways: tuple[Method | None, ...] = (None, *METHODS)
        self.method = ways[(ways.index(self.method) + 1) % len(ways)]
        self.draw()

    def action_saliency_class(self) -> None:
        """Ask for the true class, or for the predicted one."""
        self.for_truth = not self.for_truth
        if self.method is None:
            self.method = METHODS[0]
        self.draw()

    def action_neighbours(self) -> None:
        """The training images that are most like this one, or not."""
        self.with_neighbours = not self.with_neighbours
        if not self.with_neighbours:
            self.workers.cancel_group(self, "neighbours")
        self.draw()

    def stop_asking(self) -> bool:
        """Give up what is being asked; whether anything was."""
        asked = self.with_neighbours or self.method is not None
        if self.with_neighbours:
            self.action_neighbours()
        self.method = None
        return asked
