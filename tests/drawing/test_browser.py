"""The page in a real browser: what a person sees, hears and does there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ellar_db.drawing.page import page
from ellar_db.drawing.picture import Node, Picture
from ellar_db.testing import Project
from tests.support.browser import Browser, Tab, chromium
from tests.support.revisions import add

SOURCE = """\
def upgrade():
    op.add_column("users", sa.Column("name", sa.String(20)))
    op.execute("UPDATE users SET name = '<b>'")
"""

CONTRASTS = """
(() => {
  const light = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number)
      .map((each) => each / 255).map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const seen = [...document.body.querySelectorAll("*")].filter((each) =>
    each.checkVisibility() && each.getClientRects().length && [...each.childNodes].some((child) =>
      child.nodeType === Node.TEXT_NODE && child.data.trim()));
  return seen.map((each) => {
    const [one, other] = [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => b - a);
    return [each.tagName + "." + each.className + " " + each.innerText, (one + 0.05) / (other + 0.05)];
  });
})()
"""
"""Each element with a text of its own, and the contrast of its colours, as WCAG counts it."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests here."""
    with Browser(chromium()) as browser:
        yield browser


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """Show pictures; afterwards nothing was wrong in the page, and it asked the network for nothing."""
    tabs = []

    def show(*pictures: Picture, **options: int) -> Tab:
        file = tmp_path / "page.html"
        file.write_text(page(pictures), encoding="utf-8")
        tabs.append(browser.tab(file, **options))
        return tabs[-1]

    yield show
    for tab in tabs:
        assert tab.problems() == []
        tab.close()


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """A history with a branch, a merge and a dependency, on two databases."""
    file = tmp_path / "join.py"
    file.write_text(SOURCE, encoding="utf-8")
    nodes = [
        Node("join", ("left", "right"), ("blog",), doc="Join both\n\nWith <i>care</i>.", path=str(file)),
        Node("left", ("base1",), (), (), "Count orders", "", 1),
        Node("right", ("base1",), (), ("east",), "Count users", "", 1),
        Node("base1", (), (), (), "First tables", "", 2),
        Node("blog", doc="Blog", effective=True),
    ]
    return Picture(nodes, "", {"left": ["shop"], "base1": ["reports"], "": ["fresh"]})


def chosen(tab: Tab) -> str:
    """Return the id of the revision to which the list points."""
    return tab.text("#list [aria-selected=true] .id")


def choose(tab: Tab, name: str, select: str = "database") -> None:
    """Choose something by its name, as a person does in a list."""
    tab.value(
        f"(function () {{ this.selectedIndex = [...this.options].findIndex((each) => each.text === {name!r});"
        f" this.dispatchEvent(new Event('change')); }}).call(document.getElementById({select!r}))"
    )


def long_picture(number: int = 2000) -> Picture:
    """Return a long history with a branch and a merge every ten revisions."""
    nodes = []
    for place in range(number):
        down: tuple[str, ...] = (f"r{place - 1}",) if place else ()
        if place % 10 == 4:
            down = (f"r{place - 2}",)
        elif place % 10 == 7:
            down = (f"r{place - 1}", f"r{place - 4}")
        nodes.append(Node(f"r{place}", down, doc=f"Change number {place}"))
    following = dict.fromkeys((each.revision for each in nodes), 0)
    for each in nodes:
        for name in each.down:
            following[name] += 1
    nodes = [each._replace(following=following[each.revision]) for each in reversed(nodes)]
    return Picture(nodes, "", {"r1000": ["default"]})


def test_what_the_command_wrote_is_shown(plain: Project, browser: Browser) -> None:
    plain.db("init")
    add(plain, "first", None)
    add(plain, "second", "first")
    plain.db("upgrade", "first")
    plain.db("graph", "--html", "page.html")

    tab = browser.tab(plain.path / "page.html")

    assert tab.texts("#list .id") == ["second", "first"]
    assert tab.texts("#list .at") == ["default"]
    assert tab.text("#found") == "2 revisions; 1 applied, 1 pending"
    assert tab.problems() == []
    tab.close()


def test_each_revision_has_a_row_and_a_dot_and_each_line_is_drawn(show: Callable[..., Tab], picture: Picture) -> None:
    tab = show(picture)

    assert tab.texts("#list [role=option]") == [
        "join\nhead\nmergepoint\nneeds blog\nJoin both",
        "left\nshop\nCount orders",
        "right\neast\nCount users",
        "base1\nbranchpoint\nreports\nFirst tables",
        "blog\neffective head\nBlog",
    ]
    assert tab.texts("#list .base") == ["(base): fresh"]
    assert tab.value("document.querySelectorAll('#lines circle').length") == 5
    assert tab.value("document.querySelectorAll('#lines path.needs').length") == 1
    rows, dots = (
        tab.value(f"[...document.querySelectorAll('{selector}')].map((each) => "
                  "{const box = each.getBoundingClientRect(); return box.top + box.height / 2})")
        for selector in ("#list [role=option]", "#lines circle")
    )  # fmt: skip
    assert dots == pytest.approx(rows)


