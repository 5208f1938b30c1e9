"""Statements read: what each of them does with a schema and its rows.

Only what rules ask about is told; of another statement, nothing. A parser for all of SQL would need one for each
server: of those that know PostgreSQL, one is bound to its licence and a compiler, and the others leave half of ALTER
TABLE unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ellar_db.ddl.altering import altered
from ellar_db.ddl.changes import Change
from ellar_db.ddl.columns import column_of, constraint, is_constraint, names_in
from ellar_db.ddl.cursor import Cursor, parts
from ellar_db.ddl.words import Word, statements, words

NESTED = re.compile(
    r"\s*(?:(?:DECLARE\b.*?)?BEGIN|THEN|ELSE|LOOP|IF\b.*?\bTHEN|FOR\b.*?\bLOOP|WHILE\b.*?\bLOOP|EXCEPTION\b.*?\bTHEN)\b",
    re.IGNORECASE | re.DOTALL,
)
"""What may precede a statement in a block."""


def changes_of(sql: str) -> list[Change]:
    """Return what statements do.

    Args:
        sql: A statement, or several.

    Example:
        >>> [change.kind for change in changes_of("ALTER TABLE t ADD COLUMN a INT, ALTER b SET NOT NULL")]
        ['add column', 'set not null']
    """
    return [change for _, statement in statements(sql) for change in _changes(statement)]


def _changes(statement: str) -> Iterator[Change]:
    found = words(statement)
    cursor = Cursor(found)
    first = cursor.word().value
    if first == "DO":
        yield from _of_block(next((word.value for word in found if word.kind == "text"), ""))
    elif first in READERS:
        yield from READERS[first](cursor)


def _of_block(body: str) -> Iterator[Change]:
    """Yield what the statements of a block do, those that it puts together from one text included."""
    looped: set[tuple[str | None, str]] = set()
    for _, statement in statements(body):
        while (prefix := NESTED.match(statement)) is not None:
            if re.search(r"\bLOOP\s*\Z", prefix.group(), re.IGNORECASE):
                read = list(_selected(words(prefix.group())))
                looped |= {each.table for each in read if each.kind == "select" and "where" not in each.facts}
            statement = statement[prefix.end() :].lstrip()
        found = words(statement)
        if found and found[0].value == "EXECUTE":
            for word in found[1:]:
                if word.kind == "text":
                    yield from changes_of(word.value)
        elif found and found[0].value == "PERFORM":
            yield from _select(Cursor(found[1:]))
        else:
            for change in _changes(statement):
                # row by row, all of them
                all_rows = change.kind in ("update", "delete") and change.table in looped
                yield replace(change, facts=change.facts - {"where"}) if all_rows else change


def _alter(cursor: Cursor) -> Iterator[Change]:
    cursor.take("ONLINE", "IGNORE", "OFFLINE")
    if cursor.take("TABLE", "FOREIGN TABLE"):
        yield from altered(cursor)
    elif cursor.take("DOMAIN"):
        domain = cursor.table()
        if cursor.take("ADD"):
            found = constraint(cursor, domain)
            yield Change("add domain check", domain, name=found.name, facts=found.facts)
        elif cursor.take("VALIDATE CONSTRAINT"):
            yield Change("validate domain", domain, name=cursor.name())
        elif cursor.take("SET NOT NULL"):
            yield Change("add domain check", domain)
    elif cursor.take("TYPE"):
        name = cursor.table()
        if cursor.take("ADD VALUE"):
            yield Change("add enum value", name)
        elif cursor.take("ALTER ATTRIBUTE"):
            yield Change("alter type", name)
        elif cursor.take("RENAME TO"):
            yield Change("rename type", name, name=cursor.name())
    elif cursor.take("INDEX"):
        cursor.take("IF EXISTS")
        named = cursor.table()
        if cursor.take("RENAME TO"):
            yield Change("rename index", named, name=cursor.name())
    elif cursor.take("SCHEMA"):
        schema = (None, cursor.name())
        if cursor.take("RENAME TO"):
            yield Change("rename schema", schema, name=cursor.name())


def _create(cursor: Cursor) -> Iterator[Change]:
    cursor.take("OR REPLACE")
    temporary = cursor.take("TEMPORARY", "TEMP", "GLOBAL TEMPORARY", "LOCAL TEMPORARY")
    cursor.take("UNLOGGED")
    if cursor.take("TABLE"):
        cursor.take("IF NOT EXISTS")
        table = cursor.table()
        facts = frozenset({"temporary"} if temporary else set())
        if cursor.take("PARTITION OF"):
            parent = cursor.table()
            default = {"default"} if cursor.take("DEFAULT") else set()
            yield Change("create table", table, references=parent, facts=facts | {"partition"} | default)
            return
        columns, constraints = [], []
        for part in parts(cursor.parentheses()):
            inner = Cursor(part)
            if is_constraint(inner):
                constraints.append(constraint(inner, table))
            elif not (inner.follows("KEY") or inner.follows("INDEX") or inner.follows("LIKE")):
                columns.append(column_of(part))
        yield Change("create table", table, columns=columns, facts=facts, words=cursor.rest)
        yield from _selected(cursor.rest)
        # they are the table's from its beginning
        yield from (each for each in constraints if each.kind != "add constraint")
        return
    unique = cursor.take("UNIQUE")
    if cursor.take("INDEX", "FULLTEXT INDEX", "SPATIAL INDEX", "FULLTEXT KEY", "SPATIAL KEY"):
        special = cursor.words[cursor.place - 2].value in ("FULLTEXT", "SPATIAL")
        yield from _create_index(cursor, {"unique"} if unique else {"special"} if special else set())
    elif cursor.take("DOMAIN"):
        domain = cursor.table()
        cursor.take("AS")
        said = {word.value for word in cursor.rest}
        checks = frozenset({"check"} if said & {"CHECK", "NOT"} else set())
        yield Change("create domain", domain, columns=[column_of(cursor.rest, domain[1])], facts=checks)
    elif cursor.take("FUNCTION", "PROCEDURE"):
        name = cursor.table()
        said = {word.value for word in cursor.rest}
        volatile = not said & {"IMMUTABLE", "STABLE"}
        yield Change("create function", name, facts=frozenset({"volatile"} if volatile else set()), words=cursor.rest)
    elif cursor.take("TRIGGER", "CONSTRAINT TRIGGER"):
        trigger = cursor.name()
        cursor.until("ON")
        cursor.take("ON")
        yield Change("create trigger", cursor.table(), name=trigger)
    elif cursor.take("TYPE"):
        yield Change("create type", cursor.table())
    elif cursor.take("MATERIALIZED VIEW", "VIEW"):
        cursor.take("IF NOT EXISTS")
        yield Change("create view", cursor.table())


def _create_index(cursor: Cursor, facts: set[str]) -> Iterator[Change]:
    if cursor.take("CONCURRENTLY"):
        facts.add("concurrently")
    if cursor.take("IF NOT EXISTS"):
        facts.add("if not exists")
    name = "" if cursor.follows("ON") else cursor.table()[1]
    cursor.until("ON")
    cursor.take("ON")
    if cursor.take("ONLY"):
        facts.add("only")
    table = cursor.table()
    if cursor.take("USING"):
        cursor.word()
    begin = cursor.place
    columns = names_in(cursor.parentheses())
    if any(word.value == "WHERE" for word in cursor.rest):
        facts.add("where")
    facts |= _algorithm(cursor.rest)
    yield Change("create index", table, name=name, columns=columns, facts=frozenset(facts), words=cursor.words[begin:])


def _algorithm(found: Sequence[Word]) -> set[str]:
    """Return what MySQL is told about the way of a change."""
    values = [word.value for word in found if word.text != "="]
    return {f"{key.lower()} {value.lower()}" for key, value in pairwise(values) if key in ("ALGORITHM", "LOCK")}


def _drop(cursor: Cursor) -> Iterator[Change]:
    if cursor.take("TEMPORARY"):
        return
    kind = next(
        (each for each in ("TABLE", "INDEX", "MATERIALIZED VIEW", "VIEW", "TRIGGER", "SCHEMA") if cursor.take(each)), ""
    )
    if not kind:
        return
    facts = frozenset({"concurrently"} if cursor.take("CONCURRENTLY") else set())
    cursor.take("IF EXISTS")
    if kind == "INDEX":
        schema, index = cursor.table()
        table = cursor.table() if cursor.take("ON") else (schema, "")
        yield Change("drop index", table, name=index, facts=facts | _algorithm(cursor.rest))
        return
    for part in parts(cursor.rest):
        inner = Cursor(part)
        name = inner.table()
        if kind == "TRIGGER":
            yield Change("drop trigger", inner.table() if inner.take("ON") else (None, ""), name=name[1])
        else:
            yield Change(f"drop {kind.lower()}", name)


def _rows(cursor: Cursor) -> Iterator[Change]:
    """Yield an UPDATE or DELETE."""
    kind = cursor.words[0].value.lower()
    cursor.take("LOW_PRIORITY", "IGNORE", "QUICK")
    cursor.take("FROM")
    cursor.take("ONLY")
    table = cursor.table()
    # at the depth of the statement itself: the condition of a subquery limits nothing
    cursor.until("WHERE", "LIMIT")
    facts = {"where"} if cursor.next.value == "WHERE" else {"limit"} if cursor else set()
    yield Change(kind, table, facts=frozenset(facts), words=cursor.rest)


def _truncate(cursor: Cursor) -> Iterator[Change]:
    cursor.take("TABLE")
    cursor.take("ONLY")
    for part in parts(cursor.rest):
        yield Change("truncate", Cursor(part).table())


def _lock(cursor: Cursor) -> Iterator[Change]:
    cursor.take("TABLES", "TABLE")
    cursor.take("ONLY")
    tables = list(parts(cursor.until("IN", "NOWAIT")))
    mode = " ".join(word.value for word in cursor.rest[1:]).partition(" MODE")[0].lower() or "access exclusive"
    for part in tables:
        inner = Cursor(part)
        table = inner.table()
        yield Change("lock", table, name=mode)


def _maintenance(cursor: Cursor) -> Iterator[Change]:
    """Yield REINDEX, REFRESH, CLUSTER, VACUUM FULL, OPTIMIZE."""
    kind = cursor.words[0].value
    values = [word.value for word in cursor.words]
    if kind == "VACUUM" and "FULL" not in values:
        return
    facts = frozenset({"concurrently"} if "CONCURRENTLY" in values else set())
    if kind in ("REINDEX", "VACUUM", "CLUSTER") and cursor.follows("("):
        cursor.parentheses()
    for each in ("FULL", "VERBOSE", "ANALYZE", "FREEZE", "INDEX", "TABLE", "MATERIALIZED VIEW", "CONCURRENTLY"):
        cursor.take(each)
    yield Change(kind.lower(), cursor.table(), facts=facts)


def _rename(cursor: Cursor) -> Iterator[Change]:
    """Yield the tables that MySQL's RENAME TABLE renames."""
    if cursor.take("TABLE"):
        for part in parts(cursor.rest):
            inner = Cursor(part)
            table = inner.table()
            if inner.take("TO"):
                yield Change("rename table", table, name=inner.table()[1])


