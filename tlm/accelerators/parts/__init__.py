"""The components a machine is built of: dispatcher, tiles, reducers, memories."""

from .dispatcher import Dispatcher, LayerRun, Standing
from .machine import Machine
from .memories import StreamedMemory
from .tile import Tile
from .usage import Usage, Use

__all__ = ["Dispatcher", "LayerRun", "Machine", "Standing", "StreamedMemory", "Tile", "Usage", "Use"]
