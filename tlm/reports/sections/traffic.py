"""What crossed the pins: by operand, against the same values uncompressed, and what codecs made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...result import OPERANDS, Compression, Result, Traffic
from .. import bars, colours
from ..blocks import Block, Cell, Chart, Choice, Column, Panes, Row, Section, Table
from ..definitions import Definitions
from ..numbers import figure, plain, share, whole, words
from ..reading import Results, Run


def section(results: Results, definitions: Definitions) -> Section | None:
    """Operands, layers and codecs, of each run."""
    if not results.runs:
        return None
    lead = "Bytes between chip and memory, encoded and in whole bursts, beside what the same values are uncompressed."
    panes = [(run.name, list(_blocks(run, number, definitions))) for number, run in enumerate(results.runs)]
    return Section("traffic", "Traffic", lead, [Panes(panes)])


def _blocks(run: Run, number: int, definitions: Definitions) -> Iterator[Block]:
    yield _operands(run.result)
    yield from _codecs(run.result)
    yield _chart(run, number, definitions)


def _operands(run: Result) -> Table:
    sums = {operand: _sum([layer.traffic[operand] for layer in run.layers]) for operand in OPERANDS}
    sums["all"] = _sum(list(sums.values()))
    rows = [Row([words(operand), *_cells(traffic)]) for operand, traffic in sums.items()]
    columns = [
        Column("operand", "Layers.traffic", words=True),
        Column("read", "Traffic.read_bytes", "B"),
        Column("written", "Traffic.written_bytes", "B"),
        Column("moved", "Report.offchip_bytes", "B"),
        Column("uncompressed", "Traffic.uncompressed_bytes", "B"),
        Column("moved of that", "Report.moved_share"),
    ]
    return Table("By operand, over all layers", columns, rows, sortable=False)


def _cells(one: Traffic) -> Iterator[Cell]:
    moved = one.read_bytes + one.written_bytes
    yield from (whole(one.read_bytes), whole(one.written_bytes), whole(moved), whole(one.uncompressed_bytes))
    yield share(moved, one.uncompressed_bytes)


def _sum(parts: Sequence[Traffic]) -> Traffic:
    return Traffic(
        sum(one.read_bytes for one in parts),
        sum(one.written_bytes for one in parts),
        sum(one.uncompressed_bytes for one in parts),
    )


def _codecs(run: Result) -> Iterator[Table]:
    found = [
        (f"{one.name}: {operand}" if one.name else operand, part)
        for one in run.accelerators
        for operand, part in one.compression.items()
    ]
    if not found:
        return
    columns = [
        Column("of all", "Run.compression", words=True),
        Column("codec", "Compression.codec", words=True),
        Column("encoded", "Compression.encoded_bytes", "B"),
        Column("uncompressed", "Compression.uncompressed_bytes", "B"),
        Column("ratio", "Compression.ratio"),
        Column("entropy", "Compression.entropy_bytes", "B"),
    ]
    yield Table("By codec", columns, [Row([words(name), *_codec(part)]) for name, part in found], sortable=False)


def _codec(one: Compression) -> Iterator[Cell]:
    yield from (words(one.codec), whole(one.encoded_bytes), whole(one.uncompressed_bytes))
    yield figure(one.ratio, 3)
    yield whole(one.entropy_bytes)


def _chart(run: Run, number: int, definitions: Definitions) -> Chart:
    layers, names = run.result.layers, bars.layer_names(run.result.layers)
    parts = [
        bars.Part(
            f"{operand} {way}",
            f"Traffic.{way}_bytes",
            colours.OPERANDS[operand] if way == "read" else colours.WRITTEN[operand],
            [getattr(layer.traffic[operand], f"{way}_bytes") for layer in layers],
        )
        for operand in OPERANDS
        for way in ("read", "written")
    ]
    parts = [part for part in parts if any(part.amounts)]
    chart = bars.stacked(names, parts, "bytes moved", "B", definitions.all)
    raw = [sum(one.uncompressed_bytes for one in layer.traffic.values()) for layer in layers]
    chart["data"].append(_uncompressed(names, raw))
    marks = bars.Part("uncompressed", "Traffic.uncompressed_bytes", colours.GREY, raw)
    return Chart(
        name=f"traffic-{number}",
        title="Bytes moved for each layer",
        says=f"Bars of the bytes that were moved for {len(layers)} layers of {run.name}, stacked by operand.",
        figure=chart,
        height_px=bars.height_px(len(layers)),
        keys=bars.keys([*parts, marks]),
        choices=_choices(len(parts)),
        table=_table(names, [*parts, marks]),
    )


def _choices(parts: int) -> tuple[Choice, ...]:
    """Bytes, or shares; the strokes are of bytes only."""
    both: list[bool] = [True] * parts
    as_bytes = {"barnorm": "", "xaxis.ticksuffix": "B", "xaxis.title.text": "bytes moved"}
    as_share = {"barnorm": "percent", "xaxis.ticksuffix": " %", "xaxis.title.text": "share of the layer's bytes"}
    return (
        Choice("bytes", as_bytes, {"visible": [*both, True]}),
        Choice("share", as_share, {"visible": [*both, False]}),
    )


def _uncompressed(names: Sequence[str], raw: Sequence[int]) -> dict[str, object]:
    """A stroke a layer, where its bar would end without compression."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": list(raw),
        "y": list(range(len(names))),
        "customdata": [plain(name) for name in names],
        "marker": {"symbol": "line-ns", "size": 11, "line": {"width": 2, "color": colours.GREY}},
        "hovertemplate": "<b>%{customdata}</b><br>uncompressed: %{x:.4s}B<extra></extra>",
    }


def _table(names: Sequence[str], parts: Sequence[bars.Part]) -> Table:
    columns = [Column("layer", "Layers.name", words=True), *(Column(part.label, part.define, "B") for part in parts)]
    rows = [Row([words(name), *(whole(part.amounts[place]) for part in parts)]) for place, name in enumerate(names)]
    return Table("Bytes of each layer", columns, rows)
