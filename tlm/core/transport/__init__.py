"""Payloads, phases and the sockets they go through, with the base protocol's rules by name."""
