"""What ends a simulation: a system put together wrongly, a broken rule, a failed transaction, a deadlock."""

from __future__ import annotations

import simpy


class Deadlock(RuntimeError):
    """A run that stopped with work left; the message says who waits for what. Exit code 1."""


class ElaborationError(RuntimeError):
    """A system that is put together wrongly: an unbound socket, a name used twice, a late module."""


class TransportError(RuntimeError):
    """A transaction that ended with an error status, where who asked for it waits in `read` or `write`."""


class ProtocolError(RuntimeError):
    """A call that breaks a `rule` of the base protocol, at `time_fs`, by the socket of that full name.

    `seen` says what was seen, `clause` where IEEE 1666-2011 has the rule, `process` who was running; None where that is
    not known or nobody was.
    """

    def __init__(
        self,
        socket: str,
        time_fs: int,
        rule: str,
        seen: str,
        clause: str | None = None,
        process: str | None = None,
    ) -> None:
        # All of them: SimPy makes a process's error anew from its arguments where it leaves `env.run()`.
        super().__init__(socket, time_fs, rule, seen, clause, process)
        self.socket = socket
        self.time_fs = time_fs
        self.rule = rule
        self.seen = seen
        self.clause = clause
        self.process = process

    def __str__(self) -> str:
        clause = f" (IEEE 1666-2011, {self.clause})" if self.clause else ""
        return f"{self.socket} {_when(self.time_fs, self.process)}: {self.rule}{clause}: {self.seen}"


def when(env: simpy.Environment) -> str:
    """Now and who runs, for a message: "at 5 fs, in process run"."""
    process = env.active_process
    return _when(env.now, None if process is None else process.name)


def _when(time_fs: float, process: str | None) -> str:
    return f"at {time_fs} fs, in process {process}" if process else f"at {time_fs} fs"
