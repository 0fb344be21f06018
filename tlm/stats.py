"""`python -m tlm.stats SCENARIO`: what the tensors of a scenario's workload are like; nothing is simulated."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import cli

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .codecs import Codec
    from .console import Progress
    from .scenario import Scenario
    from .statistics import LayerStatistics, WorkloadStatistics
    from .workload.layer import Workload

SCHEMA = "tlm-stats/1"
PLAIN_WIDTH, PICTURE_WIDTH = 130, 120  # columns, where there is no terminal to ask

EPILOG = """exit codes: 0 done, 2 bad input, 130 interrupted, 141 broken pipe.
KEY=VALUE replaces the value at a dotted key, as in --set workload.profile=AlexNet --set workload.images=2"""


class Told(NamedTuple):
    """What is told of a workload: these layers, or, `single`, the one that was asked for."""

    statistics: WorkloadStatistics
    layers: list[LayerStatistics]
    single: bool


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser(
        "stats", "Tell how wide, how often zero and how compressible a scenario's tensors are.", EPILOG
    )
    made.add_argument("scenario", metavar="SCENARIO", help="a scenario file, or the bare name of a shipped one")
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="change a value of the scenario")
    made.add_argument("--layer", metavar="NAME", help="tell of this layer only")
    made.add_argument("--json", metavar="FILE", help="write the document")
    made.add_argument("--out", metavar="DIR", help="write stats.json, and a picture of the precisions, into a folder")
    made.add_argument("--no-live", action="store_true", help="show no progress")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> int:
    try:
        return _told(args)
    except KeyboardInterrupt:
        print("interrupted: no result", file=sys.stderr)
        return cli.INTERRUPTED


def _told(args: Any) -> int:
    from .console import Progress
    from .scenario import load
    from .scenario.captured import workload_of

    scenario = load(args.scenario, args.set)
    document, picture = _targets(args, scenario)
    with Progress(shown=not args.no_live) as progress:
        progress.phase("reading the workload")
        workloads = [workload_of(one, [*document, *picture]) for one in scenario.machines]
        _check_layer(args.layer, workloads)
        found = _measured(scenario, workloads, progress)
    told = [Told(one, _chosen(one, args.layer), args.layer is not None) for one in found]
    for file in document:
        cli.write_text(file, cli.as_json({"schema": SCHEMA, "workloads": [one.as_json() for one in found]}))
    for file in picture:
        cli.write_text(file, _picture(told))
    _show(told, [*document, *picture])
    return cli.DONE


def _targets(args: Any, scenario: Scenario) -> tuple[list[Path], list[Path]]:
    """The files that get the document, and those that get the picture; BadInput where one cannot be written."""
    from .inputs.errors import BadInput

    document = [] if args.json is None else [cli.check_writable(args.json)]
    picture = []
    if args.out is not None:
        folder = cli.check_folder(args.out)
        inside = [folder / name for name in ("stats.json", "stats.svg")]
        document, picture = [*document, inside[0]], [inside[1]]
        for file in inside if folder.is_dir() else ():
            cli.check_writable(file)
        if args.json is not None and document[0].resolve() in (folder.resolve(), *folder.resolve().parents):
            raise BadInput(f"cannot be a file and the folder of --out {args.out} too", file=args.json)
    for file in (*document, *picture):
        if scenario.was_read_from(file):
            raise BadInput("is a file of the scenario: a result must not be written over it", file=str(file))
    return document, picture


def _check_layer(name: str | None, workloads: Sequence[Workload]) -> None:
    """BadInput where no workload has a layer of that name."""
    from .inputs.errors import BadInput

    names = dict.fromkeys(layer.name for workload in workloads for layer in workload.layers)
    if name is not None and name not in names:
        raise BadInput(f"there is no layer {name!r}", key="--layer", given=name, allowed=names)


def _measured(scenario: Scenario, workloads: Sequence[Workload], progress: Progress) -> list[WorkloadStatistics]:
    """The statistics of what each accelerator runs."""
    from .inputs.errors import BadInput
    from .statistics import measure

    progress.phase("measuring", sum(len(workload.layers) for workload in workloads))
    found = []
    for one, workload in zip(scenario.machines, workloads, strict=True):
        try:
            codecs, align_bits = _codecs(one), one.compression.align_bits
            found.append(measure(workload, codecs, align_bits, one.name, progress.advance))
        except BadInput as error:  # of a user's own codec
            raise one.locate(error) from None
    return found


def _codecs(scenario: Scenario) -> dict[str, Codec]:
    """All that there are, and the scenario's own."""
    from .codecs import CODECS, codec

    own = [codec(name) for name in (scenario.compression.codec, scenario.compression.weights) if name]
    return {**CODECS, **{one.name: one for one in own}}


def _chosen(one: WorkloadStatistics, name: str | None) -> list[LayerStatistics]:
    """The layers to tell of: all, or those of that name."""
    return [layer for layer in one.layers if name in (None, layer.name)]


def _charts(told: Sequence[Told]) -> list[RenderableType]:
    """A chart for each workload: of the one layer that is asked for, or of all."""
    from .console import distribution_chart

    return [distribution_chart(one.statistics, one.layers[0] if one.single else None) for one in told if one.layers]


def _picture(told: Sequence[Told]) -> str:
    from rich.console import Group

    from .console import svg

    return svg(Group(*_charts(told)), PICTURE_WIDTH, "tlm stats")


def _show(told: Sequence[Told], written: Iterable[Path]) -> None:
    from .console import output, size_table, statistics_lines, width_table

    console = output(PLAIN_WIDTH)
    with cli.printing():
        for one in told:
            if one.layers:
                console.print(width_table(one.statistics, one.layers))
                console.print(size_table(one.statistics, one.layers))
        for chart in _charts(told):
            console.print(chart)
        lines = [line for one in told for line in statistics_lines(one.statistics, one.layers)]
        for line in [*lines, *(f"wrote {file}" for file in written)]:
            console.print(line, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
