"""A library that is not installed: which extra brings it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tlm.inputs.errors import BadInput
from tlm.inputs.extras import needs

ROOT = Path(__file__).parents[2]


def test_what_is_missing_is_told_with_its_extra() -> None:
    with pytest.raises(BadInput, match=r"^needs no_such_library: install the extra, pip install 'tlm\[report\]'$"):
        needs("report", "numpy", "no_such_library")


def test_what_is_installed_is_not_imported() -> None:
    script = "import sys\nfrom tlm.inputs.extras import needs\nneeds('search', 'numpy', 'torch')\n"
    script += "print([name for name in ('numpy', 'torch') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_extra_that_is_named_exists() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    sources = [file.read_text(encoding="utf-8") for folder in ("tlm", "nets") for file in (ROOT / folder).rglob("*.py")]
    named = {extra for source in sources for extra in re.findall(r'\bneeds\(\s*"([^"]+)"', source)}
    assert named
    assert named <= set(declared)
