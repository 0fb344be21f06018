"""`python -m tlm.report RESULT... --html FILE`: a page of what runs and sweeps were, to look at and to send."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from . import cli

EPILOG = """RESULT: what tlm run --json or --out has written, a sweep's store, or what tlm sweep --json has written.
The page is one file that fetches nothing; it needs the extra: pip install 'tlm[report]'.
exit codes: 0 done, 2 bad input, 130 interrupted, 141 broken pipe."""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser("report", "Make a page of the results of runs and sweeps, side by side.", EPILOG)
    made.add_argument("results", metavar="RESULT", nargs="+", help="what a run or a sweep has written")
    made.add_argument("--html", metavar="FILE", required=True, help="the page to write")
    made.add_argument(
        "--pareto", metavar="NAME,...", help="of a sweep, the front of these (its own, else cycles,energy_j)"
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    from .inputs.errors import BadInput
    from .reports import files_of, page, read_results
    from .sweeps.outcome import measures_of

    by = measures_of(args.pareto)
    target = cli.check_writable(args.html)
    for file in files_of(args.results):
        if target.exists() and target.samefile(file):
            raise BadInput("is a result that is read: a page must not be written over it", file=str(target))
    text = page(read_results(args.results, by))
    cli.write_text(target, text)
    with cli.printing():
        print(f"wrote {target}")
    return cli.DONE


if __name__ == "__main__":
    sys.exit(main())
