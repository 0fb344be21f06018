"""Print the oldest version that pyproject.toml allows of each library, as pip's constraints: `make oldest`."""

import re
import tomllib
from pathlib import Path

LOWER = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = [asked for extra in project["optional-dependencies"].values() for asked in extra]
for found in filter(None, map(LOWER.match, sorted({*project["dependencies"], *extras}))):
    print("==".join(found.groups()))
