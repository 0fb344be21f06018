"""Time, modules and their elaboration, probes, and the events that SimPy is given."""
