"""`python -m nets.train NET --format FORMAT`: train a network and write a checkpoint; `--all` trains those shipped.

The same settings on the same machine give the same checkpoint. A run that was interrupted goes on with `--resume`.
Exit 0 done, 1 a checked accuracy is out of its band, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import difflib
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import NoReturn

from nets.catalogue import networks
from nets.training.settings import FORMATS, RECIPES, SCHEDULES, Recipe, Settings

CHECKPOINTS = Path(__file__).parent / "checkpoints"
BAD_INPUT = (ImportError, AttributeError, FileNotFoundError, ValueError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    asked = parser.parse_args(given)
    try:
        return _all(asked) if asked.all else _one(asked, parser)
    except BAD_INPUT as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print(_how_to_go_on(given), file=sys.stderr)
        return 130


def _how_to_go_on(given: list[str]) -> str:
    again = [*given, *(["--resume"] if "--resume" not in given else [])]
    return f"interrupted; go on from the last whole epoch with\npython -m nets.train {shlex.join(again)}"


def _one(asked: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if asked.network is None:
        parser.error(f"give a network ({', '.join(networks())}), or --all")
    settings = _settings(asked)
    file: Path = asked.out or Path(f"{_short(asked.network)}-{asked.format}.pt")
    if not file.parent.is_dir():
        parser.error(f"--out: there is no folder {file.parent}")
    from nets.training.console import run

    run(settings, file, resume=asked.resume, log=asked.log)
    return 0


def _all(asked: argparse.Namespace) -> int:
    from nets.training.shipped import check_all, train_all

    if asked.check:
        return 0 if check_all(asked.only, asked.device, asked.threads, asked.seed) else 1
    train_all(asked.only, asked.device, asked.threads, resume=asked.resume)
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"nets.train: {' '.join(message.split())}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nets.train", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "network", nargs="?", type=_network, metavar="NET", help="a network of nets, or module:function"
    )
    parser.add_argument("--format", type=_one_of(FORMATS), default="int8", help=f"{', '.join(FORMATS)}; default int8")
    parser.add_argument("--data", metavar="NAME", help="a data set of nets.data; default: digits or patterns")
    parser.add_argument("--data-path", metavar="DIR", help="where the data set's files are")
    parser.add_argument("--width", type=_whole, help="of the network, where it has one to choose")
    parser.add_argument("--from", dest="start", metavar="CHECKPOINT", help="begin with these weights")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: NET-FORMAT.pt in this folder")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write a line of JSON an epoch: loss, pairs per layer")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    _add_optimisation(parser.add_argument_group("training"))
    _add_recipe(parser.add_argument_group("recipe", "what a format does not set by itself is off"))
    shipped = parser.add_argument_group("shipped checkpoints")
    shipped.add_argument("--all", action="store_true", help="train every shipped checkpoint again")
    shipped.add_argument("--only", nargs="+", metavar="NAME", help="with --all: only these")
    shipped.add_argument("--check", action="store_true", help="with --all: change no file, compare accuracies")
    return parser


def _add_optimisation(group: argparse._ArgumentGroup) -> None:
    own = {item.name: item.default for item in fields(Settings)}
    group.add_argument("--epochs", type=_whole, default=own["epochs"], help="default %(default)s")
    group.add_argument("--seed", type=int, help="default 1")
    group.add_argument("--learning-rate", type=_positive, default=own["learning_rate"], help="default %(default)s")
    group.add_argument("--batch", type=_whole, default=own["batch"], help="default %(default)s")
    group.add_argument("--patience", type=_count, default=own["patience"], help="stop early; 0 never")
    group.add_argument("--device", type=_one_of(("auto", "cpu", "cuda")), default="auto", help="default: a GPU if any")
    group.add_argument("--threads", type=_whole, default=2, help="default %(default)s")


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    whole_or_rest = {"type": _count, "metavar": "EPOCHS"}
    group.add_argument("--prune", type=_share, help="final share of zero weights")
    group.add_argument("--l1", type=_weight, help="weight of the mean activation in the loss")
    group.add_argument("--relu-threshold", type=_weight, help="ReLUs put out 0 up to this, in the last epochs")
    group.add_argument("--relu-epochs", help="how many those are", **whole_or_rest)  # type: ignore[arg-type]
    group.add_argument("--skip-right", action=argparse.BooleanOptionalAction, help="no error where already right")
    group.add_argument("--preinit", help="epochs in full precision first", **whole_or_rest)  # type: ignore[arg-type]
    group.add_argument("--first-layer", action=argparse.BooleanOptionalAction, help="the first layer in the format too")
    group.add_argument("--schedule", type=_one_of(SCHEDULES), help="how the learning rate falls")
    group.add_argument("--lower-after", type=_whole, metavar="EPOCHS", help="of no fewer errors, with plateau")
    group.add_argument("--threshold", type=_weight, help="of ternary weights, over mean |weight|; default 0.7")
    group.add_argument("--narrow", type=_weight, metavar="SHARE", help="int8: accuracy to give for fewer bits")


def _settings(asked: argparse.Namespace) -> Settings:
    from nets.training.device import pick

    recipe = RECIPES.get(asked.format, Recipe())
    chosen = {item.name: getattr(asked, item.name) for item in fields(Recipe)}
    return Settings(
        network=_full(asked.network),
        format=asked.format,
        options={} if asked.width is None else {"width": asked.width},
        data=asked.data,
        data_path=asked.data_path,
        start=_start(asked.start),
        epochs=asked.epochs,
        seed=1 if asked.seed is None else asked.seed,
        learning_rate=asked.learning_rate,
        batch=asked.batch,
        patience=asked.patience,
        recipe=replace(recipe, **{name: value for name, value in chosen.items() if value is not None}),
        device=pick(asked.device),
        threads=asked.threads,
    )


def _full(network: str) -> str:
    from nets.training.networks import full_name

    return full_name(network)


def _short(network: str) -> str:
    """`lenet` of `lenet` and of `nets.lenet:build`."""
    return network.partition(":")[0].rpartition(".")[2]


def _start(given: str | None) -> str | None:
    """A checkpoint's file, or the name of a shipped one."""
    if given is None or Path(given).is_file():
        return given
    shipped = CHECKPOINTS / f"{given}.pt"
    if not shipped.is_file():
        names = ", ".join(sorted(file.stem for file in CHECKPOINTS.glob("*.pt")))
        raise FileNotFoundError(f"--from: there is no file {given}, nor a shipped checkpoint of that name ({names})")
    return str(shipped)


def _network(given: str) -> str:
    return given if ":" in given else _one_of(tuple(networks()))(given)


def _one_of(allowed: Sequence[str]) -> Callable[[str], str]:
    def check(given: str) -> str:
        if given in allowed:
            return given
        match = difflib.get_close_matches(given, allowed, n=1)
        hint = f"; did you mean {match[0]!r}?" if match else ""
        raise argparse.ArgumentTypeError(f"unknown: {given!r} (allowed: {', '.join(allowed)}){hint}")

    return check


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number of at least 0, not {text!r}")
    return int(text)


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number, not {text!r}") from None


def _positive(text: str) -> float:
    if not 0 < (value := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"a number above 0, not {text}")
    return value


def _weight(text: str) -> float:
    if not 0 <= (value := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of at least 0, not {text}")
    return value


def _share(text: str) -> float:
    if not 0 <= (value := _number(text)) < 1:
        raise argparse.ArgumentTypeError(f"a number from 0 to below 1, not {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
