"""How many bits are enough, for which share of values and of groups: the cumulative distributions of DPRed's Fig. 1."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from rich.console import Console, ConsoleOptions, RenderResult

from ..statistics import LayerStatistics, OperandStatistics, WorkloadStatistics
from .cells import GAP, Cell, Glyphs, cut, fit, glyphs_for, segments, stacked
from .quantities import named, percent, printable

#: Each grouping's heading and colour.
HEADS = (("each value by itself", "green"), ("groups of 16", "cyan"), ("groups of 256", "magenta"))
FOR_BITS, FOR_SHARE = 4, 4
MOST_WIDTH = 120  # longer bars say no more


@attrs.frozen
class DistributionChart:
    """The chart as a rich renderable, as wide as it is asked to be: a block an operand, a line a precision."""

    title: str
    operands: dict[str, OperandStatistics]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(options.encoding)
        lines = self.lines(min(options.max_width, MOST_WIDTH), glyphs)
        return segments(cut(line, options.max_width, glyphs.cut) for line in lines)

    def lines(self, width: int, glyphs: Glyphs) -> list[Cell]:
        """The title, and each operand's block."""
        lines: list[Cell] = [[(self.title, "italic")]]
        for name, operand in self.operands.items():
            lines += _block(name, operand, width, glyphs)
        return lines


def distribution_chart(statistics: WorkloadStatistics, layer: LayerStatistics | None = None) -> DistributionChart:
    """The chart of a layer, or of all."""
    whose = f"layer {layer.name}" if layer else "all layers"
    title = f"{statistics.name}, {whose}: the share of values, or groups, that need no more bits"
    return DistributionChart(named(statistics.accelerator, title), (layer or statistics.all).operands)


def _block(name: str, operand: OperandStatistics, width: int, glyphs: Glyphs) -> list[Cell]:
    """A heading with the columns, and a line for each precision up to the widest."""
    room = max(1, (width - FOR_BITS) // len(HEADS) - FOR_SHARE - 3)
    column = room + FOR_SHARE + 1
    heads: Cell = []
    for (head, style), one in zip(HEADS, operand.widths, strict=True):
        heads += [("  ", ""), *fit([(f"{head}, mean {one.mean:.2f}", style)], column, glyphs.cut)]
    lines: list[Cell] = [[(printable(_heading(name, operand)), "bold")], [(f"{'bits':>{FOR_BITS}}", ""), *heads]]
    cumulative = [one.cumulative for one in operand.widths]
    for bits in range(1, max(one.widest for one in operand.widths) + 1):
        lines.append([(f"{bits:{FOR_BITS}}", ""), *_bars(cumulative, bits, room, glyphs)])
    return lines


def _heading(name: str, operand: OperandStatistics) -> str:
    profile = "" if operand.profile_bits is None else f", P {operand.profile_bits}"
    return f"{name}: {operand.values:,} values, the widest {operand.widths[0].widest} bits{profile}"


def _bars(cumulative: Sequence[Sequence[float]], bits: int, room: int, glyphs: Glyphs) -> Cell:
    cell: Cell = []
    for (_head, style), shares in zip(HEADS, cumulative, strict=True):
        share = shares[bits] if bits < len(shares) else 1.0
        cell += [("  ", ""), (f"{percent(share):>{FOR_SHARE}}", ""), (GAP, "")]
        cell += stacked([(share, glyphs.busy, style)], room)
    return cell
