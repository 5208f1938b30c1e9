"""The revisions of a folder and what follows what, as numbers in the order in which the files are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from ellar_db.history.cache import Listed
from ellar_db.history.headers import Header, UnclearError


class Graph:
    """The revisions of a folder, where Alembic has nothing to complain about.

    All lists have an item for each revision, and name revisions by their place in them.

    Args:
        headers: What the files say, in the order in which Alembic reads them.

    Attributes:
        headers: As given.
        places: The place of each id.
        names: The place of each id and label.
        down: What each follows.
        next: What follows each.
        depends: What each depends on, as the file says.
        all_next: What follows each or depends on it.
        needs: What each depends on, unless what it follows depends on that too.
        below: What must be applied before each: what it follows, and what it needs.
        ordered: All places, each behind those that must be applied before.

    Raises:
        UnclearError: Two have the same id or label, one follows a revision that isn't there, or several each other.

    Example:
        >>> graph = Graph([Header("a1", (), (), (), ""), Header("b2", ("a1",), (), (), "")])
        >>> [graph.headers[place].revision for place in graph.heads]
        ['b2']
    """

    def __init__(self, headers: Sequence[Header]) -> None:
        self.headers = headers
        self.places = {header.revision: place for place, header in enumerate(headers)}
        if len(self.places) < len(headers):
            raise UnclearError("two files have one id")
        self.names = names = self._labelled()
        self.down = [[self._place(name, self.places) for name in header.down] for header in headers]
        self.depends = [list(dict.fromkeys(self._place(name, names) for name in header.depends)) for header in headers]
        self.next: list[list[int]] = [[] for _ in headers]
        self.all_next: list[list[int]] = [[] for _ in headers]
        for place, down in enumerate(self.down):
            if len(set(down)) < len(down):
                raise UnclearError(f"{headers[place].revision} follows a revision twice")
            for each in down:
                self.next[each].append(place)
            for each in dict.fromkeys((*down, *self.depends[place])):
                self.all_next[each].append(place)
        self.ordered = self._order()
        self.needs = self._needed()
        self.below = [
            list(dict.fromkeys((*down, *own))) if own else down for down, own in zip(self.down, self.needs, strict=True)
        ]

    @property
    def heads(self) -> list[int]:
        """What no other revision follows."""
        return [place for place, following in enumerate(self.next) if not following]

    @property
    def real_heads(self) -> list[int]:
        """What no other revision follows or depends on."""
        return [place for place, following in enumerate(self.all_next) if not following]

    def listed(self, place: int) -> Listed:
        """Return a revision with what a line about it says of the others.

        Args:
            place: Its place.
        """
        following, labels = len(self.next[place]), self.labels[place]
        effective = not following and bool(self.all_next[place])
        return Listed(place, following, effective, sorted(labels) if labels else ())

    def named(self, symbol: str) -> list[int]:
        """Return the places of what a symbol stands for.

        Args:
            symbol: `head`, `heads`, `base`, an id, the beginning of one, or a label.

        Raises:
            UnclearError: It is something else, or stands for nothing, or for several.
        """
        if symbol in ("base", "heads"):
            return [] if symbol == "base" else self.real_heads
        if symbol == "head":
            found = self.heads
        elif symbol in self.names:
            found = [self.names[symbol]]
        else:
            # Alembic takes no shorter names for the beginning of another
            found = [place for name, place in self.names.items() if len(name) > 3 and name.startswith(symbol)]
            if not symbol or len(found) != 1:
                raise UnclearError(f"{symbol} is no name")
        if len(found) > 1:
            raise UnclearError(f"{symbol} stands for several revisions")
        return found

    def _labelled(self) -> dict[str, int]:
        """Return the place of each id and label."""
        names = dict(self.places)
        for place, header in enumerate(self.headers):
            for label in header.labels:
                if label in names:
                    raise UnclearError(f"two revisions are called {label}")
                names[label] = place
        return names

    def _place(self, name: str, names: dict[str, int]) -> int:
        try:
            return names[name]
        except KeyError:
            raise UnclearError(f"no revision is called {name}") from None

    def _order(self) -> list[int]:
        left = [len({*down, *depends}) for down, depends in zip(self.down, self.depends, strict=True)]
        ordered = [place for place, number in enumerate(left) if not number]
        for place in ordered:
            for each in self.all_next[place]:
                left[each] -= 1
                if not left[each]:
                    ordered.append(each)
        if len(ordered) < len(left):
            raise UnclearError("revisions follow each other in a circle")
        return ordered

    def _needed(self) -> list[list[int]]:
        """Return what each depends on, without that on which what it follows depends already.

        The dependencies of all that a revision follows are the bits of a number.
        """
        if not any(self.depends):
            return self.depends
        targets = {each: 1 << bit for bit, each in enumerate({each for own in self.depends for each in own})}
        known = [0] * len(self.headers)
        needed: list[list[int]] = [[] for _ in self.headers]
        for place in self.ordered:
            for each in self.down[place]:
                known[place] |= known[each]
            own = self.depends[place]
            needed[place] = [each for each in dict.fromkeys(own) if not known[place] & targets[each]]
            for each in own:
                known[place] |= targets[each]
        return needed

    @cached_property
    def labels(self) -> list[set[str]]:
        """The labels of each revision: its own, those of what it comes from, and of what comes from it alone."""
        found: list[set[str]] = [set(header.labels) for header in self.headers]
        if not any(found):
            return found
        for place, header in enumerate(self.headers):
            if header.labels:
                line = self._descendants(place)
                for each in line:
                    found[each].update(header.labels)
                for each in self._alone_below(line):
                    found[each].update(header.labels)
        return found

    def _descendants(self, place: int) -> list[int]:
        found = {place: None}
        waiting = [place]
        while waiting:
            for each in self.next[waiting.pop()]:
                if each not in found:
                    found[each] = None
                    waiting.append(each)
        return list(found)

    def _alone_below(self, line: Sequence[int]) -> Iterable[int]:
        """Yield what a line comes from, down to where other lines leave or join it; none if the line itself parts."""
        place: int | None = line[-1]
        while place is not None and len(self.all_next[place]) < 2 and len(self.down[place]) < 2:
            yield place
            place = self.down[place][0] if self.down[place] else None
