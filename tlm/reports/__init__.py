"""Pages of results: what a run or a sweep was, as one HTML file that fetches nothing."""

from .page import page
from .reading import files_of, read_results

__all__ = ["files_of", "page", "read_results"]
