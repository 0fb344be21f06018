"""The request patterns that memories are compared on: one burst a request, as lines of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

KiB, MiB = 1 << 10, 1 << 20
STREAM = 16 * MiB
CHUNK = 2 * KiB
OTHER_ROW = 128 * MiB  # of the same bank
OTHER_BANK = OTHER_ROW + 32 * KiB
REGION = 256 * MiB  # that random addresses lie in

#: (address, whether it writes, the first cycle in which it may come)
Request = tuple[int, bool, int]


@attrs.frozen
class Setting:
    """What patterns are made for: bytes of a burst and of a cycle at the memory's peak, cycles between refreshes."""

    burst_bytes: int
    peak_bytes: int
    refresh_interval: int

    def run(self, base: int, size: int, write: bool = False) -> Iterator[Request]:
        """A run of bursts, as fast as they are taken."""
        return ((address, write, 0) for address in range(base, base + size, self.burst_bytes))

    def paced(self, number: int, percent: int) -> int:
        """When burst `number` comes at that share of the peak."""
        return number * self.burst_bytes * 100 // (percent * self.peak_bytes)


def random_numbers(seed: int) -> Iterator[int]:
    """31 bits each, of a linear congruential generator of 64 bits: Knuth's MMIX."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        yield state >> 33


def sequential(of: Setting, write: bool) -> Iterator[Request]:
    return of.run(0, STREAM, write)


def two_streams(of: Setting, other: int) -> Iterator[Request]:
    for turn in range(STREAM // CHUNK // 2):
        yield from of.run(turn * CHUNK, CHUNK)
        yield from of.run(other + turn * CHUNK, CHUNK)


def two_reads_a_write(of: Setting, other: int) -> Iterator[Request]:
    for number in range(STREAM // CHUNK):
        turn, place = divmod(number, 3)
        if place == 2:
            yield from of.run(other + turn * CHUNK, CHUNK, write=True)
        else:
            yield from of.run((2 * turn + place) * CHUNK, CHUNK)


def strided(of: Setting) -> Iterator[Request]:
    return ((number * 4 * KiB, False, 0) for number in range(65536))


def scattered(of: Setting, seed: int, size: int, count: int) -> Iterator[Request]:
    numbers = random_numbers(seed)
    for _ in range(count):
        yield from of.run(next(numbers) % (REGION // size) * size, size)


def closed(of: Setting) -> Iterator[Request]:
    """A refresh lies between any two: they are 1.37 intervals apart."""
    return ((0, False, 1000 + number * (of.refresh_interval * 137 // 100)) for number in range(100))


def apart(of: Setting, addresses: int, step: int) -> Iterator[Request]:
    return ((number % addresses * step, False, number * 200) for number in range(1000))


def half_speed(of: Setting) -> Iterator[Request]:
    return ((n * of.burst_bytes, False, of.paced(n, 50)) for n in range(STREAM // of.burst_bytes))


def random_at_a_fifth(of: Setting) -> Iterator[Request]:
    requests = scattered(of, 777, of.burst_bytes, 65536)
    return ((address, False, of.paced(number, 20)) for number, (address, _, _) in enumerate(requests))


PATTERNS: dict[str, Callable[[Setting], Iterator[Request]]] = {
    "a_seq_rd": lambda of: sequential(of, write=False),
    "b_seq_wr": lambda of: sequential(of, write=True),
    "c_2rd_2k": lambda of: two_streams(of, OTHER_BANK),
    "cx_2rd_2k_conf": lambda of: two_streams(of, OTHER_ROW),
    "d_2r1w_2k": lambda of: two_reads_a_write(of, OTHER_BANK),
    "dx_2r1w_2k_conf": lambda of: two_reads_a_write(of, OTHER_ROW),
    "f_stride4k": strided,
    "g_rand64": lambda of: scattered(of, 12345, of.burst_bytes, 65536),
    "h_rand1k": lambda of: scattered(of, 54321, KiB, 4096),
    "i_closed": closed,
    "i_hit": lambda of: apart(of, 16, of.burst_bytes),
    "i_conflict": lambda of: apart(of, 2, OTHER_ROW),
    "j50": half_speed,
    "jr20": random_at_a_fifth,
}