def test_a_click_shows_what_a_revision_does(show: Callable[..., Tab], picture: Picture) -> None:
    tab = show(picture)
    assert tab.texts("#details") == [""]

    tab.click("#r0 .id")

    said = tab.text("#details")
    assert [line for line in said.splitlines() if line][:4] == ["×", "join", "Join both", "head"]
    for part in (
        "add column users.name",
        "execute UPDATE users SET name = '<b>'",
        "Join both\n\nWith <i>care</i>.",
        "join.py",
    ):
        assert part in said
    assert tab.texts("#details h3") == ["Follows", "Depends on", "Operations", "Docstring", "File"]
    assert SOURCE.splitlines()[1] not in said

    tab.click("#details summary")

    assert tab.texts("#details details pre") == [SOURCE.strip()]
    assert tab.value("document.querySelectorAll('#details b, #details i').length") == 0


def test_links_between_revisions_are_followed_and_the_details_closed(
    show: Callable[..., Tab], picture: Picture
) -> None:
    tab = show(picture)
    tab.click("#r0")

    tab.click("#details li:nth-child(2) button")

    assert (chosen(tab), tab.text("#details h2")) == ("right", "right")
    assert tab.value("document.activeElement.id") == "details-heading"

    tab.click("#details .close")

    assert tab.value("document.getElementById('details').hidden") is True
    assert tab.value("document.activeElement.id") == "list"


def test_a_database_shows_what_is_applied_there(show: Callable[..., Tab], picture: Picture) -> None:
    tab = show(picture)
    assert tab.texts("#list .applied, #list .pending") == []
    assert tab.texts("#database option") == ["any", "shop", "reports", "fresh"]

    def states(name: str) -> list[str]:
        choose(tab, name)
        return list(tab.value("[...document.querySelectorAll('#list [role=option]')].map((each) => "
                              "each.querySelector('.applied, .pending').title)"))  # fmt: skip

    assert states("shop") == ["pending", "applied", "pending", "applied", "pending"]
    assert tab.text("#found") == "5 revisions; 2 applied, 3 pending"
    assert states("reports") == ["pending", "pending", "pending", "applied", "pending"]
    assert states("fresh") == ["pending"] * 5
    hollow = tab.value("[...document.querySelectorAll('#lines circle')].map((each) => each.style.fill)")
    assert hollow == ["var(--back)"] * 5


def test_the_search_finds_all_words_anywhere(show: Callable[..., Tab], picture: Picture) -> None:
    tab = show(picture)

    tab.press("/")
    tab.write("COUNT")

    assert tab.text("#found") == "1 of 2 found"
    assert tab.texts("#list .match .title") == ["Count orders", "Count users"]
    assert chosen(tab) == "left"

    tab.press("Enter")
    assert (chosen(tab), tab.text("#found")) == ("right", "2 of 2 found")
    tab.press("Enter")
    assert chosen(tab) == "left"

    tab.write(" users")
    assert (chosen(tab), tab.texts("#list .match .id")) == ("right", ["right"])

    tab.press("Escape")
    assert (tab.text("#found"), tab.texts("#list .match")) == ("5 revisions", [])

    tab.press("/")
    tab.write("set name users.name")
    assert tab.texts("#list .match .id") == ["join"]

    tab.press("Escape", "/")
    tab.write("nowhere")
    assert tab.text("#found") == "nothing found"


def test_all_is_done_without_a_mouse(show: Callable[..., Tab], picture: Picture) -> None:
    tab = show(picture)
    assert tab.value("document.activeElement.id") == "list"
    assert chosen(tab) == "join"

    tab.press("ArrowDown")
    assert chosen(tab) == "left"
    tab.press("ArrowRight")
    assert chosen(tab) == "right"
    # the way back is the way by which one came
    tab.press("ArrowDown", "ArrowUp")
    assert chosen(tab) == "right"
    tab.press("ArrowLeft")
    assert chosen(tab) == "left"
    tab.press("End")
    assert chosen(tab) == "blog"
    tab.press("Home", "j", "j", "k")
    assert chosen(tab) == "left"

    tab.press("Enter")
    assert tab.text("#details h2") == "left"
    assert tab.value("document.activeElement.id") == "details-heading"
    tab.press("Escape")
    assert tab.value("document.getElementById('details').hidden") is True

    tab.press("+")
    assert tab.text("#scale") == "125%"
    tab.press("-", "-")
    assert tab.text("#scale") == "80%"
    tab.press("0")
    assert tab.text("#scale") == "100%"
    assert tab.value("getComputedStyle(document.querySelector('#list [aria-selected=true]')).outlineStyle") == "solid"


