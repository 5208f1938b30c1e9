"""Values of columns as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy.types import TypeEngine

EXPRESSION = "sql:"
"""What precedes an SQL expression."""

TRUE, FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")

BITS = {"SMALLINT": 16, "SMALLINTEGER": 16, "BIGINT": 64, "BIGINTEGER": 64}
"""How many bits the integers of a type have, if not 32; by the name of the type."""


@dataclass(frozen=True)
class Value:
    """A value that fits its column.

    Args:
        value: The value, or an SQL expression as text.
        type_: The type by which the database keeps it.
        expression: Whether it is an expression.
    """

    value: Any
    type_: TypeEngine[Any]
    expression: bool = False


def parsed(text: str, type_: TypeEngine[Any], context: AutogenContext) -> Value:
    """Return what a text means in a column.

    Args:
        text: The text; `sql:` and an expression, or a value.
        type_: The column's type.
        context: The comparison.

    Raises:
        ValueError: It doesn't fit the type, or is NULL; the message says what would fit.
    """
    expression = text[len(EXPRESSION) :].strip() if text.startswith(EXPRESSION) else None
    if (text if expression is None else expression).strip().upper() == "NULL":
        raise ValueError("NULL is no value for a column that is NOT NULL")
    stored = stored_type(type_, context)
    if expression is not None:
        if not expression:
            raise ValueError("sql: needs an expression, as in sql:now()")
        return Value(expression, stored, expression=True)
    kind, read = _reader(stored)
    if read is None:
        raise ValueError(f"a value of the type {type_!r} can't be typed; write it as SQL, as in sql:now()")
    try:
        found = read(text)
    except ValueError as error:
        why = f": {error}" if str(error) and not _is_of_python(error) else ""
        raise ValueError(f"{text!a} isn't {kind}{why}") from None
    # exact, and the same in each kind of database
    if kind == "a number":
        return Value(str(found), stored, expression=True)
    return Value(found, stored)


def kind_of(type_: TypeEngine[Any], context: AutogenContext) -> str:
    """Return what the values of a column are, as in "an integer"."""
    kind, read = _reader(stored_type(type_, context))
    return kind if read is not None else "none can be typed"


def stored_type(type_: TypeEngine[Any], context: AutogenContext) -> TypeEngine[Any]:
    """Return the type by which a database keeps a column's values, behind types that convert them."""
    from sqlalchemy.types import TypeDecorator

    while isinstance(type_, TypeDecorator) and context.dialect is not None:
        type_ = type_.load_dialect_impl(context.dialect)
    return type_


class _Unfit(ValueError):
    """A value of the right kind that the column can't have."""


def _is_of_python(error: ValueError) -> bool:
    return not isinstance(error, _Unfit)


def _reader(type_: TypeEngine[Any]) -> tuple[str, Callable[[str], Any] | None]:
    """Return what the values of a type are, and the function that reads one; None if there is none."""
    from sqlalchemy import types

    if isinstance(type_, types.Boolean):
        return "true or false", _boolean
    if isinstance(type_, types.Integer):
        return "an integer", lambda text: _integer(text, type_)
    # newer releases of SQLAlchemy tell them apart
    if isinstance(type_, (types.Numeric, types.Float)):
        return "a number", lambda text: _number(text, type_)
    if isinstance(type_, types.Enum):
        return f"one of {', '.join(map(str, type_.enums))}", lambda text: _one_of(text, type_.enums)
    if isinstance(type_, types.JSON):
        return "JSON", json.loads
    if isinstance(type_, types.Uuid):
        return "a UUID", lambda text: _uuid(text, as_uuid=bool(type_.as_uuid))
    if isinstance(type_, types.String):
        return "a text", lambda text: _text(text, type_.length)
    return _reader_of_times(type_)


def _reader_of_times(type_: TypeEngine[Any]) -> tuple[str, Callable[[str], Any] | None]:
    from datetime import date, datetime, time

    from sqlalchemy import types

    if isinstance(type_, types.DateTime):
        return "a date and time, as in 2024-01-31T12:00:00", datetime.fromisoformat
    if isinstance(type_, types.Date):
        return "a date, as in 2024-01-31", date.fromisoformat
    if isinstance(type_, types.Time):
        return "a time, as in 12:00:00", time.fromisoformat
    return "", None


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in (*TRUE, *FALSE):
        raise ValueError
    return word in TRUE


def _integer(text: str, type_: Any) -> int:
    number = int(text)
    bits = BITS.get(type_.__visit_name__.upper().replace("_", ""), 32)
    lowest, highest = (0, 1 << bits) if getattr(type_, "unsigned", False) else (-(1 << bits - 1), 1 << bits - 1)
    if not lowest <= number < highest:
        raise _Unfit(f"it doesn't fit into {bits} bits")
    return number


def _number(text: str, type_: Any) -> Any:
    from decimal import Decimal, InvalidOperation

    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError from None
    if not number.is_finite():
        raise _Unfit("it must be finite")
    if type_.precision and type_.asdecimal:
        _, digits, exponent = number.as_tuple()
        scale = type_.scale or 0
        whole = len(digits) + int(exponent)
        if whole > type_.precision - scale or -int(exponent) > scale:
            raise _Unfit(f"it doesn't fit into {type_.precision} digits with {scale} after the point")
    return number


def _one_of(text: str, values: list[str]) -> str:
    if text not in values:
        raise ValueError
    return text


def _uuid(text: str, *, as_uuid: bool) -> Any:
    from uuid import UUID

    value = UUID(text.strip())
    return value if as_uuid else str(value)


def _text(text: str, length: int | None) -> str:
    if length is not None and len(text) > length:
        raise _Unfit(f"it has {len(text)} characters, and the column holds {length}")
    return text
