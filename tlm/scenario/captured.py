"""A scenario's workload, captured or from the cache."""

from __future__ import annotations

import warnings

from tlm.inputs.errors import BadInput
from tlm.workload.cache import Cached
from tlm.workload.layer import Workload
from tlm.workload.source import load_cached

from .spec import Scenario


def workload_of(scenario: Scenario) -> Workload:
    """The scenario's workload; what libraries think of the user's network and files is no message of ours."""
    return cached_of(scenario).workload


def cached_of(scenario: Scenario) -> Cached:
    """The same with the digests of the files it was made from."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load_cached(scenario.workload, scenario.find)
        except BadInput as error:
            raise scenario.locate(error) from None
