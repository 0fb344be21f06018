"""`python -m tlm.play TRACE --memory STANDARD`: play a memory trace and tell what it took."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from rich.table import Table

    from .console import Progress
    from .memory.player import Played, Player

GRANULARITIES = ("exact", "coarse")
PLAIN_WIDTH = 120  # columns, where there is no terminal to ask
STEPS = 1000  # of the progress of a trace whose size is known

EPILOG = """A line of a trace is `0xADDRESS READ|WRITE CYCLE`, in cycles of the memory's clock; # begins a comment.
exit codes: 0 done, 2 bad input, 130 interrupted, 141 broken pipe."""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser("play", "Play a memory trace, as DRAMsim3 reads it, on a memory alone.", EPILOG)
    made.add_argument("trace", metavar="TRACE", help="a trace file, or - for standard input")
    made.add_argument("--memory", metavar="NAME", required=True, help="a standard by name, or a YAML file by path")
    made.add_argument("--channels", metavar="N", type=int, help="channels, each with a FIFO of its own")
    made.add_argument("--ranks", metavar="N", type=int, help="ranks a channel")
    made.add_argument("--width", metavar="BITS", type=int, help="data bits of a channel")
    made.add_argument("--mapping", metavar="NAME", help="one of the standard's mappings, or one spelled out")
    made.add_argument("--page", metavar="POLICY", default="open", help="open (the default) or closed")
    made.add_argument(
        "--granularity", metavar="HOW", default="exact", help="exact (the default): by command; coarse: by row segment"
    )
    made.add_argument("--json", metavar="FILE", help="write what it took as JSON")
    made.add_argument("--no-live", action="store_true", help="show no progress")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    from .console import Progress

    player = _player(args)
    target = None if args.json is None else _target(args)
    with Progress(shown=not args.no_live) as progress:
        played = _played(args.trace, player, progress)
    if played.partial and not played.bytes:
        print("interrupted: no result", file=sys.stderr)
        return cli.INTERRUPTED
    if target is not None:
        cli.write_text(target, cli.as_json(document(played)))
    _show(args.trace, played, [] if target is None else [f"wrote {target}"])
    return cli.INTERRUPTED if played.partial else cli.DONE


def _player(args: Any) -> Player:
    """The memory that is asked for; BadInput names options."""
    from .inputs.errors import BadInput
    from .memory.player import Player
    from .memory.spec import MemorySpec

    if args.granularity not in GRANULARITIES:
        raise BadInput(f"not {args.granularity!r}", key="--granularity", given=args.granularity, allowed=GRANULARITIES)
    fields = {name: getattr(args, name) for name in ("channels", "ranks", "width", "mapping", "page")}
    try:
        return Player(MemorySpec(args.memory, **fields), args.granularity)
    except BadInput as error:
        if error.file is None and error.key is not None:
            error.key = f"--{'memory' if error.key == 'standard' else error.key}"
        raise


def _target(args: Any) -> Path:
    """Where the JSON goes; BadInput where it cannot, or is what is read."""
    from .inputs.errors import BadInput

    target = cli.check_writable(args.json)
    for name, what in ((args.trace, "trace"), (args.memory, "memory")):
        if target.is_file() and Path(name).is_file() and target.samefile(name):
            raise BadInput(f"is the {what}: a result must not be written over it", file=str(target))
    return target


def _played(trace: str, player: Player, progress: Progress) -> Played:
    """Play the whole trace or, where we are interrupted, what is done by then."""
    from .memory.trace import read_trace

    try:
        for block in read_trace(trace, player.config.capacity_bytes, _reporting(trace, progress)):
            player.take(block)
        return player.finish()
    except KeyboardInterrupt:
        return player.interrupt()


def _reporting(trace: str, progress: Progress) -> Callable[[int], None]:
    """What is to be told of the bytes that were read, and makes progress of them."""
    file = Path(trace)
    size = file.stat().st_size if trace != "-" and file.is_file() else 0
    progress.phase("playing", STEPS if size else None)
    done = 0

    def report(read: int) -> None:
        nonlocal done
        before, done = done, done + read
        if size:
            progress.advance(done * STEPS // size - before * STEPS // size)

    return report


def document(played: Played) -> dict[str, Any]:
    """The JSON document, as docs/play.md has it."""
    import attrs

    return attrs.asdict(played)


def _show(trace: str, played: Played, lines: Sequence[str]) -> None:
    from .console import output

    console = output(PLAIN_WIDTH)
    with cli.printing():
        console.print(_table(trace, played))
        for line in lines:
            console.print(line, highlight=False, markup=False)


def _table(trace: str, played: Played) -> Table:
    """What it took, a line each."""
    from rich.table import Table
    from rich.text import Text

    from .console.quantities import printable, title

    channels = f"{played.channels} channel{'s' if played.channels > 1 else ''} of {played.width} bits"
    name = "standard input" if trace == "-" else printable(trace)
    heading = f"{name} on {played.standard}, {channels}, {played.granularity}"
    table = Table(title=Text(title(heading, partial=played.partial)), show_header=False, title_justify="left")
    for name, text in _rows(played):
        table.add_row(name, text)
    return table


def _rows(played: Played) -> Iterator[tuple[str, str]]:
    from .console.quantities import duration, size

    requests = played.reads + played.writes
    yield "requests", f"{requests:,}: {played.reads:,} reads, {played.writes:,} writes, {size(played.bytes)}"
    yield "cycles", f"{played.cycles:,} of {played.tck_ns:g} ns: {duration(played.time_ns * 1e6)}"
    rates = f"{played.bandwidth_gbps:.2f} of {played.peak_gbps:.2f} GB/s"
    yield "bandwidth", f"{rates}, utilisation {played.utilisation:.2%}"
    yield "read latency", _latency(played)
    yield "row hits", _hits(played)
    yield "refreshes", f"{played.refreshes:,}"
    yield "energy", _energy(played)


def _latency(played: Played) -> str:
    found, tck = played.read_latency_cycles, played.tck_ns
    if found is None:
        return "not known: more reads wait than the queues hold" if played.reads else "no reads"
    cycles = f"average {found.avg:,.1f}, median {found.p50:,}, 95 % within {found.p95:,} cycles"
    return f"{cycles} ({found.avg * tck:,.1f}, {found.p50 * tck:,.1f}, {found.p95 * tck:,.1f} ns)"


def _hits(played: Played) -> str:
    if played.row_hit_rate is None:
        return "no data moved"
    text = f"{played.row_hit_rate:.2%} of {played.moved_bursts:,} bursts, {played.activates:,} activates"
    saved = played.merged_bursts + played.forwarded_bursts
    return text + (f"; {saved:,} were met in the write buffer" if saved else "")


def _energy(played: Played) -> str:
    report, each = played.energy_pj, played.energy_pj_per_bit
    if report is None:
        return f"{played.standard} does not say"
    if each is None:
        return "no data moved"
    parts = ("activate", "read", "write", "io", "refresh", "background")
    shares = (f"{name} {getattr(report, name) / report.total_pJ:.0%}" for name in parts)
    return f"{each:.2f} pJ/bit: {', '.join(shares)}"


if __name__ == "__main__":
    sys.exit(main())
