"""`python -m nets.train lenet|vgg --format fp32|int8|ternary`: train on the digits and write a checkpoint.

The same settings on the same machine give the same checkpoint. Exit 0 done, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from nets.loop import Settings

NETWORKS = ("lenet", "vgg")
FORMATS = ("fp32", "int8", "ternary")
EPOCHS = {"lenet": 30, "vgg": 40}
PRUNE = {"lenet": 0.0, "vgg": 0.7}
L1 = {"lenet": 0.0, "vgg": 0.1}
CHECKPOINTS = Path(__file__).parent / "checkpoints"


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; returns the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    file: Path = asked.out or CHECKPOINTS / f"{asked.network}-{asked.format}.pt"
    if not file.parent.is_dir():
        parser.error(f"--out: there is no folder {file.parent}")
    try:
        _train(_settings(asked), file)
    except ImportError as missing:
        parser.error(str(missing))
    except KeyboardInterrupt:
        print("interrupted; no checkpoint written", file=sys.stderr)
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"nets.train: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nets.train", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("network", type=_one_of(NETWORKS), help="lenet or vgg")
    parser.add_argument("--format", type=_one_of(FORMATS), default="int8", help="fp32, int8 (default) or ternary")
    parser.add_argument("--epochs", type=_whole, help="default: lenet 30, vgg 40")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learning-rate", type=_positive, default=1e-3)
    parser.add_argument("--prune", type=_share, help="final share of zero weights; default: lenet 0, vgg 0.7")
    parser.add_argument("--l1", type=_weight, help="weight of the mean activation; default: lenet 0, vgg 0.1")
    parser.add_argument("--threads", type=_whole, default=2)
    parser.add_argument("--out", type=Path, help="default: nets/checkpoints/NETWORK-FORMAT.pt")
    return parser


def _settings(asked: argparse.Namespace) -> Settings:
    from nets.loop import Settings

    return Settings(
        network=asked.network,
        format=asked.format,
        epochs=asked.epochs or EPOCHS[asked.network],
        seed=asked.seed,
        learning_rate=asked.learning_rate,
        prune=PRUNE[asked.network] if asked.prune is None else asked.prune,
        l1=L1[asked.network] if asked.l1 is None else asked.l1,
        threads=asked.threads,
    )


def _train(settings: Settings, file: Path) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from nets.checkpoint import save
    from nets.loop import train

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(f"{settings.network} {settings.format}", total=settings.epochs)

        def report(epoch: int, loss: float) -> None:
            text = f"{settings.network} {settings.format}  loss {loss:.4f}"
            progress.update(task, completed=epoch, description=text)

        checkpoint = train(settings, report)
    save(checkpoint, file)
    print(f"accuracy: train {checkpoint['accuracy']['train']:.2%}, test {checkpoint['accuracy']['test']:.2%}")
    for name, value in checkpoint["measured"].items():
        print(f"{name.replace('_', ' ')}: {value:.3f}")
    print(f"{file}: {file.stat().st_size:,} bytes")


def _one_of(allowed: Sequence[str]) -> Callable[[str], str]:
    def check(given: str) -> str:
        if given in allowed:
            return given
        match = difflib.get_close_matches(given, allowed, n=1)
        hint = f"; did you mean {match[0]!r}?" if match else ""
        raise argparse.ArgumentTypeError(f"unknown: {given!r} (allowed: {', '.join(allowed)}){hint}")

    return check


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
