"""The law, for one feature and one program on one database.

Each of `PARTS` holds or doesn't; one that can't be found out, since what precedes it failed, doesn't hold.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.corpus import Feature
from benchmarks.measure.parts import PARTS
from benchmarks.measure.schemas import Lines, apart
from benchmarks.measure.sides import MASKED, Failed, Side, first_line
from benchmarks.measure.targets import Read, Target

SECONDS = 60
"""How long a cell may take."""


@dataclass
class Cell:
    """A result.

    Args:
        feature: The feature's key.
        database: The kind of database.
        program: The program's name.
        misses: The reason for each part of the law that doesn't hold.
        said: What was said at `migrate`, beyond routine.
    """

    feature: str
    database: str
    program: str
    misses: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as a dictionary."""
        return asdict(self)


class References:
    """The schemas that `create_all` gives, for the features of one database.

    Args:
        target: The database.
    """

    def __init__(self, target: Target) -> None:
        self.target = target

    def of(self, feature: Feature) -> tuple[Lines, Lines, Lines]:
        """Return the schemas before there is anything, before the change, and after it."""
        found = []
        for side in ("", "before", "after"):
            self.target.empty()
            self.target.execute(feature.setup)
            if side:
                self.target.create(feature.metadata(side))
                self.target.execute(feature.beside)
            found.append(self.target.read())
        return found[0], found[1], found[2]


def measure(feature: Feature, side: Side, program: str) -> Cell:
    """Measure one cell; whatever fails is its reason."""
    cell = Cell(feature.key, side.target.kind, program)
    try:
        with at_most(SECONDS):
            _Run(feature, side, cell).run()
    except Exception as error:
        # one broken cell must not end the others
        for part in PARTS:
            cell.misses.setdefault(part, f"the measure itself: {first_line(error)}")
    return cell


class _Run:
    """One feature on its way through a program."""

    def __init__(self, feature: Feature, side: Side, cell: Cell) -> None:
        self.feature = feature
        self.side = side
        self.target = side.target
        self.misses = cell.misses
        self.cell = cell

    def run(self) -> None:
        self.nothing, self.before, self.after = References(self.target).of(self.feature)
        self.models = self.feature.metadata("before")
        self.side.start(self.feature)
        self.side.models("before")
        created = self.create()
        if not created:
            # the rest is measured on the right schema
            self.side.start(self.feature)
            self.target.create(self.models)
            self.target.execute(self.feature.beside)
        with self.noting("quiet"):
            self.miss("quiet", self.side.check())
        with self.noting("rows"):
            self.target.insert(self.models, self.feature.rows)
        rows = self.target.rows(self.models)
        self.side.models("after")
        if self.change():
            with self.noting("rows"):
                self.miss("rows", self.compare(rows))
            if "changed" not in self.misses:
                with self.noting("quiet"):
                    self.miss("quiet", self.side.check())
            self.back(created)

    @contextmanager
    def noting(self, *parts: str) -> Iterator[None]:
        """Note a failure of a command, or of the database, as the reason for parts of the law."""
        try:
            yield
        except Failed as error:
            reason = str(error)
        except TimeoutError:
            raise
        except Exception as error:
            reason = first_line(error)
        else:
            return
        for part in parts:
            self.miss(part, reason)

    def miss(self, part: str, reason: str) -> None:
        """Note why a part doesn't hold; the first reason counts."""
        if reason:
            self.misses.setdefault(part, MASKED.sub("", reason))

    def say(self, said: str) -> None:
        """Keep what `migrate` said."""
        self.cell.said = "\n".join(each for each in (self.cell.said, MASKED.sub("", said)) if each)

    def create(self) -> bool:
        """Make the schema from nothing; return whether it is right."""
        with self.noting("created"):
            self.say(self.side.migrate("first"))
            if not self.side.revisions():
                raise Failed("migrate wrote nothing")
            self.side.upgrade()
            self.target.execute(self.feature.beside)
            self.miss("created", apart(self.before, self.target.read()))
            return "created" not in self.misses
        return False

    def change(self) -> bool:
        """Make the change; return whether there was an upgrade."""
        with self.noting("changed", "rows", "back"):
            known = self.side.revisions()
            self.say(self.side.migrate("second", self.feature.typed))
            if self.side.revisions() == known:
                if self.before == self.after:
                    # such as labels of an enum that is a text: there is nothing to write
                    self.miss("quiet", self.side.check())
                    return False
                raise Failed("migrate doesn't see it")
            self.side.upgrade()
            self.miss("changed", apart(self.after, self.target.read()))
            return True
        return False

    def compare(self, rows: Read) -> str:
        """Return how the rows differ from those expected; an empty string if they don't."""
        metadata = self.feature.metadata("after")
        found = self.target.rows(metadata)
        expected: dict[str, Any] = dict(self.feature.kept) if self.feature.kept is not None else dict(rows)
        for table, lines in expected.items():
            if table not in found:
                if self.feature.kept is not None:
                    return f"{table}: gone"
                continue
            there = found[table]
            if len(there) != len(lines):
                return f"{table}: {len(lines)} rows before, {len(there)} afterwards"
            for line in lines:
                kept = {name: value for name, value in line.items() if not there or name in there[0]}
                if not any(all(same(row.get(name), value) for name, value in kept.items()) for row in there):
                    return f"{table}: {kept} isn't among {there[:3]}"
        return ""

    def back(self, created: bool) -> None:
        """Downgrade step by step."""
        with self.noting("back"):
            self.side.downgrade("-1")
            self.miss("back", apart(self.before, self.target.read()))
            # a view beside the models may keep its table from being dropped
            if created and "back" not in self.misses and not self.feature.beside:
                self.side.downgrade("base")
                self.miss("back", apart(self.nothing, self.target.read()))


def same(found: Any, expected: Any) -> bool:
    """Return whether two values are equal and of one type, as drivers give them."""
    return type(found) is type(expected) and bool(found == expected)


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TimeoutError if the body takes longer."""

    def over(*_: object) -> None:
        raise TimeoutError(f"it takes longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
