"""A hand-made system whose components do what a script says, so that every figure of a frame is known."""

from __future__ import annotations

import io

import simpy
from rich.console import Console, RenderableType

from tlm.core import FS_PER_NS, Module, Rate

NS = FS_PER_NS


class Part(Module):
    """A component of any kind, with the rate and levels it is given."""

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        kind: str = "",
        rate: Rate | None = None,
        levels: dict[str, tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(parent, name)
        self.kind = kind
        self.given_rate = rate
        self.given_levels = levels or {}

    def rate(self) -> Rate | None:
        return self.given_rate

    def levels(self) -> dict[str, tuple[int, int]]:
        return self.given_levels


def script(part: Module, *states: tuple[int, str]) -> None:
    """From each time (ns) on, the component is in that state."""
    for at_ns, state in states:
        part.env.timeout(at_ns * NS, state).callbacks.append(lambda event: part.probe.set(event.value))


def bench(env: simpy.Environment) -> Part:
    """Two channels timed by spans, one of them booked ahead; three tiles with weight memories; a camera, by itself."""
    root = Part(env, "soc")
    dram = Part(root, "dram")
    for number, end in ((0, 60), (1, 200)):
        channel = Part(dram, f"channel{number}", "memory channel", Rate(2 * end, 4e9, "B"))
        channel.probe.span(0, end * NS)
    for number, busy_at in enumerate((10, 20, 90)):
        tile = Part(root, f"tile{number}", "tile")
        Part(tile, "wm", levels={"values": (1000 * number, 4000)})
        script(tile, (0, "weights"), (busy_at, "busy"))
    camera = Part(root, "camera", "master", Rate(50, float("inf"), "frames"), {"queue_bytes": (3072, 4096)})
    script(camera, (0, "busy"), (75, "idle"))
    return root


def terminal(width: int, height: int) -> Console:
    """A terminal that is none."""
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, height=height)


def lines(frame: RenderableType, console: Console) -> list[str]:
    """What a frame looks like, line by line, blanks at their ends left out."""
    with console.capture() as captured:
        console.print(frame, end="")
    return [line.rstrip() for line in captured.get().splitlines()]
