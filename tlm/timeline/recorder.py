"""Puts the lookers-on into a system, as the last step before it is bound."""

from __future__ import annotations

from collections.abc import Sequence

from ..core import Fifo, Module
from .components import Component
from .levels import Buffers, FifoLevel
from .stream import Stream
from .transactions import Traffic, scope_of


class Recorder(Module):
    """Tells `stream` what happens in the trees of `roots`, which must not have been elaborated.

    It is a module that stands beside them, and brings neither events nor processes: as the last one made, its hooks
    come after theirs.
    """

    def __init__(self, stream: Stream, roots: Sequence[Module]) -> None:
        super().__init__(roots[0].env, "(timeline)")
        self.begun = False
        self._stream = stream
        self._roots = roots
        self._seen: set[Module] = set()
        self._components: list[Component] = []
        self._fifos: list[FifoLevel] = []
        self._buffers: list[Buffers] = []
        self._traffic = Traffic(stream)
        for root in roots:
            root.monitors.append(self._traffic.watch)

    def before_end_of_elaboration(self) -> None:
        """Look on at what there is."""
        self._look_on()

    def start_of_simulation(self) -> None:
        """Look on at modules that were made late, and at levels now that the system is whole; time begins to pass."""
        self._look_on()
        self._stream.each_window.extend(buffers.look for buffers in self._buffers)
        self._stream.moved(self.now)
        for sink in self._stream.sinks:
            sink.ready()
        self.begun = True

    def close(self) -> None:
        """The run is over, now."""
        for component in self._components:
            component.close(self.now)
        for fifo in self._fifos:
            fifo.close()
        for buffers in self._buffers:
            buffers.look(self.now)
        self._traffic.close()
        self._stream.close(self.now)

    def _look_on(self) -> None:
        for module in [one for root in self._roots for one in root.tree() if one not in self._seen]:
            self._seen.add(module)
            scope = scope_of(module)
            if module.kind:
                self._components.append(Component(self._stream, scope, module))
            for channel in module.prim_channels:
                if isinstance(channel, Fifo):
                    self._fifos.append(FifoLevel(self._stream, scope, _name_of(channel, module), channel))
            if type(module).levels is not Module.levels:
                self._buffers.append(Buffers(self._stream, scope, module))
            if not module.elaborated:
                for socket in module.sockets:  # a target's initiators may be elsewhere
                    socket.monitors.append(self._traffic.watch)


def _name_of(fifo: Fifo[object], module: Module) -> str:
    """A FIFO's own name, or that of the attribute it is."""
    return fifo.name or next((name for name, value in vars(module).items() if value is fifo), "fifo")
