"""Revisions as Alembic prints them."""

from __future__ import annotations

from collections.abc import Iterable

from ellar_db.history.cache import Listed
from ellar_db.history.folder import History
from ellar_db.history.headers import Header


class Text:
    """The revisions of a folder as lines of text; labels and following revisions are sorted, where Alembic's aren't.

    Args:
        history: The revisions.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._graph = history.graph

    def line(self, place: int, *, parents: bool = False, doc: bool = False, points: bool = True) -> str:
        """Return a revision in one line.

        Args:
            place: The place of the revision.
            parents: Say what it follows and depends on.
            doc: Add its title.
            points: Say whether lines of revisions part or join there.
        """
        return line(self._graph.headers[place], self._graph.listed(place), parents=parents, doc=doc, points=points)

    def entry(self, place: int) -> str:
        """Return all that is known of a revision, and an empty line.

        Args:
            place: The place of the revision.
        """
        graph, header = self._graph, self._graph.headers[place]
        head = "" if graph.next[place] else " (head)"
        following = [graph.headers[each].revision for each in graph.next[place]]
        lines = [
            f"Rev: {header.revision}{head}{_points(len(following), len(header.down))}",
            f"{'Merges' if len(header.down) > 1 else 'Parent'}: {_parents(header)}",
            *_listed("Also depends on", header.depends),
            *_listed("Branches into", following if len(following) > 1 else ()),
            *_listed("Branch names", sorted(self._graph.labels[place])),
            f"Path: {self._history.files[place].path}",
            "",
            "\n".join(f"    {line}" for line in header.doc.strip().splitlines()),
            "",
        ]
        return "\n".join(lines)

    def branches(self, place: int, *, verbose: bool) -> str:
        """Return a revision from which several lines go on, with the beginning of each.

        Args:
            place: The place of the revision.
            verbose: Say all that is known of it.
        """
        indent = " " * len(self._graph.headers[place].revision)
        further = [f"{indent} -> {self.line(each, doc=verbose)}" for each in self._graph.next[place]]
        return "\n".join([self.entry(place) if verbose else self.line(place), *further, ""])


def line(header: Header, listed: Listed, *, parents: bool = False, doc: bool = False, points: bool = True) -> str:
    """Return a revision in one line.

    Args:
        header: What its file says.
        listed: What follows it.
        parents: Say what it follows and depends on.
        doc: Add its title.
        points: Say whether lines of revisions part or join there.
    """
    text = header.revision
    if parents:
        depends = f" ({', '.join(header.depends)})" if header.depends else ""
        text = f"{_parents(header)}{depends} -> {text}"
    if listed.labels:
        text += f" ({', '.join(listed.labels)})"
    if not listed.following:
        text += " (effective head)" if listed.effective else " (head)"
    if points:
        text += _points(listed.following, len(header.down))
    return f"{text}, {_paragraph(header.doc)}" if doc else text


def head_line(revision: str, labels: Iterable[str], effective: bool) -> str:
    """Return a head in one line.

    Args:
        revision: Its id.
        labels: Its branch labels.
        effective: Another revision depends on it.

    Example:
        >>> head_line("a1", ["shop"], False)
        'a1 (shop) (head)'
    """
    named = ", ".join(labels)
    return f"{revision}{f' ({named})' if named else ''}{' (effective head)' if effective else ' (head)'}"


def _parents(header: Header) -> str:
    return ", ".join(header.down) or "<base>"


def _points(following: int, down: int) -> str:
    return f"{' (branchpoint)' if following > 1 else ''}{' (mergepoint)' if down > 1 else ''}"


def title(doc: str | None) -> str:
    """Return the first paragraph of a revision's docstring, in one line.

    Example:
        >>> title("Add users\\nand orders.\\n\\nRevision ID: a1")
        'Add users and orders.'
    """
    return " ".join(_paragraph(doc or "").split())


def _paragraph(doc: str) -> str:
    return doc.strip().split("\n\n", 1)[0]


def _listed(name: str, values: Iterable[str]) -> list[str]:
    text = ", ".join(values)
    return [f"{name}: {text}"] if text else []
