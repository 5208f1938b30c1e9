"""In which column each revision of a picture stands, and how lines go from one column to another."""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Link(NamedTuple):
    """A line that leads from one column into another, below a row.

    Args:
        start: The column from which it comes.
        end: The column into which it leads, where another line may be already.
        last: Nothing goes on in the column from which it comes.
    """

    start: int
    end: int
    last: bool


class Row(NamedTuple):
    """A revision in its column.

    Args:
        place: The place of the revision, and the number of the row.
        column: Its column.
        fresh: No line leads to it from above.
        ends: No line leads from it downwards.
        links: The lines that change their column below it, one after the other.
    """

    place: int
    column: int
    fresh: bool
    ends: bool
    links: Sequence[Link]


class _Columns:
    """The columns that are free, or have a line."""

    def __init__(self) -> None:
        self.width = 0
        self._free: list[int] = []

    def take(self, after: int = -1) -> int:
        """Return a free column: the nearest to the right of another, or one to its left, or a new one."""
        if self._free:
            place = bisect(self._free, after)
            return self._free.pop(place if place < len(self._free) else -1)
        self.width += 1
        return self.width - 1

    def release(self, column: int) -> None:
        """Let others have a column."""
        insort(self._free, column)


def rows(parents: Sequence[Sequence[int]]) -> Iterator[Row]:
    """Yield a row for each revision.

    All lines to one revision share a column from where the second of them begins. So there are never more columns than
    revisions to which lines lead at the same moment.

    Args:
        parents: What each revision follows; each of these stands later.

    Example:
        >>> [row.column for row in rows([[1, 2], [3], [3], []])]
        [0, 0, 1, 0]
    """
    columns = _Columns()
    lanes: dict[int, int] = {}
    for place, below in enumerate(parents):
        arrived = lanes.pop(place, None)
        column = columns.take() if arrived is None else arrived
        links: list[Link] = []
        stays = False
        known = [each for each in below if each in lanes]
        for each in below:
            if each in lanes:
                continue
            if stays:
                lanes[each] = columns.take(column)
                links.append(Link(column, lanes[each], False))
            else:
                lanes[each], stays = column, True
        # lines move to the left where they can
        pulled = None if stays else next((each for each in known if lanes[each] > column), None)
        links += [Link(column, lanes[each], False) for each in known if each != pulled]
        if pulled is not None:
            # last, or the lines that come along would seem to part here
            links.append(Link(lanes[pulled], column, True))
            columns.release(lanes[pulled])
            lanes[pulled], stays = column, True
        if not stays:
            columns.release(column)
            if links:
                links[-1] = links[-1]._replace(last=True)
        yield Row(place, column, arrived is None, not below, links)
