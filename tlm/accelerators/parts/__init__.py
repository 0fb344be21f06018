"""The components a machine is built of: dispatcher, tiles, reducers, memories."""

from .dispatcher import Dispatcher, LayerRun, Standing
from .machine import Machine
from .tile import Tile

__all__ = ["Dispatcher", "LayerRun", "Machine", "Standing", "Tile"]
