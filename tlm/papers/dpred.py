"""DPRed's tables and figures: the models that dpred.yaml names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter

import attrs
import numpy as np

from ..codecs import CODECS, GROUP, Format
from ..statistics import WorkloadStatistics, measure
from ..workload.profile_tables import ProfileLayer
from .areas import areas
from .paper import Model
from .runs import ran
from .steps import Layers, completed, layers, machine, mean_bits, rule_cycles, step_cycles
from .tensors import Spent, spent, tensor_cycles, tensors
from .trained import checkpoint

#: Networks that the paper does not describe in full, and of which layers: the gates alone; inputs of 17 x 17.
SHAPES = {"NeuralTalk": ("NeuralTalk_h512", "WLSTM_gates"), "Denoise": ("Denoise_17", "")}

#: Figures 7 to 9: memories, and compression schemes NP, SP and DP.
MEMORIES = {
    "LPDDR4-3200": "lpddr4-3200",
    "LPDDR4-4267": "lpddr4-4267",
    "2 x DDR4-3200": "{standard: ddr4-3200, channels: 2}",
    "HBM": "hbm",
    "HBM2": "hbm2",
}
PROFILE_BITS = 16  # of a value, as profiles are stored
LOOMS_MEMORY = "LPDDR4-4267"
SCHEMES = {"NP": "none", "SP": "profile", "DP": "dpred"}
AM_SIZES = ("1 MiB", "512 KiB")  # of figure 7, beside the preset's; which it has is not in the text

#: Machines of 8 bits with the same peak; what serves 512 multiplications a cycle is Loom's throughput-equivalent.
BASE_8 = "{preset: base, serial_bits: 8}"
DSTRIPES_8 = "{preset: dstripes, columns: 8}"
DSTRIPES_T_8 = "{preset: dstripes-tartan, columns: 8}"
BASE_512 = "{preset: base, serial_bits: 8, tiles: 2}"

#: Table 6: its machines, and its parts by the names of components.
TABLE_6 = {"DStripes_T": "dstripes-tartan", "DStripes_T 2-bit": "dstripes-tartan-2bit", "BASE": "base"}
PARTS = ("array", "wm", "input buffers", "output buffers", "am", "dispatcher", "all")

Cycles = Callable[[ProfileLayer], float]


def one(_layer: ProfileLayer) -> float:
    """A cycle a step, of bit-parallel machines."""
    return 1.0


profile: Cycles = attrgetter("act_bits")
effective: Cycles = attrgetter("act_mean")


# --- from published precisions alone


def of(network: str, kind: str) -> Layers:
    """The network's layers of a kind, those that the paper means."""
    name, only = SHAPES.get(network, (network, ""))
    return [both for both in layers(name) if both[1].kind == kind and (not only or both[1].name == only)]


def ideal(kind: str, network: str) -> float:
    """16 / P, weighted with multiplications."""
    return 16 / mean_bits(of(network, kind))


def conv_cycles(network: str, accelerator: str, cycles: Cycles) -> float:
    """Those of all convolutions."""
    return step_cycles(of(network, "conv"), accelerator, cycles)


def stripes(network: str) -> float:
    """Stripes over BASE in convolutions."""
    return conv_cycles(network, "base", one) / conv_cycles(network, "stripes", profile)


def dstripes(network: str) -> float:
    """DStripes over BASE in convolutions."""
    return conv_cycles(network, "base", one) / conv_cycles(network, "dstripes", effective)


def dynamic_gain(network: str) -> float:
    """DStripes over Stripes in convolutions."""
    return dstripes(network) / stripes(network)


def reduction(network: str) -> float:
    """What DStripes takes less than Stripes, in percent of it."""
    return 100 * (1 - 1 / dynamic_gain(network))


def fully_connected(accelerator: str, network: str) -> float:
    """A machine over BASE in fully connected layers."""
    fully = of(network, "fc")
    return rule_cycles(fully, "base") / rule_cycles(fully, accelerator)


def two_bits(network: str) -> float:
    """Tartan of two bits over that of one."""
    return fully_connected("tartan-2bit", network) / fully_connected("tartan", network)


def whole(network: str) -> float:
    """DStripes with Tartan over BASE, all layers."""
    fully = of(network, "fc")
    base = conv_cycles(network, "base", one) + rule_cycles(fully, "base")
    return base / (conv_cycles(network, "dstripes", effective) + rule_cycles(fully, "tartan"))


def fill(network: str) -> float:
    """The cycles in which nothing but the first weights of a layer come in, in percent."""
    fully = of(network, "fc")
    return 100 * sum(layer.weight_bits for _, layer in fully) / rule_cycles(fully, "tartan")


def largest_fill(network: str) -> float:
    """That of the layer where they are the largest part."""
    return max(100 * layer.weight_bits / completed(layer, machine("tartan")) for _, layer in of(network, "fc"))


