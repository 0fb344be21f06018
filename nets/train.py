"""`python -m nets.train NET --format FORMAT`: train a network and write a checkpoint; `--all` trains those shipped.

The same settings on the same machine give the same checkpoint. A run that was interrupted goes on with `--resume`.
Exit 0 done, 1 a checked accuracy is out of its band, 2 bad input or a network of one's own that fails, 130 interrupted.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import NoReturn

from nets.catalogue import networks
from nets.training.arguments import count, one_of, positive, share, weight, whole
from nets.training.settings import FORMATS, RECIPES, SCHEDULES, Recipe, Settings

CHECKPOINTS = Path(__file__).parent / "checkpoints"
BAD_INPUT = (ImportError, OSError, ValueError)
DEVICES, DEFAULT_DEVICE, DEFAULT_THREADS = ("auto", "cpu", "cuda"), "auto", 2

#: What of the command line means something beside --all, and beside --all --check.
FOR_ALL = {"all", "only", "check", "device", "threads"}
FOR_TRAINING, FOR_CHECKING = FOR_ALL | {"resume"}, FOR_ALL | {"seed"}

SHOWN = {"network": "NET", "start": "--from"}  # where an argument is not called what it is given as

#: Switches that do something under a condition only, which is told where it is not met.
CONDITIONS: dict[str, tuple[Callable[[Settings], bool], str]] = {
    "threshold": (lambda own: own.format == "ternary", "with --format ternary"),
    "narrow": (lambda own: own.format in ("int8", "ternary"), "with --format int8 or ternary"),
    "preinit": (lambda own: own.format != "fp32", "with another --format than fp32"),
    "first_layer": (lambda own: own.format != "fp32", "with another --format than fp32"),
    "lower_after": (lambda own: own.recipe.schedule == "plateau", "with --schedule plateau"),
    "relu_epochs": (lambda own: own.recipe.relu_threshold > 0, "with a --relu-threshold"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    asked = parser.parse_args(given)
    try:
        return _all(asked) if asked.all else _one(asked)
    except BAD_INPUT as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print(_how_to_go_on(given), file=sys.stderr)
        return 130


def _how_to_go_on(given: list[str]) -> str:
    if "--check" in given:
        return "interrupted; nothing was changed"
    again = [*given, *(["--resume"] if "--resume" not in given else [])]
    return f"interrupted; go on from the last whole epoch with\npython -m nets.train {shlex.join(again)}"


def _one(asked: argparse.Namespace) -> int:
    if asked.network is None:
        raise ValueError(f"give a network ({', '.join(networks())}), or --all")
    _refuse(_given(asked) & {"only", "check"}, "means something with --all only")
    settings = _settings(asked)
    for switch in CONDITIONS.keys() & _given(asked):
        holds, when = CONDITIONS[switch]
        _refuse(set() if holds(settings) else {switch}, f"means something {when} only")
    file = _target(asked.out, f"{_short(asked.network)}-{settings.format}.pt")
    _check_writable("--out", file)
    if asked.log:
        _check_writable("--log", asked.log)
    from nets.training.console import run

    run(settings, file, resume=bool(asked.resume), log=asked.log)
    return 0


def _all(asked: argparse.Namespace) -> int:
    idle = _given(asked) - (FOR_CHECKING if asked.check else FOR_TRAINING)
    _refuse(idle, f"means nothing with --all{' --check' if asked.check else ''}, which has settings of its own")
    from nets.training.shipped import check_all, train_all

    device, threads = asked.device or DEFAULT_DEVICE, asked.threads or DEFAULT_THREADS
    if asked.check:
        return 0 if check_all(asked.only, device, threads, asked.seed) else 1
    train_all(asked.only, device, threads, resume=bool(asked.resume))
    return 0


def _given(asked: argparse.Namespace) -> set[str]:
    """What the command line says."""
    return {name for name, value in vars(asked).items() if value is not None}


def _refuse(switches: set[str], why: str) -> None:
    """ValueError where there is one."""
    for name in sorted(switches):
        raise ValueError(f"{SHOWN.get(name) or '--' + name.replace('_', '-')} {why}")


def _target(out: str | None, name: str) -> Path:
    """The checkpoint's file: `out`, or `name` in it where that is a folder or ends in a slash; `name` by default."""
    if out is None:
        return Path(name)
    return Path(out, name) if out.endswith("/") or Path(out).is_dir() else Path(out)


