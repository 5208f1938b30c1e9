"""What statements do on PostgreSQL: locks that they hold, tables that they rewrite, and rows that they read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.measuring.observer import Observer, Seen, Work
from ellar_db.util.sqlalchemy import isolation_level_of_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection

BLOCKING_READS = "AccessExclusiveLock"
"""The mode of a lock for which programs that read wait."""

BLOCKING = {BLOCKING_READS, "ExclusiveLock", "ShareRowExclusiveLock", "ShareLock"}
"""The modes for which those that write wait."""

RELATIONS = """
SELECT c.oid::bigint AS oid, c.relkind::text AS kind, pg_relation_filenode(c.oid)::bigint AS file,
    CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END AS name,
    i.indrelid::bigint AS of,
    pg_stat_get_xact_numscans(c.oid) AS scans, pg_stat_get_xact_tuples_fetched(c.oid) AS fetched,
    pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid) AS changed,
    pg_stat_get_xact_tuples_inserted(c.oid) - pg_stat_get_xact_tuples_deleted(c.oid) AS added,
    CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) ELSE 0 END AS size,
    l.modes AS locks
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN (
    SELECT relation, array_agg(mode) AS modes FROM pg_locks
    WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted GROUP BY relation
) l ON l.relation = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'i') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
"""Tables, materialized views and indexes, as the transaction sees them, and what it did to them."""

KEYS = """
SELECT oid::bigint, conrelid::bigint, confrelid::bigint FROM pg_constraint
WHERE contype = 'f' AND convalidated AND conparentid = 0
"""
"""Foreign keys whose rows are checked."""

ROOTS = """
SELECT inhrelid::bigint, inhparent::bigint FROM pg_inherits
JOIN pg_class ON pg_class.oid = inhparent AND relkind = 'p'
"""
"""Partitions, with what they are a part of."""

NAMES = "SELECT oid::bigint, oid::regclass::text FROM pg_class WHERE relkind = 'r'"
"""The names of tables, as a statement has them."""

WITHIN = "SELECT now() <> statement_timestamp()"
"""Whether a transaction was begun by an earlier statement."""

PLANNER = "SET enable_seqscan = off"
"""Lets a statement use an index over few rows, as it would over many."""

ALONE = re.compile(
    r"\b(?:CONCURRENTLY|VACUUM|DATABASE|TABLESPACE|SUBSCRIPTION|CALL|COMMIT|ROLLBACK|BEGIN|START|END|ALTER\s+SYSTEM|"
    r"ALTER\s+TYPE|CLUSTER\s*;?\s*$|REINDEX\s+(?:\([^)]*\)\s*)?(?:SCHEMA|SYSTEM))",
    re.IGNORECASE,
)
"""What may not be in a transaction, or ends one."""

BLOCK = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*DO\b(?!.*\b(?:COMMIT|ROLLBACK)\s*;)", re.IGNORECASE | re.DOTALL)
"""A block of code, whose BEGIN and END are no transaction's."""

MAINTENANCE = re.compile(r"\s*(?:VACUUM|CLUSTER|REINDEX|REFRESH)\b", re.IGNORECASE)

LOCKS_ROWS = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)

IN_PARTS = re.compile(r"\b(?:LIMIT|FETCH\s+(?:FIRST|NEXT))\b", re.IGNORECASE)
"""A statement that takes so many rows and no more."""

EVERY = re.compile(r"\s*(?:UPDATE|DELETE)\b(?!.*\bWHERE\b)", re.IGNORECASE | re.DOTALL)
"""A statement that changes all rows."""

NUMBER = re.compile(r"\d+")

FEW = 3
"""The number of rows of a table up to which they don't stand for an application's."""

SOME = 2
"""The number of rows from which "all" differs from "one"."""


