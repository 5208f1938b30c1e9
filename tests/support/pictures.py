"""What pictures of histories say, read by the rules of each kind of picture."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from typing import Any, NamedTuple

from alembic.script import ScriptDirectory
from alembic.util import to_tuple

REVISION = re.compile(r"[ |]*\*[ |]* ([\w.]+)((?: \([^()]*\))*)")


class Drawn(NamedTuple):
    """What a picture shows.

    Args:
        ids: The revisions.
        lines: Pairs of ids, a revision and what it follows.
        dashed: Pairs of ids, a revision and what it depends on.
    """

    ids: set[str]
    lines: set[tuple[str, str]]
    dashed: set[tuple[str, str]]


def known_to_alembic(script: ScriptDirectory) -> Drawn:
    """Return what a picture of a folder has to show."""
    drawn = Drawn(set(), set(), set())
    for each in script.walk_revisions():
        drawn.ids.add(each.revision)
        down = to_tuple(each.down_revision, default=())
        drawn.lines.update((each.revision, name) for name in down)
        needs = [one.revision for one in script.get_revisions(to_tuple(each.dependencies, default=()))]
        drawn.dashed.update((each.revision, name) for name in needs if name not in down)
    return drawn


def in_terminal(texts: Iterable[str]) -> Drawn:
    """Follow the lines of a picture in a terminal, sign by sign."""
    drawn = Drawn(set(), set(), set())
    # by column: the revisions whose lines go down there
    waiting: dict[int, set[str]] = {}
    for text in texts:
        if text.startswith("(base) <- "):
            continue
        found = REVISION.match(text)
        turn = None if found else _turn(text)
        for column in list(waiting):
            if text[2 * column : 2 * column + 1] not in ("|", "*") and (turn is None or turn[0] != column):
                del waiting[column]
        if found is not None:
            own, column = found[1], text.index("*") // 2
            assert own not in drawn.ids, text
            drawn.ids.add(own)
            drawn.lines.update((newer, own) for newer in waiting.get(column, ()))
            for names in re.findall(r" \(depends on ([^()]*)\)", found[2]):
                drawn.dashed.update((own, name) for name in names.split(", "))
            waiting[column] = {own}
        elif turn is not None:
            start, end = turn
            waiting.setdefault(end, set()).update(waiting[start])
            if text[2 * start : 2 * start + 1] != "|":
                del waiting[start]
    return drawn


def _turn(text: str) -> tuple[int, int] | None:
    """Return from which column a line goes into which."""
    assert set(text) <= set(r" |/\_"), text
    if "/" in text:
        place = text.index("/")
        return (place + 1) // 2, (text.index("_") if "_" in text else place) // 2
    if "\\" in text:
        place = text.index("\\")
        return place // 2, (text.rindex("_") if "_" in text else place) // 2 + 1
    return None


def in_mermaid(texts: Iterable[str]) -> Drawn:
    """Read a flowchart of Mermaid."""

    def label(written: str) -> str:
        assert '"' not in written
        return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), written.partition("<br/>")[0])

    return _by_names(
        texts,
        re.compile(r'\s+(n\d+)\["(.*)"\](?::::head)?'),
        re.compile(r"\s+(n\d+) (-->|-\.->) (n\d+)()"),
        label,
    )


def in_dot(texts: Iterable[str]) -> Drawn:
    """Read a graph of Graphviz."""

    def label(written: str) -> str:
        return html.unescape(re.sub(r"\\(.)", r"\1", written.partition("\\n")[0]))

    return _by_names(
        texts,
        re.compile(r'\s+(n\d+) \[label="((?:[^"\\]|\\.)*)"(?:, penwidth=2)?\]'),
        re.compile(r"\s+(n\d+) (->) (n\d+)( \[style=dashed\])?"),
        label,
    )


def _by_names(texts: Iterable[str], node: re.Pattern[str], edge: re.Pattern[str], label: Callable[[str], str]) -> Drawn:
    """Read boxes with a name and a label, and arrows between names, which begin at what is older."""
    texts = list(texts)
    ids = {found[1]: label(found[2]).split(" ")[0] for text in texts if (found := node.fullmatch(text))}
    drawn = Drawn(set(ids.values()), set(), set())
    assert len(drawn.ids) == len(ids)
    for text in texts:
        found = edge.fullmatch(text)
        if found is not None:
            is_dashed = found[2] == "-.->" or bool(found[4])
            (drawn.dashed if is_dashed else drawn.lines).add((ids[found[3]], ids[found[1]]))
    return drawn


class Page(HTMLParser):
    """A page for a browser, taken apart.

    Args:
        text: The page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inner = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inner = f"{tag} {dict(attrs).get('id', '')}".strip()

    def handle_data(self, data: str) -> None:
        self.texts[self._inner] = self.texts.get(self._inner, "") + data

    @property
    def histories(self) -> list[dict[str, Any]]:
        """The data of the page."""
        return json.loads(self.texts["script data"])["histories"]  # type: ignore[no-any-return]
