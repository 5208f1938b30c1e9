"""PostgreSQL's ways to number rows: SERIAL, which is a default and a sequence of its own, and identities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.comparing import name_in_database

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Identity, Sequence

Steps = list[tuple[str, str]]
"""Statements in order, each with the one that undoes it; an empty one does nothing."""

LIMITS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
"""The highest number of each type, with which a sequence ends if nothing else is said."""

NAME_BYTES = 63


@dataclass(frozen=True)
class Options:
    """The options of a sequence.

    Args:
        start: Its first number.
        increment: The step.
        minvalue: The lowest number; None is the default of its direction and type.
        maxvalue: The highest number; None is the default.
        cache: How many numbers a session takes at once.
        cycle: Whether it begins anew after its last number.
    """

    start: int
    increment: int
    minvalue: int | None
    maxvalue: int | None
    cache: int
    cycle: bool

    @classmethod
    def of(cls, given: Identity | Sequence, type_: str) -> Options:
        """Return the options of an identity or a sequence, with the defaults of what isn't said.

        Args:
            given: SQLAlchemy's object, of the models or of the database.
            type_: The sequence's type.
        """
        increment = 1 if given.increment is None else int(given.increment)
        ends = (1, LIMITS[type_]) if increment > 0 else (-LIMITS[type_] - 1, -1)
        low, high = (
            None if value is None or value == end else int(value)
            for value, end in zip((given.minvalue, given.maxvalue), ends, strict=True)
        )
        first = low if increment > 0 else high
        start = given.start if given.start is not None else ends[0 if increment > 0 else 1] if first is None else first
        return cls(int(start), increment, low, high, int(given.cache or 1), bool(given.cycle))

    def clauses(self, before: Options | None = None) -> list[str]:
        """Return the clauses that say them; all that isn't a default, or what differs from `before`."""
        usual = before or Options(1, 1, None, None, 1, False)
        words = {
            "increment": f"INCREMENT BY {self.increment}",
            "minvalue": "NO MINVALUE" if self.minvalue is None else f"MINVALUE {self.minvalue}",
            "maxvalue": "NO MAXVALUE" if self.maxvalue is None else f"MAXVALUE {self.maxvalue}",
            "start": f"START WITH {self.start}",
            "cache": f"CACHE {self.cache}",
            "cycle": "CYCLE" if self.cycle else "NO CYCLE",
        }
        return [text for name, text in words.items() if getattr(self, name) != getattr(usual, name)]


@dataclass(frozen=True)
class Numbering:
    """How the rows of a column are numbered.

    Args:
        type: The type of the numbers.
        options: The options of an identity; None for SERIAL.
        always: Whether an identity takes no other numbers.
    """

    type: str
    options: Options | None = None
    always: bool = False

    @classmethod
    def of(cls, column: Column[Any]) -> Numbering | None:
        """Return how the rows of a column are numbered, or None if they aren't.

        Args:
            column: A column of the models, or one that SQLAlchemy read.
        """
        if column.identity is not None:
            type_ = _type(column.type)
            return cls(type_, Options.of(column.identity, type_), bool(column.identity.always))
        if column.server_default is not None or column is not column.table.autoincrement_column:
            return None
        from sqlalchemy import Sequence

        given = column.default
        # another default takes the place of SERIAL
        is_plain = given is None or (isinstance(given, Sequence) and given.optional)
        return cls(_type(column.type)) if is_plain else None


