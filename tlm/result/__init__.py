"""What a run was: the result document, and the reasons its time is told in."""

from .document import Component, Compression, LayerResult, Result, Traffic
from .reasons import REASONS

__all__ = ["REASONS", "Component", "Compression", "LayerResult", "Result", "Traffic"]
