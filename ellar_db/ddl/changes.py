"""What a statement does with a schema and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ellar_db.ddl.words import Word

Table = tuple[str | None, str]
"""The schema of a table, None for the default one, and its name."""


@dataclass(frozen=True)
class Column:
    """A column as a statement defines it.

    Args:
        name: Its name.
        type: Its type as written, in capitals, such as "VARCHAR(20)".
        default: The words of its default; empty without one.
        facts: What else is said of it: "not null", "primary key", "unique", "references", "check", "identity",
            "stored", "virtual", "auto_increment", "constrained" (by a named constraint), "collate".
        references: The table to which it refers, if it does.
    """

    name: str
    type: str = ""
    default: tuple[Word, ...] = ()
    facts: frozenset[str] = frozenset()
    references: Table | None = None


@dataclass(frozen=True)
class Change:
    """One thing that a statement does; a statement may do several.

    Args:
        kind: What it does, in words, such as "add column", "set not null", "create index", "update".
        table: The table, or what else it is about.
        column: The column.
        name: The name of the constraint or index, or the new name.
        columns: The columns of a constraint or an index, or those of a table that is made.
        references: The table to which a foreign key refers, or which is attached.
        facts: What else is said of it, such as "unique", "concurrently", "not valid", "using index", "where".
        words: The words that are its own, for what is asked seldom.
    """

    kind: str
    table: Table
    column: str = ""
    name: str = ""
    columns: Sequence[Column] = ()
    references: Table | None = None
    facts: frozenset[str] = frozenset()
    words: Sequence[Word] = field(default=(), repr=False)

    @property
    def definition(self) -> Column:
        """The column that is added or defined anew."""
        return self.columns[0]

    @property
    def sql(self) -> str:
        """The words, joined by spaces."""
        return joined(self.words)


def joined(found: Sequence[Word]) -> str:
    """Return words as one text.

    Example:
        >>> from ellar_db.ddl.words import words
        >>> joined(words("a   >  1"))
        'a > 1'
    """
    return " ".join(word.text for word in found)
