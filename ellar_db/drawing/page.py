"""The picture of a history as one page for a browser, which needs nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ellar_db.drawing.columns import rows
from ellar_db.drawing.operations import operations
from ellar_db.drawing.picture import Node, Picture
from ellar_db.util.files import shown
from ellar_db.util.masking import masked

ASSETS = Path(__file__).with_name("assets")
"""The parts of the page."""

PLACE = re.compile(r"@(\w+\.\w+)@")
"""Where another part belongs in the page."""

SCHEMA = 1
"""The version of the data in the page."""


def page(pictures: Sequence[Picture]) -> str:
    """Return the page.

    Args:
        pictures: The histories, of which the page shows one at a time, first the last one.
    """
    data = {"schema": SCHEMA, "histories": [_history(picture) for picture in pictures]}
    parts = {
        "page.css": _part("page.css"),
        "page.js": _part("page.js"),
        # no text can end the element in which the data are
        "data.json": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
    }
    return PLACE.sub(lambda place: parts[place[1]], _part("page.html"))


def _part(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _history(picture: Picture) -> dict[str, Any]:
    at: dict[str, list[str]] = {}
    for revision, names in picture.marks.items():
        for name in names:
            at.setdefault(name, []).extend([revision] if revision else [])
    return {
        "title": picture.title,
        "revisions": [
            _revision(picture, node, down, needs)
            for node, down, needs in zip(picture.nodes, picture.parents, picture.needs, strict=True)
        ],
        "rows": [
            [row.column, int(row.ends), [[*map(int, link)] for link in row.links]] for row in rows(picture.parents)
        ],
        "databases": [
            {
                "name": name,
                "at": [picture.places[each] for each in revisions if each in picture.places],
                "elsewhere": [each for each in revisions if each not in picture.places],
            }
            for name, revisions in at.items()
        ],
    }


def _revision(picture: Picture, node: Node, down: Sequence[int], needs: Sequence[int]) -> dict[str, Any]:
    source = _source(node)
    return {
        "id": node.revision,
        "title": masked(node.title),
        "notes": node.notes,
        "doc": masked(node.doc.strip()),
        "file": str(shown(Path(node.path))) if node.path else "",
        "down": down,
        "needs": needs,
        # what a range leaves out
        "more": [each for each in (*node.down, *node.depends) if each not in picture.places],
        "operations": [masked(each) for each in operations(source)],
        "source": masked(source),
    }


def _source(node: Node) -> str:
    """Return the text of a revision file, an empty one if it can't be read any more."""
    try:
        return Path(node.path).read_bytes().decode("utf-8", "replace") if node.path else ""
    except OSError:
        return ""