class Renumbering:
    """The statements that change how the rows of a column are numbered.

    Args:
        connection: The database.
        column: The column as the database has it.
        schema: The schema of its table after the change; None is the default one.
        table: The table's name after the change.
        name: The column's name after the change.
        quote: Quotes a name.
    """

    def __init__(
        self,
        connection: Connection,
        column: Column[Any],
        schema: str | None,
        table: str,
        name: str,
        quote: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._column = column
        self._where = f"{quote(schema)}." if schema else ""
        self._quote = quote
        self._table, self._name = table, name
        self._place = f"{self._where}{quote(table)}"

    def steps(self, was: Numbering | None, now: Numbering | None) -> tuple[Steps, Steps]:
        """Return the statements before and after the changes of the column.

        Args:
            was: How the rows are numbered.
            now: How they shall be.
        """
        if was is not None and now is not None and (was.options is None) == (now.options is None):
            return [], [*self._changed(was, now)]
        gone = [] if was is None else [(text, undo) for undo, text in reversed([*self._made(was, self._owned())])]
        return gone, [] if now is None else [*self._made(now, self._chosen())]

    def _made(self, numbering: Numbering, sequence: str) -> Iterator[tuple[str, str]]:
        quote = self._quote
        alter = f"ALTER TABLE {self._place} ALTER COLUMN {quote(self._name)}"
        if numbering.options is not None:
            said = " ".join(numbering.options.clauses())
            kind = "ALWAYS" if numbering.always else "BY DEFAULT"
            yield f"{alter} ADD GENERATED {kind} AS IDENTITY{f' ({said})' if said else ''}", f"{alter} DROP IDENTITY"
        else:
            owner = f"{self._place}.{quote(self._name)}"
            name = f"{self._where}{quote(sequence)}"
            yield f"CREATE SEQUENCE {name} AS {numbering.type} OWNED BY {owner}", f"DROP SEQUENCE {name}"
            literal = name.replace("'", "''")
            yield f"{alter} SET DEFAULT nextval('{literal}'::regclass)", f"{alter} DROP DEFAULT"
        # it goes on after the numbers that are there
        literals = [text.replace("'", "''") for text in (self._place, self._name)]
        counter = "pg_get_serial_sequence('{}', '{}')".format(*literals)
        yield f"SELECT setval({counter}, max({quote(self._name)})) FROM {self._place}", ""

    def _changed(self, was: Numbering, now: Numbering) -> Iterator[tuple[str, str]]:
        if was.options is None or now.options is None:
            if was.type != now.type:
                alter = f"ALTER SEQUENCE {self._where}{self._quote(self._owned())} AS"
                yield f"{alter} {now.type}", f"{alter} {was.type}"
            return
        alter = f"ALTER TABLE {self._place} ALTER COLUMN {self._quote(self._name)}"
        there = [f"SET {text}" for text in now.options.clauses(was.options)]
        back = [f"SET {text}" for text in was.options.clauses(now.options)]
        if was.always != now.always:
            there[:0], back[:0] = (
                [f"SET GENERATED {'ALWAYS' if each.always else 'BY DEFAULT'}"] for each in (now, was)
            )
        if there:
            yield f"{alter} {' '.join(there)}", f"{alter} {' '.join(back)}"

    def _owned(self) -> str:
        """Return the name of the sequence that the column owns."""
        from sqlalchemy import text

        table = self._column.table
        asked = text(
            "SELECT s.relname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid "
            "AND d.classid = 'pg_class'::regclass AND d.deptype = 'a' JOIN pg_class t ON t.oid = d.refobjid "
            "JOIN pg_namespace n ON n.oid = t.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE s.relkind = 'S' "
            "AND n.nspname = COALESCE(CAST(:schema AS name), current_schema()) AND t.relname = :table "
            "AND a.attname = :column"
        )
        given = {
            "schema": table.schema,
            "table": name_in_database(table),
            "column": name_in_database(self._column),
        }
        found: str | None = self._connection.execute(asked, given).scalar()
        return found or self._chosen()

    def _chosen(self) -> str:
        """Return the name that the server chooses for a sequence."""
        first, second = self._table, self._name
        while len(f"{first}_{second}_seq".encode()) > NAME_BYTES:
            longer = len(first.encode()) > len(second.encode())
            first, second = (first[:-1], second) if longer else (first, second[:-1])
        return f"{first}_{second}_seq"


def unowned(connection: Connection, schema: str | None) -> dict[str, Sequence]:
    """Return the sequences of a schema that neither a column nor an extension owns, by their names.

    Args:
        connection: A connection to the database.
        schema: The schema; None is the default one.
    """
    from sqlalchemy import BigInteger, Integer, Sequence, SmallInteger, text

    types = {"smallint": SmallInteger(), "integer": Integer(), "bigint": BigInteger()}
    asked = text(
        "SELECT c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, "
        "s.seqcycle FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = COALESCE(CAST(:schema AS name), current_schema()) "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))"
    )
    found = {}
    for name, type_, start, increment, low, high, cache, cycle in connection.execute(asked, {"schema": schema}):
        options = Options.of(Sequence(name, increment=increment, minvalue=low, maxvalue=high), type_)
        found[name] = Sequence(
            name,
            schema=schema,
            data_type=None if type_ == "bigint" else types[type_],
            start=start if start != options.start else None,
            increment=increment if increment != 1 else None,
            minvalue=options.minvalue,
            maxvalue=options.maxvalue,
            cache=cache if cache != 1 else None,
            cycle=cycle or None,
        )
    return found


def altered(place: str, found: Sequence, declared: Sequence) -> tuple[str, str] | None:
    """Return the statement that changes a sequence, and the one that undoes it; None if it is as it shall be.

    Args:
        place: The sequence, quoted and with its schema.
        found: The database's sequence.
        declared: The models' sequence.
    """
    types = [_type(each.data_type, "bigint") for each in (found, declared)]
    was, now = (Options.of(each, type_) for each, type_ in zip((found, declared), types, strict=True))
    there, back = now.clauses(was), was.clauses(now)
    if types[0] != types[1]:
        there, back = [f"AS {types[1]}", *there], [f"AS {types[0]}", *back]
    return (f"ALTER SEQUENCE {place} {' '.join(there)}", f"ALTER SEQUENCE {place} {' '.join(back)}") if there else None


def _type(type_: Any, default: str = "integer") -> str:
    """Return the server's name of a type of integers."""
    from sqlalchemy import BigInteger, Integer, SmallInteger

    kinds = {SmallInteger: "smallint", BigInteger: "bigint", Integer: "integer"}
    return next((name for kind, name in kinds.items() if isinstance(type_, kind)), default)