# --- on tensors that are synthesised so, all data on chip


def synthesised(network: str) -> str:
    """The workload of a published network."""
    return f"{{profile: {SHAPES.get(network, (network,))[0]}}}"


def on_tensors(kind: str, accelerator: str, over: str, network: str) -> float:
    """One machine over another in layers of a kind."""
    source = synthesised(network)
    return tensor_cycles(source, over)[kind] / tensor_cycles(source, accelerator)[kind]


def efficiency(kinds: Sequence[str], accelerator: str, over: str, network: str) -> float:
    """One machine's energy efficiency over another's; 2 MiB of WM a tile."""
    source = synthesised(network)
    own, other = (spent(source, f"{{preset: {preset}, wm: 2 MiB}}") for preset in (accelerator, over))
    return _joules(other, kinds) / _joules(own, kinds)


def _joules(found: Mapping[str, Spent], kinds: Sequence[str]) -> float:
    return sum(one.joules for kind, one in found.items() if kind in kinds)


def statistics_of(layer: str, network: str) -> WorkloadStatistics:
    """Those of one layer."""
    source = tensors(synthesised(network))
    return measure(attrs.evolve(source, layers=tuple(one for one in source.layers if one.name == layer)), {})


def narrow_steps(layer: str, bits: int, network: str) -> float:
    """The share of the steps of a layer that need no more bits, in percent."""
    cumulative = statistics_of(layer, network).all.activations.widths[-1].cumulative
    return 100 * (cumulative[bits] if bits < len(cumulative) else 1.0)


def metadata(_network: str) -> float:
    """The bits of a container of nothing but zeros."""
    return float(CODECS["dpred"].sizes_bits(np.zeros(16, np.int16), Format(16, signed=False)).sum())


# --- area of whole machines


def area_of(component: str, machine: str) -> float:
    """A part of one of table 6's machines; 2 MiB of WM a tile."""
    return areas(f"{{preset: {TABLE_6[machine]}, wm: 2 MiB}}").get(component, 0.0)


def normalised_area(machine: str) -> float:
    """The whole of it over BASE's."""
    return area_of("all", machine) / area_of("all", "BASE")


def area_of_8_bits(component: str, _machine: str) -> float:
    """A part of DStripes_T of 8 bits over that of BASE of 8 bits."""
    own, base = (areas(_of_8_bits(one))[component] for one in (DSTRIPES_T_8, BASE_8))
    return own / base


def dstripes_area(over: str, _machine: str) -> float:
    """DStripes over another machine."""
    own, other = (areas(f"{{preset: {preset}, wm: 2 MiB}}")["all"] for preset in ("dstripes", over))
    return own / other


def power_of_8_bits(_machine: str) -> float:
    """DStripes_T of 8 bits over BASE of 8 bits, in convolutions, all data on chip."""
    source = checkpoint("alex", "int8")
    own, base = (spent(source, _of_8_bits(one))["conv"] for one in (DSTRIPES_T_8, BASE_8))
    return (own.joules / own.cycles) / (base.joules / base.cycles)


def _of_8_bits(machine: str) -> str:
    """A machine with the figures of 8 bits."""
    return f"{machine[:-1]}, wm: 2 MiB, energy: {{table: dpred-65nm-8bit}}}}"


# --- whole systems: memories and compression


def performance(kinds: Sequence[str], memory: str, scheme: str, network: str, accelerator: str = "dstripes") -> float:
    """DStripes' over that with all operands on chip, in percent."""
    source = synthesised(network)
    without = ran(source, "dstripes", "ideal", "none").cycles
    found = ran(source, accelerator, MEMORIES[memory], SCHEMES[scheme]).cycles
    return 100 * _of_kinds(without, kinds) / _of_kinds(found, kinds)


def traffic(codec: str, network: str) -> float:
    """Off-chip bytes under a codec, in percent of those without any."""
    source = synthesised(network)
    found, whole = (ran(source, "dstripes", MEMORIES["HBM"], one).offchip_bytes for one in (codec, "none"))
    return 100 * found / whole


def metadata_share(network: str) -> float:
    """Of what weights and activations take under DPRed, the zero vectors' and the precisions' bits, in percent."""
    found = ran(synthesised(network), "dstripes", MEMORIES["HBM"], "dpred")
    values = sum(found.uncompressed_bytes.values()) * 8 / PROFILE_BITS
    return 100 * values / GROUP * metadata(network) / 8 / found.offchip_bytes


def loom(accelerator: str, network: str) -> float:
    """A Loom of detected precisions over the static one, on LPDDR4-4267 with the compression proposed."""
    source = synthesised(network)
    static, own = (
        ran(source, one, MEMORIES[LOOMS_MEMORY], SCHEMES["DP"]).cycles for one in ("loom-static", accelerator)
    )
    return sum(static.values()) / sum(own.values())


