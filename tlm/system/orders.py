"""The order that each layer was planned to run in, and where its streams are entered again."""

from __future__ import annotations

from collections.abc import Iterable

from ..accelerators.plan import Plan
from ..engines import Region
from ..result import LayerOrder, Reentries


def layer_order(plan: Plan, layer: int) -> LayerOrder | None:
    """That of layer number `layer` of a plan; None where nobody models it."""
    program = plan.programs[layer]
    if not program.modelled:
        return None
    tiles = [region for tile in plan.weights[layer] for region in tile]
    arrivals = [image for image in plan.arrivals[layer] if image is not None]
    inputs = [region for one in arrivals for region in one.regions]
    times = {
        "weights": (tiles, (program.weight_loads - 1) * plan.images),
        "inputs": (inputs, program.input_loads - 1),  # of the image that each belongs to
    }
    return LayerOrder(
        name=program.order.name(program.blocks),
        bands=int(program.band.max()) + 1,
        weight_loads=program.weight_loads,
        input_loads=program.input_loads,
        reentries={operand: _reentries(*found) for operand, found in times.items() if all(found)},
    )


def _reentries(regions: Iterable[Region], times: int) -> Reentries:
    """Each of the regions is read again from its beginning so many times."""
    addresses = [region.address for region in regions]
    return Reentries(addresses, times * len(addresses))
