"""A scenario's workload, captured or from the cache."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

from tlm.inputs.errors import BadInput
from tlm.workload.cache import Cached
from tlm.workload.layer import Workload
from tlm.workload.source import load_cached

from .spec import Scenario


def workload_of(scenario: Scenario, written: Iterable[Path] = ()) -> Workload:
    """The scenario's workload; BadInput where a file that it was made from is to be `written` over."""
    found = cached_of(scenario)
    for file in written:
        if str(file.resolve()) in found.depends:
            raise BadInput("is a file of the workload: a result must not be written over it", file=str(file))
    return found.workload


def cached_of(scenario: Scenario) -> Cached:
    """The same with the digests of its files; what libraries think of the user's files is no message of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load_cached(scenario.workload, scenario.find)
        except BadInput as error:
            raise scenario.locate(error) from None
