"""The one list of reasons: why the array stood still (a layer's stalls), or why a component waited."""

REASONS: dict[str, str] = {
    # causes, found by walking the critical path back; a layer's stalls are told in these
    "offchip_bandwidth": "data queued for, or moved over, the memory's data bus",
    "offchip_latency": "the memory's own access time: activate, column access, return",
    "decompression": "encoded data queued for, or expanded by, the decompression engines",
    "compression": "outputs queued for, or encoded by, the compression engines",
    "onchip_bandwidth": "data queued for, or moved through, the write port of an on-chip memory, its latency included",
    "wm_capacity": "the weight memory had no room to request the weights earlier, and the memory nothing else to do",
    "am_capacity": "the activation memory had no room to request inputs earlier, or to take outputs",
    "dispatch": "reading the bricks of a pass from the activation memory",
    "reduce": "finished outputs being written to the activation memory",
    "startup": "nothing had been requested yet: the beginning of the run",
    # what a component waits for as it happens
    "weights": "a tile: its own weights have not arrived",
    "broadcast": "a tile: it is ready, and the pass has not been broadcast (other tiles, inputs, room, ports)",
    "tiles": "the dispatcher: some tile is not ready for the pass",
    "inputs": "the dispatcher: the pass's inputs have not arrived",
    "offchip_write": "the dispatcher: the layer's last outputs are on their way to the memory",
    "room": "the DMA: no buffer has room for its next request",
    "activate": "a memory channel: a request is pending while its row is being opened",
    "refresh": "a memory channel or an on-chip port: a request is pending during refresh",
    "conflict": "an on-chip port: a request is pending for banks that serve the other direction",
    "turnaround": "a memory channel: a request is pending while the bus changes direction",
    "bank_group": "a memory channel: a request is pending while bursts of one bank group keep their distance",
    "access": "a memory channel: a request is pending in the latency of its own access",
}
