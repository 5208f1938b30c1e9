"""The documentation site, built once for all tests of a run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.pages import ROOT
from tests.support.processes import TIMEOUT
from tests.support.servers import required

BUILDER = ("sphinx", "myst_parser", "furo")
"""The packages of the dependency group `site`."""


def need_builder() -> None:
    """Skip where the builder isn't installed: a failure where ELLAR_DB_TEST_REQUIRE names site."""
    missing = [name for name in BUILDER if find_spec(name) is None]
    if missing and required("site"):
        pytest.fail(f"{', '.join(missing)} isn't installed")
    if missing:
        pytest.skip(f"{', '.join(missing)} isn't installed (pip install --group site)")


def build(*arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run the builder, as `make site` does.

    Args:
        arguments: The folder of the site, and that of the pages if it isn't docs/.
    """
    need_builder()
    command = [sys.executable, "-m", "docs.site.build", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT * 5)


def built(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site; the first process that asks builds it, and the others wait.

    Args:
        factory: What makes the folders of this run of the tests.
    """
    need_builder()
    own = factory.getbasetemp()
    # a worker has a folder of its own in that of the run
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, outcome = shared / "site", shared / "site.txt"
    try:
        folder.with_name("site.begun").mkdir()
    except FileExistsError:
        end = time.monotonic() + TIMEOUT * 5
        while not outcome.exists() and time.monotonic() < end:
            time.sleep(0.1)
    else:
        made = build(folder)
        written = outcome.with_suffix(".new")
        written.write_text("" if made.returncode == 0 else made.stderr or "it failed", encoding="utf-8")
        os.replace(written, outcome)
    assert outcome.read_text(encoding="utf-8") == ""
    return folder


class Html(HTMLParser):
    """A page of the site: where its links lead, what it loads, and what can be linked to.

    Args:
        file: The page.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("link", "script", "img", "source", "iframe"):
            self.loads += [given[name] for name in ("href", "src", "srcset") if given.get(name)]

    def target(self, link: str) -> tuple[Path, str]:
        """Return the file and the anchor to which a link of the page leads."""
        path, _, anchor = link.partition("#")
        path = path.partition("?")[0]
        return (self.file.parent / unquote(path)).resolve() if path else self.file.resolve(), unquote(anchor)
