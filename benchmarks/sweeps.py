"""What sweeps are held to, measured: `python benchmarks/sweeps.py speed | kills | cluster [--points N] [--sweep NAME]`.

speed: the whole sweep with one process and with two, in turns, in stores of their own; the ratio of wall times, and of
processors' time, which a busy machine changes less. kills: the sweep is killed, with all its processes, at random
moments and started again; every point must be there once, and none that was kept may be lost or run again. cluster: on
a dask cluster of two local workers. Each compares the tables it comes to. Linux only: it is told what processes took.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from tlm.scenario import sweep_file

SWEEP = "machines_memories"
TABLE = "number, key, settings, status, message, cycles, time_fs, energy_j, area_mm2, offchip_bytes, images_per_s"
SUBREAPER = 36  # prctl: what our children leave behind is ours to wait for


@attrs.frozen
class Taken:
    """What a start took: by the clock, and of all its processes together."""

    wall_s: float
    cpu_s: float


def main() -> int:
    args = _parser().parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        sweep = _sample(args.sweep, args.points, Path(folder))
        return MEASURES[args.what](args, sweep, Path(folder))


def speed(args: Any, sweep: Path, folder: Path) -> int:
    _run(sweep, folder / "warm.sqlite", "--jobs", "2")  # the workload is captured, files are in memory
    wanted = _table(folder / "warm.sqlite")
    ratios, spent = [], []
    for turn in range(args.turns):
        one, two = (_timed(sweep, folder / f"{turn}-{jobs}.sqlite", "--jobs", str(jobs)) for jobs in (1, 2))
        same = all(_table(folder / f"{turn}-{jobs}.sqlite") == wanted for jobs in (1, 2))
        ratios.append(one.wall_s / two.wall_s)
        spent.append(one.cpu_s / two.cpu_s)
        print(f"{len(wanted)} points: --jobs 1 {_shown(one)}, --jobs 2 {_shown(two)}: {ratios[-1]:.3f}x", flush=True)
        if not same:
            print("the tables differ")
            return 1
    print(f"median {statistics.median(ratios):.3f}x; processors' time of one over two {statistics.median(spent):.3f}")
    return 0


def kills(args: Any, sweep: Path, folder: Path) -> int:
    source = random.Random(args.seed)
    store = folder / "killed.sqlite"
    wanted = _table(_run(sweep, folder / "whole.sqlite", "--jobs", "2"))
    seen: dict[str, float] = {}
    for left in range(args.kills, 0, -1):
        target = len(seen) + source.randrange(max(1, 2 * (len(wanted) - len(seen)) // (left + 1)))
        process = _started(sweep, store, "--jobs", "2")
        while len(_kept(store)) < target and process.poll() is None:
            time.sleep(0.01)
        time.sleep(source.uniform(0, 2))
        late = process.poll() is not None
        os.killpg(process.pid, signal.SIGKILL) if not late else None
        process.wait()
        there = _kept(store)
        if late or not seen.items() <= there.items():
            print("ended before it was killed" if late else "a point that was kept is lost, or was run again")
            return 1
        print(f"killed with {len(there)} of {len(wanted)} points kept", flush=True)
        seen = there
    _run(sweep, store, "--jobs", "2")
    kept = seen.items() <= _kept(store).items()
    same = _table(store) == wanted
    print(
        f"{args.kills} kills, {len(_table(store))} points: {'each once' if kept and same else 'NOT as without kills'}"
    )
    return 0 if kept and same else 1


def cluster(_args: Any, sweep: Path, folder: Path) -> int:
    from distributed import LocalCluster

    wanted = _table(_run(sweep, folder / "local.sqlite", "--jobs", "2"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as workers:
        began = time.monotonic()
        store = folder / "dask.sqlite"
        _started(sweep, store, "--scheduler", workers.scheduler_address).wait()  # not for the workers too
        found = _table(store)
        print(f"{len(found)} points on two workers in {time.monotonic() - began:.1f} s")
    print("the same table" if found == wanted else "the tables differ")
    return 0 if found == wanted else 1


MEASURES: dict[str, Callable[[Any, Path, Path], int]] = {"speed": speed, "kills": kills, "cluster": cluster}


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("what", choices=[*MEASURES])
    made.add_argument("--sweep", default=SWEEP, help="a sweep whose scenario has a bare name")
    made.add_argument("--points", type=int, help="a sample of so many of its points")
    made.add_argument("--turns", type=int, default=1, help="speed: how often each is measured")
    made.add_argument("--kills", type=int, default=20)
    made.add_argument("--seed", type=int, default=0, help="kills: of the moments")
    return made


def _sample(name: str, points: int | None, folder: Path) -> Path:
    file = folder / "sweep.yaml"
    sampled = "" if points is None else f"\nsample: {points}\n"
    file.write_text(sweep_file(name).read_text(encoding="utf-8") + sampled, encoding="utf-8")
    return file


def _started(sweep: Path, store: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tlm.sweep", str(sweep), "--store", str(store), "--no-live", *options]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)


def _run(sweep: Path, store: Path, *options: str) -> Path:
    _timed(sweep, store, *options)
    return store


def _timed(sweep: Path, store: Path, *options: str) -> Taken:
    """One start, until the last process that it leaves behind has ended."""
    began = time.monotonic()
    process = _started(sweep, store, *options)
    wall_s = cpu_s = 0.0
    while True:
        try:
            ended, status, used = os.wait3(0)
        except ChildProcessError:
            return Taken(wall_s, cpu_s)
        cpu_s += used.ru_utime + used.ru_stime
        if ended == process.pid:
            wall_s = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"the sweep ended with exit code {process.returncode}")


def _table(store: Path) -> list[Any]:
    return _asked(store, f"SELECT {TABLE} FROM points ORDER BY number")


def _kept(store: Path) -> dict[str, float]:
    """Which points are in the store, from outside, and how long each took: other figures each time it is run."""
    try:
        return dict(_asked(store, "SELECT key, wall_s FROM points")) if store.exists() else {}
    except sqlite3.OperationalError:  # not made yet
        return {}


def _asked(store: Path, question: str) -> list[Any]:
    connection = sqlite3.connect(store)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def _shown(taken: Taken) -> str:
    return f"{taken.wall_s:.1f} s ({taken.cpu_s:.1f} s of processors' time)"


if __name__ == "__main__":
    sys.exit(main())
