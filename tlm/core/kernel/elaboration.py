"""The beginning and the end of a simulation: hooks in order over all modules of an environment, binding, processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import simpy
from simpy.core import StopSimulation

from ..errors import ElaborationError
from .scheduling import FIRST, call_in

if TYPE_CHECKING:
    from .module import Module

_KEY = "tlm_design"


class Design:
    """The modules at the top of one environment; they are elaborated together."""

    def __init__(self, env: simpy.Environment) -> None:
        self.stopped = False
        self._env = env
        self._tops: dict[str, Module] = {}
        self._begun: set[Module] = set()
        self._elaborating = self._elaborated = self._ended = False

    def add(self, top: Module) -> None:
        """One more, under a name that is new in the environment; elaborated on the environment's next event."""
        if self._elaborated:
            raise ElaborationError(f"{top.name}: created after elaboration of its environment, at {self._env.now} fs")
        if top.name in self._tops:
            raise ElaborationError(f"{top.name}: the name is used twice at the top of one environment")
        if not self._tops:  # before the beginning of SimPy processes, which is urgent
            call_in(self._env, 0, self._elaborate_or_again, FIRST)
        self._tops[top.name] = top

    def elaborate(self) -> None:
        """Elaborate all modules, once: each step over the whole tree, parents first, before the next begins."""
        if self._elaborated or self._elaborating:
            return
        self._elaborating = True
        try:
            self._before_end()
            modules = list(self._modules())
            self._complete_binding([socket for module in modules for socket in module.sockets])
        finally:
            self._elaborating = False
        self._elaborated = True
        for module in modules:
            module.elaborated = True
        for module in modules:
            module.end_of_elaboration()
        for module in modules:
            module.start_of_simulation()
        for module in modules:
            module.start()

    @staticmethod
    def _complete_binding(sockets: Sequence[Any]) -> None:
        """All are checked before any is tied: what is put right after an error is found as if it had always been so."""
        for socket in sockets:
            socket.check_binding()
        for socket in sockets:
            socket.tie()

    def _before_end(self) -> None:
        """The first hook may make more modules, whose turn comes too."""
        while fresh := [module for module in self._modules() if module not in self._begun]:
            for module in fresh:
                self._begun.add(module)
                module.before_end_of_elaboration()

    def stop(self) -> None:
        """End `env.run()` once what is due in this instant, and was scheduled before, has happened."""
        call_in(self._env, 0, self._stop)

    def end(self) -> None:
        """The simulation is over: the last hook, once."""
        if self._ended:
            return
        self._ended = True
        for module in self._modules():
            module.end_of_simulation()

    def _stop(self) -> None:
        self.stopped = True
        self.end()
        raise StopSimulation(None)

    def _modules(self) -> Iterator[Module]:
        return (module for top in self._tops.values() for module in top.tree())

    def _elaborate_or_again(self) -> None:
        """On the environment's first event; where that fails, what is wrong may be put right, and it runs again."""
        try:
            self.elaborate()
        except BaseException:
            if not self._elaborated:
                call_in(self._env, 0, self._elaborate_or_again, FIRST)
            raise


def design_of(env: simpy.Environment) -> Design:
    """The environment's own: it is kept there, so that nothing is global."""
    return cast(Design, vars(env).setdefault(_KEY, Design(env)))
