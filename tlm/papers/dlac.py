"""DLAC's tables and figures: the models that dlac.yaml names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from statistics import mean

import attrs
import numpy as np

from ..energy import figures_of
from ..result import Curves
from ..workload.effectual import effectual_macs
from ..workload.layer import Layer
from ..workload.profile_tables import shapes
from . import dlac_sweep, trained
from .paper import Model
from .steps import completed, machine
from .tensors import tensors
from .zeros import Shares, drawn

TRAINING, DENSE, INFERENCE = "dlac-training", "{preset: dlac-training, skip: false}", "dlac-inference"
SHIPPED = "resnet18_cifar"
#: ResNet-34's shapes with zeros drawn: as many as the shipped network has, or the paper's 16 % of pairs everywhere.
ZEROS = {"ResNet-34": None, "ResNet-34 at 16 %": (0.4, 0.4)}
PEAK = 1024  # FLOP a cycle: 512 multiply-adds

Best = Callable[[list[float]], float]


@attrs.frozen
class Timed:
    """A convolution's multiply-accumulates, and the cycles of it with and without skipping."""

    macs: int
    effectual: int
    cycles: int
    dense: int
    outputs: int


# --- figure 5: convolutions on the array, all data on chip


@cache
def timed(network: str, accelerator: str = TRAINING) -> Mapping[str, Timed]:
    """{layer: its times} of a network's convolutions."""
    return {layer.name: _timed(layer, accelerator) for layer in convolutions(network)}


def _timed(layer: Layer, accelerator: str) -> Timed:
    effectual = effectual_macs(layer)
    assert effectual is not None
    cycles, dense = (completed(layer, machine(one)) for one in (accelerator, DENSE))
    return Timed(layer.macs, int(effectual[0]), cycles, dense, int(np.prod(layer.accumulators.shape[1:])))


def convolutions(network: str) -> list[Layer]:
    """Those of the shipped ternary network, its own tensors; or of a published one, with zeros drawn."""
    if network not in ZEROS:
        return [layer for layer in tensors(trained.checkpoint(network, "ternary")).layers if layer.kind == "conv"]
    fixed, found = ZEROS[network], _shares()
    return drawn("ResNet-34", lambda name: fixed or found[role(name)])


@cache
def _shares() -> Mapping[str, Shares]:
    """{role: the shares of weights and activations that are not zero} of the shipped network, means over blocks."""
    by_role: dict[str, list[Shares]] = {}
    for layer in convolutions(SHIPPED):
        own = (float((layer.weights != 0).mean()), float((layer.inputs != 0).mean()))
        by_role.setdefault(role(layer.name), []).append(own)
    return {name: (mean(w for w, _ in own), mean(a for _, a in own)) for name, own in by_role.items()}


def role(layer: str) -> str:
    """A layer's stage and place in its block, the same for ResNet-34's `res3b/conv2` and ours `layer2.1.conv2`."""
    if layer == "conv1":
        return layer
    ours = layer.startswith("layer")
    stage = int(layer[5]) if ours else int(layer[3]) - 1
    place = layer.split("." if ours else "/", 2 if ours else 1)[-1]
    return f"{stage} {'shortcut' if place == 'downsample.0' else place}"


def flop_of_layer(skipping: bool, layer: str) -> float:
    """FLOP a cycle of one of ResNet-34's convolutions."""
    of = timed("ResNet-34")[layer]
    return 2 * of.macs / (of.cycles if skipping else of.dense)


def flop(over: Best, skipping: bool, network: str, accelerator: str = TRAINING) -> float:
    """FLOP a cycle, the mean or the best or worst over the convolutions."""
    found = timed(network, accelerator).values()
    return over([2 * of.macs / (of.cycles if skipping else of.dense) for of in found])


def speedup(over: Best, network: str) -> float:
    """Over the same array that does not skip."""
    return over([of.dense / of.cycles for of in timed(network).values()])


def over_peak(over: Best, network: str) -> float:
    """Over 1024 FLOP a cycle, as the figure's line has it."""
    return flop(over, True, network) / PEAK


