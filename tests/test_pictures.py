"""The pictures of the documentation: which there are, what is in them, and whether they are what the program shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.screens import PLAIN, Look, Shown
from tests.support.terminals import terminal

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *DOCS.rglob("*.md")]
SHOWN = sorted((DOCS / "pictures").iterdir())
TERMINALS = [file for file in SHOWN if file.suffix == ".svg"]

CAPTURE = """
import sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from captures import captured
from terminal_svg import drawn
print("\\n".join(captured(sys.argv[3], int(sys.argv[4]), Path.cwd()).lines))
"""


def named() -> set[Path]:
    """The pictures that pages name."""
    return {
        (page.parent / link).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)#:]*\bpictures/[^)]+)\)", page.read_text(encoding="utf-8"))
    }


def test_pages_name_all_pictures_and_no_others() -> None:
    assert named() == set(SHOWN)


def test_each_picture_says_what_is_seen() -> None:
    for page in PAGES:
        for alt in re.findall(r"!\[([^\]]*)\]\([^)]*pictures/[^)]+\.svg\)", page.read_text(encoding="utf-8")):
            assert len(alt.split()) > 8, (page, alt)


@pytest.mark.parametrize("file", TERMINALS, ids=lambda file: file.stem)
def test_a_terminal_asks_no_other_host_and_has_both_colours(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    root = ElementTree.fromstring(source)

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"https?:[^\s\"\')]*", source) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"url\(|@import|@font-face|href|<script|<image", source)
    assert "prefers-color-scheme:dark" in source
    assert len(source) < 30_000


def texts(file: Path) -> list[str]:
    """The lines of a picture, put together from its parts by where they are."""
    rows: dict[float, str] = {}
    for each in ElementTree.parse(file).getroot().iter("{http://www.w3.org/2000/svg}text"):
        row, column = float(each.attrib["y"]), round((float(each.attrib["x"]) - 14) / 8.4)
        rows[row] = rows.get(row, "").ljust(column) + (each.text or "")
    return [rows[row] for row in sorted(rows)]


@terminal
@pytest.mark.parametrize("name", ["status", "failure"])
def test_a_picture_is_what_the_program_shows(tmp_path: Path, name: str) -> None:
    env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    made = subprocess.run(
        [sys.executable, "-c", CAPTURE, str(ROOT), str(DOCS), name, "80"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert [line for line in made.stdout.splitlines() if line] == texts(DOCS / "pictures" / f"{name}-80.svg")


class TestShown:
    def test_a_line_is_written_anew(self) -> None:
        shown = Shown(20)
        shown.feed("  ..  one\r         \r  ok  \x1b[33mone\x1b[0m\r\ntwo")

        assert shown.lines == ["  ok  one", "two"]
        assert shown.runs[0][:2] == [(0, "  ok  ", PLAIN), (6, "one", Look(colour=3))]

    def test_a_long_line_goes_on_in_the_next(self) -> None:
        shown = Shown(4)
        shown.feed("abcdefgh\ni")

        assert shown.lines == ["abcd", "efgh", "i"]

    def test_what_isn_t_known_is_no_picture(self) -> None:
        with pytest.raises(ValueError, match="unknown"):
            Shown(20).feed("\x1b[5n")
