"""The documentation site: it is built strictly, all of it can be reached, and all links in it resolve."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from docs.site.navigation import below, sections
from tests.support.pages import ROOT
from tests.support.site import Html, build, built

DOCS = ROOT / "docs"
PAGES = sorted(file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md"))
REPOSITORY = re.compile(r"https://github\.com/python-ellar/ellar-db/blob/main/([^#]+)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory)


@pytest.fixture(scope="module")
def read(site: Path) -> dict[Path, Html]:
    """All pages of the site."""
    return {file.resolve(): Html(file) for file in site.rglob("*.html")}


def on_site(page: str) -> str:
    """Return the path of a page's Markdown on the site."""
    return re.sub(r"(^|/)README\.md$", r"\1index.md", page)


def test_every_link_and_anchor_of_the_site_resolves(site: Path, read: dict[Path, Html]) -> None:
    broken = []
    for page in read.values():
        for link in page.links:
            if ":" in link.partition("#")[0]:
                continue
            file, anchor = page.target(link)
            if not file.is_file() or (anchor and file.suffix == ".html" and anchor not in read[file].ids):
                broken.append(f"{page.file.relative_to(site)}: {link}")

    assert len(read) > len(PAGES)
    assert broken == []


def test_links_to_the_repository_name_files_that_it_has(read: dict[Path, Html]) -> None:
    named = {match[1] for page in read.values() for link in page.links if (match := REPOSITORY.match(link))}

    assert "plugins_example/README.md" in named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_pages_load_nothing_from_elsewhere(site: Path, read: dict[Path, Html]) -> None:
    loaded = {(page, link) for page in read.values() for link in page.loads}

    assert [link for _, link in loaded if ":" in link or link.startswith("//")] == []
    assert [link for page, link in loaded if not page.target(link)[0].is_file()] == []
    styles = "".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"url\([\"']?(?!data:|#)(?:https?:)?//[^)]*\)|@import[^;]*;", styles) == []


def test_each_page_has_a_title_and_a_language(read: dict[Path, Html]) -> None:
    for page in read.values():
        tags = [tag for tag, _ in page.tags]
        assert "title" in tags
        # the search writes its own
        assert tags.count("h1") == (page.file.name != "search.html"), page.file
        assert dict(page.tags)["html"]["lang"] == "en"


def test_text_stays_as_it_is_written(small: Callable[..., Path], tmp_path: Path) -> None:
    assert build(tmp_path / "site", small(one='# One --json\n\nIt\'s "one" -- or {two}`three` ...\n')).returncode == 0

    page = (tmp_path / "site/one.html").read_text(encoding="utf-8")
    assert "<h1>One --json<" in page
    assert "<p>It's &quot;one&quot; -- or {two}<code" in page.replace("&#39;", "'").replace('"one"', "&quot;one&quot;")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_there_for_people_and_for_programs(site: Path, page: str) -> None:
    markdown = site / on_site(page)

    assert markdown.with_suffix(".html").is_file()
    text = re.sub(r"```.*?```|`[^`\n]+`", "", markdown.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in LINK.findall(text):
        if ":" not in link and not link.startswith("#"):
            assert (markdown.parent / link.partition("#")[0]).is_file(), link


def test_the_navigation_has_the_lists_of_the_start_page(site: Path, read: dict[Path, Html]) -> None:
    start = (DOCS / "README.md").read_text(encoding="utf-8")
    listed = []
    for section in sections(start):
        for entry in section.entries:
            inner = below(entry.page, (DOCS / entry.page).read_text(encoding="utf-8"))
            listed += [on_site(each.page).replace(".md", ".html") for each in (entry, *inner)]

    page = read[(site / "index.html").resolve()]
    shown = [given["href"] for tag, given in page.tags if tag == "a" and given.get("class", "") == "reference internal"]
    # the list of the sidebar comes before the page, which has the same links
    assert shown[: len(listed)] == listed
    assert len(listed) == len(PAGES) - 1


def test_the_index_for_programs_lists_each_page_once(site: Path) -> None:
    lines = (site / "llms.txt").read_text(encoding="utf-8").splitlines()
    links = [LINK.findall(line)[0] for line in lines if line.startswith("- [")]

    assert lines[0] == "# ellar_db"
    assert lines[2].startswith("> Database migrations")
    assert next(line for line in lines if line.startswith("## ")) == "## Tutorial"
    assert sorted(links) == sorted(on_site(page) for page in PAGES if page != "README.md")
    assert [line for line in lines if line.startswith("- [") and not re.match(r"- \[.+\]\(.+\): \S", line)] == []


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder of pages, of which the start page lists one."""

    def small(**texts: str) -> Path:
        folder = tmp_path / "docs"
        folder.mkdir()
        pages = {"README": "# Start\n\nWhat it is.\n\n## How-to\n\n- [one](one.md)\n", "one": "# One\n\nText.\n"}
        for name, text in (pages | texts).items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
        return folder

    return small


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"two": "# Two\n"}, "two.md: WARNING: document isn't included in any toctree"),
        ({"one": "# One\n\n[missing](missing.md)\n"}, "one.md:3: WARNING: 'myst' cross-reference target not found"),
        ({"one": "# One\n\n[anchor](README.md#no)\n"}, "one.md:3: WARNING: local id not found"),
        ({"one": "# One\n\n[anchor](#no)\n"}, "one.md:3: WARNING: 'myst' cross-reference target not found: 'no'"),
        ({"one": "# One\n\n![picture](no.svg)\n"}, "one.md:3: WARNING: image file not readable: no.svg"),
        ({"README": "# Start\n\nIt.\n\n## How-to\n\n- [no](no.md)\n- [one](one.md)\n"}, "nonexisting document 'no'"),
    ],
    ids=["unlisted", "link", "anchor", "own-anchor", "picture", "missing"],
)
def test_what_is_wrong_with_pages_fails(
    small: Callable[..., Path], tmp_path: Path, texts: dict[str, str], said: str
) -> None:
    made = build(tmp_path / "site", small(**texts))

    assert made.returncode == 1
    assert said in made.stderr
    assert not (tmp_path / "site").exists()


def test_a_site_is_replaced_and_nothing_else(small: Callable[..., Path], tmp_path: Path) -> None:
    pages, folder = small(), tmp_path / "site"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")

    refused = build(folder, pages)
    assert (refused.returncode, refused.stderr) == (2, f"{folder} has files, and no site; name another folder\n")
    assert [file.name for file in folder.iterdir()] == ["mine.txt"]

    (folder / "mine.txt").rename(folder / "llms.txt")
    (folder / "former.html").write_text("")
    assert build(folder, pages).returncode == 0
    assert (folder / "llms.txt").read_text().splitlines()[-3:] == ["## How-to", "", "- [One](one.md): Text."]
    assert not (folder / "former.html").exists()


def test_code_keeps_what_looks_like_a_link(small: Callable[..., Path], tmp_path: Path) -> None:
    text = "# One\n\n`[a](../b.md)` and [`c`](../action.yml)\n\n```\n[d](../e.md)\n```\n"

    assert build(tmp_path / "site", small(one=text)).returncode == 0
    assert (tmp_path / "site/one.md").read_text() == text.replace(
        "(../action.yml)", "(https://github.com/python-ellar/ellar-db/blob/main/action.yml)"
    )
