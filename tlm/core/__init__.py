"""The TLM-2.0 layer on SimPy: time, modules, payloads, sockets, FIFOs, probes."""

from .deadlock import Standstill, find_deadlock, simulate
from .errors import BadInput, CheckFailed, Deadlock, ElaborationError, nearest
from .fifo import Fifo
from .module import Answer, Module, Party, Rate, next_event_time
from .payload import IGNORE, OK, READ, WRITE, Command, Payload, Status
from .probe import BUSY, IDLE, Probe
from .progress import Progress
from .sockets import InitiatorSocket, TargetSocket
from .time import FS_PER_NS, FS_PER_S, Clock
from .waits import Wait, waits

__all__ = [
    "BUSY",
    "FS_PER_NS",
    "FS_PER_S",
    "IDLE",
    "IGNORE",
    "OK",
    "READ",
    "WRITE",
    "Answer",
    "BadInput",
    "CheckFailed",
    "Clock",
    "Command",
    "Deadlock",
    "ElaborationError",
    "Fifo",
    "InitiatorSocket",
    "Module",
    "Party",
    "Payload",
    "Probe",
    "Progress",
    "Rate",
    "Standstill",
    "Status",
    "TargetSocket",
    "Wait",
    "find_deadlock",
    "nearest",
    "next_event_time",
    "simulate",
    "waits",
]
