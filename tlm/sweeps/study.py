"""Which point to try next, by optuna: from what is known of those that were tried."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from tlm.inputs.errors import BadInput
from tlm.inputs.extras import needs
from tlm.inputs.located import located

from .axes import Draw, same
from .outcome import DONE, MEASURES, Outcome
from .spec import Settings, Sweep

#: How often the sampler may name what is not wanted, before points are drawn without it; and how often these.
FROM_SAMPLER, AT_RANDOM = 10, 1000


class Study:
    """optuna's study of a sweep's search; BadInput where optuna is not there.

    Samplers are made anew for each point, from the seed and from how many points there are: what is tried next depends
    on these and on what was told, not on when the search was started.
    """

    def __init__(self, sweep: Sweep) -> None:
        try:
            needs("search", "optuna")
        except BadInput as error:
            raise located(error, ("search",), sweep.tree.place_of(("search",))) from None
        import optuna

        assert sweep.search is not None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna = optuna
        self._sweep = sweep
        self._measures = sweep.search.measures
        self._axes = {key: self._distribution(axis) for key, axis in sweep.axes.items()}
        self._open: dict[str, Any] = {}  # trials that were asked for and not told yet, by their settings
        directions: list[Any] = ["maximize" if MEASURES[name] else "minimize" for name in self._measures]
        self._study = optuna.create_study(directions=directions)

    def ask(self, tried: int, wanted: Callable[[Settings], bool]) -> Settings | None:
        """A point to try that is `wanted`, after so many; None where there is none to be found."""
        for attempt in range(FROM_SAMPLER + AT_RANDOM):
            seed = zlib.crc32(f"{self._sweep.seed} {tried} {attempt}".encode())
            with _quietly():
                self._study.sampler = self._sampler(seed, by_chance=attempt >= FROM_SAMPLER)
                trial = self._study.ask(self._axes)
            settings = {key: self._value(key, found) for key, found in trial.params.items()}
            if wanted(settings):
                self._open[repr(settings)] = trial
                return settings
            self._study.tell(trial, state=self._failed)
        return None

    def fits(self, settings: Settings) -> bool:
        """Whether a point is one of these axes."""
        return self._params(settings) is not None

    def drop(self, settings: Settings) -> None:
        """Forget a point that was asked for: it is none."""
        self._study.tell(self._open.pop(repr(settings)), state=self._failed)

    def tell(self, settings: Settings, outcome: Outcome) -> None:
        """What a point of these axes came to, whether it was asked for or is of an earlier start."""
        values = [outcome.measure(name) for name in self._measures]
        known = outcome.status == DONE and None not in values
        how = {"values": values} if known else {"state": self._failed}
        trial = self._open.pop(repr(settings), None)
        if trial is not None:
            self._study.tell(trial, **how)
            return
        params = self._params(settings)
        self._study.add_trial(self._optuna.trial.create_trial(params=params, distributions=self._axes, **how))

    @property
    def _failed(self) -> Any:
        return self._optuna.trial.TrialState.FAIL

    def _sampler(self, seed: int, by_chance: bool) -> Any:
        samplers = self._optuna.samplers
        if by_chance:
            return samplers.RandomSampler(seed=seed)
        return samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)

    def _distribution(self, axis: Any) -> Any:
        """A listed value is known by its place, in order where they are rising numbers; a drawn one by its number."""
        of = self._optuna.distributions
        if not isinstance(axis, Draw):
            return (
                of.IntDistribution(0, len(axis) - 1) if _rising(axis) else of.CategoricalDistribution(range(len(axis)))
            )
        if axis.whole:
            return of.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
        return of.FloatDistribution(axis.low, axis.high, log=axis.log)

    def _value(self, key: str, found: Any) -> Any:
        axis = self._sweep.axes[key]
        return axis.written(found) if isinstance(axis, Draw) else axis[found]

    def _params(self, settings: Settings) -> dict[str, Any] | None:
        """The point as the sampler would have named it; None where it could not have."""
        axes = self._sweep.axes
        if settings.keys() != axes.keys():
            return None
        params = {}
        for key, value in settings.items():
            axis = axes[key]
            if isinstance(axis, Draw):
                found = axis.number(value)
            else:
                found = next((place for place, own in enumerate(axis) if same(own, value)), None)
            if found is None:
                return None
            params[key] = found
        return params


def _rising(values: list[Any]) -> bool:
    """Whether they are numbers, each more than the one before."""
    numbers = all(type(value) in (int, float) for value in values)
    return numbers and all(one < two for one, two in pairwise(values))


@contextmanager
def _quietly() -> Iterator[None]:
    """optuna warns of what it calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
