"""The order in which Alembic lists and runs revisions, found in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


def newest_first(wanted: Iterable[T], heads: Sequence[T], below: Callable[[T], Sequence[T]]) -> list[T]:
    """Return revisions so that each stands before those that must be applied before it.

    One line is followed as far down as possible, until it reaches a revision on which another line depends; the other
    line comes first then. Alembic asks each line at each step for all that is below it. Here each revision knows how
    many of those directly above it are still to come.

    Args:
        wanted: The revisions to list.
        heads: Where the lines begin, in order; those that aren't wanted are left out.
        below: Returns what must be applied before a revision.

    Raises:
        AssertionError: Some of those wanted can't be reached from the heads by what is wanted, as with Alembic.
    """
    todo = set(wanted)
    current = [head for head in dict.fromkeys(heads) if head in todo]
    lines: _Lines[T] = _Lines(current, below)
    listed: list[T] = []
    chosen = 0
    while current:
        candidate = current[chosen]
        if lines.waits(candidate):
            chosen = lines.blocking(candidate, current)
            continue
        listed.append(candidate)
        todo.discard(candidate)
        further = [each for each in below(candidate) if each in todo and each not in lines.heads]
        lines.finish(candidate, further)
        if further:
            current[chosen] = further[0]
            current += further[1:]
        else:
            del current[chosen]
            chosen = max(chosen - 1, 0)
    assert not todo
    return listed


class _Lines(Generic[T]):
    """How many revisions above each are still to come.

    Args:
        heads: Where the lines begin.
        below: Returns what must be applied before a revision.
    """

    def __init__(self, heads: Iterable[T], below: Callable[[T], Sequence[T]]) -> None:
        self.heads = set(heads)
        self._below = below
        self._above: dict[T, int] = dict.fromkeys(self.heads, 0)
        waiting = list(self.heads)
        while waiting:
            for each in below(waiting.pop()):
                if each not in self._above:
                    self._above[each] = 0
                    waiting.append(each)
                self._above[each] += 1
        self._levels = self._measured()
        self._apart: tuple[T | None, set[T]] = None, set()

    def _measured(self) -> dict[T, int]:
        """Return for each revision the length of the longest way to it from above, as a negative number."""
        left = dict(self._above)
        levels = dict.fromkeys(left, 0)
        waiting = [revision for revision, number in left.items() if not number]
        for revision in waiting:
            for each in self._below(revision):
                levels[each] = min(levels[each], levels[revision] - 1)
                left[each] -= 1
                if not left[each]:
                    waiting.append(each)
        return levels

    def waits(self, revision: T) -> bool:
        """Return whether a revision above is still to come."""
        return self._above.get(revision, 0) > 0

    def finish(self, head: T, further: Iterable[T]) -> None:
        """Go on from a head, above which there is nothing, to others."""
        self.heads.remove(head)
        self.heads.update(further)
        waiting = [head]
        while waiting:
            for each in self._below(waiting.pop()):
                self._above[each] -= 1
                if not self._above[each] and each not in self.heads:
                    waiting.append(each)

    def blocking(self, revision: T, current: Sequence[T]) -> int:
        """Return the place of the first head that is above a revision."""
        known, apart = self._apart
        if known != revision:
            apart = set()
            self._apart = revision, apart
        for place, head in enumerate(current):
            if head != revision and self._reaches(head, revision, apart):
                return place
        raise LookupError("no head is above the revision")

    def _reaches(self, head: T, revision: T, apart: set[T]) -> bool:
        """Return whether a revision is below a head; `apart` gets what it is not below, for the next question."""
        waiting = [head]
        seen: set[T] = set()
        level = self._levels[revision]
        while waiting:
            for each in self._below(waiting.pop()):
                if each == revision:
                    return True
                if self._levels[each] > level and each not in apart and each not in seen:
                    seen.add(each)
                    waiting.append(each)
        apart |= seen
        apart.add(head)
        return False
