"""Time is an integer number of femtoseconds; a clock is arithmetic, never an event a cycle."""

from __future__ import annotations

from .units import quantity

FS_PER_S = 10**15
FS_PER_NS = 10**6


class Clock:
    """A clock of `frequency`, in Hz or as text such as "980 MHz"; its period is rounded once to a whole fs, half up."""

    __slots__ = ("frequency_hz", "period_fs")

    def __init__(self, frequency: float | str) -> None:
        frequency_hz = quantity(frequency, "Hz") if isinstance(frequency, str) else frequency
        if not frequency_hz > 0:
            raise ValueError(f"a clock needs a positive frequency, not {frequency_hz} Hz")
        self.frequency_hz = frequency_hz
        self.period_fs = int(FS_PER_S / frequency_hz + 0.5)
        if self.period_fs < 1:
            raise ValueError(f"{frequency_hz} Hz has a period below one femtosecond")

    def next_edge(self, now: int) -> int:
        """The first edge at or after `now`, in fs; edges are whole multiples of the period."""
        return -(-now // self.period_fs) * self.period_fs

    def cycles(self, duration_fs: int) -> int:
        """Whole periods in a duration that must be a multiple of the period."""
        count, rest = divmod(duration_fs, self.period_fs)
        if rest:
            raise ValueError(f"{duration_fs} fs is not a whole number of {self.period_fs} fs periods")
        return count
