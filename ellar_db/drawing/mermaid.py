"""The picture of a history as Mermaid's text, which many pages and programs draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ellar_db.drawing.picture import Node, Picture

MOST = 500
"""The number of lines from which on Mermaid refuses a diagram, unless whoever shows it allows more."""

SPECIAL = re.compile(r"[^\w\s,()/'.-]|(?<![^\W_])_|_(?![^\W_])|--+|(?<=\d)[.)](?=\s)|(?<!\S)-(?!\S)")
"""What might mean something in a text: all ASCII signs but a few, signs of emphasis and of lists."""

TOGETHER = re.compile(r"(?<=\\)(?=n)|(?<=\$)(?=\$)|(?<=:)(?=fa-)")
"""Between two signs that mean something only together, a new line, a formula or an icon, however they are written."""

APART = "\u200b"
"""A space without a width."""


def size(pictures: Sequence[Picture]) -> int:
    """Return the number of lines between boxes.

    Args:
        pictures: The histories.
    """
    return sum(len(picture.marked) + sum(map(len, [*picture.parents, *picture.needs])) for picture in pictures)


def lines(pictures: Sequence[Picture]) -> Iterator[str]:
    """Yield the lines of a flowchart, the newest revisions at the top.

    Args:
        pictures: The histories, each in a box of its own if there are several.
    """
    yield "flowchart BT"
    for number, picture in enumerate(pictures):
        boxed = len(pictures) > 1
        indent = "        " if boxed else "    "
        if boxed:
            yield f'    subgraph p{number}["{text(picture.title)}"]'
        for line in _picture(picture, f"p{number}" if boxed else ""):
            yield f"{indent}{line}"
        if boxed:
            yield "    end"
    if any(not node.following for picture in pictures for node in picture.nodes):
        yield "    classDef head stroke-width:3px"


def _picture(picture: Picture, prefix: str) -> Iterator[str]:
    for place, node in enumerate(picture.nodes):
        yield f'{prefix}n{place}["{_label(node)}"]{"" if node.following else ":::head"}'
    for arrow, below in (("-->", picture.parents), ("-.->", picture.needs)):
        for place, older in enumerate(below):
            for each in older:
                yield f"{prefix}n{each} {arrow} {prefix}n{place}"
    for number, revision in enumerate(picture.marked):
        target = f"{prefix}n{picture.places[revision]}" if revision else f'{prefix}base(["base"])'
        yield f'{prefix}d{number}[("{text(picture.mark(revision))}")] === {target}'


def _label(node: Node) -> str:
    notes = f"{node.revision}{''.join(f' ({note})' for note in node.notes)}"
    return f"{text(notes)}<br/>{text(node.title)}" if node.title else text(notes)


def text(value: str) -> str:
    """Return a text as it is written between quotes, where nothing in it means anything to Mermaid.

    Args:
        value: The text, in one line.

    Example:
        >>> text('Add "users" & <more>; 100%')
        'Add #34;users#34; #38; #60;more#62;#59; 100#37;'
        >>> text("add_users - and 1. more")
        'add_users #45; and 1#46; more'
    """
    return SPECIAL.sub(lambda found: "".join(f"#{ord(each)};" for each in found[0]), TOGETHER.sub(APART, value))