def _set(cursor: Cursor) -> Iterator[Change]:
    cursor.take("LOCAL", "SESSION")
    name = cursor.table()
    cursor.take("=", "TO")
    yield Change("set", name, name=" ".join(word.value for word in cursor.rest))


def _commit(_: Cursor) -> Iterator[Change]:
    yield Change("commit", (None, ""))


def _begin(_: Cursor) -> Iterator[Change]:
    yield Change("begin", (None, ""))


def _insert(cursor: Cursor) -> Iterator[Change]:
    cursor.take("OR REPLACE", "OR IGNORE", "IGNORE")
    cursor.take("INTO")
    table = cursor.table()
    yield Change("insert", table)
    yield from _selected(cursor.rest)
    # each existing row that a row of the query conflicts with
    if "DO UPDATE" in " ".join(word.value for word in cursor.rest) and any(
        word.value == "SELECT" for word in cursor.rest
    ):
        yield Change("update", table)


def _merge(cursor: Cursor) -> Iterator[Change]:
    cursor.take("INTO")
    table = cursor.table()
    if any(word.value in ("UPDATE", "DELETE") for word in cursor.rest):
        yield Change("update", table)


def _selected(found: Sequence[Word]) -> Iterator[Change]:
    """Yield the query that is part of a statement, if there is one."""
    cursor = Cursor(found)
    while cursor:
        if cursor.take("SELECT"):
            yield from _select(cursor)
            return
        if cursor.follows("(") and not Cursor(cursor.rest[1:]).follows("SELECT"):
            cursor.parentheses()
        else:
            cursor.word()