@dataclass
class Relation:
    """A table, a materialized view or an index, at one time within a transaction."""

    oid: int
    kind: str
    file: int | None
    name: str
    of: int | None
    scans: int
    fetched: int
    changed: int
    added: int
    size: int
    locks: list[str] | None

    @property
    def strongest(self) -> str:
        """The mode of the lock for which programs wait; empty if they don't."""
        held = BLOCKING.intersection(self.locks or ())
        # nobody writes to a materialized view
        held = {BLOCKING_READS} & held if self.kind == "m" else held
        return BLOCKING_READS if BLOCKING_READS in held else next(iter(held), "")


NONE = Relation(0, "", None, "", None, 0, 0, 0, 0, 0, None)


@dataclass(frozen=True)
class Picture:
    """What there is, at one time within a transaction.

    Args:
        relations: Tables, materialized views and indexes, by their numbers.
        keys: The foreign keys that hold, with both of their tables.
    """

    relations: Mapping[int, Relation]
    keys: Mapping[int, tuple[int, int]]

    def get(self, oid: int) -> Relation:
        """Return a relation, or one that does nothing."""
        return self.relations.get(oid, NONE)


@dataclass
class Parts:
    """What statements have changed in a transaction, by the table's number and the text without numbers.

    Args:
        executed: How many times.
        changed: How many rows, all times together.
    """

    executed: Counter[tuple[int, str]] = field(default_factory=Counter)
    changed: Counter[tuple[int, str]] = field(default_factory=Counter)


@dataclass
class Transaction:
    """A transaction of a connection.

    Args:
        last: What there was after the last statement.
        own: It was begun here, around one statement.
        alone: There is none around the statement, which may begin and end several.
        since: The lines of the statements that locked tables, by the tables' numbers, with the mode of the lock.
        parts: What statements have changed.
    """

    last: Picture | None = None
    own: bool = False
    alone: bool = False
    since: dict[int, tuple[int, str]] = field(default_factory=dict)
    parts: Parts = field(default_factory=Parts)


class PostgreSQLObserver(Observer):
    """Reads the server's own counters of a transaction, and the locks that it holds."""

    def __init__(self, connection: Connection, leave_out: Collection[str]) -> None:
        picture = _picture(connection)
        self._old = {
            oid: each for oid, each in picture.relations.items() if each.kind in "rpm" and each.name not in leave_out
        }
        self._roots = {int(part): int(root) for part, root in connection.exec_driver_sql(ROOTS)}
        self._rows = {
            int(oid): int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())
            for oid, name in connection.exec_driver_sql(NAMES).all()
            if oid in self._old
        }
        connection.rollback()
        self._running: dict[int, Transaction] = {}

    def before(self, connection: Connection, statement: str) -> Iterable[Seen]:
        running = self._running.setdefault(_key(connection), Transaction())
        if running.last is None:
            if _is_autocommit(connection) and not connection.exec_driver_sql(WITHIN).scalar():
                running.alone = not _may_be_wrapped(statement)
                running.own = not running.alone
                if running.own:
                    connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(PLANNER)
            running.last = _picture(connection)
            return
        # what went past SQLAlchemy
        yield from self._compare(running, _picture(connection), "", 0)

    def after(self, connection: Connection, statement: str, line: int, rows: int) -> Iterable[Seen]:
        running = self._running.get(_key(connection))
        if running is None:
            # what looks at it too has ended a transaction
            return
        yield from self._compare(running, _picture(connection), statement, line)
        if running.own:
            connection.exec_driver_sql("COMMIT")
        if running.own or running.alone:
            del self._running[_key(connection)]

    def failed(self, connection: Connection) -> None:
        running = self._running.get(_key(connection), Transaction())
        # it may go on after a savepoint
        running.last = None
        if running.own:
            connection.exec_driver_sql("ROLLBACK")
            self.ended(connection)

    def ended(self, connection: Any) -> None:
        self._running.pop(_key(connection), None)

    def _compare(self, running: Transaction, now: Picture, statement: str, line: int) -> Iterator[Seen]:
        """Return what was done between two pictures."""
        was = running.last
        assert was is not None
        step = _Step(self, was, now, statement, running)
        yield from dict.fromkeys(step.own())
        yield from dict.fromkeys(step.after_locks(running.since))
        for oid in self._old:
            added = now.get(oid).added - was.get(oid).added
            self._rows[oid] = max(self._rows.get(oid, 0) + added, 0)
            mode = now.get(oid).strongest
            if mode and running.since.get(oid, (0, ""))[1] not in (mode, BLOCKING_READS):
                running.since[oid] = (line, mode)
        running.last = now

    def name(self, oid: int) -> str:
        """Return the name of a table; of a partition, that of its whole."""
        while oid in self._roots and self._roots[oid] in self._old:
            oid = self._roots[oid]
        return self._old[oid].name

    def rows(self, oid: int) -> int:
        """Return how many rows a table has."""
        return self._rows.get(oid, 0)

    @property
    def tables(self) -> Collection[int]:
        """The tables that were there before the revision."""
        return self._old


