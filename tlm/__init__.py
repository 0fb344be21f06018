"""A transaction-level model of DNN accelerators and the memory system they live on."""

__version__ = "0.1.0"
