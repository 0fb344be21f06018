"""`python -m nets.study`: what each part of the ternary recipe is worth, measured; takes a while.

Writes `nets/checkpoints/study.yaml` and the table in `docs/training.md`. Exit 0 done, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m nets.study", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--network", default="alex", help="default %(default)s")
    parser.add_argument("--width", type=int, default=16, help="default %(default)s")
    parser.add_argument("--epochs", type=int, default=20, help="of every run; default %(default)s")
    parser.add_argument("--seeds", type=int, default=3, help="runs a row; default %(default)s")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="default %(default)s")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=2, help="default %(default)s")
    try:
        _study(parser.parse_args(arguments))
    except (ImportError, AttributeError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("interrupted; nothing written", file=sys.stderr)
        return 130
    return 0


def _study(asked: argparse.Namespace) -> None:
    from nets.training import study
    from nets.training.device import pick
    from nets.training.networks import full_name
    from nets.training.page import put
    from nets.training.settings import Settings

    base = Settings(
        full_name(asked.network),
        options={"width": asked.width},
        epochs=asked.epochs,
        learning_rate=asked.learning_rate,
        patience=0,
        device=pick(asked.device),
        threads=asked.threads,
    )
    with tempfile.TemporaryDirectory() as folder:
        results = study.study(base, asked.seeds, Path(folder))
    study.save(results, {key: getattr(asked, key) for key in ("network", "width", "epochs", "seeds", "learning_rate")})
    put("study", study.table(results))
    print(study.table(results), end="")


if __name__ == "__main__":
    sys.exit(main())