@pytest.mark.parametrize("dark", [False, True])
def test_all_texts_can_be_read_in_both_schemes(show: Callable[..., Tab], picture: Picture, dark: bool) -> None:
    tab = show(picture, dark=dark)
    choose(tab, "shop")
    tab.press("/")
    tab.write("count")
    tab.click("#r0")
    tab.press("/", "Backspace")

    background = tab.value("getComputedStyle(document.body).backgroundColor")
    found = tab.value(CONTRASTS)

    assert (sum(map(int, re.findall(r"\d+", background))) < 380) is dark
    assert len(found) > 30
    assert [each for each in found if each[1] < 4.5] == []


def test_a_screen_reader_hears_what_the_picture_shows(show: Callable[..., Tab], picture: Picture) -> None:
    tab = show(picture)
    choose(tab, "shop")

    said = tab.spoken()

    assert ("listbox", "History of revisions") in said
    assert [name for role, name in said if role == "option" and ";" in name] == [
        "join; Join both; head, mergepoint; pending; follows left, right; depends on blog",
        "left; Count orders; applied; databases: shop; follows base1",
        "right; Count users; east; pending; follows base1",
        "base1; First tables; branchpoint; applied; databases: reports",
        "blog; Blog; effective head; pending",
    ]
    assert {("searchbox", "Search /"), ("button", "Zoom in"), ("button", "Zoom out")} <= set(said)
    assert ("combobox", "Database") in said
    assert [name for role, name in said if role in ("button", "combobox", "searchbox", "listbox") and not name] == []

    tab.press("Enter")

    said = tab.spoken()
    assert ("complementary", "join") in said
    assert ("heading", "join") in said
    assert ("button", "Close details") in said


def test_of_thousands_only_what_is_seen_is_drawn(show: Callable[..., Tab]) -> None:
    tab = show(long_picture())

    def rows() -> tuple[int, str]:
        return len(tab.texts("#list [role=option]")), chosen(tab)

    assert tab.text("#found") == "2000 revisions; 1001 applied, 999 pending"
    number, at = rows()
    assert (number < 100, at) == (True, "r1999")
    assert tab.value("document.querySelectorAll('#lines *').length") < 150

    tab.press("End")
    number, at = rows()
    assert (number < 100, at) == (True, "r0")
    seen = tab.value("document.getElementById('scroll').getBoundingClientRect().bottom")
    assert tab.value("document.querySelector('[aria-selected=true]').getBoundingClientRect().bottom") <= seen

    tab.press("/")
    tab.write("number 1234")
    number, at = rows()
    assert (number < 100, at, tab.text("#found").split(";")[0]) == (True, "r1234", "1 of 1 found")

    tab.value("document.getElementById('scroll').scrollTo(0, 28 * 500)")
    tab.value("0")
    ids = tab.texts("#list .id")
    # the chosen one stays, so that the list points to something
    assert ("r1500" in ids, "r1234" in ids, len(ids) < 100) == (True, True, True)

    tab.click("#r505")
    assert tab.text("#details h2") == "r1494"
    # a reader is told that there are more
    assert tab.value("document.getElementById('r505').ariaSetSize") == "2000"


def test_on_a_phone_all_is_within_reach(show: Callable[..., Tab], picture: Picture) -> None:
    tab = show(picture, width=360, height=640)

    tab.click("#r0 .id")

    assert tab.value("document.documentElement.scrollWidth") <= 360
    assert tab.value("document.getElementById('details').getBoundingClientRect().top") >= 200
    assert tab.value("document.getElementById('scroll').clientHeight") >= 100


def test_several_histories_are_chosen_by_name(show: Callable[..., Tab], picture: Picture) -> None:
    other = Picture([Node("audit1", doc="Audit")], "Package audit", {})

    tab = show(other, Picture(picture.nodes, "Application", picture.marks))

    assert tab.texts("#which option") == ["Package audit", "Application"]
    assert tab.text("h1") == "History of revisions: Application"
    choose(tab, "Package audit", "which")
    assert tab.texts("#list .id") == ["audit1"]
    assert tab.text("h1") == "History of revisions: Package audit"
    assert tab.value("document.getElementById('choose-database').hidden") is True
