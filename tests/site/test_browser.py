"""The documentation site in a real browser, opened from disk: what a person sees and does there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.browser import Browser, Tab, chromium
from tests.support.pages import ROOT
from tests.support.processes import TIMEOUT
from tests.support.site import built

DOCS = ROOT / "docs"
PAGES = sorted(
    file.relative_to(DOCS).as_posix().replace("README.md", "index.md").removesuffix(".md")
    for file in DOCS.rglob("*.md")
)
NARROW = 400
FOCUSED = "document.activeElement"
STILL = "Promise.all(document.getAnimations().map((each) => each.finished)).then(() => null)"
"""Comes true when nothing moves any more."""


@pytest.fixture(scope="module")
def program() -> str:
    return chromium()


@pytest.fixture(scope="module")
def site(program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, which isn't built where there is no browser."""
    return built(tmp_path_factory)


@pytest.fixture(scope="module")
def browser(program: str, site: Path) -> Iterator[Browser]:
    """A browser for all tests here; the site is there before it starts."""
    with Browser(program) as browser:
        yield browser


@pytest.fixture
def show(browser: Browser, site: Path) -> Iterator[Callable[..., Tab]]:
    """Show pages; afterwards nothing was wrong in them, and they asked no other host for anything."""
    tabs = []

    def show(page: str, **options: int) -> Tab:
        tabs.append(browser.tab(site / f"{page}.html", **options))
        return tabs[-1]

    yield show
    for tab in tabs:
        assert [each for each in tab.problems() if not each.startswith((site.as_uri(), "data:"))] == []
        tab.close()


@pytest.mark.sampled
@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_into_a_narrow_window(show: Callable[..., Tab], page: str) -> None:
    tab = show(page, width=NARROW)

    assert tab.value("document.documentElement.scrollWidth") == NARROW
    # the theme lets the whole text scroll, which nobody may have to do
    assert (
        tab.value("(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)(document.querySelector('.content'))")
        == 0
    )
    # each table that is wider scrolls in itself
    wide = "[...document.querySelectorAll('article table')].filter((each) => each.scrollWidth > innerWidth)"
    assert tab.value(f"{wide}.filter((each) => !each.closest('.table-wrapper')).length") == 0
    # what is on the page itself is never beyond its edge, unless it is in something that scrolls
    beyond = """[...document.querySelectorAll("article *")].filter((each) => {
        for (let box = each.parentElement; box.tagName !== "ARTICLE"; box = box.parentElement)
            if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
        return each.checkVisibility() && getComputedStyle(each).overflowX === "visible"
            && each.getBoundingClientRect().right > innerWidth;
    }).map((each) => each.outerHTML.slice(0, 100))"""
    assert tab.value(beyond) == []


def test_the_keyboard_reaches_text_search_and_pages(show: Callable[..., Tab]) -> None:
    tab = show("how-to/enums")

    tab.press("Tab")
    assert tab.value(f"{FOCUSED}.innerText") == "Skip to content"
    tab.value(STILL)
    assert tab.value(f"{FOCUSED}.getBoundingClientRect().top >= 0")
    reached = []
    for _ in range(12):
        tab.press("Tab")
        reached.append(tab.value(f"{FOCUSED}.name || {FOCUSED}.getAttribute('href') || {FOCUSED}.innerText"))
    assert "q" in reached
    assert "../first-migration.html" in reached


def test_the_keyboard_opens_the_list_of_pages_in_a_narrow_window(show: Callable[..., Tab]) -> None:
    tab = show("how-to/enums", width=NARROW)
    hidden = "document.querySelector('.sidebar-drawer').getBoundingClientRect().right <= 0"
    assert tab.value(hidden)

    for _ in range(12):
        tab.press("Tab")
        if tab.value(f"{FOCUSED}.name === 'q'"):
            break
    tab.value(STILL)
    box = tab.value(f"(({{left, right}}) => [left, right])({FOCUSED}.getBoundingClientRect())")
    assert 0 <= box[0] < box[1] <= NARROW


def test_the_search_finds_a_word_in_a_site_on_disk(show: Callable[..., Tab], browser: Browser) -> None:
    tab = show("how-to/enums")
    tab.value("document.querySelector('.sidebar-search').focus()")
    tab.write("squash")
    browser.events.clear()
    tab.press("Enter")
    browser.wait("Page.loadEventFired")

    end = time.monotonic() + TIMEOUT
    while "Search finished" not in tab.text("#search-results") and time.monotonic() < end:
        pass
    found = tab.texts("#search-results li a")
    # the word is in its title, and the page says how it is done
    assert found[0] == "Squash revisions"
    assert "Commands > squash" in found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_colours_follow_the_system(show: Callable[..., Tab], browser: Browser, scripts: bool) -> None:
    tab = show("how-to/enums")
    if not scripts:
        tab.ask("Emulation.setScriptExecutionDisabled", value=True)
        browser.events.clear()
        tab.ask("Page.reload")
        browser.wait("Page.loadEventFired")
        tab.ask("Emulation.setScriptExecutionDisabled", value=False)
    seen = {}
    for dark in (False, True):
        tab.prefer(dark=dark)
        style = "getComputedStyle(document.body)"
        seen[dark] = [sum(numbers(tab.value(f"{style}.{each}"))) for each in ("backgroundColor", "color")]

    assert seen[False][0] > 700 > 100 > seen[False][1]
    assert seen[True][0] < 100 < 500 < seen[True][1]


def numbers(colour: str) -> list[int]:
    """Return red, green and blue."""
    return [int(each) for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]


def test_a_page_can_be_read_without_scripts(show: Callable[..., Tab], browser: Browser, site: Path) -> None:
    tab = show("how-to/enums")
    tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.events.clear()
    tab.ask("Page.navigate", url=(site / "reference/rules/DB101.html").as_uri())
    browser.wait("Page.loadEventFired")

    said = [name for role, name in tab.spoken() if role in ("heading", "link")]
    assert "DB101 Table dropped" in said
    assert "Squash revisions" in said
    assert tab.picture().startswith(b"\x89PNG")


def test_the_list_of_pages_begins_where_the_reader_is(show: Callable[..., Tab]) -> None:
    tab = show("why")

    place = "document.querySelector('.sidebar-tree .current-page').getBoundingClientRect()"
    assert tab.value(f"{place}.top > 0 && {place}.bottom < innerHeight")
