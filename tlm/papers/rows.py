"""The rows of a paper: each figure that it prints beside the model's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..result import Row
from .paper import MEAN, Entry, Model

#: (network, model): what is to be computed once, whatever rows it is for.
Task = tuple[str, str]
INTERRUPTED = "not computed: interrupted"


def tasks(entries: Iterable[Entry]) -> list[Task]:
    """What is to be computed for `entries`, all of one network together, since its tensors are large."""
    found = dict.fromkeys((network, one.model) for one in entries for network in one.networks)
    order = {network: place for place, network in enumerate(dict.fromkeys(network for network, _ in found))}
    return sorted(found, key=lambda task: order[task[0]])


def evaluate(
    asked: Iterable[Task], models: Mapping[str, Model], done: Callable[[], None] = lambda: None
) -> Iterator[tuple[Task, float]]:
    """What the model gives for each task; `done` is called after it."""
    for network, name in asked:
        yield (network, name), models[name](network)
        done()


def rows(entries: Iterable[Entry], found: Mapping[Task, float]) -> list[Row]:
    """A row for each published figure, in the paper's order."""
    return [_row(one, network, found) for one in entries for network in one.published]


def _row(entry: Entry, network: str, found: Mapping[Task, float]) -> Row:
    names = entry.averaged if network == MEAN and not entry.lost else (network,)
    values = [found[name, entry.model] for name in names if (name, entry.model) in found]
    model = geometric_mean(values) if values and len(values) == len(names) else None
    lacking = _lacking(entry, names) if model is None else ""
    assumed = [entry.assumed[name] for name in names if name in entry.assumed]
    bound = f"printed as {entry.bound} this" if entry.bound else ""
    return Row(
        where=entry.where,
        network=network,
        measure=entry.measure,
        unit=entry.unit,
        published=entry.published[network],
        model=model,
        inputs=", ".join(dict.fromkeys([*entry.inputs.split(", "), *(["assumed"] if assumed else [])])),
        notes=tuple(dict.fromkeys(filter(None, [lacking, bound, entry.note, *assumed]))),
    )


def _lacking(entry: Entry, names: Sequence[str]) -> str:
    """Why the model has no figure."""
    if entry.lacking:
        return entry.lacking
    return INTERRUPTED if set(names) <= set(entry.networks) else entry.lost


def geometric_mean(values: Sequence[float]) -> float:
    """Of values above 0; of one, that itself; to the last digit the same in any Python."""
    return values[0] if len(values) == 1 else math.exp(math.fsum(map(math.log, values)) / len(values))
