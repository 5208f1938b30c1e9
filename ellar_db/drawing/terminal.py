"""The picture of a history in a terminal: lines of plain characters, one for each revision and each turn of a line."""

from __future__ import annotations

from collections.abc import Iterator

from ellar_db.drawing.columns import Link, Row, rows
from ellar_db.drawing.picture import Node, Picture
from ellar_db.output.widths import columns, cut


def lines(picture: Picture, width: int | None = None) -> Iterator[str]:
    """Yield the lines of a picture.

    Args:
        picture: The picture.
        width: The width of the terminal, to which titles are cut; None for whole lines.
    """
    lanes: list[str] = []
    ended = None
    for row in rows(picture.parents):
        lanes += " " * (1 + max([row.column, *(link.end for link in row.links)]) - len(lanes))
        if row.fresh and ended == row.column:
            # what stands right below it would look as if it were older
            yield " ".join(lanes).rstrip()
        yield _revision(picture, row, lanes, width)
        lanes[row.column] = " " if row.ends else "|"
        for link in row.links:
            yield _turn(lanes, link)
        ended = row.column if row.ends else None
        while lanes and lanes[-1] == " ":
            lanes.pop()
    nothing = picture.mark("")
    if nothing:
        yield cut(f"(base) <- {nothing}", width)


def _turn(lanes: list[str], link: Link) -> str:
    """Return the line of text between two rows in which a line turns into another column, and note where it is then."""
    start, end = 2 * link.start, 2 * link.end
    if link.last:
        lanes[link.start] = " "
    cells = list(" ".join(lanes))
    if end < start:
        cells[start - 1] = "/"
        between = range(end + 1, start - 1)
    else:
        cells[start + 1] = "\\"
        between = range(start + 2, end)
    for place in between:
        if cells[place] == " ":
            cells[place] = "_"
    lanes[link.end] = "|"
    return "".join(cells).rstrip()


def _revision(picture: Picture, row: Row, lanes: list[str], width: int | None) -> str:
    node = picture.nodes[row.place]
    drawn = " ".join([*lanes[: row.column], "*", *lanes[row.column + 1 :]]).rstrip()
    notes, mark = _notes(node), picture.mark(node.revision)
    mark = f" <- {mark}" if mark else ""
    text = f"{drawn} {node.revision}{notes}"
    title = f", {node.title}" if node.title else ""
    if width is not None:
        title = cut(title, max(width - columns(text) - columns(mark), 0))
    return cut(f"{text}{title}{mark}", width)


def _notes(node: Node) -> str:
    needs = f" (depends on {', '.join(node.depends)})" if node.depends else ""
    return "".join(f" ({note})" for note in node.notes) + needs
