"""`python -m tlm.sweep SWEEP`: run a scenario at many points, again only where that is missing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from .console import Progress
    from .sweeps.outcome import Outcome
    from .sweeps.points import Points
    from .sweeps.session import Run
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
    file = Path(f"{sweep.file.stem}.sqlite" if args.store is None else args.store)
    targets = _targets(args, sweep, file)
    interrupted = False
    with Progress(shown=not args.no_live) as progress, _runner(args) as run:
        progress.phase("reading the points and their workloads", len(sweep.points))
        points = _points(sweep, targets, file, progress)
        with Store(file) as store:
            store.number(points.all)
            try:
                ran = _ran(args, points, store, run, progress)
            except KeyboardInterrupt:
                interrupted, ran = True, None
            known = store.outcomes()
    found = told(sweep.keys, points.all, known, by)
    for target, text in zip(targets, _texts(args, found), strict=True):
        cli.write_text(target, text)
    _show(found, [_summary(points, known, ran), *(f"wrote {target}" for target in targets)])
    if interrupted:
        return cli.INTERRUPTED
    return cli.FAILED if found.failed else cli.DONE


def _points(sweep: Sweep, targets: Sequence[Path], store: Path, progress: Progress) -> Points:
    from .inputs.errors import BadInput
    from .sweeps.points import points_of

    points = points_of(sweep, progress.advance)
    for file in (*targets, store):
        if any(point.scenario is not None and point.scenario.was_read_from(file) for point in points.all):
            raise BadInput("is a file of the scenario: a result must not be written over it", file=str(file))
    return points


def _ran(args: Any, points: Points, store: Any, run: Run, progress: Progress) -> int:
    """Run what is missing; how many points that were."""
    from .sweeps.session import missing, run_missing

    todo = missing(points.all, store.outcomes(), args.retry)
    progress.phase("running the points", len(todo))
    run_missing(todo, store, run, progress.advance)
    return len(todo)


@contextmanager
def _runner(args: Any) -> Iterator[Run]:
    """What runs points: processes of this machine, or a cluster."""
    from .sweeps.cluster import connected
    from .sweeps.worker import run_points

    if args.scheduler is None:
        yield partial(run_points, jobs=args.jobs or _processors())
        return
    with connected(args.scheduler) as cluster:
        yield partial(cluster.run_points, most=args.jobs)


def _measures(text: str | None, picture: str | None) -> list[str]:
    from .inputs.errors import BadInput
    from .sweeps.outcome import MEASURES

    names = [] if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in MEASURES:
            raise BadInput(f"there is nothing {name!r} to compare", key="--pareto", given=name, allowed=MEASURES)
    names = list(dict.fromkeys(names))
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
        device = file.exists() and not file.is_file()
        if not device and [other.resolve() for other in files].count(file.resolve()) > 1:
            raise BadInput("is to be written twice; name another file", file=str(file))
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


def _summary(points: Points, known: Mapping[str, Outcome], ran: int | None) -> str:
    """How many points there are, and what became of them."""
    there = sum(point.key in known for point in points.all)
    counted = f"{len(points.all):,} points"
    if points.repeated:
        counted += f", and {points.repeated:,} that come to the same scenario as another"
    if ran is None:
        return f"interrupted: of {counted}, {there:,} are in the store"
    return f"{counted}: {ran:,} run now, {len(points.all) - ran:,} had been"


def _show(found: Told, lines: Sequence[str]) -> None:
    from rich.console import Console

    from .console import front_chart, point_lines, point_tables

    console = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
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
