"""What both timings of a DRAM channel have in common: the controller's policy, and what its data bus waits for."""

#: A row may be closed for a head that conflicts once so many accesses have used it, though more would hit.
MOST_HITS = 4
#: Writes are drained when more than these wait and no bank has anything to do.
FEW_WRITES = 8

#: What the data bus waits for while a request is there: a row, a refresh, a change of direction or rank, the
#: distance between accesses to one bank group, or the latency of the access itself.
ACTIVATING, REFRESHING, TURNAROUND, BANK_GROUP, ACCESS = "activate", "refresh", "turnaround", "bank_group", "access"

#: Cycles after and before all others.
NEVER = 1 << 62
LONG_AGO = -NEVER
