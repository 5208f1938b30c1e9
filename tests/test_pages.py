"""What pages tell their readers to do is done, in order, and their commands print what the pages show."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from ellar_db.project.toml import read_toml
from ellar_db.testing import Distributions
from tests.support.pages import ROOT
from tests.support.pages.entries import PAGES
from tests.support.pages.markdown import parsed
from tests.support.pages.reader import Page, Reader
from tests.support.pages.shown import answers
from tests.support.pages.starts import nothing, written

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


def is_long(name: str) -> bool:
    """Return whether it takes seconds to follow a page."""
    page = PAGES.get(name)
    return isinstance(page, Page) and page.long


MISSING = (
    "{name} has blocks and no line in tests/support/pages/entries.py. Add one: `Page(...)` with the project from which "
    "it begins, or a text that says why none of its blocks can be run."
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pages are written for a shell of Linux and macOS")
@pytest.mark.sampled
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if is_long(name) else []) for name in WITH_BLOCKS]
)
def test_a_page_can_be_followed(
    name: str, tmp_path: Path, new_database: Callable[[str], str], install_distribution: Distributions
) -> None:
    page = PAGES.get(name)
    if page is None:
        pytest.fail(MISSING.format(name=name), pytrace=False)
    if isinstance(page, str):
        typed = [block.line for block in parsed(TEXTS[name]) if block.has_commands]
        assert typed == [], f"{name} has commands, and so its entry must be a Page, not why they aren't run: {page}"
        return
    folder = tmp_path / "project"
    folder.mkdir()
    with ExitStack() as exits:
        Reader(folder, new_database, install_distribution, exits).follow(TEXTS[name], page)


def test_no_line_is_about_a_page_that_is_gone() -> None:
    assert sorted(PAGES.keys() - set(WITH_BLOCKS)) == []


FIRST = """
Write `models.py`:

```python
one = 1
```

Add to `models.py`:

```python
two = 2
```

In `pyproject.toml`:

```toml
[tool.shop]
name = "new"
```

1. In a list:

   ```console
   $ python -c "print('made 3852a206aae5_first.py in 0.12 s')"
   made 1111aaaa2222_first.py in 3.45 s
   ...
   $ python -c "import sys; print(sys.argv[1])" 1111aaaa2222
   1111aaaa2222
   ```

       $ python -c "raise SystemExit('Error: no')"
       Error: no
       $ echo $?
       1
       $ python -c "print(1)" > out.txt || python -c "print(2)"
"""


@pytest.fixture
def reader(tmp_path: Path, new_database: Callable[[str], str], install_distribution: Distributions) -> Reader:
    (tmp_path / "project").mkdir()
    return Reader(tmp_path / "project", new_database, install_distribution, ExitStack())


def test_files_are_written_and_ids_learned(reader: Reader) -> None:
    reader.follow(FIRST, Page(written("pyproject.toml", '[tool.shop]\nname = "old"\nsize = 1\n')))

    assert (reader.folder / "models.py").read_text() == "one = 1\n\n\ntwo = 2\n"
    assert read_toml(reader.folder / "pyproject.toml") == {"tool": {"shop": {"name": "new", "size": 1}}}
    assert reader.shown.ids == {"1111aaaa2222": "3852a206aae5"}
    assert (reader.folder / "out.txt").read_text() == "1\n"


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("$ python -c 'print(1)'\n2", "line 2: python -c 'print(1)'\n--- page\n+++ printed\n@@ -1 +1 @@\n-2\n+1"),
        ("$ python -c 'print(1)'\n1\n2", "-2"),
        ("$ python -c 'print(1, 2)'\n1", "+1 2"),
        ("$ python -c 'raise SystemExit(3)'", "line 2: python -c 'raise SystemExit(3)': exit code 3"),
        ("$ python -c 'print(1)'\nError: no", "exit code 0"),
    ],
)
def test_what_isnt_so_is_told(reader: Reader, page: str, message: str) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        reader.follow(f"```console\n{page}\n```\n", Page(nothing))

    assert message in str(failed.value)


@pytest.mark.parametrize(
    "page", [Page(nothing, [("$ ls", nothing)]), Page(nothing, left={"ls": "why"}), Page(nothing, typed={"ls": "y"})]
)
def test_an_entry_says_nothing_of_what_a_page_doesnt_have(reader: Reader, page: Page) -> None:
    with pytest.raises(AssertionError, match="nothing in the page begins with"):
        reader.follow("```console\n$ python -c 1\n```\n", page)


def test_what_is_left_or_needs_more_than_a_test_has_isnt_run(reader: Reader) -> None:
    reader.follow("```console\n$ false\n$ docker run shop\n```\n", Page(nothing, left={"false": "it fails"}))


def test_answers_are_typed(reader: Reader) -> None:
    shown = "Choose (1, 2): 1\nGo on? [y/N]: y\nGone\n"

    assert answers(shown) == ("Choose (1, 2): Go on? [y/N]: Gone\n", "1\ny\n")
