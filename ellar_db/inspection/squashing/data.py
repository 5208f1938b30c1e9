"""Revisions of a range that change rows, which a revision that is made of schemas doesn't do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.revisions.squashing.data_steps import row_changes
from ellar_db.revisions.squashing.statements import FULL_NAME
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from ellar_db.inspection.squashing.old_chain import OldChain
    from ellar_db.revisions.squashing.ranges import Range


SHOWN = 70
"""Most characters of a statement in a line."""

TABLE = re.compile(
    rf"\b(?:INTO|UPDATE|FROM|TABLE|COPY|REPLACE)\s+(?:ONLY\s+|IF\s+EXISTS\s+|IGNORE\s+)*({FULL_NAME})", re.IGNORECASE
)
"""A table in a statement that changes rows."""


@dataclass(frozen=True)
class DataStep:
    """What changes rows in a revision.

    Args:
        revision: The revision's id.
        what: What it does, in words.
        tables: The tables, in lower case and without schemas; None if they aren't known.
    """

    revision: str
    what: str
    tables: frozenset[str] | None

    @property
    def line(self) -> str:
        """The step in a line."""
        return f"{self.revision}: {self.what}"


def data_steps(found: Range, old: OldChain) -> list[DataStep]:
    """Return what changes rows in the revisions of a range: what was seen while they ran, and what their files say.

    Args:
        found: The range.
        old: What its revisions did.
    """
    seen: dict[str, list[DataStep]] = {}
    for statements in old.statements.values():
        for each in statements:
            for kind, text in each.changes:
                step = DataStep(each.revision, _short(text), _tables(text))
                if kind == "rows" and step not in seen.setdefault(each.revision, []):
                    seen[each.revision].append(step)
    return [
        step
        for each in found.members
        for steps in (seen.get(each.revision, []),)
        for step in [*steps, *_read(each.revision, Path(each.path), has_run=bool(steps))]
    ]


def _read(revision: str, path: Path, *, has_run: bool) -> Iterator[DataStep]:
    for line, what in row_changes(path):
        if not (has_run and what.startswith("op.bulk_insert")):
            yield DataStep(revision, f"{what} in line {line}", None)


def _tables(statement: str) -> frozenset[str]:
    return frozenset(re.split(r"\s*\.\s*", name)[-1].strip('"`[]').lower() for name in TABLE.findall(statement))


def _short(statement: str) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def untouched(steps: Sequence[DataStep]) -> set[str] | None:
    """Return the tables whose rows aren't compared, since steps that change them are left out; None for all tables."""
    tables = [step.tables for step in steps]
    return None if None in tables else {name for each in tables for name in each or ()}


def refuse_unknown(old: OldChain) -> None:
    """Refuse statements of which it isn't known what they change, so that no comparison could prove anything.

    Raises:
        DbError: There is one.
    """
    for statements in old.statements.values():
        for each in statements:
            for kind, text in each.changes:
                if kind == "unknown":
                    raise DbError(
                        f"it isn't known what this statement of {each.revision} changes, so that no comparison would "
                        f"show whether it is missing: {_short(text)}; squash what comes before it or behind it"
                    )
