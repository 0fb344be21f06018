"""`python -m tlm.sweep SWEEP`: run a scenario at many points, again only where that is missing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from .console import Progress
    from .sweeps.outcome import Outcome
    from .sweeps.search import Search
    from .sweeps.session import Grid, Run
    from .sweeps.spec import Sweep
    from .sweeps.told import Told

PLAIN_WIDTH = 120  # columns, where there is no terminal to ask
PICTURE_WIDTH = 100

EPILOG = """Each point is kept in the store as it ends: a second start runs only what is missing there.
exit codes: 0 done, 1 a point failed, 2 bad input, 130 interrupted, 141 broken pipe."""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser("sweep", "Run a scenario at every point of a sweep, each in a process.", EPILOG)
    made.add_argument("sweep", metavar="SWEEP", help="a sweep file, or the bare name of a shipped one")
    made.add_argument("--jobs", metavar="N", type=_count, help="processes at once (as many as there are processors)")
    made.add_argument("--scheduler", metavar="ADDRESS", help="run them on the cluster of this dask scheduler")
    made.add_argument("--store", metavar="FILE", help="where points are kept (the sweep's name with .sqlite, here)")
    made.add_argument("--retry", action="store_true", help="run again what failed")
    made.add_argument("--pareto", metavar="NAME,...", help="mark and print the front of these, such as cycles,energy_j")
    made.add_argument("--svg", metavar="FILE", help="draw the front's first two measures as a picture, too")
    made.add_argument("--csv", metavar="FILE", help="write the points as a table")
    made.add_argument("--json", metavar="FILE", help="write the points as JSON")
    made.add_argument("--no-live", action="store_true", help="show no progress")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    from .console import Progress
    from .scenario import sweep_file
    from .sweeps.spec import read_sweep
    from .sweeps.store import Store
    from .sweeps.told import told

    by = _measures(args.pareto, args.svg)
    sweep = read_sweep(sweep_file(args.sweep))
    by = by or (list(sweep.search.measures) if sweep.search else [])
    file = Path(f"{sweep.file.stem}.sqlite" if args.store is None else args.store)
    targets = _targets(args, sweep, file)
    ran = None  # interrupted
    with Progress(shown=not args.no_live) as progress, _runner(args, sweep) as run:
        work = _work(sweep, [*targets, file], progress)
        with Store(file) as store:
            with suppress(KeyboardInterrupt):
                ran = work.run(store, run, args.retry, progress.phase, progress.advance)
            known = store.outcomes()
    found = told(sweep.keys, work.points, known, by)
    for target, text in zip(targets, _texts(args, found), strict=True):
        cli.write_text(target, text)
    _show(found, [_summary(work, known, ran), *(f"wrote {target}" for target in targets)])
    if ran is None:
        return cli.INTERRUPTED
    return cli.FAILED if found.failed else cli.DONE


def _work(sweep: Sweep, written: Sequence[Path], progress: Progress) -> Grid | Search:
    """What is to be done for `sweep`; BadInput where a file of its scenarios would be `written` over."""
    from .inputs.errors import BadInput
    from .sweeps.points import points_of
    from .sweeps.search import Search
    from .sweeps.session import Grid

    work: Grid | Search
    if sweep.search is None:
        progress.phase("reading the points and their workloads", len(sweep.points))
        work = Grid(points_of(sweep, progress.advance))
        scenarios = [point.scenario for point in work.points if point.scenario is not None]
    else:
        work = Search(sweep)
        scenarios = [work.base]
    for file in written:
        if any(scenario.was_read_from(file) for scenario in scenarios):
            raise BadInput("is a file of the scenario: a result must not be written over it", file=str(file))
    return work


@contextmanager
def _runner(args: Any, sweep: Sweep) -> Iterator[Run]:
    """What runs points: processes of this machine, or a cluster, to which a search hands no more than it can run."""
    from .sweeps.cluster import connected
    from .sweeps.worker import run_points

    if args.scheduler is None:
        yield partial(run_points, jobs=args.jobs or _processors())
        return
    with connected(args.scheduler) as cluster:
        yield partial(cluster.run_points, most=args.jobs or (cluster.threads if sweep.search else None))


def _measures(text: str | None, picture: str | None) -> list[str]:
    from .inputs.errors import BadInput
    from .sweeps.outcome import measures_of

    names = measures_of(text)
    if picture is not None and len(names) < 2:
        raise BadInput("draws a front of two measures: name them, such as --pareto cycles,energy_j", key="--svg")
    return names


def _targets(args: Any, sweep: Sweep, store: Path) -> list[Path]:
    """The files to write at the end; BadInput where one cannot be, or is another that is read or written."""
    from .inputs.errors import BadInput

    targets = [cli.check_writable(name) for name in (args.csv, args.json, args.svg) if name is not None]
    files = [cli.check_writable(store), *targets]
    for file in files:
        if file.is_file() and file.samefile(sweep.file):
            raise BadInput("is the sweep: a result must not be written over it", file=str(file))
        cli.check_apart(file, files)
    return targets


def _texts(args: Any, found: Told) -> list[str]:
    made: dict[str | None, Callable[[], str]] = {
        args.csv: found.as_csv,
        args.json: lambda: cli.as_json(found.as_json()),
        args.svg: lambda: _picture(found),
    }
    return [text() for file, text in made.items() if file is not None]


def _picture(found: Told) -> str:
    from .console import front_chart, svg

    return svg(front_chart(found) or "no point is done", PICTURE_WIDTH, "tlm sweep")


def _summary(work: Grid | Search, known: Mapping[str, Outcome], ran: int | None) -> str:
    """How many points there are, and what became of them."""
    there = sum(point.key in known for point in work.points)
    counted = f"{len(work.points):,} points{work.said}"
    if ran is None:
        return f"interrupted: of {counted}, {there:,} are in the store"
    return f"{counted}: {ran:,} run now, {len(work.points) - ran:,} had been"


def _show(found: Told, lines: Sequence[str]) -> None:
    from .console import front_chart, output, point_lines, point_tables

    console = output(PLAIN_WIDTH)
    with cli.printing():
        for table in point_tables(found):
            console.print(table)
        chart = front_chart(found)
        if chart is not None:
            console.print(chart)
        for line in [*point_lines(found), *lines]:
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a number of processes, 1 or more, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
