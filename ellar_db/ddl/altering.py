"""The parts of ALTER TABLE."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ellar_db.ddl.changes import Change, Column, Table
from ellar_db.ddl.columns import column_of, constraint, is_constraint, names_in
from ellar_db.ddl.cursor import Cursor, parts

KEYS = ("FULLTEXT INDEX", "FULLTEXT KEY", "SPATIAL INDEX", "SPATIAL KEY", "INDEX", "KEY", "FULLTEXT", "SPATIAL")

OTHERS = {
    "ATTACH PARTITION": "attach partition",
    "CONVERT TO": "convert characters",
    "DETACH PARTITION": "detach partition",
    "DISABLE": "disable",
    "ENABLE": "enable",
    "ENGINE": "engine",
    "FORCE": "force",
    "ORDER BY": "order by",
    "PARTITION BY": "partition by",
    "ROW_FORMAT": "row format",
    "SET LOGGED": "set logged",
    "SET SCHEMA": "set schema",
    "SET TABLESPACE": "set tablespace",
    "SET UNLOGGED": "set logged",
}
"""What is known by its beginning alone."""


def altered(cursor: Cursor) -> Iterator[Change]:
    """Yield the changes of an ALTER TABLE.

    Args:
        cursor: The words behind ALTER TABLE.
    """
    cursor.take("IF EXISTS")
    cursor.take("ONLY")
    table = cursor.table()
    found = list(parts(cursor.rest))
    said = frozenset(
        f"{key.lower()} {value.lower()}"
        for part in found
        for key, value in [_option([word.value for word in part])]
        if key in ("ALGORITHM", "LOCK")
    )
    changes = [(change, part) for part in found if (change := _change(Cursor(part), table)) is not None]
    # the rows are ordered once
    if {"drop primary key", "add primary key"} <= {change.kind for change, _ in changes}:
        changes = [(change, part) for change, part in changes if change.kind != "drop primary key"]
    for change, part in changes:
        yield replace(change, facts=change.facts | said, words=change.words or part)


def _option(values: list[str]) -> tuple[str, str]:
    kept = [value for value in values if value != "="]
    return (kept[0], kept[1]) if len(kept) == 2 else ("", "")


def _change(cursor: Cursor, table: Table) -> Change | None:
    if cursor.take("ADD"):
        return _added(cursor, table)
    if cursor.take("DROP"):
        return _dropped(cursor, table)
    if cursor.take("ALTER"):
        return _of_column(cursor, table)
    if cursor.take("MODIFY"):
        cursor.take("COLUMN")
        column = column_of(cursor.rest)
        return Change("redefine column", table, column.name, columns=[column])
    if cursor.take("CHANGE"):
        cursor.take("COLUMN")
        former = cursor.name()
        column = column_of(cursor.rest)
        renamed = former.lower() != column.name.lower()
        return Change("redefine column", table, former, name=column.name if renamed else "", columns=[column])
    if cursor.take("RENAME"):
        return _renamed(cursor, table)
    if cursor.take("VALIDATE CONSTRAINT"):
        return Change("validate", table, name=cursor.name())
    for words, kind in OTHERS.items():
        if cursor.take(words):
            if kind in ("attach partition", "detach partition"):
                part = cursor.table()
                concurrently = frozenset({"concurrently"} if cursor.take("CONCURRENTLY") else set())
                return Change(kind, table, references=part, facts=concurrently)
            return Change(kind, table)
    return None


def _added(cursor: Cursor, table: Table) -> Change:
    if is_constraint(cursor):
        return constraint(cursor, table)
    if any(cursor.take(each) for each in KEYS):
        special = cursor.words[1].value in ("FULLTEXT", "SPATIAL")
        name = cursor.name() if cursor.next.names and not cursor.follows("USING") else ""
        if cursor.take("USING"):
            cursor.word()
        columns = names_in(cursor.parentheses())
        return Change(
            "create index", table, name=name, columns=columns, facts=frozenset({"special"} if special else ())
        )
    cursor.take("COLUMN")
    cursor.take("IF NOT EXISTS")
    inner = cursor.parentheses() or cursor.rest
    column = column_of(inner)
    return Change("add column", table, column.name, columns=[column])


def _dropped(cursor: Cursor, table: Table) -> Change:
    for phrase, kind in {
        "CONSTRAINT": "drop constraint",
        "FOREIGN KEY": "drop constraint",
        "CHECK": "drop constraint",
        "PRIMARY KEY": "drop primary key",
        "INDEX": "drop index",
        "KEY": "drop index",
        "PARTITION": "drop partition",
    }.items():
        if cursor.take(phrase):
            cursor.take("IF EXISTS")
            return Change(kind, table, name=cursor.name())
    cursor.take("COLUMN")
    cursor.take("IF EXISTS")
    return Change("drop column", table, cursor.name())


def _of_column(cursor: Cursor, table: Table) -> Change | None:
    if cursor.take("INDEX", "CONSTRAINT", "CHECK"):
        return None
    cursor.take("COLUMN")
    column = cursor.name()
    if cursor.take("TYPE", "SET DATA TYPE"):
        type_ = cursor.until("USING", "COLLATE")
        facts = set()
        if cursor.take("COLLATE"):
            cursor.table()
            facts.add("collate")
        if cursor.take("USING"):
            facts.add("using")
        definition = column_of(type_, column)
        return Change(
            "change type",
            table,
            column,
            columns=[Column(column, definition.type)],
            facts=frozenset(facts),
            words=cursor.rest,
        )
    kinds = {
        "SET NOT NULL": "set not null",
        "DROP NOT NULL": "drop not null",
        "SET DEFAULT": "set default",
        "DROP DEFAULT": "drop default",
        "ADD GENERATED": "add identity",
        "SET STATISTICS": "set statistics",
        "DROP EXPRESSION": "drop expression",
    }
    kind = next((kind for phrase, kind in kinds.items() if cursor.take(phrase)), "")
    return Change(kind, table, column, words=cursor.rest) if kind else None


def _renamed(cursor: Cursor, table: Table) -> Change:
    if cursor.take("TO", "AS"):
        return Change("rename table", table, name=cursor.table()[1])
    if cursor.take("CONSTRAINT", "INDEX", "KEY"):
        return Change("rename constraint", table, name=cursor.name())
    cursor.take("COLUMN")
    column = cursor.name()
    if cursor.take("TO"):
        return Change("rename column", table, column, name=cursor.name())
    # MySQL's shortest form
    return Change("rename table", table, name=column)
