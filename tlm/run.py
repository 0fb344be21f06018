"""`python -m tlm.run SCENARIO`: run a scenario and tell where every cycle went."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from .result import Result

EPILOG = """exit codes: 0 done, 1 a failed check or a deadlock, 2 bad input.
KEY=VALUE replaces the value at a dotted key, as in --set memory.standard=ddr4-3200 --set compression.codec=none"""


def parser() -> cli.Parser:
    """The command's options."""
    import argparse

    made = cli.Parser(
        prog="python -m tlm.run",
        description="Run a scenario: a network on an accelerator and its memory.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("scenario", metavar="SCENARIO", help="a scenario file, or the bare name of a shipped one")
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="change a value of the scenario")
    made.add_argument("--json", metavar="FILE", help="write the result document")
    made.add_argument("--out", metavar="DIR", help="write result.json, and all else the run writes, into a folder")
    made.add_argument("--no-live", action="store_true", help="print no progress")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    targets = []
    if args.json:
        targets.append(cli.check_writable(args.json))
    if args.out:
        targets.append(cli.make_folder(args.out) / "result.json")
    result = _result(args)
    for target in targets:
        cli.write_json(target, result.as_json())
    _show(result, targets)
    return cli.INTERRUPTED if result.partial else cli.DONE


def _result(args: Any) -> Result:
    from .console import Progress
    from .core.errors import BadInput
    from .scenario import load
    from .system import run
    from .workload.source import load_workload

    scenario = load(args.scenario, args.set)
    with Progress(shown=not args.no_live) as progress:
        try:
            progress.phase("reading the workload")
            workload = load_workload(scenario.workload, scenario.find)
            layers = len(workload.layers)
            progress.phase("planning", layers)
            return run(
                scenario,
                workload,
                planned=lambda done: _next_phase(progress, done, layers, workload.layers[0].images),
                observe=lambda _run: progress.advance(),
            )
        except BadInput as error:
            raise scenario.locate(error) from None


def _next_phase(progress: Any, done: int, layers: int, images: int) -> None:
    progress.advance()
    if done == layers:
        progress.phase(f"running {layers} layers x {images} image(s)", layers * images)


def _show(result: Result, targets: list[Path]) -> None:
    from rich.console import Console

    from .console import show

    console = Console() if sys.stdout.isatty() else Console(width=140)
    show(result, console)
    for target in targets:
        console.print(f"wrote {target}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
