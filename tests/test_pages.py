"""What pages tell their readers to do is done, in order, and their commands print what the pages show."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from ellar_db.testing import Distributions
from tests.support.pages import ROOT
from tests.support.pages.entries import PAGES
from tests.support.pages.markdown import parsed
from tests.support.pages.reader import Page, Reader

PATTERNS = (
    "README.md",
    "docs/*.md",
    "docs/how-to/*.md",
    "docs/explain/*.md",
    "examples/*/README.md",
    "plugins_example/*/README.md",
)
TEXTS = {
    str(file.relative_to(ROOT).as_posix()): file.read_text(encoding="utf-8")
    for pattern in PATTERNS
    for file in sorted(ROOT.glob(pattern))
}
WITH_BLOCKS = [name for name, text in TEXTS.items() if any(True for _ in parsed(text))]

MISSING = (
    "{name} has blocks and no line in tests/support/pages/entries.py. Add one: `Page(...)` with the project from which it"
    " begins, or a text that says why none of its blocks can be run."
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pages are written for a shell of Linux and macOS")
@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_a_page_can_be_followed(
    name: str, tmp_path: Path, new_database: Callable[[str], str], install_distribution: Distributions
) -> None:
    page = PAGES.get(name)
    if page is None:
        pytest.fail(MISSING.format(name=name), pytrace=False)
    if isinstance(page, str):
        assert [block.text for block in parsed(TEXTS[name]) if block.has_commands] == [], f"not run, as {page}"
        return
    folder = tmp_path / "project"
    folder.mkdir()
    with ExitStack() as exits:
        Reader(folder, new_database, install_distribution, exits).follow(TEXTS[name], page)


def test_no_line_is_about_a_page_that_is_gone() -> None:
    assert sorted(PAGES.keys() - set(WITH_BLOCKS)) == []
