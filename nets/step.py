"""`python -m nets.step CHECKPOINT --out FOLDER`: a real step of training as traces, which a machine runs.

The network goes on training where its checkpoint left it, for one batch; of the image with the largest error every
layer's forward product and the two of its backward pass are written. Exit 0 done, 2 bad input.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def main(arguments: Sequence[str] | None = None) -> int:
    """Record a step as the command line says; returns the exit code."""
    first = __doc__.splitlines()[0] if __doc__ else ""
    parser = argparse.ArgumentParser(prog="python -m nets.step", description=first)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a file, or a shipped one such as lenet-ternary")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="the folder of traces, which is made")
    parser.add_argument("--seed", type=int, default=1, help="which batch; default %(default)s")
    asked = parser.parse_args(arguments)
    try:
        _record(_file(asked.checkpoint), Path(asked.out), asked.seed)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    return 0


def _file(name: str) -> Path:
    shipped = CHECKPOINTS / f"{name}.pt"
    return shipped if shipped.exists() else Path(name)


def _record(file: Path, folder: Path, seed: int) -> None:
    from nets.training.checkpoint import load
    from nets.training.step import recorded_step
    from nets.training.traces import write

    products = recorded_step(load(file), file, seed)
    write(products, folder)
    print(f"{folder}: {len(products)} products of a step of {file.stem}")


if __name__ == "__main__":
    sys.exit(main())
