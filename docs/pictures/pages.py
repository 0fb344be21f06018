"""Take the pictures of reports that README.md and docs/ show: `python docs/pictures/pages.py` writes them here.

They are pages as a browser shows them, of the shipped scenario and of the shipped sweep. Unlike the console's pictures
they are not the same to the bit everywhere: fonts are the machine's. A browser is looked for on the PATH.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs
from playwright.sync_api import sync_playwright

from tlm import report, run, sweep

FOLDER = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
DRAW_ALL = "() => document.querySelectorAll('.plot').forEach(draw)"
DRAWN = "() => [...document.querySelectorAll('.plot')].every((plot) => plot.dataset.drawn)"


@attrs.frozen
class Shot:
    """A picture: of which page, how wide and high (px), light or dark, from which of its elements on."""

    page: str
    width: int
    height: int
    scheme: str = "light"
    top: str = "header"


SHOTS = {
    "report.png": Shot("run", 1180, 1150),
    "report_time.png": Shot("run", 1180, 760, "dark", "#timeline"),
    "report_narrow.png": Shot("run", 390, 844, "light", "#stalls"),
    "report_sweep.png": Shot("sweep", 1180, 1130),
}


def pages(folder: Path) -> dict[str, Path]:
    """The pages that pictures are of."""
    result, store = folder / "dstripes_hbm.json", folder / "lenet_memories.sqlite"
    made = {"run": folder / "run.html", "sweep": folder / "sweep.html"}
    _done(run.main(["dstripes_hbm", "--no-live", "--timeline", "--json", str(result)]))
    _done(report.main([str(result), "--html", str(made["run"])]))
    _done(sweep.main(["lenet_memories", "--no-live", "--store", str(store)]))
    _done(report.main([str(store), "--html", str(made["sweep"])]))
    return made


def take(browser: Any, page: Path, shot: Shot, target: Path) -> None:
    """Open the page, draw everything, and keep what the window shows."""
    size = {"width": shot.width, "height": shot.height}
    tab = browser.new_page(viewport=size, color_scheme=shot.scheme)
    tab.goto(page.as_uri())
    tab.evaluate(DRAW_ALL)
    tab.wait_for_function(DRAWN)
    tab.evaluate("(name) => document.querySelector(name).scrollIntoView({behavior: 'instant'})", shot.top)
    tab.wait_for_timeout(400)
    tab.screenshot(path=target)
    tab.close()


def _done(code: int) -> None:
    if code:
        sys.exit(code)


def main() -> None:
    """Take all of SHOTS."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit(f"error: no browser is installed: one of {', '.join(BROWSERS)} must be on the PATH")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = pages(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for name, shot in SHOTS.items():
            take(browser, made[shot.page], shot, FOLDER / name)
            print(f"wrote {FOLDER / name}")
        browser.close()


if __name__ == "__main__":
    main()