def _of_kinds(cycles: Mapping[str, int], kinds: Sequence[str]) -> int:
    return sum(cycles.get(kind, 0) for kind in kinds)


# --- networks of 8 bits that were trained here


def eight_bits(form: str, accelerator: str, base: str, scale: float, network: str) -> float:
    """A machine over BASE, made `scale` times as fast, in all layers with weights."""
    source = checkpoint(network, form)
    found, other = (sum(tensor_cycles(source, one).values()) for one in (accelerator, base))
    return other / found / scale


def pruned(accelerator: str, network: str) -> float:
    """A machine over BASE in the convolutions of a pruned network of 8 bits."""
    source = checkpoint(network, "int8-pruned")
    return tensor_cycles(source, BASE_8)["conv"] / tensor_cycles(source, accelerator)["conv"]


CONV, FC, ALL = ("conv",), ("fc",), ("conv", "fc")

MODELS: dict[str, Model] = {
    "ideal conv": partial(ideal, "conv"),
    "ideal fc": partial(ideal, "fc"),
    "stripes": stripes,
    "dstripes": dstripes,
    "dstripes over stripes": dynamic_gain,
    "reduction": reduction,
    "stripes fc": partial(fully_connected, "stripes"),
    "tartan": partial(fully_connected, "tartan"),
    "tartan-2bit": partial(fully_connected, "tartan-2bit"),
    "tartan-2bit gain": two_bits,
    "whole": whole,
    "fill": fill,
    "largest fill": largest_fill,
    "dstripes on tensors": partial(on_tensors, "conv", "dstripes", "base"),
    "dstripes-tartan-2bit on tensors": partial(on_tensors, "conv", "dstripes-tartan-2bit", "base"),
    "dstripes-tartan-2bit gain": partial(on_tensors, "conv", "dstripes-tartan-2bit", "dstripes-tartan"),
    "dstripes efficiency": partial(efficiency, CONV, "dstripes", "base"),
    "dstripes efficiency over stripes": partial(efficiency, CONV, "dstripes", "stripes"),
    "dstripes-tartan conv efficiency": partial(efficiency, CONV, "dstripes-tartan", "base"),
    "dstripes-tartan fc efficiency": partial(efficiency, FC, "dstripes-tartan", "base"),
    "dstripes-tartan efficiency": partial(efficiency, ALL, "dstripes-tartan", "base"),
    "dstripes-tartan-2bit fc efficiency": partial(efficiency, FC, "dstripes-tartan-2bit", "base"),
    "dstripes-tartan-2bit efficiency": partial(efficiency, ALL, "dstripes-tartan-2bit", "base"),
    "stripes fc efficiency": partial(efficiency, FC, "stripes", "base"),
    "metadata": metadata,
    "steps of 5 bits": partial(narrow_steps, "conv1/7x7_s2", 5),
    "steps of 6 bits": partial(narrow_steps, "conv1/7x7_s2", 6),
    **{f"area {part}": partial(area_of, part) for part in PARTS},
    "normalised area": normalised_area,
    "dstripes area": partial(dstripes_area, "base"),
    "dstripes area over stripes": partial(dstripes_area, "stripes"),
    "power of 8 bits": power_of_8_bits,
    "area of 8 bits": partial(area_of_8_bits, "all"),
    "array of 8 bits": partial(area_of_8_bits, "array"),
    **{
        f"{name} {memory} {scheme}": partial(performance, kinds, memory, scheme)
        for name, kinds in (("conv", CONV), ("all", ALL))
        for memory in MEMORIES
        if memory != LOOMS_MEMORY
        for scheme in SCHEMES
    },
    **{
        f"conv {memory} DP {size}": partial(
            performance, CONV, memory, "DP", accelerator=f"{{preset: dstripes, am: {size}}}"
        )
        for memory in ("2 x DDR4-3200", "HBM")
        for size in AM_SIZES
    },
    "share of metadata": metadata_share,
    **{f"traffic {codec}": partial(traffic, codec) for codec in ("profile", "dpred", "bitmap")},
    "loom": partial(loom, "loom"),
    "loom-dynamic": partial(loom, "loom-dynamic"),
    "8 bits oblivious": partial(eight_bits, "int8-oblivious", DSTRIPES_8, BASE_8, 1),
    "8 bits aware": partial(eight_bits, "int8", DSTRIPES_8, BASE_8, 2),
    "8 bits loom": partial(eight_bits, "int8", "loom-dynamic", BASE_512, 1),
    "pruned dstripes": partial(pruned, DSTRIPES_8),
    "pruned scnn": partial(pruned, "scnn-16x16"),
}

#: Figure 1: layers of synthesised tensors.
DISTRIBUTIONS = {
    "figure 1a": partial(statistics_of, "conv1/7x7_s2", "GoogLeNet"),
    "figure 1b": partial(statistics_of, "inception_5a/1x1", "GoogLeNet"),
}
