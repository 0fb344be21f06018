"""The examples of README.md and docs/: found, run and, as a script (`make accept`), written anew where they differ.

`python documents.py scenario.md` writes only the pages of these names anew.

An example is a fenced block of `bash` or `python`. A `text` block right behind it is what it prints. A block of
python whose lines begin with `>>>` is left to doctest. A block of `py` or `yml` shows the file that the line above it
links to, word for word.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LISTINGS = ("py", "yml")
LINK = re.compile(r"\]\(([^)#]+)\)[^\n]*\n+```\w*\n\Z")  # the last one in the line above a block
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Block:
    """One fenced block: its `kind` (the word behind the fence), its `text`, and where the text lies in the page."""

    page: Path
    kind: str
    text: str
    begin: int
    end: int

    @property
    def name(self) -> str:
        """The page and the block's first line."""
        return f"{self.page.name}: {self.text.partition(chr(10))[0]}"


@attrs.frozen
class Example:
    """A block that can be run, and the block that shows what it prints, or None."""

    code: Block
    shown: Block | None


@attrs.frozen
class Listing:
    """A block that shows a file word for word."""

    block: Block
    file: Path


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(page, found[1], found[2], found.start(2), found.end(2)) for found in FENCE.finditer(text)]


def examples(page: Path) -> list[Example]:
    """What a page shows that can be run."""
    text, found = page.read_text(encoding="utf-8"), blocks(page)
    pairs = zip(found, [*found[1:], None], strict=False)
    return [
        Example(block, behind if behind and behind.kind == "text" and _adjacent(text, block, behind) else None)
        for block, behind in pairs
        if block.kind in ("bash", "python") and not block.text.startswith(">>>")
    ]


def listings(page: Path) -> list[Listing]:
    """What a page shows of files."""
    text = page.read_text(encoding="utf-8")
    return [Listing(block, _linked(text, block)) for block in blocks(page) if block.kind in LISTINGS]


def _linked(text: str, block: Block) -> Path:
    link = LINK.search(text[: block.begin])
    assert link, f"{block.name}: no link to a file in the line above"
    return block.page.parent / link[1]


def _adjacent(text: str, block: Block, behind: Block) -> bool:
    return not text[block.end : behind.begin].replace("```text", "").replace("```", "").strip()


def recipe(target: str) -> str:
    """What `make target` runs in the end: the target's last line in the Makefile, with python for the venv's."""
    lines = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert lines, f"the Makefile has no recipe for {target!r}"
    return lines[1].splitlines()[-1].strip("\t@").replace("$(BIN)/", "")


def run(block: Block, folder: Path, cache: Path | None = None) -> str:
    """What the block prints, both streams, run in `folder`; `make run` stands for its recipe.

    The repository's examples/ lies there too, so that what is shown is what a reader types in a checkout.
    """
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(ROOT / "examples")
    text = "set -o pipefail\n" + block.text if block.kind == "bash" else block.text
    text = re.sub(r"^make run$", recipe("run"), text, flags=re.MULTILINE)
    command = ["bash", "-euc", text] if block.kind == "bash" else [sys.executable, "-c", text]
    environment = {
        "TLM_CACHE": str(cache or folder / "cache"),
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{block.name}\nexit {done.returncode}\n{done.stdout}"
    return tidy(done.stdout)


def tidy(text: str) -> str:
    """`text` without blanks at the ends of lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def lasting(text: str) -> str:
    """`text` without what differs from run to run: seconds of wall time."""
    return re.sub(r"\d+\.\d+ s\b", "_ s", text)


def accept(page: Path) -> None:
    """Write anew the files that a page shows, and what it shows its examples to print, where that differs."""
    text = page.read_text(encoding="utf-8")
    for block, wanted in sorted(_differing(page), key=lambda found: -found[0].begin):
        text = text[: block.begin] + wanted + text[block.end :]
    page.write_text(text, encoding="utf-8")


def _differing(page: Path) -> Iterator[tuple[Block, str]]:
    """The blocks that are not what they should be, and what that is."""
    for listing in listings(page):
        source = listing.file.read_text(encoding="utf-8")
        if listing.block.text != source:
            yield listing.block, source
    with tempfile.TemporaryDirectory() as folder:
        for example in examples(page):
            if example.shown is None:
                continue
            printed = run(example.code, Path(folder))
            if lasting(printed) != lasting(example.shown.text):
                yield example.shown, printed


if __name__ == "__main__":
    for each in PAGES:
        if not sys.argv[1:] or each.name in sys.argv[1:]:
            accept(each)