def _select(cursor: Cursor) -> Iterator[Change]:
    """Yield what a query reads, and the functions that it calls."""
    listed = cursor.until("FROM", "WHERE", "LIMIT", "FOR")
    for word, following in pairwise(listed):
        if word.names and following.text == "(":
            yield Change("call", (None, word.name))
    if not cursor.take("FROM") or not cursor.next.names:
        return
    table = cursor.table()
    if cursor.follows("("):
        # a function that gives rows
        return
    cursor.until("WHERE", "LIMIT", "FOR")
    condition = cursor.rest
    facts = {"where"} if cursor.next.value == "WHERE" else {"limit"} if cursor.next.value == "LIMIT" else set()
    values = [word.value for word in condition]
    if any(pair in (("FOR", "UPDATE"), ("FOR", "NO")) for pair in pairwise(values)):
        facts.add("for update")
    yield Change("select", table, facts=frozenset(facts), words=condition)


def _call(cursor: Cursor) -> Iterator[Change]:
    yield Change("call", cursor.table())


def _with(cursor: Cursor) -> Iterator[Change]:
    """Yield what the statement behind its queries does."""
    while cursor:
        if cursor.next.value in WRITES:
            yield from _changed(cursor.rest)
            return
        inner = cursor.parentheses()
        if inner and inner[0].value in WRITES:
            yield from _changed(inner)
        elif not inner:
            cursor.word()


def _changed(found: Sequence[Word]) -> Iterator[Change]:
    cursor = Cursor(found)
    yield from READERS[cursor.word().value](cursor)


WRITES = ("UPDATE", "DELETE", "INSERT", "MERGE")

READERS = {
    "ALTER": _alter,
    "BEGIN": _begin,
    "CALL": _call,
    "CLUSTER": _maintenance,
    "COMMIT": _commit,
    "CREATE": _create,
    "DELETE": _rows,
    "DROP": _drop,
    "INSERT": _insert,
    "LOCK": _lock,
    "MERGE": _merge,
    "OPTIMIZE": _maintenance,
    "REFRESH": _maintenance,
    "REINDEX": _maintenance,
    "RENAME": _rename,
    "SELECT": _select,
    "SET": _set,
    "START": _begin,
    "TRUNCATE": _truncate,
    "UPDATE": _rows,
    "VACUUM": _maintenance,
    "WITH": _with,
}
