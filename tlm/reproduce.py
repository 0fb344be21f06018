"""`python -m tlm.reproduce PAPER`: a paper's tables and figures again, beside what is published."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .papers import Paper, Task
    from .result import Row

SCHEMA = "tlm-reproduce/1"
PLAIN_WIDTH, PICTURE_WIDTH = 130, 120  # columns, where there is no terminal to ask

EPILOG = """papers: dpred, dlac, precision. Of dpred a table takes seconds, or a minute where energy is asked for;
figures 6 to 9 run whole systems, and all of it takes a quarter of an hour. All of dlac or precision takes a minute.
exit codes: 0 done, 2 bad input, 130 interrupted, with what there is; 141 broken pipe."""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser(
        "reproduce", "Compute a paper's tables and figures again, and show them beside what is published.", EPILOG
    )
    made.add_argument("paper", metavar="PAPER", help="which paper, such as dpred")
    made.add_argument("--table", metavar="N", help="this table only")
    made.add_argument("--figure", metavar="N", help="this figure only, such as 5 or 5a")
    made.add_argument("--json", metavar="FILE", help="write the document")
    made.add_argument("--out", metavar="DIR", help="write document, page and pictures of the figures into a folder")
    made.add_argument("--no-live", action="store_true", help="show no progress")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    from .papers import paper, rows, tasks

    of = paper(args.paper)
    entries = of.chosen(args.table, args.figure)
    if args.json is not None:
        cli.check_writable(args.json)
    if args.out is not None:
        cli.check_folder(args.out)
    asked = tasks(entries)
    found = _evaluated(of, asked, shown=not args.no_live)
    told, partial = rows(entries, found), len(found) < len(asked)
    document = cli.as_json({"schema": SCHEMA, "paper": of.title, "partial": partial, "rows": _json(told)})
    if args.json is not None:
        cli.write_text(args.json, document)
    if args.out is not None:
        _write(Path(args.out), of, told, document)
    _show(told)
    if partial:
        print(f"interrupted: {len(found)} of {len(asked)} figures are there", file=sys.stderr)
    return cli.INTERRUPTED if partial else cli.DONE


def _evaluated(of: Paper, asked: Sequence[Task], shown: bool) -> dict[Task, float]:
    """What the model gives; an interrupt ends it with what there is."""
    from .console import Progress
    from .papers import evaluate

    found: dict[Task, float] = {}
    with Progress(shown=shown) as progress:
        progress.phase(of.name, len(asked))
        try:
            for task, value in evaluate(asked, of.models, progress.advance):
                found[task] = value
        except KeyboardInterrupt:
            pass
    return found


def _json(told: Iterable[Row]) -> list[dict[str, Any]]:
    return [row.as_json() for row in told]


def _write(folder: Path, of: Paper, told: Sequence[Row], document: str) -> None:
    """The document, a picture for each figure, and a page of tables and pictures."""
    from .console import paper_page, svg

    files = {}
    for where, chart in _charts(of, told):
        files[where] = f"{of.name}-{where.replace(' ', '-')}.svg"
        cli.write_text(folder / files[where], svg(chart, PICTURE_WIDTH, f"{of.name}, {where}"))
    cli.write_text(folder / f"{of.name}.json", document)
    cli.write_text(folder / f"{of.name}.md", "\n".join([f"# {of.title}", "", *paper_page(told, files)]))


def _charts(of: Paper, told: Sequence[Row]) -> Iterator[tuple[str, RenderableType]]:
    """A chart for each figure: the distributions, curves or points that it shows, or the bars of what the model has."""
    from .console import BarChart, ScatterChart, curve_chart, distribution_chart

    for where, found in groupby(told, lambda row: row.where):
        rows = [row for row in found if row.model is not None]
        if where in of.distributions:
            statistics = of.distributions[where]()
            yield where, distribution_chart(statistics, statistics.layers[0])
        elif where in of.curves:
            yield where, curve_chart(of.curves[where]())
        elif where in of.scatters and rows:
            xs, ys = ([row for row in rows if row.measure == measure] for measure in of.scatters[where])
            yield where, ScatterChart(xs, ys)
        elif where.startswith(("figure", "sweep")) and rows:
            yield where, BarChart(rows)


def _show(told: Sequence[Row]) -> None:
    from .console import output, paper_notes, paper_table

    console = output(PLAIN_WIDTH)
    with cli.printing():
        for _, found in groupby(told, lambda row: row.where):
            rows = list(found)
            console.print(paper_table(rows))
            for note in paper_notes(rows):
                console.print(note, highlight=False, markup=False, soft_wrap=True)
            console.print()


if __name__ == "__main__":
    sys.exit(main())
