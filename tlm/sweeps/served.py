"""What the server has imported that points are forked from; imported there only.

Nothing of it is ever collected, so a point's collections neither walk it nor copy its pages.
"""

from __future__ import annotations

import gc

import numpy.ma  # noqa: F401  what reading a cached array imports

from . import worker  # noqa: F401

gc.collect()
gc.freeze()
