"""Energy against DPRed's tables 4, 5 and 9: for `make validate`.

As in the paper all data are on chip (section 6.1): weight memories of 2 MiB a tile that nothing is written into, no
stalls. Energy efficiency is BASE's energy over a machine's, power its energy over its array's cycles. The tensors are
synthesised (docs/profiles.md), so that speeds are not quite the paper's: power is what energy tables were fitted to.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping

from tlm.papers.tensors import Spent, spent_on
from tlm.scenario import load
from tlm.workload.source import load_workload

MACHINES = ("base", "stripes", "dstripes", "dstripes-tartan", "dstripes-tartan-2bit")

#: Speedup over BASE: figure 5a, which is table 5 where that has it, else table 1's reductions; efficiency: table 4.
STRIPES = {
    "AlexNet": (2.18, 1.98 / 1.26),
    "NiN": (1.83, 1.68 / 1.27),
    "GoogLeNet": (1.69, 1.86 / 1.53),
    "VGG_M": (2.19, 2.22 / 1.40),
    "VGG_S": (1.99, 2.31 / 1.58),
    "VGG_19": (1.34, 1.20 / 1.24),
}
DSTRIPES = {
    "AlexNet": (2.81, 1.98),
    "NiN": (2.39, 1.68),
    "GoogLeNet": (2.65, 1.86),
    "VGG_M": (3.15, 2.22),
    "VGG_S": (3.26, 2.31),
    "VGG_19": (1.70, 1.20),
}
#: Table 5: speedup and efficiency over BASE.
CONVOLUTIONS = {"AlexNet": (2.81, 1.28), "VGG_M": (3.15, 1.44), "VGG_S": (3.26, 1.49), "VGG_19": (1.70, 0.77)}
FULLY_CONNECTED = {
    "AlexNet": (1.61, 1.10),
    "VGG_M": (1.61, 1.10),
    "VGG_S": (1.61, 1.09),
    "VGG_19": (1.60, 1.09),
    "NeuralTalk_h512": (1.42, 1.01),
    "Denoise_17": (1.30, 0.92),
}
Published = Mapping[str, tuple[float, float]]
MEAN = "geometric mean"

COLUMNS = (
    *("where", "machine, layers", "network", "speedup, published", "model", "efficiency, published", "model"),
    *("power, published", "model", "apart"),
)
HEAD = f"""As in DPRed all data are on chip: 2 MiB of WM a tile, nothing written into it, no stalls. Efficiency is
BASE's energy over the machine's; power is speedup over efficiency. Each machine's cost of a unit and a cycle was fitted
to the mean power of its rows (`tlm/energy/tables/dpred-65nm.yaml`), so what is left is how far one figure fits all
networks: *apart* is that, the model's power over the published one. Tensors are synthesised, which moves speeds. Of two
bits the paper has means alone, and no speed over all layers: 2.39 is section 6.3's 2.59 times what table 7 loses in
convolutions. Of table 9 it has the power alone; the speed of that row is the model's own.

| {" | ".join(COLUMNS)} |
{"|---" * len(COLUMNS)}|"""


def rows() -> Iterator[str]:
    """The lines of the page."""
    yield HEAD
    found = {network: dict(_spent_by_all(network)) for network in {**DSTRIPES, **FULLY_CONNECTED}}
    yield from _table("table 4", found, "stripes", "conv", STRIPES)
    yield from _table("table 4", found, "dstripes", "conv", DSTRIPES)
    yield from _table("table 5", found, "dstripes-tartan", "conv", CONVOLUTIONS)
    yield from _table("table 5", found, "dstripes-tartan", "fc", FULLY_CONNECTED)
    yield from _table("section 5.3", found, "stripes", "fc", dict.fromkeys(FULLY_CONNECTED, (1.0, 0.73)))
    pairs = [
        (found[network]["base"]["fc"], found[network]["dstripes-tartan-2bit"]["fc"]) for network in FULLY_CONNECTED
    ]
    yield _row("section 6.3", "dstripes-tartan-2bit, fc", MEAN, (1.49, 1.24), _ratio(pairs))
    pairs = [_whole(found[network]) for network in CONVOLUTIONS]
    yield _row("section 6.3", "dstripes-tartan-2bit, all", MEAN, (2.39, 1.44), _ratio(pairs))
    eight = load("dstripes_hbm")
    workload = load_workload(eight.workload, eight.find)
    machines = ("{preset: base, serial_bits: 8", "{preset: dstripes-tartan, columns: 8")
    base, own = (spent_on(workload, f"{each}, wm: 2 MiB, energy: {{table: dpred-65nm-8bit}}}}") for each in machines)
    ratio = _ratio([(base["conv"], own["conv"])])
    yield _row("table 9", "dstripes-tartan of 8 bits, conv", "the shipped one", (ratio[0], ratio[0] / 1.64), ratio)


def _spent_by_all(network: str) -> Iterator[tuple[str, dict[str, Spent]]]:
    scenario = load("ideal", [f"workload={{profile: {network}}}"])
    workload = load_workload(scenario.workload, scenario.find)
    print(network, file=sys.stderr, flush=True)
    for machine in MACHINES:
        yield machine, spent_on(workload, f"{{preset: {machine}, wm: 2 MiB}}")


def _table(
    where: str, found: Mapping[str, Mapping[str, dict[str, Spent]]], machine: str, kind: str, published: Published
) -> Iterator[str]:
    """A row for each network, and one for their means."""
    pairs = {network: (found[network]["base"][kind], found[network][machine][kind]) for network in published}
    for network, both in published.items():
        yield _row(where, f"{machine}, {kind}", network, both, _ratio([pairs[network]]))
    speed, efficiency = (_mean(both[index] for both in published.values()) for index in (0, 1))
    yield _row(where, f"{machine}, {kind}", MEAN, (speed, efficiency), _ratio(pairs.values()))


def _whole(machines: Mapping[str, dict[str, Spent]]) -> tuple[Spent, Spent]:
    """BASE and the two-bit machine over all layers of a network."""
    base, own = (list(machines[machine].values()) for machine in ("base", "dstripes-tartan-2bit"))
    sums = [Spent(sum(one.joules for one in kinds), sum(one.cycles for one in kinds)) for kinds in (base, own)]
    return sums[0], sums[1]


def _ratio(pairs: Iterable[tuple[Spent, Spent]]) -> tuple[float, float]:
    """Speedup and efficiency of the second over the first, the geometric mean of several."""
    pairs = list(pairs)
    return _mean(a.cycles / b.cycles for a, b in pairs), _mean(a.joules / b.joules for a, b in pairs)


def _mean(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))


def _row(where: str, machine: str, network: str, published: tuple[float, float], model: tuple[float, float]) -> str:
    power, own = published[0] / published[1], model[0] / model[1]
    values = [value for pair in zip(published, model, strict=True) for value in pair] + [power, own]
    cells = [where, machine, network, *(f"{value:.2f}" for value in values), f"{own / power - 1:+.1%}"]
    return f"| {' | '.join(cells)} |"
