"""Rows of a scratch database: put into tables that have none, and looked for after a revision."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.base import Dialect
from ellar_db.inspection.trials.values import NoValueError, value_for
from ellar_db.util.errors import summary

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Engine, Table


NUMBERS = (1, 2)
"""The numbers of the rows that a table gets."""

FEW = 20
"""How many rows of a table are compared by their values."""

CHANGE = re.compile(
    r"""\b(DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|UPDATE)\s+(?:ONLY\s+)?((?:(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+)\.?)+)""",
    re.IGNORECASE,
)
"""A statement that deletes or changes rows, and the table's name."""


@dataclass(frozen=True)
class Rows:
    """The rows of a table.

    Args:
        count: How many there are.
        key: The columns of the primary key.
        values: Some of the rows, by the names of the columns.
    """

    count: int
    key: tuple[str, ...]
    values: Sequence[Mapping[str, Any]]


@dataclass
class Changes:
    """What statements did to rows on purpose.

    Args:
        deleted: The tables from which rows were deleted, by their names in lower case, without the schema.
        updated: The tables of which rows were changed.
    """

    deleted: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)

    def note(self, statement: str) -> None:
        """Note what a statement does.

        Example:
            >>> changes = Changes()
            >>> changes.note('DELETE FROM shop."Orders" WHERE id = 1')
            >>> changes.deleted
            {'orders'}
        """
        for verb, name in CHANGE.findall(statement):
            table = re.findall(r'"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+', name)[-1].strip('"`[]').lower()
            (self.updated if verb.upper() == "UPDATE" else self.deleted).add(table)


