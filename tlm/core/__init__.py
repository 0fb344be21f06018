"""The TLM-2.0 layer on SimPy: time, modules, payloads, sockets, FIFOs, probes."""

from .address_map import AddressMap
from .at_bus import AtBus
from .binding import Hop, Socket
from .bus import Bus
from .checker import check_protocol
from .copying import deep_copy, update_original
from .deadlock import Standstill, find_deadlock, simulate
from .dmi import Access, Dmi
from .errors import BadInput, CheckFailed, Deadlock, ElaborationError, ProtocolError, TransportError, nearest
from .event import Event
from .fifo import Fifo
from .interleaver import Interleaver
from .module import Answer, Module, Party, Rate, next_event_time
from .mutex import Mutex
from .payload import (
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
from .peq import PeqWithCbAndPhase, PeqWithGet
from .phases import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    UNINITIALIZED_PHASE,
    UPDATED,
    ExtendedPhase,
    Phase,
    Sync,
)
from .prim_channel import PrimChannel
from .probe import BUSY, IDLE, Probe
from .progress import Progress
from .quantum import QuantumKeeper
from .router import Router
from .semaphore import Semaphore
from .sockets import InitiatorSocket, MultiInitiatorSocket, MultiTargetSocket, TargetSocket
from .time import FS_PER_NS, FS_PER_S, Clock, to_fs
from .waits import Wait, waits

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
    "UNINITIALIZED_PHASE",
    "UPDATED",
    "WRITE",
    "Access",
    "AddressMap",
    "Answer",
    "AtBus",
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
    "TransportError",
    "Wait",
    "check_protocol",
    "deep_copy",
    "find_deadlock",
    "nearest",
    "next_event_time",
    "simulate",
    "to_fs",
    "update_original",
    "waits",
]
