"""The statistics of a workload, layer by layer and in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from tlm.codecs import Codec, Format
from tlm.codecs.format import Ints
from tlm.workload.effectual import effectual_macs
from tlm.workload.layer import Layer, Workload, stream

from .operands import OperandStatistics, Stored, of_tensors, total
from .precisions import STEP, Distribution, step_widths, stream_widths


@attrs.frozen(eq=False)
class LayerStatistics:
    """One layer over all images, or all of them; `effectual_macs` is None, `weights` too, where it has no weights."""

    name: str
    kind: str
    macs: int
    effectual_macs: int | None
    weights: OperandStatistics | None
    activations: OperandStatistics

    @property
    def effectual_share(self) -> float | None:
        """Effectual over all multiplications, padding included; None where there are none."""
        return None if self.effectual_macs is None or not self.macs else self.effectual_macs / self.macs

    @property
    def operands(self) -> dict[str, OperandStatistics]:
        """Those there are, by name."""
        named = {"weights": self.weights, "activations": self.activations}
        return {name: one for name, one in named.items() if one is not None}

    def as_json(self) -> dict[str, Any]:
        """The document, as docs/stats.md has it."""
        plain = ("name", "kind", "macs", "effectual_macs", "effectual_share")
        return {
            **{name: getattr(self, name) for name in plain},
            "weights": self.weights.as_json() if self.weights else None,
            "activations": self.activations.as_json(),
        }


@attrs.frozen(eq=False)
class WorkloadStatistics:
    """A workload; `accelerator` is the name of the one that runs it, where there are several."""

    accelerator: str | None
    name: str
    images: int
    note: str
    layers: tuple[LayerStatistics, ...]
    all: LayerStatistics

    def as_json(self) -> dict[str, Any]:
        """The document, as docs/stats.md has it."""
        plain = ("accelerator", "name", "images", "note")
        return {
            **{name: getattr(self, name) for name in plain},
            "layers": [layer.as_json() for layer in self.layers],
            "all": self.all.as_json(),
        }


def measure(
    workload: Workload,
    codecs: Mapping[str, Codec],
    align_bits: int | None = None,
    accelerator: str | None = None,
    measured: Callable[[], None] = lambda: None,
) -> WorkloadStatistics:
    """Measure every layer, under all `codecs`; `measured` is called after each."""
    layers = []
    for layer in workload.layers:
        layers.append(_layer(layer, codecs, align_bits))
        measured()
    images = workload.layers[0].images
    return WorkloadStatistics(accelerator, workload.name, images, workload.note, tuple(layers), _all(layers))


def _layer(layer: Layer, codecs: Mapping[str, Codec], align_bits: int | None) -> LayerStatistics:
    return LayerStatistics(
        name=layer.name,
        kind=layer.kind,
        macs=layer.macs * layer.images,
        effectual_macs=None if (macs := effectual_macs(layer)) is None else int(macs.sum()),
        weights=_weights(layer, codecs, align_bits) if layer.kind in ("conv", "fc") else None,
        activations=_activations(layer, codecs, align_bits),
    )


def _all(layers: list[LayerStatistics]) -> LayerStatistics:
    """All layers as one; what has no weights has no effectual multiplications to count."""
    counted = [layer for layer in layers if layer.effectual_macs is not None]
    weights = [layer.weights for layer in layers if layer.weights is not None]
    return LayerStatistics(
        name="all",
        kind="all",
        macs=sum(layer.macs for layer in counted),
        effectual_macs=sum(layer.effectual_macs or 0 for layer in counted) if counted else None,
        weights=total(weights) if weights else None,
        activations=total([layer.activations for layer in layers]),
    )


def _weights(layer: Layer, codecs: Mapping[str, Codec], align_bits: int | None) -> OperandStatistics:
    """A layer's weights, filter by filter; their widths always have a sign, as the machines take them."""
    values = _filter_stream(layer)
    stored = _stored(layer, layer.weights, [values], align_bits, layer.weight_bits)
    found = [stream_widths(values, signed=True)]
    return of_tensors([stored], found, codecs, layer.weight_zero, layer.weight_bits)


def _filter_stream(layer: Layer) -> Ints:
    """The weights, flat: channel fastest, then x, y, and filters."""
    return layer.weights.transpose(0, 2, 3, 1).reshape(-1) if layer.kind == "conv" else layer.weights.reshape(-1)


def _activations(layer: Layer, codecs: Mapping[str, Codec], align_bits: int | None) -> OperandStatistics:
    """A layer's input, image by image; of several tensors, each is encoded by itself."""
    streams, signed = [stream(image) for image in layer.inputs], layer.signed_inputs
    found = [_activation_widths(layer, image, values, signed) for image, values in enumerate(streams)]
    tensors = [
        _stored(layer, part, [stream(image) for image in part], align_bits, layer.act_bits) for part in layer.operands
    ]
    return of_tensors(tensors, found, codecs, layer.input_zero, layer.act_bits)


def _stored(layer: Layer, tensor: Ints, streams: list[Ints], align_bits: int | None, profile: int) -> Stored:
    return Stored(tensor, streams, Format(layer.bits, bool((tensor < 0).any()), align_bits, profile))


def _activation_widths(layer: Layer, image: int, values: Ints, signed: bool) -> tuple[Distribution, ...]:
    found = list(stream_widths(values, signed))
    if layer.kind == "conv":
        found[STEP] = step_widths(layer, image)
    return tuple(found)