def _check_writable(option: str, file: Path) -> None:
    """ValueError where there can be no such file; its folders are made."""
    if file.is_dir():
        raise ValueError(f"{option} {file}: is a folder; name a file in it")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        raise ValueError(f"{option} {file}: cannot be written: {error.strerror}") from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"nets.train: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nets.train", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "network",
        nargs="?",
        type=_network,
        metavar="NET",
        help="a network of nets, module:function or file.py:function",
    )
    parser.add_argument("--format", type=one_of(FORMATS), help=f"{', '.join(FORMATS)}; default {Settings.format}")
    parser.add_argument("--data", metavar="NAME", help="a data set of nets.data; default: digits or patterns")
    parser.add_argument("--data-path", metavar="DIR", help="where the data set's files are")
    parser.add_argument("--width", type=whole, help="of the network, where it has one to choose")
    parser.add_argument("--from", dest="start", metavar="CHECKPOINT", help="begin with these weights")
    parser.add_argument("--out", metavar="FILE", help="or a folder, FOLDER/; default: NET-FORMAT.pt in this one")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write a line of JSON an epoch: loss, pairs per layer")
    parser.add_argument("--resume", action="store_true", default=None, help="go on with a run that was interrupted")
    _add_optimisation(parser.add_argument_group("training"))
    _add_recipe(parser.add_argument_group("recipe", "what a format does not set by itself is off"))
    shipped = parser.add_argument_group("shipped checkpoints")
    shipped.add_argument("--all", action="store_true", default=None, help="train every shipped checkpoint again")
    shipped.add_argument("--only", nargs="+", metavar="NAME", help="with --all: only these")
    shipped.add_argument(
        "--check", action="store_true", default=None, help="with --all: change no file, compare accuracies"
    )
    return parser


def _add_optimisation(group: argparse._ArgumentGroup) -> None:
    """Nothing has a default here, so that what was given is known; `Settings` has them."""
    own = {item.name: item.default for item in fields(Settings)}
    group.add_argument("--epochs", type=whole, help=f"default {own['epochs']}")
    group.add_argument("--seed", type=int, help=f"default {own['seed']}")
    group.add_argument("--learning-rate", type=positive, help=f"default {own['learning_rate']}")
    group.add_argument("--batch", type=whole, help=f"images a step; default {own['batch']}")
    group.add_argument(
        "--patience",
        type=count,
        metavar="EPOCHS",
        help=f"stop without a lower loss for so many; 0 never; default {own['patience']}",
    )
    group.add_argument("--device", type=one_of(DEVICES), help="auto (a GPU if there is one), cpu or cuda; default auto")
    group.add_argument("--threads", type=whole, help=f"default {DEFAULT_THREADS}")


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    whole_or_rest = {"type": count, "metavar": "EPOCHS"}
    group.add_argument("--prune", type=share, metavar="SHARE", help="final share of zero weights")
    group.add_argument("--l1", type=weight, help="weight of the mean activation in the loss")
    group.add_argument("--relu-threshold", type=weight, help="ReLUs put out 0 up to this, in the last epochs")
    group.add_argument("--relu-epochs", help="how many those are", **whole_or_rest)  # type: ignore[arg-type]
    group.add_argument("--skip-right", action=argparse.BooleanOptionalAction, help="no error where already right")
    group.add_argument("--preinit", help="epochs in full precision first", **whole_or_rest)  # type: ignore[arg-type]
    group.add_argument("--first-layer", action=argparse.BooleanOptionalAction, help="the first layer in the format too")
    group.add_argument(
        "--schedule",
        type=one_of(SCHEDULES),
        help=f"of the learning rate: {' or '.join(SCHEDULES)}; default cosine, ternary plateau",
    )
    group.add_argument("--lower-after", type=whole, metavar="EPOCHS", help="of no fewer errors, with plateau")
    group.add_argument("--threshold", type=weight, help="of ternary weights, over mean |weight|; default 0.7")
    group.add_argument("--narrow", type=weight, metavar="SHARE", help="int8, ternary: accuracy to give for fewer bits")


def _settings(asked: argparse.Namespace) -> Settings:
    from nets.training.device import pick

    given = _given(asked)
    recipe = RECIPES.get(asked.format or Settings.format, Recipe())
    plain = ("format", "data", "data_path", "epochs", "seed", "learning_rate", "batch", "patience")
    return Settings(
        network=_full(asked.network),
        options={} if asked.width is None else {"width": asked.width},
        start=_start(asked.start),
        recipe=replace(
            recipe, **{item.name: getattr(asked, item.name) for item in fields(Recipe) if item.name in given}
        ),
        device=pick(asked.device or DEFAULT_DEVICE),
        threads=asked.threads or DEFAULT_THREADS,
        **{name: getattr(asked, name) for name in plain if name in given},
    )


def _full(network: str) -> str:
    from nets.training.networks import full_name

    return full_name(network)


def _short(network: str) -> str:
    from nets.training.networks import short_name

    return short_name(network)


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
    return given if ":" in given or given.endswith(".py") else one_of(tuple(networks()))(given)


if __name__ == "__main__":
    sys.exit(main())
