"""The TLM-2.0 layer on SimPy: time, modules, payloads, sockets, FIFOs, probes."""

from .errors import BadInput, CheckFailed, Deadlock, ElaborationError, nearest
from .fifo import Fifo
from .module import Module, Rate, next_event_time
from .payload import IGNORE, OK, READ, WRITE, Command, Payload, Status
from .probe import BUSY, IDLE, Probe
from .progress import Progress
from .sockets import InitiatorSocket, TargetSocket
from .time import FS_PER_NS, FS_PER_S, Clock

__all__ = [
    "BUSY",
    "FS_PER_NS",
    "FS_PER_S",
    "IDLE",
    "IGNORE",
    "OK",
    "READ",
    "WRITE",
    "BadInput",
    "CheckFailed",
    "Clock",
    "Command",
    "Deadlock",
    "ElaborationError",
    "Fifo",
    "InitiatorSocket",
    "Module",
    "Payload",
    "Probe",
    "Progress",
    "Rate",
    "Status",
    "TargetSocket",
    "nearest",
    "next_event_time",
]
