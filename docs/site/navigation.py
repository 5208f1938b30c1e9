"""The order of the pages, as the lists of `README.md` have it, which is what readers of the repository see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parent.parent
INDEX = "README.md"
HEADING = re.compile(r"^(#{1,3}) (.+)$")
ITEM = re.compile(r"^- \[([^\]]+)\]\(([^)#:]+\.md)\)(.*)")
ROW = re.compile(r"^(?:- |\| )\[[^\]]+\]\(([^)#:/]+\.md)\)")
SENTENCE = re.compile(r"(.+?[.:!?])(?:\s|$)", re.DOTALL)


class Entry(NamedTuple):
    """A page in a list.

    Args:
        page: Its path below `docs/`.
        said: What the list says of it; empty if that is no more than a name.
    """

    page: str
    said: str = ""


class Section(NamedTuple):
    """A group of pages.

    Args:
        title: Its title, as in "How-to: set up".
        entries: Its pages.
    """

    title: str
    entries: list[Entry]


def sections(text: str) -> list[Section]:
    """Return the groups of the start page's lists, in order; each list is below a heading of its own.

    Args:
        text: The start page.

    Example:
        >>> sections("# Shop\\n\\n## How-to\\n\\n### Set up\\n\\n- [enums](how-to/enums.md): add and\\n  remove\\n")
        [Section(title='How-to: set up', entries=[Entry(page='how-to/enums.md', said='add and remove')])]
    """
    found: list[Section] = []
    above = ""
    for line in re.sub(r"\n  +(?=\S)", " ", text).splitlines():
        if heading := HEADING.match(line):
            depth, name = len(heading[1]), heading[2]
            above = name if depth < 3 else above
            found.append(Section(name if depth < 3 else f"{above}: {name[0].lower()}{name[1:]}", []))
        elif (item := ITEM.match(line)) and found:
            name, page, rest = item.groups()
            said = rest[1:] if rest.startswith(":") else f"{name}{rest}" if rest else ""
            found[-1].entries.append(Entry(page, plain(said)))
    return [section for section in found if section.entries]


def below(page: str, text: str) -> list[Entry]:
    """Return the pages that an index lists, such as those of the rules; none for other pages.

    Args:
        page: The index's path below `docs/`.
        text: The index.

    Example:
        >>> below("reference/rules/README.md", "| code | what |\\n|---|---|\\n| [DB101](DB101.md) | Table dropped |\\n")
        [Entry(page='reference/rules/DB101.md', said='')]
    """
    folder, _, name = page.rpartition("/")
    if name != INDEX or not folder:
        return []
    return [Entry(f"{folder}/{match[1]}") for match in map(ROW.match, text.splitlines()) if match]


def title(text: str) -> str:
    """Return the title of a page, without marks.

    Example:
        >>> title("# What `lint` sees\\n\\nMuch.\\n")
        'What lint sees'
    """
    heading = HEADING.match(text.partition("\n")[0])
    return plain(heading[2]) if heading else ""


def summary(text: str) -> str:
    """Return the first sentence of a page that isn't in a list, a table, a picture or code; empty if there is none.

    Example:
        >>> summary("# Enums\\n\\n![A picture](a.svg)\\n\\nWhat [is](b.md) in\\nthe database. More.\\n")
        'What is in the database.'
    """
    without = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for paragraph in without.split("\n\n"):
        words = paragraph.strip()
        if words and not words.startswith(("#", "|", "- ", "!", "<")):
            found = SENTENCE.match(words)
            said = plain(found[1] if found else words)
            return f"{said[:-1]}." if said.endswith(":") else said
    return ""


def plain(text: str) -> str:
    """Return a line of Markdown without its marks."""
    return " ".join(re.sub(r"[`*]", "", re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)).split())
