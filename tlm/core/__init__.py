"""The TLM-2.0 layer on SimPy: time, modules, payloads, sockets, FIFOs, probes."""

from ..inputs.errors import BadInput, CheckFailed, nearest
from .channels.event import Event
from .channels.fifo import Fifo
from .channels.mutex import Mutex
from .channels.peq import PeqWithCbAndPhase, PeqWithGet
from .channels.prim_channel import PrimChannel
from .channels.progress import Progress
from .channels.semaphore import Semaphore
from .checker.checker import check_protocol
from .deadlock.deadlock import Standstill, find_deadlock, simulate
from .deadlock.graph import Wait, waits
from .errors import Deadlock, ElaborationError, ProtocolError, TransportError
from .interconnect.at_bus import AtBus
from .interconnect.bus import Bus
from .interconnect.interleaver import Interleaver
from .interconnect.router import Router
from .kernel.awaited import Awaited
from .kernel.module import Announced, Answer, Module, Party, Rate
from .kernel.probe import BUSY, IDLE, Probe
from .kernel.scheduling import call_in
from .kernel.time import FS_PER_NS, FS_PER_S, Clock, to_fs
from .transport.binding import Hop, Socket, Transport
from .transport.copying import deep_copy, update_original
from .transport.dmi import Access, Dmi
from .transport.payload import (
    ADDRESS_ERROR,
    BURST_ERROR,
    BYTE_ENABLE_ERROR,
    COMMAND_ERROR,
    GENERIC_ERROR,
    IGNORE,
    INCOMPLETE,
    OK,
    READ,
    WRITE,
    Command,
    Payload,
    Status,
)
from .transport.phases import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    UPDATED,
    AnyPhase,
    ExtendedPhase,
    NbResult,
    Phase,
    Sync,
)
from .transport.quantum import QuantumKeeper
from .transport.side_process import begin_transport
from .transport.sockets import InitiatorSocket, MultiInitiatorSocket, MultiTargetSocket, TargetSocket

__all__ = [
    "ACCEPTED",
    "ADDRESS_ERROR",
    "BEGIN_REQ",
    "BEGIN_RESP",
    "BURST_ERROR",
    "BUSY",
    "BYTE_ENABLE_ERROR",
    "COMMAND_ERROR",
    "COMPLETED",
    "END_REQ",
    "END_RESP",
    "FS_PER_NS",
    "FS_PER_S",
    "GENERIC_ERROR",
    "IDLE",
    "IGNORE",
    "INCOMPLETE",
    "OK",
    "READ",
    "UPDATED",
    "WRITE",
    "Access",
    "Announced",
    "Answer",
    "AnyPhase",
    "AtBus",
    "Awaited",
    "BadInput",
    "Bus",
    "CheckFailed",
    "Clock",
    "Command",
    "Deadlock",
    "Dmi",
    "ElaborationError",
    "Event",
    "ExtendedPhase",
    "Fifo",
    "Hop",
    "InitiatorSocket",
    "Interleaver",
    "Module",
    "MultiInitiatorSocket",
    "MultiTargetSocket",
    "Mutex",
    "NbResult",
    "Party",
    "Payload",
    "PeqWithCbAndPhase",
    "PeqWithGet",
    "Phase",
    "PrimChannel",
    "Probe",
    "Progress",
    "ProtocolError",
    "QuantumKeeper",
    "Rate",
    "Router",
    "Semaphore",
    "Socket",
    "Standstill",
    "Status",
    "Sync",
    "TargetSocket",
    "Transport",
    "TransportError",
    "Wait",
    "begin_transport",
    "call_in",
    "check_protocol",
    "deep_copy",
    "find_deadlock",
    "nearest",
    "simulate",
    "to_fs",
    "update_original",
    "waits",
]
