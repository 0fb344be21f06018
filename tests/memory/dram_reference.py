"""The rows of dram_reference.csv: each can be played again, and says how near the outcome must be."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
from patterns import PATTERNS, Setting

from tlm.memory import MemorySpec
from tlm.memory.player import Played, Player

FILE = Path(__file__).with_suffix(".csv")
BLOCK = 4096  # requests

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "DDR4-3200 1ch 1rank bank-group-interleaved": {"standard": "ddr4-3200"},
    "DDR4-3200 1ch 1rank row-consecutive": {"standard": "ddr4-3200", "mapping": "row"},
    "DDR4-3200 2ch 1rank bank-group-interleaved": {"standard": "ddr4-3200", "channels": 2},
    "HBM 8x128": {"standard": "hbm"},
    "HBM2 8x128": {"standard": "hbm2"},
    "LPDDR4-3200 1x64": {"standard": "lpddr4-3200"},
    "LPDDR4-4267 1x64": {"standard": "lpddr4-4267"},
}
IN_ONE_GROUP = "row-consecutive"

#: How far cycles may be off, by the beginning of a pattern's name: cycle-accurate simulators differ by as much.
BANDS = {"a_": 0.01, "b_": 0.01, "c_": 0.01, "cx_": 0.15, "dx_": 0.15, "i_": 0.01}
BAND, BAND_IN_ONE_GROUP = 0.05, 0.08


@attrs.frozen
class Row:
    """A configuration and pattern, and what the reference makes of them, in cycles."""

    configuration: str
    pattern: str
    cycles: int
    p50: int | None
    row_hit_rate: float

    @property
    def band(self) -> float:
        """The share of the cycles by which an outcome may be off."""
        beginning = self.pattern.partition("_")[0] + "_"
        stream = self.configuration.endswith(IN_ONE_GROUP) and beginning in ("a_", "b_", "c_", "d_")
        return BAND_IN_ONE_GROUP if stream else BANDS.get(beginning, BAND)

    def play(self, granularity: Any) -> Played:
        """Play it again; an address beyond the device begins again at 0, as the reference's does."""
        player = Player(MemorySpec(**CONFIGURATIONS[self.configuration]), granularity)
        requests = self._requests(player)
        while block := list(islice(requests, BLOCK)):
            player.take(block)
        return player.finish()

    def _requests(self, player: Player) -> Any:
        config = player.config
        peak = config.organisation.channels * config.burst_bytes // config.burst_cycles
        setting = Setting(config.burst_bytes, peak, config.timing.nREFI)
        for address, write, cycle in PATTERNS[self.pattern](setting):
            yield address % config.capacity_bytes, write, cycle


def rows() -> list[Row]:
    """All of them, in the file's order."""
    with FILE.open(encoding="utf-8") as file:
        table = csv.DictReader(line for line in file if not line.startswith("#"))
        return [
            Row(
                configuration=row["configuration"],
                pattern=row["pattern"],
                cycles=int(row["cycles"]),
                p50=round(float(row["lat_p50_ns"]) / float(row["tck_ns"])) if row["lat_p50_ns"] else None,
                row_hit_rate=float(row["row_hit_rate"]),
            )
            for row in table
        ]
