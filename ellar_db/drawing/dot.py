"""The picture of a history in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ellar_db.drawing.picture import Node, Picture

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "&": "&amp;"})
"""What means something in a text between quotes; Graphviz reads `&lt;` and the like as HTML does."""


def lines(pictures: Sequence[Picture]) -> Iterator[str]:
    """Yield the lines of a directed graph, the newest revisions at the top.

    Args:
        pictures: The histories, each in a box of its own if there are several.
    """
    yield "digraph revisions {"
    yield "    rankdir=BT"
    yield '    node [shape=box, style=rounded, fontname="sans-serif"]'
    for number, picture in enumerate(pictures):
        boxed = len(pictures) > 1
        indent = "        " if boxed else "    "
        if boxed:
            yield f"    subgraph cluster_{number} {{"
            yield f"        label={quoted(picture.title)}"
        for line in _picture(picture, f"p{number}" if boxed else ""):
            yield f"{indent}{line}"
        if boxed:
            yield "    }"
    yield "}"


def _picture(picture: Picture, prefix: str) -> Iterator[str]:
    for place, node in enumerate(picture.nodes):
        head = "" if node.following else ", penwidth=2"
        yield f"{prefix}n{place} [label={_label(node)}{head}]"
    for style, below in (("", picture.parents), (" [style=dashed]", picture.needs)):
        for place, older in enumerate(below):
            for each in older:
                yield f"{prefix}n{each} -> {prefix}n{place}{style}"
    for number, revision in enumerate(picture.marked):
        target = f"n{picture.places[revision]}" if revision else "base"
        if not revision:
            yield f'{prefix}base [label="base", shape=plaintext]'
        yield f"{prefix}d{number} [label={quoted(picture.mark(revision))}, shape=cylinder]"
        yield f"{prefix}d{number} -> {prefix}{target} [dir=none, style=bold, constraint=false]"


def _label(node: Node) -> str:
    return quoted(f"{node.revision}{''.join(f' ({note})' for note in node.notes)}", node.title)


def quoted(*parts: str) -> str:
    """Return lines of text as one text between quotes, without the empty ones.

    Args:
        parts: The lines.

    Example:
        >>> quoted('Add "users"', "a \\\\ b & c")
        '"Add \\\\"users\\\\"\\\\na \\\\\\\\ b &amp; c"'
    """
    return '"{}"'.format("\\n".join(part.translate(ESCAPES) for part in parts if part))
