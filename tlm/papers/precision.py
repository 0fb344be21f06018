"""The precision study's tables and figures: the models that precision.yaml names.

A row is of a format, of table V and figure 4 with a + for ALEX+ and ++ for ALEX++, as the study has them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..accelerators.formats import FORMATS
from ..energy import figures_of
from .areas import areas
from .paper import Model
from .runs import ran
from .steps import machine
from .tensors import tensor_cycles, tensors
from .trained import built, right

#: The study's networks by the name of their file in `nets/`.
NETWORKS = {
    "LeNet": "lenet",
    "ConvNet": "convnet",
    "ALEX": "alex",
    "ALEX+": "alex_plus",
    "ALEX++": "alex_plus_plus",
}
FULL = "fp32"

#: Inferred: with so much less than table III's power, all energies but ConvNet's are met.
LESS_MW = 19.8

KB = 1000
#: The study's "KB" of section V-B: thousandths of 2^20 bytes.
THOUSANDTH_MIB = 2**20 / 1000


def preset(form: str) -> str:
    """The tile of a format."""
    return f"nfu-{form}"


def area(form: str) -> float:
    """The whole tile, mm2."""
    return areas(preset(form))["all"]


def power(form: str) -> float:
    """What the tile takes, mW."""
    spec = machine(preset(form))
    assert spec.energy is not None
    return figures_of(spec.energy).energy["array"]["cycles"].pJ * spec.clock * 1e-9


def saving(what: Model, form: str) -> float:
    """How much less than in full precision, in percent."""
    return 100 * (1 - what(form) / what(FULL))


def cycles(network: str, form: str) -> float:
    """The array's cycles for an image, everything on chip."""
    return float(sum(tensor_cycles(built(NETWORKS[network]), preset(form)).values()))


def time_over(form: str, over: str, network: str) -> float:
    """A network's time over another's, both of one format."""
    return cycles(network, form) / cycles(over, form)


def energy(network: str, form: str, less: float = 0.0) -> float:
    """The tile's for an image, uJ, at a power that is `less` mW than table III's."""
    return (power(form) - less) * cycles(network, form) / machine(preset(form)).clock * 1e3


def traffic(network: str, form: str) -> float:
    """What crosses the pins for an image, kB: the values that a run moves, in the widths of the format."""
    formats = machine(preset(form)).formats
    assert formats is not None
    source = built(NETWORKS[network])
    values = {name: 8 * size / bits_of(source) for name, size in moved(source).items()}
    activations = values["inputs"] + values["outputs"]
    return (values["weights"] * formats.weight_bits + activations * formats.activation_bits) / 8 / KB


def moved(source: str) -> dict[str, int]:
    """{operand: its bytes without a codec}; of all formats alike, whose buffers have as many entries."""
    return dict(ran(source, preset("fixed16"), "lpddr4-3200", "none").uncompressed_bytes)


def bits_of(source: str) -> int:
    """The storage width of a workload."""
    return tensors(source).layers[0].bits


def parameters(form: str, network: str) -> float:
    """The memory of a network's weights and biases, in the study's KB."""
    layers = [layer for layer in tensors(built(NETWORKS[network])).layers if layer.weights.size]
    return sum(layer.weights.size + layer.filters for layer in layers) * FORMATS[form].bits / 8 / THOUSANDTH_MIB


def accuracy(network: str, form: str) -> float:
    """Of the network of that format that was trained here, in percent."""
    return right(NETWORKS[network], form)


def of_point(model: Callable[[str, str], float], point: str) -> float:
    """A model of ALEX, ALEX+ or ALEX++ in a format: "pow2++"."""
    form = point.rstrip("+")
    return model(f"ALEX{point[len(form) :]}", form)


def point_saving(point: str) -> float:
    """How much less energy than ALEX in full precision, in percent."""
    return 100 * (1 - of_point(energy, point) / of_point(energy, FULL))


with_less = partial(energy, less=LESS_MW)
OF_NETWORKS: dict[str, Callable[[str, str], float]] = {
    "cycles": cycles,
    "energy": energy,
    "energy, less": with_less,
    "accuracy": accuracy,
    "traffic": traffic,
}

MODELS: dict[str, Model] = {
    "area": area,
    "power": power,
    "area saving": partial(saving, area),
    "power saving": partial(saving, power),
    "time over ALEX": partial(time_over, "fixed16", "ALEX"),
    "parameters": partial(parameters, FULL),
    **{
        f"{network} {what}": partial(model, network)
        for network in ("LeNet", "ConvNet")
        for what, model in OF_NETWORKS.items()
    },
    **{f"{network} energy saving": partial(saving, partial(energy, network)) for network in ("LeNet", "ConvNet")},
    **{f"point {what}": partial(of_point, model) for what, model in OF_NETWORKS.items()},
    "point energy saving": point_saving,
}

#: Figure 4: every point of table V.
SCATTERS = {"figure 4": ("energy an image", "accuracy")}
