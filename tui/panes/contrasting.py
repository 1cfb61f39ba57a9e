"""What Evaluate asks of workers: the score without wrong labels, and another run's predictions."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.message import Message

from cnnlib.errors import CnnError, RunError
from cnnlib.explain import CorrectedAccuracy, corrected_accuracy, is_mnist_test
from cnnlib.metrics import Agreement, agreement
from cnnlib.report import Report
from cnnlib.runs import Run
from data.dataset import Dataset
from data.errors import DataError
from tui.experiment.evaluation import read_report
from tui.inspection import Source, source_of
from tui.panes.comparing import ChoosingRuns
from tui.panes.reporting import ReportPane
from tui.session import Session


@dataclass(frozen=True)
class CompareQuestion:
    """Two networks on the test images of a data set; without the second, the first alone."""

    first: Source
    second: Source | None
    data: str


class ContrastingPane(ReportPane, ChoosingRuns):
    """A pane that knows more about the predictions behind a report."""

    @dataclass
    class Compared(Message):
        """The worker has compared."""

        question: CompareQuestion
        corrected: CorrectedAccuracy | None
        agreement: Agreement | None
        problem: str

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.other: Run | None = None
        """The run that is compared with the one shown."""
        self.corrected: CorrectedAccuracy | None = None
        self.agreement: Agreement | None = None
        self.compare_problem = ""
        self._compared: CompareQuestion | None = None

    def ask_comparison(self) -> None:
        """Have the worker compare, once there is a report."""
        session, dataset, report = self.session, self.session.dataset, self.report
        run = session.run
        if run is None or dataset is None or report is None or not self._is_of(dataset, report):
            return
        text = session.settings.architecture
        if self.other is not None and self.other.path == run.path:
            self.other = None
        second = source_of(self.other, text, dataset) if self.other is not None else None
        question = CompareQuestion(source_of(run, text, dataset), second, dataset.sha256)
        if question != self._compared:
            self._compared = question
            self.corrected, self.agreement, self.compare_problem = None, None, ""
            if question.second is not None or is_mnist_test(dataset.test.labels):
                self._compare(question, report, dataset)

    def _is_of(self, dataset: Dataset, report: Report) -> bool:
        return int(report.confusion.sum()) == len(dataset.test)

    @work(thread=True, exclusive=True, exit_on_error=False, group="compare")
    def _compare(self, question: CompareQuestion, report: Report, dataset: Dataset) -> None:
        corrected, found, problem = None, None, ""
        try:
            labels = dataset.test.labels
            first = self.inspector.predicted(question.first, report, dataset.test)
            if is_mnist_test(labels):
                corrected = corrected_accuracy(labels, first)
            if question.second is not None and question.second.run is not None:
                other = question.second.run
                _require_data(other, dataset)
                if other.report_path.exists():
                    theirs = read_report(other)
                else:
                    theirs = self.inspector.report(
                        question.second, "test", dataset.test, dataset.classes
                    )
                second = self.inspector.predicted(question.second, theirs, dataset.test)
                found = agreement(labels, first, second)
        except (CnnError, DataError, OSError) as error:
            problem = str(error)
        self.post_message(self.Compared(question, corrected, found, problem))

    @on(Compared)
    def _comparison_made(self, message: Compared) -> None:
        if message.question == self._compared:
            self.corrected, self.agreement = message.corrected, message.agreement
            self.compare_problem = message.problem
            if self.is_shown:
                self.draw()


def _require_data(other: Run, dataset: Dataset) -> None:
    seen = other.description().get("data", {}).get("sha256")
    if seen != dataset.sha256:
        raise RunError(
            f"the comparison with {other.id}",
            expected="a run on the same data",
            received=f"one on {other.description().get('data', {}).get('name', 'other data')}",
        )
