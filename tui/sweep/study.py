"""The tie to Optuna: which settings come next, and which trial is not worth going on with.

Optuna's study lives in memory and is made anew from the sweep's journal whenever a sweep is taken
up again, by asking for the very same settings and telling what came of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cnnlib.errors import SpecificationError
from tui.sweep.space import (
    Distribution,
    Parameters,
    Value,
    choice,
    holds,
    integer,
    log_uniform,
    uniform,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from optuna.distributions import BaseDistribution

    from tui.sweep.journal import Trial
    from tui.sweep.plan import Sweep


def require_extra() -> None:
    """See that the packages of the extra are there.

    Raises:
        SpecificationError: one of them is not.
    """
    require_optuna()
    try:
        import distributed
    except ImportError as error:
        raise _missing(error) from None
    del distributed


def require_optuna() -> None:
    """See that Optuna is there, and keep it quiet.

    Raises:
        SpecificationError: it is not.
    """
    try:
        import optuna
    except ImportError as error:
        raise _missing(error) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def _missing(error: ImportError) -> SpecificationError:
    return SpecificationError(
        "sweep",
        expected="the packages optuna and distributed",
        received=f"no {error.name or 'such package'}",
        advice="Install the extra: pip install 'cnn-tui[sweep]'.",
    )


ENOUGH = 10  # finished trials before anything is said about importances


class Study:
    """Optuna's study of a sweep.

    Args:
        sweep: what it is asked to do.
        trials: what its journal tells; those under way are taken up again.
    """

    def __init__(self, sweep: Sweep, trials: Iterable[Trial] = ()) -> None:
        import optuna

        trials = list(trials)
        self.sweep = sweep
        self._space = {name: _optuna(each) for name, each in sweep.space.items()}
        self._states = optuna.trial.TrialState
        self._asked: dict[int, Any] = {}
        pruning = sweep.pruning
        self._study = optuna.create_study(
            study_name=sweep.name,  # of which Hyperband makes its brackets
            direction=_direction(sweep),
            sampler=sweep.search.sampler((sweep.seed * 1_000_003 + len(trials)) % 2**32),
            pruner=pruning.pruner(sweep.most_epochs) if pruning else optuna.pruners.NopPruner(),
        )
        for trial in trials:
            self._take(trial.number, trial.parameters)
            if trial.over:
                for epoch, value in enumerate(trial.values, 1):
                    self.report(trial.number, epoch, value)  # Hyperband notes who got how far
                self.tell(trial)

    def ask(self, number: int) -> Parameters:
        """The settings of the trial of this number, which is the next."""
        proposed = self.sweep.search.propose(self.sweep.space, self.sweep.seed, number)
        return self._take(number, proposed)

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Tell the objective after an epoch; the answer is whether the trial should be ended."""
        trial = self._asked[number]
        trial.report(value, epoch)
        return bool(trial.should_prune())

    def tell(self, trial: Trial) -> None:
        """Tell how a trial ended. One that diverged counts among the bad ones."""
        asked = self._asked.pop(trial.number)
        state = self._state(trial)
        self._study.tell(asked, trial.value if state == self._states.COMPLETE else None, state)

    def _take(self, number: int, parameters: Parameters | None) -> Parameters:
        if parameters is not None:
            self._study.enqueue_trial(parameters)
        trial = self._study.ask(self._space)
        self._asked[number] = trial
        return dict(trial.params)

    def _state(self, trial: Trial) -> Any:
        return {
            "finished": self._states.COMPLETE,
            "pruned": self._states.PRUNED,
            "diverged": self._states.PRUNED,
        }.get(trial.state, self._states.FAIL)


def comparable(sweep: Sweep, trials: Iterable[Trial]) -> list[Trial]:
    """The trials of which importances are told: that finished, with settings of the space."""
    return [
        trial
        for trial in trials
        if trial.state == "finished" and holds(sweep.space, trial.parameters)
    ]


def importances(sweep: Sweep, trials: Iterable[Trial]) -> dict[str, float]:
    """How much of the differences in the objective each setting explains; {} for too few trials.

    Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
    Arbitrary Subspaces", IJCAI 2023.

    Args:
        sweep: what it is asked to do.
        trials: of which those that are comparable count.

    Returns:
        Shares that sum to 1, the greatest first.

    Raises:
        SpecificationError: Optuna is not installed.
    """
    finished = comparable(sweep, trials)
    if len(finished) < ENOUGH or len({trial.value for trial in finished}) < 2:
        return {}
    require_optuna()
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    space = {name: _optuna(each) for name, each in sweep.space.items()}
    study = optuna.create_study(direction=_direction(sweep))
    study.add_trials(
        [
            optuna.trial.create_trial(
                value=trial.value,
                params={name: _within(sweep.space[name], trial.parameters[name]) for name in space},
                distributions=space,
            )
            for trial in finished
        ]
    )
    return dict(get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()))


def _direction(sweep: Sweep) -> Literal["minimize", "maximize"]:
    return "minimize" if sweep.objective == "loss" else "maximize"


def _within(distribution: Distribution, value: Value) -> Value:
    """The value without what the rounding of its logarithm put it beyond the bounds."""
    if isinstance(distribution, log_uniform) and isinstance(value, int | float):
        return min(distribution.high, max(distribution.low, value))
    return value


def _optuna(distribution: Distribution) -> BaseDistribution:
    """The same distribution in Optuna's classes."""
    from optuna import distributions as of

    match distribution:
        case uniform(low=low, high=high):
            return of.FloatDistribution(low, high)
        case log_uniform(low=low, high=high):
            return of.FloatDistribution(low, high, log=True)
        case integer(low=low, high=high, step=step):
            return of.IntDistribution(low, high, step=step)
        case choice(values=values):
            return of.CategoricalDistribution(values)
    raise TypeError(type(distribution).__name__)
