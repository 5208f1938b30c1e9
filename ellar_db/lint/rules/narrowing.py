"""Which changes of a column's type may lose values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

Narrowing = Literal["", "size", "kind"]
"""How a type is narrower than another: not at all, by its size alone, or by the kind of its values."""

TEXTS = {"TINYTEXT": 2**8, "MEDIUMTEXT": 2**24, "LONGTEXT": 2**32}
BLOBS = {"TINYBLOB": 2**8, "MEDIUMBLOB": 2**24, "LONGBLOB": 2**32}
"""The sizes of types that only MySQL has."""

PLAIN = 2**16
"""The size of TEXT and BLOB where the types above exist; elsewhere these have no limit."""

INTEGERS = {"TINYINT": 1, "SMALLINT": 2, "SMALL_INTEGER": 2, "MEDIUMINT": 3, "BIGINT": 8, "BIG_INTEGER": 8}
"""The bytes of types by SQLAlchemy's names; INTEGER, which isn't here, has 4."""

DIGITS = {1: 3, 2: 5, 3: 8, 4: 10, 8: 19}
"""The digits of integers by their bytes."""

WIDTHS = {"boolean": 5, "date": 10, "time": 15, "datetime": 32, "uuid": 36}
"""The characters that values need as text, where that doesn't depend on the size of the type."""


def narrowing(old: TypeEngine[Any], new: TypeEngine[Any], dialect: Dialect) -> Narrowing:
    """Return how a type is narrower than the one that it replaces.

    Args:
        old: The column's type in the database.
        new: Its new type.
        dialect: SQLAlchemy's dialect of the database.

    Example:
        >>> from sqlalchemy import Date, DateTime, String
        >>> from sqlalchemy.dialects.sqlite import dialect
        >>> narrowing(String(50), String(20), dialect()), narrowing(DateTime(), Date(), dialect())
        ('size', 'kind')
    """
    before, after = _plain(old, dialect), _plain(new, dialect)
    kinds = _kind(before), _kind(after)
    if kinds == ("array", "array"):
        return narrowing(before.item_type, after.item_type, dialect)
    if kinds == ("float", "float"):
        return "size" if _is_single(new, dialect) and not _is_single(old, dialect) else ""
    if kinds[0] == kinds[1]:
        return "size" if _smaller(kinds[0], before, after) else ""
    if kinds[1] == "text":
        return _as_text(kinds[0], before, after)
    if kinds == ("integer", "number"):
        return "size" if _whole_digits(after) < DIGITS[_bytes(before)] else ""
    widened = {("boolean", "integer"), ("boolean", "number"), ("integer", "float"), ("date", "datetime")}
    return "" if kinds in widened else "kind"


def _plain(type_: TypeEngine[Any], dialect: Dialect) -> Any:
    """Return the type that the database gets, of a variant or a decorator too."""
    from sqlalchemy import Enum, String
    from sqlalchemy.types import TypeDecorator

    raw: Any = type_
    found: Any = raw.dialect_impl(dialect)
    while isinstance(found, TypeDecorator):
        raw = found.load_dialect_impl(dialect)
        found = raw.dialect_impl(dialect)
    if isinstance(found, Enum) and not (found.native_enum and dialect.supports_native_enum):
        return String(found.length)
    # drivers have types of their own for times, which lose the digits of a second's fraction
    return raw if getattr(raw, "precision", None) is not None and found.__dict__.get("precision") is None else found


def _kind(type_: Any) -> str:
    from sqlalchemy import types

    kinds: dict[str, tuple[type[Any], ...]] = {
        "enum": (types.Enum,),
        "text": (types.String,),
        "boolean": (types.Boolean,),
        "integer": (types.Integer,),
        "float": (types.Float,),
        "number": (types.Numeric,),
        "datetime": (types.DateTime,),
        "date": (types.Date,),
        "time": (types.Time,),
        "interval": (types.Interval,),
        "binary": (types.LargeBinary, types.BINARY, types.VARBINARY),
        "json": (types.JSON,),
        "uuid": (types.Uuid,),
        "array": (types.ARRAY,),
    }
    if type_.__visit_name__.upper() in BLOBS:
        # those of MySQL have no class in common with these
        return "binary"
    return next((kind for kind, classes in kinds.items() if isinstance(type_, classes)), "")


def _smaller(kind: str, old: Any, new: Any) -> bool:
    """Return whether a type is smaller than another one of its kind."""
    if kind == "enum":
        return not set(old.enums) <= set(new.enums)
    if kind == "text":
        return _shorter(old, new, TEXTS)
    if kind == "binary":
        return _shorter(old, new, BLOBS)
    if kind == "integer":
        signs = getattr(old, "unsigned", None) or False, getattr(new, "unsigned", None) or False
        return _bytes(new) < _bytes(old) or (signs == (False, True)) or (signs == (True, False) and _same(old, new))
    if kind == "number":
        return _whole_digits(new) < _whole_digits(old) or _scale(new) < _scale(old)
    if kind in ("datetime", "time"):
        return (bool(old.timezone) and not new.timezone) or _fraction(new) < _fraction(old)
    return False


def _as_text(kind: str, old: Any, new: Any) -> Narrowing:
    length = _length(new, TEXTS)
    if kind == "binary":
        return "kind"
    if kind == "integer":
        # with the sign
        needed = float(DIGITS[_bytes(old)] + 1)
    elif kind == "enum":
        needed = float(max(map(len, old.enums), default=0))
    elif kind == "number":
        needed = _whole_digits(old) + _scale(old) + 2
    else:
        needed = float(WIDTHS.get(kind, "inf"))
    return "size" if length < needed else ""


def _shorter(old: Any, new: Any, sizes: dict[str, int]) -> bool:
    before, after = _length(old, sizes), _length(new, sizes)
    infinite = float("inf")
    if after == infinite and before != infinite and old.length is None:
        after = float(PLAIN)
    if before == infinite and after != infinite and new.length is None:
        before = float(PLAIN)
    return after < before


def _length(type_: Any, sizes: dict[str, int]) -> float:
    """Return how long a value may be, in characters or bytes; infinity if there is no limit that matters."""
    size = sizes.get(type_.__visit_name__.upper())
    return float(getattr(type_, "length", None) or size or "inf")


def _bytes(type_: Any) -> int:
    return INTEGERS.get(type_.__visit_name__.upper(), 4)


def _same(old: Any, new: Any) -> bool:
    return _bytes(old) == _bytes(new)


def _scale(type_: Any) -> float:
    if type_.precision is None:
        return float("inf")
    return float(type_.scale or 0)


def _whole_digits(type_: Any) -> float:
    return float("inf") if type_.precision is None else float(type_.precision - (type_.scale or 0))


def _is_single(type_: TypeEngine[Any], dialect: Dialect) -> bool:
    """Return whether a number has 4 bytes; on MySQL, where REAL has 8, autogenerate sees no difference anyway."""
    precision = getattr(type_, "precision", None)
    return type_.compile(dialect=dialect) == "REAL" or bool(precision and precision <= 24)


def _fraction(type_: Any) -> int:
    """Return the digits of a second's fraction; PostgreSQL has 6 unless the type says otherwise, MySQL none."""
    found = getattr(type_, "fsp", getattr(type_, "precision", None))
    return int(found) if found is not None else (0 if hasattr(type_, "fsp") else 6)
