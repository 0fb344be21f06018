"""`python -m tlm.memories [NAME]`: list the memory standards, or show one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from rich.table import Table

    from .memory.facts import Facts
    from .memory.standards import DramStandard, IdealStandard

PLAIN_WIDTH = 120  # columns, where there is no terminal to ask
COLUMNS = ("memory", "standard", "channels", "GB/s", "size", "tCK", "open", "closed", "conflict", "pJ/bit", "checked")
WORDS = 2  # columns that are read: the others are compared by their digits

EPILOG = """open, closed, conflict: nanoseconds of a read that waits for nobody, its row being open, its bank closed, or
another row open. pJ/bit: of reads in order of address. checked: compared with a cycle-accurate simulator.
exit codes: 0 done, 2 bad input, 130 interrupted, 141 broken pipe."""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser(
        "memories", "List the memory standards that come with the model, or show one in full.", EPILOG
    )
    made.add_argument("memory", metavar="NAME", nargs="?", help="a standard by name, or a YAML file by path")
    made.add_argument("--json", metavar="FILE", help="write what is told as JSON")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    from .memory.facts import facts
    from .memory.standards import standard_names

    names = standard_names() if args.memory is None else [args.memory]
    standards = [_standard(name) for name in names]
    target = None if args.json is None else _target(args)
    found = [facts(standard, name) for standard, name in zip(standards, names, strict=True)]
    if target is not None:
        cli.write_text(target, cli.as_json(document(found, standards, whole=args.memory is not None)))
    _show(_list(found) if args.memory is None else _one(found[0], standards[0]), target)
    return cli.DONE


def _standard(name: str) -> DramStandard | IdealStandard:
    """The standard, or the file's; BadInput names the argument."""
    from .inputs.errors import BadInput
    from .memory.standards import load_standard

    try:
        return load_standard(name)
    except BadInput as error:
        if error.file is None and error.key is not None:
            error.key = "NAME"
        raise


def _target(args: Any) -> Path:
    """Where the JSON goes; BadInput where it cannot, or is what is read."""
    from .inputs.errors import BadInput

    target = cli.check_writable(args.json)
    if args.memory and target.is_file() and Path(args.memory).is_file() and target.samefile(args.memory):
        raise BadInput("is the memory: a result must not be written over it", file=str(target))
    return target


def document(found: Sequence[Facts], standards: Sequence[DramStandard | IdealStandard], whole: bool) -> dict[str, Any]:
    """The JSON document, as docs/play.md has it: `memories`, of one alone its file too, as `whole`."""
    import attrs

    memories = [attrs.asdict(one) for one in found]
    if whole:
        memories[0]["file"] = attrs.asdict(standards[0])
    return {"memories": memories}


def _show(table: Table, target: Path | None) -> None:
    from .console import output

    console = output(PLAIN_WIDTH)
    with cli.printing():
        console.print(table)
        if target is not None:
            console.print(f"wrote {target}", highlight=False, markup=False)


def _list(found: Sequence[Facts]) -> Table:
    """A line a standard."""
    from rich.table import Table

    table = Table(title="Memory standards; times in ns")
    for place, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if place < WORDS else "right")
    for one in found:
        table.add_row(*_cells(one))
    return table


def _cells(one: Facts) -> Iterator[str]:
    from .console.quantities import size

    yield one.name
    yield re.split("[;,]", one.source)[0].removeprefix("JEDEC ")
    yield f"{one.channels} x {one.width}" if one.channels else "-"
    yield f"{one.peak_gbps:.1f}" if one.peak_gbps else "-"
    yield size(one.capacity_bytes)
    yield f"{one.tck_ns:.3f}" if one.tck_ns else "-"
    for latency in _latencies(one):
        yield f"{latency:.1f}"
    yield f"{one.stream_pj_per_bit:.1f}" if one.stream_pj_per_bit else "-"
    yield "yes" if one.validated else "no"


def _latencies(one: Facts) -> Sequence[float]:
    alone = one.unloaded_ns
    return (alone.open_row, alone.closed, alone.conflict) if alone else (0, 0, 0)


def _one(one: Facts, standard: DramStandard | IdealStandard) -> Table:
    """All of one standard."""
    from rich.table import Table
    from rich.text import Text

    from .console.quantities import printable
    from .memory.standards import DramStandard

    table = Table(title=Text(printable(one.name)), show_header=False, title_justify="left")
    rows = [*_glance(one), *(_data(standard) if isinstance(standard, DramStandard) else ())]
    for name, text in rows:
        table.add_row(name, Text(printable(text)))
    return table


def _glance(one: Facts) -> Iterator[tuple[str, str]]:
    from .console.quantities import size

    yield "source", one.source
    yield "size", f"{size(one.capacity_bytes)}, bursts of {one.burst_bytes} B"
    if one.peak_gbps:
        yield "peak", f"{one.peak_gbps:.2f} GB/s: {one.channels} channels of {one.width} bits"
    if one.unloaded_cycles:
        names = ("row open", "bank closed", "conflict")
        cycles = (one.unloaded_cycles.open_row, one.unloaded_cycles.closed, one.unloaded_cycles.conflict)
        parts = zip(names, cycles, _latencies(one), strict=True)
        yield "a read alone", ", ".join(f"{name} {count} cycles ({ns:.1f} ns)" for name, count, ns in parts)
    if one.stream_pj_per_bit:
        yield "a stream", f"{one.stream_pj_per_bit:.2f} pJ/bit read in order of address"
    yield "checked", "compared with a cycle-accurate simulator" if one.validated else "no"


def _data(standard: DramStandard) -> Iterator[tuple[str, str]]:
    """What its file says."""
    import attrs

    yield "organisation", ", ".join(f"{key} {value}" for key, value in attrs.asdict(standard.organisation).items())
    timing = attrs.asdict(standard.timing)
    yield f"timing, cycles of {standard.tCK_ns:g} ns", ", ".join(f"{key} {value}" for key, value in timing.items())
    for name, mapping in standard.mapping.items():
        yield f"mapping {name}", mapping
    if standard.energy is None:
        return
    yield "energy", standard.energy.source.strip()
    yield "energy of the pins", f"{standard.energy.io_pJ_per_bit:g} pJ/bit"
    given = standard.energy.currents or standard.energy.events
    assert given is not None
    what = "currents" if standard.energy.currents else "events"
    yield f"energy, {what}", ", ".join(f"{key} {value:g}" for key, value in attrs.asdict(given).items())


if __name__ == "__main__":
    sys.exit(main())
