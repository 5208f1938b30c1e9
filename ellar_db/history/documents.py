"""Revisions as values that programs read, whatever they were read by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.script import Script

    from ellar_db.history.folder import History

SCHEMA = 1
"""The version of the documents."""


def written(**values: Any) -> str:
    """Return a document as JSON, with the version of its form.

    Args:
        values: What it has, by key.

    Example:
        >>> written(revisions=[])
        '{\\n  "schema": 1,\\n  "revisions": []\\n}'
    """
    import json

    # in a form that any terminal and file can take
    return json.dumps({"schema": SCHEMA, **values}, indent=2)


def of_history(history: History, places: Iterable[int]) -> list[dict[str, Any]]:
    """Return revisions that were read without being run.

    Args:
        history: The folder.
        places: The places of the revisions.
    """
    graph = history.graph
    return [
        _document(
            revision=header.revision,
            down=header.down,
            depends=header.depends,
            labels=graph.labels[place],
            following=[graph.headers[each].revision for each in graph.next[place]],
            doc=header.doc,
            file=str(history.files[place].path),
        )
        for place in places
        for header in [graph.headers[place]]
    ]


def of_scripts(scripts: Iterable[Script], **more: Any) -> list[dict[str, Any]]:
    """Return revisions that Alembic has read.

    Args:
        scripts: The revisions.
        more: Values that all of them have, which replace those of the same name: `package`, `database`.
    """
    from alembic.util import to_tuple

    return [
        {
            **_document(
                revision=script.revision,
                down=to_tuple(script.down_revision, default=()),
                depends=to_tuple(script.dependencies, default=()),
                labels=script.branch_labels,
                following=script.nextrev,
                doc=script.longdoc,
                file=str(script.path),
            ),
            **more,
        }
        for script in scripts
    ]


def _document(
    *,
    revision: str,
    down: Sequence[str],
    depends: Sequence[str],
    labels: Iterable[str],
    following: Iterable[str],
    doc: str,
    file: str,
) -> dict[str, Any]:
    text = doc.strip()
    after = sorted(following)
    return {
        "revision": revision,
        "title": " ".join(text.split("\n\n", 1)[0].split()),
        "package": None,
        "down_revisions": list(down),
        "next_revisions": after,
        "depends_on": list(depends),
        "branch_labels": sorted(labels),
        "is_head": not after,
        "is_branch_point": len(after) > 1,
        "is_merge_point": len(down) > 1,
        "description": text,
        "file": file,
    }
