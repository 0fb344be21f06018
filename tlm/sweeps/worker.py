"""Points run in processes: each in one of its own, so that nothing of a point, not even its death, reaches another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import attrs

from tlm.core import Deadlock
from tlm.inputs.errors import BadInput, CheckFailed, first_line
from tlm.scenario import Scenario
from tlm.scenario.captured import workload_of
from tlm.scenario.contents import Contents, Digests
from tlm.system import run

from .outcome import BAD_INPUT, CHECK_FAILED, DEADLOCK, DIED, ERROR, Outcome, outcome_of
from .points import Point

#: What the server imports before the first point is forked from it.
SERVED = f"{__package__}.served"

#: One thread a process: as many processes as there are processors would only be in each other's way.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


#: A worker of a cluster may run points in several threads: processes are started and waited for by one of them.
_ONE_AT_A_TIME = threading.Lock()


@attrs.frozen
class Task:
    """What a process is given: the scenario, and the folder and environment in which its names mean what they do.

    `contents` is what the files said when the point was given its key.
    """

    scenario: Scenario
    contents: Digests
    folder: str
    environment: dict[str, str]


def run_points(points: Iterable[Point], jobs: int) -> Iterator[tuple[Point, Outcome]]:
    """Run `points`, so many at once; each as it ends, with what it came to. Who stops listening ends them all.

    The next of `points` is asked for when there is room for it, and all that have ended are given before that.
    """
    waiting = iter(points)
    running: dict[Connection, tuple[Point, Any]] = {}
    try:
        while True:
            for point in islice(waiting, jobs - len(running)):
                speaking, process = started(task_of(point))
                running[speaking] = (point, process)
            if not running:
                return
            for listener in wait(list(running)):
                assert isinstance(listener, Connection)
                point, process = running.pop(listener)
                yield point, received(listener, process)
    finally:
        for _, process in running.values():
            process.kill()


def failure(error: Exception) -> Outcome:
    """What a point came to that raised `error`."""
    if isinstance(error, BadInput):
        return Outcome(BAD_INPUT, str(error))
    if isinstance(error, (CheckFailed, Deadlock)):
        return Outcome(CHECK_FAILED if isinstance(error, CheckFailed) else DEADLOCK, str(error))
    return Outcome(ERROR, f"{type(error).__name__}: {first_line(error)}")


def started(task: Task) -> tuple[Connection, Any]:
    """A process that runs `task`, and where it will say what that comes to."""
    context: Any = multiprocessing.get_context(_method())
    listener, speaker = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(task, speaker), daemon=True)
    with _ONE_AT_A_TIME, _single_threaded(), _may_have_children(), _without_main():
        process.start()
    speaker.close()
    return listener, process


def received(listener: Connection, process: Any) -> Outcome:
    """What the process says; where it ends without a word, how."""
    try:
        outcome: Outcome | None = listener.recv()
    except (EOFError, OSError):
        outcome = None
    listener.close()
    with _ONE_AT_A_TIME:
        process.join()
    if outcome is not None:
        return outcome
    code = process.exitcode
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return Outcome(DIED, f"its process {how}")


def _method() -> str:
    """Forked from a server that has imported everything and run nothing, where there is such a thing."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload([SERVED])
    return "forkserver"


def task_of(point: Point) -> Task:
    """What a process of this machine is given for `point`."""
    assert point.scenario is not None
    return Task(point.scenario, point.contents, str(Path.cwd()), dict(os.environ))


def _work(task: Task, speaker: Connection) -> None:
    """What a process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the one who started us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(task.environment)
    os.chdir(task.folder)
    sys.path.insert(0, task.folder)  # a user's own module may lie here
    speaker.send(_outcome(task))


def _end_with_parent() -> None:
    """End where the one who started us does, however that is: nobody would hear us."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _outcome(task: Task) -> Outcome:
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _check_contents(task)
            result = run(task.scenario, [workload_of(one) for one in task.scenario.machines])
            return outcome_of(result, time.perf_counter() - began)
        except Exception as error:
            return attrs.evolve(failure(error), wall_s=time.perf_counter() - began)


def _check_contents(task: Task) -> None:
    """BadInput where a file does not say what it did when the point was given its key."""
    found = Contents().of(task.scenario)
    for key, digest in task.contents.items():
        if found.get(key) != digest:
            raise BadInput("names a file that is another here, or was changed while the sweep ran", key=key)


@contextmanager
def _may_have_children() -> Iterator[None]:
    """Worker processes of dask are daemons, which may have none lest these live on; ours end with their parent."""
    config: dict[str, Any] = vars(multiprocessing.current_process())["_config"]
    before = config.get("daemon")
    config["daemon"] = False
    try:
        yield
    finally:
        config["daemon"] = before


@contextmanager
def _without_main() -> Iterator[None]:
    """What is started does not import again what this program's main module does: it needs nothing of that."""
    main = sys.modules["__main__"]
    before = main.__spec__
    main.__spec__ = ModuleSpec("tlm.__main__", None)  # of such a one multiprocessing imports nothing
    try:
        yield
    finally:
        main.__spec__ = before


@contextmanager
def _single_threaded() -> Iterator[None]:
    """An environment in which what is started has one thread."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
