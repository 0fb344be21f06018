"""A paper: what it prints, from a YAML file, and the models of it, from a Python file of the same name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import attrs
from ruamel.yaml import YAML

from ..inputs.errors import BadInput
from ..result import Curves
from ..statistics import WorkloadStatistics

#: What the model gives for one network.
Model = Callable[[str], float]

#: Each paper: its module, and its figures beside that, in `NAME.yaml`.
PAPERS = {
    "dpred": "DPRed: Making Typical Activation and Weight Values Matter In Deep Learning Computing",
    "dlac": "Accelerating Deep Convolutional Networks Using Low-Precision and Sparsity",
    "precision": "Understanding the Impact of Precision Quantization on the Accuracy and Energy of Neural Networks",
}

MEAN = "geomean"
FOLDER = Path(__file__).parent
PLACE = re.compile(r"(table|figure) (\w+)")
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6", "VII": "7", "VIII": "8"}


def _by_network(published: Mapping[str, float | None] | Sequence[str]) -> Mapping[str, float | None]:
    """Those of a list of networks cannot be read."""
    return published if isinstance(published, Mapping) else dict.fromkeys(published)


@attrs.frozen
class Entry:
    """One quantity in one place of a paper, for several networks; `published` {network: figure, or None: unreadable}.

    `geomean` among these is the geometric mean, over the other networks or those of `over`. `model` names what gives
    the quantity; where there is none, `lacking` says why, and `lost` why there is one for the networks of `over` alone.
    `inputs` are what the model starts from, `assumed` {network: what is assumed beside them}. `bound`: the figure is
    "at least" or "at most" so much.
    """

    where: str
    measure: str
    published: Mapping[str, float | None] = attrs.field(converter=_by_network)
    unit: str = "x"
    model: str = ""
    lacking: str = ""
    inputs: str = "published"
    assumed: Mapping[str, str] = attrs.field(factory=dict)
    bound: Literal["", "at least", "at most"] = ""
    note: str = ""
    lost: str = ""
    over: tuple[str, ...] = attrs.field(default=(), converter=tuple)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that the model is asked for."""
        if not self.model:
            return ()
        printed = () if self.lost else self.published
        return tuple(dict.fromkeys([*self.over, *(name for name in printed if name != MEAN)]))

    @property
    def averaged(self) -> tuple[str, ...]:
        """The networks that `geomean` is over."""
        return self.over or self.networks

    def is_of(self, kind: str, number: str) -> bool:
        """Whether it belongs to a table or figure; of "5a" it is also when asked for "5", of "IV" for "4"."""
        found = PLACE.match(self.where)
        if found is None or found[1] != kind:
            return False
        return number in (found[2], found[2].rstrip("abcdef"), ROMAN.get(found[2]))


@attrs.frozen
class Paper:
    """What a paper prints, in its order, and what the model has for it.

    `distributions` {figure: the statistics that it draws}, `curves` {figure: those that it draws}, `scatters` {figure:
    the quantities along x and y}.
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    models: Mapping[str, Model]
    distributions: Mapping[str, Callable[[], WorkloadStatistics]] = attrs.field(factory=dict)
    curves: Mapping[str, Callable[[], Curves]] = attrs.field(factory=dict)
    scatters: Mapping[str, tuple[str, str]] = attrs.field(factory=dict)

    def chosen(self, table: str | None = None, figure: str | None = None) -> list[Entry]:
        """All entries, or those of a table or figure; BadInput where there is none."""
        if table is None and figure is None:
            return list(self.entries)
        asked = {"table": table, "figure": figure}
        return [one for kind, number in asked.items() if number is not None for one in self._numbered(kind, number)]

    def numbers(self, kind: str) -> list[str]:
        """Its tables or figures."""
        found = (PLACE.match(one.where) for one in self.entries)
        return list(dict.fromkeys(place[2] for place in found if place and place[1] == kind))

    def _numbered(self, kind: str, number: str) -> list[Entry]:
        found = [one for one in self.entries if one.is_of(kind, number)]
        if not found:
            message = f"{self.name} has no {kind} {number}"
            raise BadInput(message, key=f"--{kind}", given=number, allowed=self.numbers(kind))
        return found


def paper(name: str) -> Paper:
    """A paper by its name; BadInput where nobody has made it."""
    if name not in PAPERS:
        raise BadInput(f"there is no paper {name!r}", given=name, allowed=PAPERS)
    entries = [entry for one in YAML(typ="safe").load(FOLDER / f"{name}.yaml")["entries"] for entry in _entries(one)]
    module = import_module(f".{name}", __package__)
    drawn = (getattr(module, drawings, {}) for drawings in ("DISTRIBUTIONS", "CURVES", "SCATTERS"))
    return Paper(name, PAPERS[name], tuple(entries), module.MODELS, *drawn)


def _entries(document: Mapping[str, Any]) -> Iterator[Entry]:
    """An entry, or one for each {measure: model} of `models`, of which `published` may have figures by measure."""
    models = document.get("models")
    if models is None:
        yield Entry(**document)
        return
    common = {key: value for key, value in document.items() if key not in ("models", "published")}
    for measure, model in models.items():
        published = document["published"]
        own = published[measure] if isinstance(published, Mapping) else published
        yield Entry(**common, measure=measure, model=model, published=own)
