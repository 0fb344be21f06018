"""Torch networks, their training on real digits, and the checkpoints that training left."""
