"""Running a system until nothing is left to happen; where work is left, that is a deadlock, and it has a shape."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress

import attrs
import simpy
from simpy.core import StopSimulation

from ..errors import Deadlock
from ..kernel.elaboration import design_of
from ..kernel.module import Party
from ..kernel.scheduling import next_event_time
from .graph import Wait, WaitForGraph

#: From so many lines on that differ in numbers only, the rest is counted.
ALIKE = 3


def simulate(*roots: Party, until_fs: int | None = None) -> None:
    """Run the environment of `roots` until nothing is left to happen, or `until_fs`; Deadlock where work is left then.

    `roots` are the modules at the top of a system, and processes that belong to none. A system in which something is
    still to happen at `until_fs` has not stopped.
    """
    env, design = roots[0].env, design_of(roots[0].env)
    if until_fs is None:
        env.run()
    else:
        _step_until(env, until_fs)
    if design.stopped:
        return
    found = find_deadlock(*roots) if next_event_time(env) is None else None
    if found is not None:
        raise Deadlock(str(found))
    if until_fs is not None:
        env.run(until_fs)
    else:
        design.end()


def _step_until(env: simpy.Environment, until_fs: int) -> None:
    with suppress(StopSimulation):
        while env.peek() < until_fs:
            env.step()


@attrs.frozen(eq=False)
class Standstill:
    """A deadlock: along `path` each waits for the next; where it is `circular`, the last one for the first.

    `hanging` wait for one of these, directly or not; `ends` are what those of the path wait for besides, where that
    leads nowhere; `apart` wait, and for none of these. `str` words it.
    """

    time_fs: int
    path: tuple[Wait, ...]
    circular: bool
    ends: tuple[Wait, ...]
    hanging: tuple[Wait, ...]
    apart: tuple[Wait, ...]

    def __str__(self) -> str:
        names = [wait.name for wait in self.path]
        if self.circular:
            names.append(names[0])
        elif self.path[-1].what and not self.path[-1].on:
            names.append("nobody")
        lines = [f"deadlock at {self.time_fs:,} fs: {' -> '.join(names)}"]
        lines += [f"  {wait}" for wait in self.path]
        lines += _folded([*self.ends, *self.hanging])
        if self.apart:
            lines += ["apart from these:", *_folded(self.apart)]
        return "\n".join(lines)


def find_deadlock(*roots: Party) -> Standstill | None:
    """Why a system in which nothing is left to happen has work left; None where it has none."""
    graph = WaitForGraph(roots)
    working = dict.fromkeys(wait.waiter for wait in graph.all if wait.work)
    if not working:
        return None
    cycle = _best_cycle(graph, working)
    path = cycle or _longest_chain(graph, working)
    path = [wait.first(after.waiter) for wait, after in zip(path, [*path[1:], path[0]], strict=True)]
    waiters = {wait.waiter for wait in path}
    ends = [end for end in _dead_ends(graph, waiters) if end.waiter not in waiters]
    shown = waiters | {end.waiter for end in ends}
    rest = [wait for wait in graph.all if wait.waiter in working and wait.waiter not in shown]
    hanging = [wait for wait in rest if waiters & set(_reachable(graph, [wait.waiter]))]
    return Standstill(
        time_fs=int(path[0].waiter.env.now),
        path=tuple(path),
        circular=bool(cycle),
        ends=tuple(ends),
        hanging=tuple(sorted(hanging, key=_since)),
        apart=tuple(sorted((wait for wait in rest if wait not in hanging), key=_since)),
    )


def _since(wait: Wait) -> tuple[bool, int]:
    """The longest wait first, those of unknown length last."""
    return wait.since_fs is None, wait.since_fs or 0


def _reachable(graph: WaitForGraph, starts: Iterable[Party]) -> dict[Party, None]:
    """All that `starts`, and whom they wait for, wait for; and they themselves."""
    found, left = dict.fromkeys(starts), deque(starts)
    while left:
        for wait in graph.of(left.popleft()):
            fresh = [party for party in wait.on if party not in found]
            found |= dict.fromkeys(fresh)
            left += fresh
    return found


def _best_cycle(graph: WaitForGraph, working: Iterable[Party]) -> list[Wait]:
    """Of the shortest cycles from anywhere, those with least idle servers, then the shortest, then the oldest wait."""
    cycles = filter(None, (_shortest_cycle(graph, start) for start in _reachable(graph, working)))
    return min(cycles, key=_rank, default=[])


def _rank(cycle: list[Wait]) -> tuple[int, int, tuple[bool, int]]:
    return sum(not wait.work for wait in cycle), len(cycle), _since(cycle[0])


def _shortest_cycle(graph: WaitForGraph, start: Party) -> list[Wait]:
    """The waits from `start` back to it, breadth first; none where there is no way."""
    came: dict[Party, Wait] = {}
    left = deque([start])
    while left:
        for wait in graph.of(left.popleft()):
            for party in wait.on:
                if party in came:
                    continue
                came[party] = wait
                left.append(party)
        if start in came:
            return _back(came, start)
    return []


def _back(came: dict[Party, Wait], start: Party) -> list[Wait]:
    cycle = [came[start]]
    while cycle[-1].waiter is not start:
        cycle.append(came[cycle[-1].waiter])
    return cycle[::-1]


def _longest_chain(graph: WaitForGraph, working: Iterable[Party]) -> list[Wait]:
    """Where there is no cycle: the longest way from who has work to who waits for nobody."""
    onward: dict[Party, tuple[int, Wait, Party | None]] = {}  # how long the way is, its first wait, and on to whom
    for party in _awaited_first(graph, working):
        ways = [(1 + onward[other][0], wait, other) for wait in graph.of(party) for other in wait.on]
        end = (graph.of(party) or [graph.end(party)])[0]
        onward[party] = max(ways, key=lambda way: way[0], default=(1, end, None))
    _, wait, after = onward[max(working, key=lambda start: onward[start][0])]
    chain = [wait]
    while after is not None:
        _, wait, after = onward[after]
        chain.append(wait)
    return chain


def _awaited_first(graph: WaitForGraph, starts: Iterable[Party]) -> dict[Party, None]:
    """All that can be reached where there is no cycle, each after those it waits for."""
    found: dict[Party, None] = {}
    left = list(starts)
    while left:
        ahead = [party for wait in graph.of(left[-1]) for party in wait.on if party not in found]
        if not ahead:
            found[left.pop()] = None
        left += ahead
    return found


def _dead_ends(graph: WaitForGraph, path: Iterable[Party]) -> list[Wait]:
    """What is reached from the path and waits for nobody."""
    reached = _reachable(graph, path)
    waiting = [wait for party in reached for wait in graph.of(party) if not wait.on]
    return waiting + [graph.end(party) for party in reached if not graph.of(party)]


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts tile2 before tile10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _folded(waits: Sequence[Wait]) -> list[str]:
    """A line each; of those that differ in numbers only the first, and how many more there are."""
    groups: dict[str, list[Wait]] = {}
    for wait in waits:
        key = str(attrs.evolve(wait, since_fs=None))
        groups.setdefault(re.sub(r"\d+", "#", key), []).append(wait)
    lines = []
    for group in groups.values():
        shown = group if len(group) < ALIKE else group[:1]
        lines += [f"  {wait}" for wait in shown]
        if len(shown) < len(group):
            names = sorted((wait.name for wait in group[1:]), key=_natural)
            lines.append(f"    and {len(names)} more alike, {names[0]} to {names[-1]}")
    return lines
