"""What is counted of a machine, and so can have a cost: events of a run, and the parts it is built of."""

from __future__ import annotations

#: Events, each of the layer it was for. A *unit* is one place of the grid of a tile, `rows` x `columns`: an
#: inner-product unit of `lanes` products, an element of SCNN, or a unit of DLAC.
EVENTS = {
    "cycles": "a cycle of the accelerator's clock",
    "macs": "a multiply-accumulate of the layer, padding included",
    "multiplications": "one that is made: of a machine that skips those with a zero, the others",
    "unit_cycles": "a unit and a cycle in which the array works, whether or not the layer has work for the unit",
    "conv_unit_cycles": "those in convolutions",
    "fc_unit_cycles": "those in fully connected layers",
    "standing_unit_cycles": "a unit and a cycle in which the array does not work",
    "broadcast_bits": "a bit of an activation that arrives at a tile",
    "output_values": "a finished output that leaves the array, before pooling",
    "am_read_bytes": "a byte read from the activation memory",
    "am_written_bytes": "a byte written to it",
    "wm_read_bytes": "a byte read from a weight memory",
    "wm_written_bytes": "a byte written to one",
    "decompressed_values": "a value that the decompressors put out",
    "compressed_values": "a value that the compressors take",
}

#: What a machine is built of, as its numbers have it.
PARTS = {
    "machine": "the whole",
    "tiles": "a tile",
    "units": "a unit",
    "broadcast_wires": "a wire from the dispatcher to the tiles: a bit of an activation a cycle",
    "am_bytes": "a byte of the activation memory",
    "wm_bytes": "a byte of the weight memories",
    "am_bank_mm2": "a mm2 of the activation memory's banks, as the macro of its technology has them",
    "wm_bank_mm2": "the same of the weight memories' banks",
}
