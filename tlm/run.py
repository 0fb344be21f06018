"""`python -m tlm.run SCENARIO`: run a scenario and tell where every cycle went."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from .result import Result
    from .scenario import Scenario
    from .workload.layer import Workload

EPILOG = """exit codes: 0 done, 1 a failed check or a deadlock, 2 bad input, 130 interrupted, 141 broken pipe.
KEY=VALUE replaces the value at a dotted key, as in --set memory.standard=ddr4-3200 --set compression.codec=none"""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.Parser(
        prog="tlm run" if Path(sys.argv[0]).stem == "tlm" else "python -m tlm.run",
        description="Run a scenario: a network on an accelerator and its memory.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("scenario", metavar="SCENARIO", help="a scenario file, or the bare name of a shipped one")
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="change a value of the scenario")
    made.add_argument("--json", metavar="FILE", type=_name, help="write the result document")
    made.add_argument(
        "--out", metavar="DIR", type=_name, help="write result.json, and all else the run writes, into a folder"
    )
    made.add_argument("--no-live", action="store_true", help="print no progress")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    try:
        from .scenario import load

        scenario = load(args.scenario, args.set)
        targets = _targets(args, scenario)
        result = _result(args, scenario)
    except KeyboardInterrupt:
        print("interrupted: no result", file=sys.stderr)
        return cli.INTERRUPTED
    for target in targets:
        cli.write_json(target, result.as_json())
    _show(result, targets)
    return cli.INTERRUPTED if result.partial else cli.DONE


def _targets(args: Any, scenario: Scenario) -> list[Path]:
    """The files to write, none of them there yet; BadInput where one cannot be, or is what the run reads."""
    from .core.errors import BadInput

    targets = []
    if args.json is not None:
        targets.append(cli.check_writable(args.json))
    if args.out is not None:
        folder = cli.check_folder(args.out)
        targets.append(cli.check_writable(folder / "result.json") if folder.is_dir() else folder / "result.json")
    for target in targets:
        if scenario.was_read_from(target):
            raise BadInput("is a file of the scenario: a result must not be written over it", file=str(target))
    return targets


def _result(args: Any, scenario: Scenario) -> Result:
    from .console import Progress
    from .core.errors import BadInput
    from .system import run

    with Progress(shown=not args.no_live) as progress:
        try:
            progress.phase("reading the workload")
            workload = _workload(scenario)
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


def _workload(scenario: Scenario) -> Workload:
    """The scenario's workload; what libraries think of the user's network and files is no message of ours."""
    from .workload.source import load_workload

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_workload(scenario.workload, scenario.find)


def _next_phase(progress: Any, done: int, layers: int, images: int) -> None:
    progress.advance()
    if done == layers:
        progress.phase(f"running {layers} layers x {images} image(s)", layers * images)


def _show(result: Result, targets: list[Path]) -> None:
    from rich.console import Console

    from .console import show

    console = Console() if sys.stdout.isatty() else Console(width=140)
    with cli.printing():
        show(result, console)
        for target in targets:
            console.print(f"wrote {target}", highlight=False)


def _name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("expected a name, not ''")
    return text


if __name__ == "__main__":
    sys.exit(main())
