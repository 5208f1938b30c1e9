"""A value of a column's type for a row that stands for those of an application."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Column
    from sqlalchemy.types import TypeEngine


LITERAL = re.compile(r"'((?:[^']|'')*)'")
"""A text in SQL."""

BY_NAME = {
    "INET": "127.0.0.{0}",
    "CIDR": "10.0.{0}.0/24",
    "MACADDR": "08:00:2b:01:02:0{0}",
    "TSVECTOR": "{0}",
    "YEAR": "200{0}",
    "OID": "{0}",
}
"""Values of types that only some databases have, with the row's number in them."""


class NoValueError(LookupError):
    """No value of a column's type is known."""


def value_for(column: Column[Any], number: int, checks: Sequence[str] = ()) -> Any:
    """Return a value for a column: its row's number, as its type writes it, so that other types can take it too.

    Args:
        column: The column, as it was reflected.
        number: The row's number, from 1 to 9.
        checks: The CHECK constraints of the table. If one lists texts for the column, one of these is the value.

    Raises:
        NoValueError: No value of the type is known.

    Example:
        >>> from sqlalchemy import Column, String
        >>> value_for(Column("name", String(10)), 2)
        '2'
    """
    from sqlalchemy import types

    type_: TypeEngine[Any] = column.type
    if isinstance(type_, types.Enum) and type_.enums:
        return type_.enums[(number - 1) % len(type_.enums)]
    if isinstance(type_, types.String):
        listed = _listed(column, checks) or [str(number)]
        return listed[(number - 1) % len(listed)]
    if isinstance(type_, types.Numeric):
        # a number with as many digits after the point as in all is smaller than 1
        whole = type_.precision is None or type_.precision > (type_.scale or 0)
        return Decimal(number) if whole else Decimal(number).scaleb(-(type_.scale or 0))
    for kind, value in _by_kind(type_, number):
        if isinstance(type_, kind):
            return value
    with suppress(NotImplementedError):
        # PostgreSQL's type isn't one of SQLAlchemy's intervals
        if type_.python_type is datetime.timedelta:
            return datetime.timedelta(days=number)
    name = type(type_).__name__.upper()
    if name not in BY_NAME:
        raise NoValueError(f"no value of the type {name} is known")
    return BY_NAME[name].format(number)


def _by_kind(type_: Any, number: int) -> list[tuple[type[TypeEngine[Any]], Any]]:
    from sqlalchemy import types

    zone = datetime.timezone.utc if getattr(type_, "timezone", False) else None
    return [
        (types.Boolean, bool(number % 2)),
        (types.Integer, number),
        (types.DateTime, datetime.datetime(2000, 1, number, tzinfo=zone)),
        (types.Date, datetime.date(2000, 1, number)),
        (types.Time, datetime.time(number, tzinfo=zone)),
        (types.Uuid, uuid.UUID(int=number)),
        (types.JSON, {"number": number}),
        (types.ARRAY, []),
        (types.LargeBinary, str(number).encode()),
        (types.BINARY, str(number).encode()),
        (types.VARBINARY, str(number).encode()),
    ]


def _listed(column: Column[Any], checks: Sequence[str]) -> list[str]:
    """Return the texts that a CHECK constraint about a column lists."""
    name = re.compile(rf"\b{re.escape(column.name)}\b")
    return next(
        (
            [text.replace("''", "'") for text in LITERAL.findall(check)]
            for check in checks
            if name.search(LITERAL.sub("", check)) and LITERAL.search(check)
        ),
        [],
    )
