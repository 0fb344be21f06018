"""What processes share: events, queues, FIFOs, locks, counts."""
