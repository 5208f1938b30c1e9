"""The copy of a table: one step, done or not done, of what Alembic would do in several."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.sqlite_copy.catalog import Catalog, temporary_triggers
from ellar_db.dialects.sqlite_copy.definition import Change, Definition
from ellar_db.dialects.sqlite_copy.facts import TableFacts, literal_defaults, reflected, same_index
from ellar_db.dialects.sqlite_copy.rows import Rows
from ellar_db.dialects.sqlite_copy.session import prepared
from ellar_db.dialects.sqlite_copy.text import TableText, counts, folded, names_in, qualified, quoted, tokens
from ellar_db.util.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Index, Table

ASIDE = "_ellar_db_before_"
"""Prefix of the old table's name while its rows are copied."""

WITHOUT_ROWID = "WITHOUT ROWID"

SEQUENCE = "sqlite_sequence"
"""SQLite's own table with the highest number that AUTOINCREMENT gave."""


class Copy:
    """The copy of one table.

    Args:
        connection: The connection.
        old: The table as Alembic knows it.
        new: The table that Alembic wants in its place.
        copied: The columns that are copied, by the names from before.
        check: Raises DbError if rows refer to nothing.

    Raises:
        RefusedError: There are two tables of this name.
    """

    def __init__(
        self, connection: Connection, old: Table, new: Table, copied: frozenset[str], check: Callable[[], None]
    ) -> None:
        self.old = old
        self.new = new
        self._connection = connection
        self._copied = copied
        self._check = check
        self._name = str(old.name)
        self._catalog = Catalog.having(connection, self._name, old.schema)
        self._dropped: frozenset[str] = frozenset()
        self._indexes: dict[str, str] = {}
        self._statistics: dict[str, list[tuple[Any, ...]]] = {}

    def run(self) -> None:
        """Put the new table in the place of the old one, with all that the batch operation doesn't name.

        Raises:
            RefusedError: Something would be lost.
        """
        self._refuse_others()
        with prepared(self._catalog, self._check):
            known = reflected(self._connection, self._name, self.old.schema)
            change = self._change(known)
            self._rename(change.renamed)
            # those that SQLAlchemy can't read; Alembic will ask for the others
            unknown = self._catalog.indexes(self._name).keys() - {str(index.name) for index in known.indexes}
            self._replace(change, unknown)

    def restore(self, index: Index) -> bool:
        """Create an index again in its own words.

        Args:
            index: The index that Alembic wants to create.

        Returns:
            Whether it was one of the old table that stays as it is.

        Raises:
            RefusedError: It names a column that is dropped.
        """
        name = folded(str(index.name))
        before = next((one for one in self.old.indexes if folded(str(one.name)) == name), None)
        if before is None or name not in self._indexes or not same_index(before, index):
            return False
        self._refuse_index(str(index.name), self._indexes[name])
        self._catalog.created(self._indexes[name])
        self._restore_statistics({name})
        return True

    # Preparation

    def _refuse_others(self) -> None:
        """Refuse to copy what is no ordinary table.

        Raises:
            RefusedError: It is a view or a virtual table.
        """
        kind = self._catalog.kind(self._name)
        what = "" if kind == "table" else "a view" if kind else "no table of this database"
        if not what and self._catalog.sql(self._name).upper().startswith("CREATE VIRTUAL"):
            what = "a virtual table"
        if what:
            raise RefusedError(
                f"a batch operation can't copy {self._name!r}, which is {what}; drop and create it in the revision"
            )

    def _change(self, known: Table) -> Change:
        """Return what the batch operation changes.

        Args:
            known: The table as Alembic reads it without options.
        """
        dialect = self._connection.dialect
        literal_defaults(self.new)
        kept = [(self.old.columns[name], self.new.columns[name]) for name in self._copied]
        return Change(
            self._name,
            dialect,
            was=TableFacts.of(known, dialect),
            now=TableFacts.of(self.new, dialect),
            copied=frozenset(folded(name) for name in self._copied),
            renamed={folded(old.name): str(new.name) for old, new in kept if old.name != new.name},
            alias=self._alias(),
            known=frozenset(facts for facts, _ in TableFacts.of(self.old, dialect).constraints),
        )

    def _alias(self) -> str:
        """Return the column that is the rowid, folded, or an empty string."""
        keys = [column for column in self._catalog.columns(self._name) if column.key]
        text = self._text()
        is_alias = len(keys) == 1 and keys[0].type.upper() == "INTEGER" and WITHOUT_ROWID not in text.options
        inline = text.columns[folded(keys[0].name)].first("PRIMARY") if is_alias else None
        # for historical reasons this one is none
        return folded(keys[0].name) if is_alias and not (inline and "KEY DESC" in inline.words) else ""

    def _text(self) -> TableText:
        """Return the table's definition.

        Raises:
            RefusedError: It can't be read.
        """
        try:
            return TableText.read(self._catalog.sql(self._name))
        except (ValueError, LookupError, StopIteration) as error:
            raise RefusedError(
                f"the definition of the table {self._name!r} in sqlite_master can't be read, so that a batch operation "
                "might lose a part of it; create the table anew in the revision instead"
            ) from error

    def _rename(self, renamed: Mapping[str, str]) -> None:
        """Let SQLite rename columns, in triggers, views, indexes and foreign keys too."""
        names = {folded(column.name): column.name for column in self._catalog.columns(self._name)}
        steps = [(names[key], name) for key, name in renamed.items()]
        if any(folded(after) in names and folded(after) != folded(before) for before, after in steps):
            # a new name may be the old one of another column
            through = [f"_ellar_db_{number}_{name}" for number, (_, name) in enumerate(steps)]
            first = [(before, via) for (before, _), via in zip(steps, through, strict=True)]
            steps = first + [(via, after) for via, (_, after) in zip(through, steps, strict=True)]
        table = self._catalog.qualified(self._name)
        for before, after in steps:
            self._catalog.execute(f"ALTER TABLE {table} RENAME COLUMN {quoted(before)} TO {quoted(after)}")

    # The copy

    def _replace(self, change: Change, unknown: Collection[str]) -> None:
        """Put the new table in the place of the old one, whose columns have their new names already.

        Args:
            change: What is changed.
            unknown: The indexes that Alembic doesn't know.
        """
        catalog, old = self._catalog, self._text()
        new = Definition(old, change).changed()
        self._dropped = change.dropped - {folded(str(column.name)) for column in self.new.columns}
        indexes, triggers = catalog.indexes(self._name), catalog.triggers(self._name)
        self._indexes = {folded(name): written for name, written in indexes.items()}
        for name in unknown:
            self._refuse_index(name, indexes[name])
        self._statistics = catalog.statistics(self._name)
        temporary = temporary_triggers(self._connection, self._name, catalog.schema)
        unusable, before = catalog.unusable(), catalog.columns(self._name)
        aside = self._move_aside([*triggers, *temporary], indexes)
        catalog.created(new.text)
        self._refuse_broken(unusable, indexes, triggers)
        rows = Rows(catalog, aside, before, self._name)
        has_rowid = WITHOUT_ROWID not in {*old.options, *new.options} and self._alias() not in self._current(change)
        rows.copy(self._current(change), has_rowid=has_rowid)
        catalog.execute(f"DROP TABLE {catalog.qualified(aside)}")
        for written in (*(indexes[name] for name in indexes if name in unknown), *triggers.values()):
            catalog.created(written)
        for written in temporary.values():
            catalog.execute(qualified(written, "temp"))
        if counts(old) and counts(new):
            self._restore_sequence()
        self._restore_statistics({folded(name) for name in unknown})

    @staticmethod
    def _current(change: Change) -> frozenset[str]:
        """Return the copied columns by the names that they have now."""
        return frozenset(change.current(key) for key in change.copied)

    def _move_aside(self, triggers: Iterable[str], indexes: Iterable[str]) -> str:
        """Rename the old table, and drop what would have a name that the new one needs.

        Returns:
            The old table's name.
        """
        self._drop(triggers, indexes)
        aside = self._catalog.free_name(ASIDE + self._name)
        self._catalog.execute(f"ALTER TABLE {self._catalog.qualified(self._name)} RENAME TO {quoted(aside)}")
        return aside

    def _drop(self, triggers: Iterable[str], indexes: Iterable[str]) -> None:
        for trigger in triggers:
            self._catalog.execute(f"DROP TRIGGER {quoted(trigger)}")
        for index in indexes:
            self._catalog.execute(f"DROP INDEX {self._catalog.qualified(index)}")

    def _restore_sequence(self) -> None:
        """Let AUTOINCREMENT go on where it was."""
        own, name = self._catalog.qualified(SEQUENCE), self._catalog.name(self._name)
        self._catalog.execute(f"DELETE FROM {own} WHERE name = ?", (name,))
        for row in self._statistics[SEQUENCE]:
            self._catalog.execute(f"INSERT INTO {own} (name, seq) VALUES (?, ?)", row)

    def _restore_statistics(self, indexes: Collection[str]) -> None:
        """Write what ANALYZE noted of indexes that were dropped and created again; the rest has stayed."""
        for own, rows in self._statistics.items():
            for row in rows:
                if own != SEQUENCE and folded(str(row[1] or "")) in indexes:
                    marks = ", ".join("?" * len(row))
                    self._catalog.execute(f"INSERT INTO {self._catalog.qualified(own)} VALUES ({marks})", row)

    # What would be lost

    def _refuse_index(self, name: str, written: str) -> None:
        """Refuse to drop a column that an index names.

        Raises:
            RefusedError: It names one.
        """
        columns = names_in(written.partition("(")[2], self._dropped)
        if columns:
            raise RefusedError(
                f"the batch operation on {self._name!r} drops the column {', '.join(sorted(columns))}, which the index "
                f"{name} names; drop the index before, with op.drop_index({name!r}, {self._name!r})"
            )

    def _refuse_broken(
        self, before: Mapping[str, str], indexes: Mapping[str, str], triggers: Mapping[str, str]
    ) -> None:
        """Refuse a change after which views or triggers can't be used, while the new table is still empty.

        Args:
            before: The views and triggers that couldn't be used before.
            indexes: The table's indexes, on which statements of views and triggers may rely.
            triggers: The table's triggers.

        Raises:
            RefusedError: There are some.
        """
        readers = {**self._catalog.readers(), **{f"trigger {name}": written for name, written in triggers.items()}}
        if not readers:
            return
        made = {name: written for name, written in indexes.items() if not names_in(written, self._dropped)}
        for written in (*made.values(), *triggers.values()):
            self._catalog.created(written)
        broken = {title: why for title, why in self._catalog.unusable().items() if title not in before}
        self._drop(triggers, made)
        broken.update((f"the {title}", "it names a dropped column") for title in self._quoting_dropped(readers))
        for title, why in broken.items():
            raise RefusedError(
                f"the batch operation on {self._name!r} would break {title}: {why}; drop it before in the revision, "
                "and create it again afterwards"
            )

    def _quoting_dropped(self, readers: Mapping[str, str]) -> list[str]:
        """Return the views and triggers with a dropped column in quotes, which SQLite would take for a string."""
        found = []
        for title, written in readers.items():
            named = tokens(written)
            in_quotes = {folded(token.identifier) for token in named if token.text.startswith('"')}
            if in_quotes & self._dropped and folded(self._name) in {folded(token.identifier) for token in named}:
                found.append(title)
        return found
