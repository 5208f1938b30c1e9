"""The blocks of a page, in order: commands to run, files to write, and all others."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"(?P<indent> *)```(?P<language>[\w-]*)$")
ITEM = re.compile(r"(?P<indent> *)(?P<mark>[-*]|\d+\.) ")
CODE = 4
"""How much further than the text around it code without a fence is indented."""

PROGRAMS = ("ellar db ", "ellar-db ", "$ ")
ASSIGNED = re.compile(r"(?:[A-Z_]+=\S* )+")

COMMENTED = re.compile(r"# (?P<name>[\w./-]*\.\w+)(?: .*)?$")
LEAD = re.compile(
    r"(?:(?P<add>\b[Aa]dd\b[^`]*)|\b(?:[Ww]rite|[Pp]ut this into)[^`]*|^)`(?P<name>[\w./-]*\.\w+)`:$",
)
SETTINGS = re.compile(r"\b[Ii]n `?pyproject\.toml`?[^`]*(?:`ellar db \w+`[^`]*)?:$")
WRITTEN = ("python", "toml", "ini", "yaml", "sh", "")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Args:
        language: The language that the page names, or nothing.
        text: The code.
        lead: The paragraph before it, on one line.
        line: The number of its first line in the page.
    """

    language: str
    text: str
    lead: str
    line: int

    @property
    def has_commands(self) -> bool:
        """Whether these are commands, perhaps with what they print."""
        if self.language:
            return self.language == "console"
        return ASSIGNED.sub("", self.text, count=1).startswith(PROGRAMS)

    @property
    def file(self) -> str | None:
        """The file that the block is, by its own first line or by the paragraph before it."""
        if self.language not in WRITTEN or self.has_commands:
            return None
        first = COMMENTED.match(self.text.partition("\n")[0])
        lead = LEAD.search(self.lead)
        if first or lead:
            return (first or lead)["name"]  # type: ignore[index]
        return "pyproject.toml" if self.language in ("toml", "") and SETTINGS.search(self.lead) else None

    @property
    def is_added(self) -> bool:
        """Whether the reader adds the block to a file that is there."""
        lead = LEAD.search(self.lead)
        return lead is not None and lead["add"] is not None


def parsed(text: str) -> Iterator[Block]:
    """Yield the blocks of a page: those with a fence, and indented ones.

    Args:
        text: The page, in Markdown.
    """
    lines = text.splitlines()
    lead: list[str] = []
    # where the text of the list's item begins, in which the next line may be
    offset = number = 0
    while number < len(lines):
        line, began = lines[number], number + 1
        indent = len(line) - len(line.lstrip())
        fence = FENCE.match(line)
        if fence or (line.strip() and indent >= offset + CODE and (not number or not lines[number - 1].strip())):
            body: list[str] = []
            number += fence is not None
            while number < len(lines) and (
                not FENCE.match(lines[number])
                if fence
                else not lines[number].strip() or lines[number].startswith(" " * (offset + CODE))
            ):
                body.append(lines[number])
                number += 1
            number += fence is not None
            code = textwrap.dedent("\n".join(body)).strip("\n") + "\n"
            yield Block(fence["language"] if fence else "", code, " ".join(lead), began)
            continue
        number += 1
        item = ITEM.match(line)
        if item:
            offset = len(item[0])
        elif line.strip() and not indent:
            offset = 0
        if (
            not line.strip()
            and number < len(lines)
            and lines[number].strip()
            and not _begins_code(lines[number], offset)
        ):
            lead = []
        elif line.strip():
            lead.append(line.strip())


def _begins_code(line: str, offset: int) -> bool:
    return FENCE.match(line) is not None or len(line) - len(line.lstrip()) >= offset + CODE
