"""What both timings of a DRAM channel have in common of the controller's policy; the reference simulator's figures."""

#: A row may be closed for a head that conflicts once so many accesses have used it, though more would hit.
MOST_HITS = 4
#: Writes are drained when more than these wait and no bank has anything to do.
FEW_WRITES = 8
