"""`python -m tlm.run SCENARIO`: run a scenario and tell where every cycle went."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from .console import Progress
    from .result import Result
    from .scenario import Scenario
    from .system.build import System
    from .timeline import Windows
    from .workload.layer import Workload

#: The options that name a file each; the last two are written while the run goes on.
FILES = ("json", "trace", "vcd")

PLAIN_WIDTH, PICTURE_WIDTH = 120, 120  # columns, where there is no terminal to ask

EPILOG = """exit codes: 0 done, 1 a failed check or a deadlock, 2 bad input, 130 interrupted, 141 broken pipe.
KEY=VALUE replaces the value at a dotted key, as in --set memory.standard=ddr4-3200 --set compression.codec=none"""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser("run", "Run a scenario: a network on an accelerator and its memory.", EPILOG)
    made.add_argument("scenario", metavar="SCENARIO", help="a scenario file, or the bare name of a shipped one")
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="change a value of the scenario")
    made.add_argument(
        "--compare",
        metavar="NAME,...",
        type=_names,
        default=[],
        help="run again with each of these accelerator presets or codecs in place of the scenario's own",
    )
    made.add_argument(
        "--widen", action="store_true", help="run again with each resource doubled in turn, and rank them"
    )
    made.add_argument("--json", metavar="FILE", type=_name, help="write the result document")
    made.add_argument(
        "--out", metavar="DIR", type=_name, help="write result.json, and a picture of the stalls, into a folder"
    )
    made.add_argument("--timeline", action="store_true", help="say in the result what was when, for a report")
    made.add_argument("--trace", metavar="FILE", type=_name, help="write a Perfetto trace of the run")
    made.add_argument("--vcd", metavar="FILE", type=_name, help="write the run's signals for GTKWave")
    made.add_argument(
        "--signals",
        metavar="PATTERN,...",
        type=_names,
        default=[],
        help="of all signals only these in --vcd, such as soc.memory.*.state",
    )
    made.add_argument("--no-live", action="store_true", help="show no progress and no live view")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    timelines: list[str] = []
    try:
        from .scenario import load
        from .system.comparing import variants

        scenario = load(args.scenario, args.set)
        others = variants(scenario, args.compare)
        files = _files(args, [scenario, *others.values()])
        result = _result(args, scenario, others, files, timelines)
        for file, text_of in files.items():
            cli.write_text(file, text_of(result))
    except BaseException as error:
        for line in timelines:
            print(line, file=sys.stderr)
        if not isinstance(error, KeyboardInterrupt):
            raise
        print("interrupted: no result", file=sys.stderr)
        return cli.INTERRUPTED
    _show(result, [*(f"wrote {file}" for file in files), *timelines])
    return cli.INTERRUPTED if result.partial else cli.DONE


def _files(args: Any, scenarios: list[Scenario]) -> dict[Path, Callable[[Result], str]]:
    """The files to write at the end, and what each says of a result; none of them is there yet.

    BadInput where one of these, or of those written meanwhile, cannot be: or is what the runs of `scenarios` read.
    """
    from .inputs.errors import BadInput

    named = {name: cli.check_writable(getattr(args, name)) for name in FILES if getattr(args, name) is not None}
    files: dict[Path, Callable[[Result], str]] = {named["json"]: _document} if "json" in named else {}
    if args.out is not None:
        folder = cli.check_folder(args.out)
        for file in named.values():
            if file.resolve() in (folder.resolve(), *folder.resolve().parents):
                raise BadInput(f"cannot be a file and the folder of --out {args.out} too", file=str(file))
        for name, text_of in {"result.json": _document, "stalls.svg": _picture}.items():
            files[cli.check_writable(folder / name) if folder.is_dir() else folder / name] = text_of
    if args.timeline and not files:
        raise BadInput("--timeline is for the result that --json or --out writes; there is neither")
    timelines = [file for name, file in named.items() if name != "json"]
    _check_timelines(args, timelines, [*files, *timelines])
    for file in (*files, *timelines):
        if any(scenario.was_read_from(file) for scenario in scenarios):
            raise BadInput("is a file of the scenario: a result must not be written over it", file=str(file))
    return files


def _check_timelines(args: Any, timelines: list[Path], files: list[Path]) -> None:
    """BadInput where a timeline would be written over another of `files`, all that we write, or is missing."""
    from .inputs.errors import BadInput

    if args.signals and args.vcd is None:
        raise BadInput("--signals says what --vcd FILE is to hold; there is no --vcd")
    for file in timelines:
        if str(file) == "/dev/stdout":
            raise BadInput("cannot be a timeline: tables are printed there", file=str(file))
        cli.check_apart(file, files)


def _document(result: Result) -> str:
    return cli.as_json(result.as_json())


def _picture(result: Result) -> str:
    from .console import stall_chart, svg

    return svg(stall_chart(result), PICTURE_WIDTH, "tlm run")


def _result(
    args: Any, scenario: Scenario, variants: dict[str, Scenario], files: Iterable[Path], timelines: list[str]
) -> Result:
    """The run and its repetitions; it was checked that nothing but a workload keeps `files` from being written."""
    from .console import Progress
    from .scenario.captured import workload_of
    from .system.comparing import check, compare
    from .system.widening import ranked, widen, widened

    with Progress(shown=not args.no_live) as progress:
        progress.phase("reading the workload")
        written = [*files, *(Path(name) for name in (args.trace, args.vcd) if name is not None)]
        workloads = [workload_of(one, written) for one in scenario.machines]
        check(variants, workloads)
        result = _simulated(args, scenario, workloads, progress, timelines)
        if variants and not result.partial:
            result = _repeated(result, "compare", compare(variants, workloads), len(variants), progress)
        if args.widen and not result.partial:
            options = widened(scenario)
            result = ranked(_repeated(result, "widen", widen(options, result, workloads), len(options), progress))
        return result


def _simulated(
    args: Any, scenario: Scenario, workloads: list[Workload], progress: Progress, timelines: list[str]
) -> Result:
    """The run itself, with the live view on it; `timelines` gets a line for each one that is written."""
    from .system import run

    recorded: list[Windows] = []

    @contextmanager
    def watch(system: System) -> Iterator[None]:
        with progress.watch(system), _timelines(args, system, recorded, timelines):
            yield

    progress.phase("planning", sum(len(workload.layers) for workload in workloads))
    result = run(scenario, workloads, planned=lambda _done: progress.advance(), watch=watch)
    if not recorded:
        return result
    from .system.timeline import with_timeline

    return with_timeline(result, recorded[0])


@contextmanager
def _timelines(args: Any, system: System, recorded: list[Windows], lines: list[str]) -> Iterator[None]:
    """Around the simulation: record what is asked for; when it is over there is a line for each file written."""
    if args.trace is None and args.vcd is None and not args.timeline:
        yield
        return
    from .timeline import Trace

    trace = Trace(system, perfetto=args.trace, vcd=args.vcd, signals=args.signals, windows=args.timeline)
    recorded += [trace.windows] if trace.windows else []
    try:
        with trace:
            yield
    except BaseException as error:
        lines += getattr(error, "__notes__", [])
        raise
    finally:
        end = ", up to where the run stopped" if trace.partial else ""
        lines += [f"wrote {file}{end}" for file in trace.written]


def _repeated(result: Result, key: str, repeated: Iterable[Any], runs: int, progress: Progress) -> Result:
    """`result` with what its repetitions come to as its `key`; partial where we are interrupted before the last."""
    import attrs

    progress.phase(f"{key}: repeating the run", runs)
    found = []
    for one in repeated:
        found.append(one)
        progress.advance()
    more: Any = {key: found, "partial": len(found) < runs}
    return attrs.evolve(result, **more)


def _show(result: Result, lines: Iterable[str]) -> None:
    from .console import output, show

    console = output(PLAIN_WIDTH)
    with cli.printing():
        show(result, console)
        for line in lines:
            console.print(line, highlight=False)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names with commas between them, not {text!r}")
    return names


def _name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("expected a name, not ''")
    return text


if __name__ == "__main__":
    sys.exit(main())
