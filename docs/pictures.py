"""Make the pictures of the pages from the real program.

usage: python docs/pictures.py [NAME ...]

Terminals are SVG, each in two widths, in the colours that the reader prefers. The page of `graph` is PNG, made by
Chromium.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from captures import CAPTURES, Session, captured, shop  # noqa: E402
from terminal_svg import drawn  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
WIDTHS = (80, 120)
PAGE = "graph-page"


def terminal(name: str) -> None:
    """Write the pictures of a terminal in which commands have run."""
    for width in WIDTHS:
        with tempfile.TemporaryDirectory() as folder:
            shown = captured(name, width, Path(folder))
        title = f"ellar-db in a terminal of {width} columns: {name.replace('-', ' ')}"
        (PICTURES / f"{name}-{width}.svg").write_text(drawn(shown, title), encoding="utf-8")


def page(folder: Path) -> None:
    """Write pictures of the page of `graph`, in light and dark colours."""
    from tests.support.browser import Browser, chromium

    file = folder / "history.html"
    session = Session(folder, WIDTHS[0])
    shop(session)
    session.run(f"ellar-db graph --html {file.name}", is_shown=False)
    with Browser(chromium()) as browser:
        for scheme in ("light", "dark"):
            tab = browser.tab(file, dark=scheme == "dark", width=960, height=480)
            tab.value(
                "(function () { this.value = '0'; this.dispatchEvent(new Event('change')); })"
                ".call(document.getElementById('database'))"
            )
            tab.click("#r0 .id")
            (PICTURES / f"graph-page-{scheme}.png").write_bytes(tab.picture())
            tab.close()


def main(names: list[str]) -> None:
    """Write pictures.

    Args:
        names: Which; all if it is empty.
    """
    for variable in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        os.environ.pop(variable, None)
    PICTURES.mkdir(exist_ok=True)
    for name in names or [*CAPTURES, PAGE]:
        if name == PAGE:
            with tempfile.TemporaryDirectory() as folder:
                page(Path(folder))
        else:
            terminal(name)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
