"""What a picture of a history shows, whatever draws it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ellar_db.history.text import title

if TYPE_CHECKING:
    from ellar_db.history.folder import History

NAMED = 5
"""How many databases a mark names; of more it says their number."""


class Node(NamedTuple):
    """A revision in a picture.

    Args:
        revision: Its id.
        down: The ids that it follows, also those that the picture leaves out.
        depends: The ids that it depends on, without those that it follows.
        labels: Its own branch labels.
        doc: Its docstring.
        path: Its file.
        following: How many revisions follow it.
        effective: Nothing follows it, and another revision depends on it.
    """

    revision: str
    down: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    doc: str = ""
    path: str = ""
    following: int = 0
    effective: bool = False

    @property
    def title(self) -> str:
        """The first paragraph of the docstring, in one line."""
        return title(self.doc)

    @property
    def notes(self) -> list[str]:
        """What is special about the revision: a head, a branchpoint, a mergepoint, its labels.

        Example:
            >>> Node("a1", down=("b1", "c1"), labels=("shop",)).notes
            ['head', 'mergepoint', 'shop']
        """
        head = [] if self.following else ["effective head" if self.effective else "head"]
        branch = ["branchpoint"] if self.following > 1 else []
        merge = ["mergepoint"] if len(self.down) > 1 else []
        return [*head, *branch, *merge, *self.labels]


@dataclass(frozen=True)
class Picture:
    """A history to be drawn.

    Args:
        nodes: The revisions, the newest first: each before all that it follows and depends on.
        title: Whose history it is, if there are several.
        marks: The names of the databases at each revision; those without any are at the empty id.
    """

    nodes: Sequence[Node]
    title: str = ""
    marks: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each id."""
        return {node.revision: place for place, node in enumerate(self.nodes)}

    @cached_property
    def parents(self) -> list[list[int]]:
        """The places of what each revision follows, without what the picture leaves out."""
        return [self._placed(node.down) for node in self.nodes]

    @cached_property
    def needs(self) -> list[list[int]]:
        """The places of what each revision depends on, without what the picture leaves out."""
        return [self._placed(node.depends) for node in self.nodes]

    def _placed(self, names: Sequence[str]) -> list[int]:
        return [self.places[name] for name in names if name in self.places]

    @property
    def marked(self) -> list[str]:
        """The ids at which there are databases, the newest first; an empty one last, if nothing is applied on some."""
        found = sorted((each for each in self.marks if each in self.places), key=self.places.__getitem__)
        return [*found, *(each for each in self.marks if not each)]

    def mark(self, revision: str) -> str:
        """Return the databases at a revision, in a few words; an empty string if there are none.

        Args:
            revision: Its id, or an empty one.
        """
        return listed(self.marks.get(revision, ()))


def listed(names: Sequence[str]) -> str:
    """Return names in a few words.

    Example:
        >>> listed(["default", "reports"])
        'default, reports'
        >>> listed([f"shop{number}" for number in range(100)])
        'shop0, shop1, shop2, shop3, shop4 and 95 more'
    """
    more = len(names) - NAMED
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:NAMED])} and {more} more"


def pictured(history: History, only: Collection[str] | None = None) -> list[Node]:
    """Return the revisions of a folder for a picture.

    Args:
        history: The folder.
        only: The ids to show; None for all.

    Raises:
        UnclearError: What the files say can't be known without running them.
    """
    graph, headers, paths = history.graph, history.headers, history.paths
    nodes = []
    for place, following, effective, _ in history.listing:
        header = headers[place]
        if only is None or header.revision in only:
            depends = _others([headers[each].revision for each in graph.depends[place]], header.down)
            nodes.append(
                Node(
                    header.revision,
                    header.down,
                    depends,
                    header.labels,
                    header.doc,
                    paths[place],
                    following,
                    effective,
                )
            )
    return nodes


def _others(depends: Iterable[str], down: Collection[str]) -> tuple[str, ...]:
    return tuple(each for each in depends if each not in down)
