"""The precision study's tile, like DianNao's: 16 neurons of 16 synapses each (Hashemi et al., DATE 2017, section IV-A).

A convolution takes one input channel at a time, and of its kernel a chunk of `lanes` places a cycle, the last padded.
The outputs of as many consecutive windows as there are neurons are under way at once, filter set by filter set: with a
whole set of filters a neuron has a filter and takes window after window; of a last set that is short the neurons share
the outputs of all these windows among them, and so do those of a last set of windows. A fully connected layer takes
`lanes` inputs and a set of filters a cycle.

That outputs fill the neurons without a gap is inferred from the study's energies, as is the channel at a time: they are
Oy * Ox * C * ceil(Ky * Kx / lanes) * K / neurons cycles for K filters, whatever K is.
"""

from __future__ import annotations

import attrs
import numpy as np

from tlm.core import BadInput
from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s


def grid(layer: Layer, spec: AcceleratorSpec) -> Grid:
    """One column and bricks of inputs; in convolutions as many windows as neurons, and a channel a step."""
    if spec.tiles != 1:
        raise BadInput("must be 1: the neurons of one tile share its outputs", key="accelerator.tiles")
    whole = attrs.evolve(Grid.of(spec), columns=1)
    if layer.kind == "fc":
        return whole
    return attrs.evolve(whole, columns=spec.rows, lanes=1, whole_kernel=True, folds=False)


def completion(layer: Layer, _image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [groups, window sets, filter sets, steps] cycles, the pipeline's `fill` before them."""
    geometry = Geometry.of(layer, grid(layer, spec))
    busy = np.array(1) if layer.kind == "fc" else _turns(geometry) * -(-int(np.prod(geometry.kernel)) // spec.lanes)
    done = np.cumsum(np.broadcast_to(busy, geometry.shape), dtype=np.int64).reshape(geometry.shape)
    return np.asarray(done + spec.fill)


def _turns(geometry: Geometry) -> Int64s:
    """[1, window sets, filter sets, 1] turns of the neurons for the outputs of a set of windows and one of filters."""
    neurons = geometry.grid.rows
    windows = np.minimum(geometry.windows - geometry.set_starts(), neurons)
    filters = np.minimum(np.arange(1, geometry.filter_sets + 1) * neurons, geometry.group_filters)
    until = -(-windows[:, None] * filters // neurons)
    return np.diff(until, axis=1, prepend=0)[None, :, :, None]