@contextmanager
def noted(engine: Engine) -> Iterator[Changes]:
    """Note what the statements of an engine do to rows.

    Args:
        engine: The engine of a scratch database.
    """
    from sqlalchemy import event

    changes = Changes()

    def executed(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        changes.note(statement)

    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield changes
    finally:
        event.remove(engine, "before_cursor_execute", executed)


class Tables:
    """The tables of a database, without those that record what was run, of extensions, and partitions.

    Args:
        connection: The database.
        dialect: Its kind.
        schemas: The names of its schemas; None is the default one.
        leave_out: The tables that are left out, with the schema's name unless it is the default one.
    """

    def __init__(
        self, connection: Connection, dialect: Dialect, schemas: Iterable[str | None], leave_out: Collection[str]
    ) -> None:
        from sqlalchemy import MetaData

        metadata = MetaData()
        with warnings.catch_warnings():
            # of types that SQLAlchemy doesn't know, and of tables that refer to each other
            warnings.simplefilter("ignore")
            self._checks: dict[tuple[str | None, str], Sequence[str]] = {}
            for schema in schemas:
                metadata.reflect(connection, schema=schema)
                for name, clauses in (dialect.checks_of_columns(connection, schema) or {}).items():
                    self._checks[schema, name] = clauses
            # rows of a virtual table are in others, and those of a partition are in its table
            others = dialect.tables_of_extensions(connection) | dialect.partitions(connection)
            self.all: dict[str, Table] = {
                str(table.key): table
                for table in metadata.sorted_tables
                if table.key not in leave_out and (table.schema, table.name) not in others
            }
        connection.rollback()
        self.connection = connection
        self._read: dict[str, Rows] = {}

    def plant(
        self, numbers: Sequence[int] = NUMBERS, apart: int = 0, leave_out: Collection[str] = ()
    ) -> dict[str, str]:
        """Put rows into the tables that have none.

        Args:
            numbers: The numbers of the rows.
            apart: How far their keys are from each other where the database numbers rows; 0 leaves that to it.
            leave_out: Tables that stay empty, by their names in lower case, without schemas.

        Returns:
            Why there are none in a table, by the table's name.
        """
        problems = {}
        for key, table in self.all.items():
            if key.rpartition(".")[2].lower() in leave_out or self.read(key).count:
                continue
            for number in numbers:
                problem = self._plant(table, number, apart * (number - 1))
                if problem and number == numbers[0]:
                    problems[key] = problem
                    break
            del self._read[key]
        return problems

    def read(self, key: str) -> Rows:
        """Return the rows of a table.

        Args:
            key: The table's name.
        """
        from sqlalchemy import func, select

        if key not in self._read:
            table = self.all[key]
            primary = tuple(column.name for column in table.primary_key.columns)
            asked = select(*table.columns).order_by(*table.primary_key.columns).limit(FEW)
            with self.connection.begin():
                count = self.connection.execute(select(func.count()).select_from(table)).scalar_one()
                found = self.connection.execute(asked).all() if count and table.columns else []
            names = [column.name for column in table.columns]
            self._read[key] = Rows(count, primary, [dict(zip(names, row, strict=True)) for row in found])
        return self._read[key]

    def referring(self, names: Collection[str]) -> set[str]:
        """Return tables, and those that refer to them, from which the server may delete rows along.

        Args:
            names: Names in lower case, without schemas.
        """
        found = set(names)
        before = -1
        while len(found) != before:
            before = len(found)
            for table in self.all.values():
                if any(key.column.table.name.lower() in found for key in table.foreign_keys):
                    found.add(table.name.lower())
        return found

    def _plant(self, table: Table, number: int, key: int) -> str:
        """Insert a row, with as many values as can be, or with those that must be; return what prevents it."""
        from sqlalchemy import insert
        from sqlalchemy.exc import SQLAlchemyError

        problem = ""
        numbered = table.autoincrement_column
        keys: list[dict[str, int]] = [{numbered.name: key}, {}] if key and numbered is not None else [{}]
        for required, own in product((False, True), keys):
            try:
                values = {column.name: value for column, value in self._values(table, number, required=required)} | own
                with self.connection.begin():
                    self.connection.execute(insert(table).values(values) if values else insert(table))
                return ""
            except NoValueError as error:
                problem = problem or str(error)
            except SQLAlchemyError as error:
                problem = problem or summary(getattr(error, "orig", None) or error)
        return problem

    def _values(self, table: Table, number: int, *, required: bool) -> Iterator[tuple[Column[Any], Any]]:
        from sqlalchemy import CheckConstraint

        checks = [str(each.sqltext) for each in table.constraints if isinstance(each, CheckConstraint)]
        checks += self._checks.get((table.schema, table.name), [])
        referring = self._referring_values(table, number)
        for column in table.columns:
            made = column.computed is not None or column.identity is not None or column.server_default is not None
            if made or column is table.autoincrement_column:
                continue
            if column.name in referring:
                value = referring[column.name]
                if value is not None:
                    yield column, value
                elif not column.nullable:
                    raise NoValueError(f"{column.name} refers to a table without rows")
            elif not column.nullable or column.primary_key:
                yield column, value_for(column, number, checks)
            elif not required:
                try:
                    yield column, value_for(column, number, checks)
                except NoValueError:
                    # it may stay empty
                    continue

    def _referring_values(self, table: Table, number: int) -> dict[str, Any]:
        """Return the values of columns that refer to other rows; None where there are none."""
        found: dict[str, Any] = {}
        for constraint in table.foreign_key_constraints:
            parent = constraint.referred_table
            rows = self.read(parent.key).values if parent.key in self.all and parent is not table else []
            row = rows[(number - 1) % len(rows)] if rows else {}
            for element in constraint.elements:
                found[element.parent.name] = row.get(element.column.name)
        return found


def gone(before: Mapping[str, Rows], after: Tables, excused: Callable[[str], bool]) -> str:
    """Return which rows are gone, in words; empty if none are.

    Args:
        before: The rows of tables, by the tables' names.
        after: The tables now. Rows of a table that isn't there any more may be in one that is new.
        excused: Returns whether a table's rows may be gone, by its name.
    """
    new = [after.read(key).count for key in after.all if key not in before]
    for key, rows in before.items():
        if not rows.count or excused(key):
            continue
        left = after.read(key).count if key in after.all else max(new, default=0)
        if left < rows.count:
            return f"{rows.count - left} of {rows.count} rows of the table {key} are gone"
    return ""


def changed(before: Mapping[str, Rows], after: Tables, excused: Callable[[str, str], bool]) -> str:
    """Return which column has other values, in words; empty if none has.

    Args:
        before: The rows of tables, by the tables' names.
        after: The tables now, with the same columns.
        excused: Returns whether a column may have other values, by the names of the table and the column.
    """
    for key, rows in before.items():
        if key not in after.all or not rows.key:
            continue
        there = {_key(row, rows.key): row for row in after.read(key).values}
        for row in rows.values:
            # rows that are gone are told otherwise, and others may be among the first now
            now = there.get(_key(row, rows.key), {})
            for column, value in row.items():
                if column in now and _plain(now[column]) != _plain(value) and not excused(key, column):
                    return f"the column {key}.{column} has other values than before"
    return ""


def _key(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_plain(row.get(column)) for column in columns)


def _plain(value: Any) -> Any:
    """Return a value that can be compared, whatever a driver makes of it."""
    return bytes(value) if isinstance(value, memoryview) else str(value) if isinstance(value, (dict, list)) else value