def density(network: str) -> float:
    """Pairs of two non-zero operands, padding being zeros, of all, in percent."""
    found = timed(network).values()
    return 100 * sum(of.effectual for of in found) / sum(of.macs for of in found)


def pointwise_share(network: str) -> float:
    """What batch normalisation and ReLU as two operations a value would add to the cycles, in percent."""
    found = timed(network).values()
    return 100 * sum(2 * of.outputs / 512 for of in found) / sum(of.cycles for of in found)


# --- section 4.3: rates, and what area they take


def teraflops(over: Best, network: str, accelerator: str = TRAINING) -> float:
    """TFLOP/s, counting skipped operations."""
    return flop(over, True, network, accelerator) * machine(accelerator).clock / 1e12


def per_mm2(over: Best, network: str, accelerator: str = TRAINING) -> float:
    """TFLOP/s and mm2 of the published area."""
    energy = machine(accelerator).energy
    assert energy is not None
    area: float = figures_of(energy).area["array"]["machine"].mm2
    return teraflops(over, network, accelerator) / area


def denser_than(times: float, network: str) -> float:
    """How many times as dense as what the paper's 1 TFLOP/s and mm2 is `times` as dense as."""
    return per_mm2(max, network) * times


# --- section 1, from shapes alone


def fewer_operations(_network: str) -> float:
    """ResNet-18's operations over those of ResNet-34 that are not skipped, 16 %."""
    return _macs("ResNet-18") / (0.16 * _macs("ResNet-34"))


def smaller(_network: str) -> float:
    """ResNet-18 in 32 bits over ResNet-34 in 2, whose first layer is in 32."""
    (first, *rest), other = ([int(row["weights"]) for row in shapes(name)] for name in ("ResNet-34", "ResNet-18"))
    return 32 * sum(other) / (32 * first + 2 * sum(rest))


def ideal(share: float, _network: str) -> float:
    """What skipping all but a share of the operations can gain."""
    return 1 / share


def _macs(network: str) -> int:
    return sum(int(row["macs"]) for row in shapes(network))


KINDS: dict[str, Best] = {"mean": mean, "highest": max, "lowest": min}

MODELS: dict[str, Model] = {
    "pairs forward": partial(trained.pairs, "forward"),
    "pairs backward": partial(trained.pairs, "backward"),
    "ideal forward": partial(ideal, 0.16),
    "ideal backward": partial(ideal, 0.33),
    "fewer operations": fewer_operations,
    "smaller": smaller,
    "accuracy": trained.accuracy,
    "gain": trained.gain,
    **{f"error after {epoch}": partial(trained.error_after, epoch) for epoch in (5, 10, 20)},
    "flop of layer": partial(flop_of_layer, True),
    "dense flop of layer": partial(flop_of_layer, False),
    **{f"{kind} flop": partial(flop, over, True) for kind, over in KINDS.items()},
    **{f"{kind} dense flop": partial(flop, over, False) for kind, over in KINDS.items()},
    **{f"{kind} speedup": partial(speedup, over) for kind, over in KINDS.items()},
    **{f"{kind} over peak": partial(over_peak, over) for kind, over in KINDS.items()},
    "density": density,
    "pointwise share": pointwise_share,
    **{f"{kind} teraflops": partial(teraflops, KINDS[kind]) for kind in ("mean", "highest")},
    **{f"{kind} per mm2": partial(per_mm2, KINDS[kind]) for kind in ("mean", "highest")},
    "half precision per mm2": partial(per_mm2, max, accelerator=INFERENCE),
    "denser than LAC": partial(denser_than, 5),
    "denser than DaDianNao": partial(denser_than, 4),
    **dlac_sweep.MODELS,
}

#: Training here, epoch by epoch.
CURVES: dict[str, Callable[[], Curves]] = {
    "figure 1": lambda: Curves("pairs of two non-zero operands, alex of 16 filters", "%", trained.pair_curves()),
    "figure 3": lambda: Curves("training error, alex of 16 filters", "%", trained.error_curves()),
}