class _Step:
    """What was done between two pictures of one transaction.

    Args:
        observer: Knows what was there before the revision.
        was: The first picture.
        now: The second one.
        statement: The statement; empty if it isn't known.
        running: The transaction.
    """

    def __init__(
        self, observer: PostgreSQLObserver, was: Picture, now: Picture, statement: str, running: Transaction
    ) -> None:
        self.observer, self.was, self.now, self.statement = observer, was, now, statement
        self._parts = running.parts
        there = [oid for oid in observer.tables if oid in now.relations]
        self.rewritten = {oid for oid in there if self._is_rewritten(oid)}
        keys = [now.keys[key] for key in now.keys if key not in was.keys]
        self.referring = {of for of, _ in keys}
        self.referred = {to for _, to in keys}
        # what is done in several transactions isn't done in one
        counted = [] if running.alone else there
        self.read = {oid for oid in counted if self._is_read(oid)}
        self.changed = {oid for oid in counted if self._is_changed(oid)}
        # an index is made, or made anew, of the rows of a table that isn't
        indexes = {each.of for oid, each in now.relations.items() if each.kind == "i" and self._is_built(oid)}
        self.indexed = {oid for oid in indexes if oid in observer.tables and oid in self.read}
        self._found: dict[int, bool] = {}

    def own(self) -> Iterator[Seen]:
        """Yield what the statement itself does to the tables that it locks."""
        for oid in self.observer.tables:
            seen = self._own(oid)
            if seen is not None:
                self._found[oid] = seen.reads
                yield seen
            # with a lock of an earlier statement, that is worse, and told otherwise
            if oid in self.changed and not self.was.get(oid).strongest:
                yield Seen(Work.ALL_ROWS, self.observer.name(oid))

    def _own(self, oid: int) -> Seen | None:
        name, mode = self.observer.name(oid), self.now.get(oid).strongest
        maintains = MAINTENANCE.match(self.statement) is not None
        if oid in self.rewritten:
            # without a transaction, its lock is gone already
            is_view = self.now.get(oid).kind == "m"
            return Seen(Work.MAINTENANCE if maintains or is_view else Work.REWRITE, name, True)
        if not mode or oid not in self.read:
            return None
        reads = mode == BLOCKING_READS
        if oid in self.indexed:
            return Seen(Work.MAINTENANCE if maintains else Work.INDEX, name, reads)
        if self.was.get(oid).strongest in (mode, BLOCKING_READS):
            # it may be that of an earlier statement alone
            return None
        if oid in self.referred - self.referring:
            # that is told of the table that refers to it
            return None
        return Seen(Work.FOREIGN_KEY if oid in self.referring else Work.CHECK, name, reads)

    def after_locks(self, since: Mapping[int, tuple[int, str]]) -> Iterator[Seen]:
        """Yield what the statement does while a table is locked by an earlier one.

        Args:
            since: The lines of the statements that locked tables, with the modes of the locks.
        """
        long = self.rewritten | self.read | self.changed
        if not long:
            return
        held: dict[str, tuple[bool, int]] = {}
        for oid, (line, mode) in since.items():
            reads = mode == BLOCKING_READS
            # what is told of the table already says as much
            is_told = oid in self._found and self._found[oid] >= reads
            if self.was.get(oid).strongest and not is_told:
                held.setdefault(self.observer.name(oid), (reads, line))
        if held:
            of = tuple(sorted({self.observer.name(oid) for oid in long}))
            # of many tables, one that is worked on is told
            name = next((each for each in held if each in of), next(iter(held)))
            reads, line = held[name]
            yield Seen(Work.AFTER_LOCK, name, reads, () if of == (name,) else of, line, len(held) - 1)

    def _is_rewritten(self, oid: int) -> bool:
        was, now = self.was.get(oid), self.now.get(oid)
        # a table that is truncated has another file too, which is empty
        is_copied = now.size > 0 or (was.size == 0 and now.scans > was.scans)
        return was.file is not None and was.file != now.file and is_copied

    def _is_read(self, oid: int) -> bool:
        was, now, rows = self.was.get(oid), self.now.get(oid), self.observer.rows(oid)
        if was.file != now.file and oid not in self.rewritten:
            # an index of no rows is made after TRUNCATE
            return False
        if now.scans > was.scans:
            return True
        indexes = [each for each in self.now.relations.values() if each.kind == "i" and each.of == oid]
        lookups = sum(each.scans - self.was.get(each.oid).scans for each in indexes)
        found = now.fetched - was.fetched
        if oid in self.referring and lookups:
            # all are checked, with the help of an index
            return True
        return found >= SOME and found * 2 >= rows and found >= lookups * SOME

    def _is_changed(self, oid: int) -> bool:
        """Return whether many rows are locked until the end of the transaction, by this statement or parts like it."""
        was, now, rows = self.was.get(oid), self.now.get(oid), self.observer.rows(oid)
        changed, is_scanned = now.changed - was.changed, now.scans > was.scans
        if rows < SOME:
            all_of_none = EVERY.match(self.statement) is not None and "RowExclusiveLock" in (now.locks or ())
            return is_scanned and (changed > 0 or all_of_none)
        key = (oid, NUMBER.sub("0", self.statement))
        self._parts.executed[key] += 1
        self._parts.changed[key] += changed
        if IN_PARTS.search(self.statement):
            return self._parts.executed[key] > 1 and self._parts.changed[key] >= rows
        if LOCKS_ROWS.search(self.statement) and oid in self.read:
            return True
        if is_scanned and rows <= FEW:
            # without an index, a condition that one of so few rows fulfils may be fulfilled by many
            return changed > 0
        is_most = changed >= SOME and changed * 2 >= rows
        return changed > 0 and (is_most or self._parts.changed[key] >= rows)

    def _is_built(self, oid: int) -> bool:
        """Return whether an index is made, or made anew."""
        was, now = self.was.get(oid), self.now.get(oid)
        return oid not in self.was.relations or was.file != now.file


def _picture(connection: Connection) -> Picture:
    rows = connection.exec_driver_sql(RELATIONS).mappings()
    relations = {int(row["oid"]): Relation(**row) for row in rows}
    keys = {int(oid): (int(of), int(to)) for oid, of, to in connection.exec_driver_sql(KEYS)}
    return Picture(relations, keys)


def _key(connection: Any) -> int:
    return id(connection.connection.dbapi_connection)


def _is_autocommit(connection: Connection) -> bool:
    level = connection.get_execution_options().get("isolation_level", isolation_level_of_engine(connection.dialect))
    return bool(level == "AUTOCOMMIT")


def _may_be_wrapped(statement: str) -> bool:
    """Return whether a statement does the same in a transaction of its own.

    Example:
        >>> _may_be_wrapped("CREATE INDEX CONCURRENTLY i ON t (a)"), _may_be_wrapped("DO 'BEGIN PERFORM 1; END'")
        (False, True)
    """
    return BLOCK.match(statement) is not None or ALONE.search(statement) is None
