"""Points run on a cluster: dask.distributed hands them to its workers, which run each in a process of its own.

Everything about who runs what, and what becomes of it when a worker is lost, is dask's.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import attrs

from tlm import __version__
from tlm.inputs.errors import BadInput, first_line
from tlm.inputs.extras import needs

from .outcome import DIED, Outcome
from .points import Point
from .worker import received, started, task_of

OPTION = "--scheduler"
#: Seconds after which a scheduler that does not answer is taken for none.
PATIENCE_S = 10


@attrs.frozen
class Cluster:
    """A scheduler that answers; `client` is dask's."""

    client: Any

    @property
    def threads(self) -> int:
        """How many points its present workers run at once."""
        return int(sum(self.client.nthreads().values()))

    def run_points(self, points: Iterable[Point], most: int | None = None) -> Iterator[tuple[Point, Outcome]]:
        """Run `points`, at most so many handed over at once; each as it ends. Who stops listening cancels the others.

        BadInput where a worker has another version of this program.
        """
        from distributed import as_completed

        waiting = iter(points)
        handed: dict[str, tuple[Point, Any]] = {}
        ended: Any = as_completed(loop=self.client.loop)  # type: ignore[no-untyped-call]
        try:
            while True:
                for point in islice(waiting, None if most is None else most - len(handed)):
                    future = self._handed(point)
                    handed[future.key] = (point, future)
                    ended.add(future)
                if not handed:
                    return
                point, future = handed.pop(next(ended).key)
                yield point, _outcome(future)
        finally:
            with suppress(OSError):
                self.client.cancel([future for _, future in handed.values()])

    def _handed(self, point: Point) -> Any:
        task = pickle.dumps(attrs.evolve(task_of(point), environment={}))  # ours may hold secrets
        return self.client.submit(run_point, __version__, task, pure=False, retries=0)


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """The cluster of the scheduler at `address`; BadInput where there is none, or no dask here to reach it by."""
    needs("cluster", "distributed", key=OPTION)
    from distributed import Client
    from distributed.comm.addressing import get_address_host_port

    try:
        get_address_host_port(address)  # a client complains of an address without end
        client: Any = Client(address, timeout=PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, NotImplementedError) as error:
        message = f"there is no scheduler at {address!r}: {first_line(error)}"
        raise BadInput(message, key=OPTION) from None
    with client:
        yield Cluster(client)


def run_point(version: str, task: bytes) -> Outcome:
    """What a worker does: the point in a process of its own, as on one machine, in the worker's own environment."""
    if version != __version__:
        message = f"a worker has version {__version__} of this program, not {version}; install the same on all"
        raise BadInput(message, key=OPTION)
    given = pickle.loads(task)
    folder = given.folder if Path(given.folder).is_dir() else str(Path.cwd())
    here = attrs.evolve(given, folder=folder, environment=dict(os.environ))
    return received(*started(here))


def _outcome(future: Any) -> Outcome:
    """What the point came to; that it died, where its workers did. BadInput where no worker can run it."""
    from distributed import CancelledError, KilledWorker

    try:
        outcome: Outcome = future.result()
    except KilledWorker as error:
        return Outcome(DIED, f"{error.allowed_failures + 1} workers were lost while they ran it")
    except (CancelledError, OSError) as error:
        message = f"the cluster is lost: {first_line(error)}; start again to go on with what is missing"
        raise BadInput(message, key=OPTION) from None
    except (ImportError, AttributeError, pickle.UnpicklingError) as error:
        message = f"a worker cannot run points: {first_line(error)}; it needs version {__version__} of this program"
        raise BadInput(message, key=OPTION) from None
    return outcome
