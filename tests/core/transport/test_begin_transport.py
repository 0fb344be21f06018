"""A blocking transaction that plain code begins: what it gives, and when the memory is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import simpy

from tlm.core import READ, InitiatorSocket, Module, Payload, TargetSocket, begin_transport


class Caller(Module):
    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env, "caller")
        self.out = InitiatorSocket(self, "out")


class Target(Module):
    def __init__(self, env: simpy.Environment, serve: Callable[[simpy.Environment, int], Any]) -> None:
        super().__init__(env, "target")
        self.port = TargetSocket(self, "port", lambda _payload, delay: serve(env, delay))


def begun(serve: Callable[[simpy.Environment, int], Any], delay: int = 5) -> tuple[simpy.Environment, Any]:
    """What is given for a read that is begun at 100 fs."""
    env = simpy.Environment(100)
    caller, target = Caller(env), Target(env, serve)
    caller.out >> target.port
    caller.elaborate()
    return env, begin_transport(caller.out.hops[0], Payload(READ, 0, None, 8), delay)


def waits(env: simpy.Environment, delay: int) -> Any:
    yield env.timeout(delay)
    return 7


def does_not_wait(_env: simpy.Environment, delay: int) -> Any:
    return delay + 30
    yield


@pytest.mark.parametrize("serve", [lambda _env, delay: delay + 30, does_not_wait])
def test_where_it_does_not_wait_its_end_is_known_at_once(serve: Callable[[simpy.Environment, int], Any]) -> None:
    env, end = begun(serve)
    assert end == 135
    env.run()
    assert env.now == 100  # no event was needed


def test_where_it_waits_it_is_a_process_that_knows_its_end_when_it_has_returned() -> None:
    env, side = begun(waits)
    assert side.is_alive
    env.run(side)
    assert (env.now, side.done_fs) == (105, 112)


def test_an_error_before_the_first_wait_comes_to_the_caller() -> None:
    def fails(_env: simpy.Environment, _delay: int) -> Any:
        raise ValueError("no such row")

    with pytest.raises(ValueError, match="no such row"):
        begun(fails)


def test_an_error_after_a_wait_ends_the_simulation() -> None:
    def fails(env: simpy.Environment, delay: int) -> Any:
        yield env.timeout(delay)
        raise ValueError("no such row")

    env, _side = begun(fails)
    with pytest.raises(ValueError, match="no such row"):
        env.run()
