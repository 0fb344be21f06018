"""The components a machine is built of: dispatcher, tiles, reducers, memories."""

from .dispatcher import Dispatcher, LayerRun, Standing
from .machine import Machine
from .tile import Tile
from .usage import Usage, Use

__all__ = ["Dispatcher", "LayerRun", "Machine", "Standing", "Tile", "Usage", "Use"]
