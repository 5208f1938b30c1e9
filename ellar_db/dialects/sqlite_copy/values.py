"""Values of a column whose type changes: converted without loss, or refused."""

from __future__ import annotations

from dataclasses import dataclass

DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
TIME = "[0-2][0-9]:[0-5][0-9]"

KINDS = {
    "DATE": "date",
    "DATETIME": "datetime",
    "TIMESTAMP": "datetime",
    "TIME": "time",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "JSON": "json",
}
"""What SQLAlchemy stores in columns of a type, where that isn't what SQLite's own rules say."""

AFFINITIES = (("INT", "integer"), ("CHAR", "text"), ("CLOB", "text"), ("TEXT", "text"), ("BLOB", "blob"))
REALS = ("REAL", "FLOA", "DOUB")
NUMBERS = ("NUMERIC", "DECIMAL")

EXACT = 2**53
"""Up to this number a REAL has each integer."""


ERROR = "abs(-9223372036854775807 - 1)"
"""An expression that is an error in SQLite, since the result is too large."""


@dataclass(frozen=True)
class Conversion:
    """How the values of a column are copied.

    Args:
        value: The expression of the new value, in SQL.
        bad: The condition, in SQL, under which a value can't be kept; None if there is no such value.
        late: Whether `value` is an error for these values, so that they needn't be looked for before.
        decodes: Whether bytes become text, for which they must be UTF-8.
        encodes: Whether text becomes bytes.
    """

    value: str
    bad: str | None = None
    late: bool = False
    decodes: bool = False
    encodes: bool = False


def kind_of(declared: str) -> str:
    """Return what is stored in a column.

    Args:
        declared: The column's type as declared.

    Example:
        >>> [kind_of(declared) for declared in ("VARCHAR(20)", "datetime", "POINT", "UNSIGNED BIG INT", "")]
        ['text', 'datetime', 'other point', 'integer', 'blob']
    """
    name = declared.upper().partition("(")[0].strip()
    if name in KINDS:
        return KINDS[name]
    if name in ("DATE_CHAR", "DATETIME_CHAR", "TIME_CHAR"):
        return f"other {name.lower()}"
    for part, kind in AFFINITIES:
        if part in name:
            return kind
    if any(part in name for part in REALS):
        return "real"
    if not name:
        return "blob"
    return "number" if name in NUMBERS else f"other {name.lower()}"


def conversion(column: str, before: str, after: str) -> Conversion:
    """Return how the values of a column are copied.

    Args:
        column: The column, quoted.
        before: Its type before, as declared.
        after: Its type afterwards.
    """
    old, new = kind_of(before), kind_of(after)
    if old == new:
        return Conversion(column)
    converted = _CONVERSIONS.get(new)
    return _other(column, new) if converted is None else converted(column, old)


def _is_number(x: str) -> str:
    """Return the condition under which a value is a number, or becomes one in a column of numbers."""
    return f"(typeof({x}) IN ('integer', 'real') OR (typeof({x}) = 'text' AND +{x} = CAST({x} AS NUMERIC)))"


def _long(x: str) -> str:
    """Return the condition under which a text has more digits than a REAL, as which it would be stored."""
    digits = f"ltrim(replace(replace(replace({x}, '-', ''), '+', ''), '.', ''), '0')"
    return f"(typeof({x}) = 'text' AND typeof(CAST({x} AS NUMERIC)) = 'real' AND length({digits}) > 15)"


def _integer(x: str, _: str) -> Conversion:
    number = f"CAST({x} AS NUMERIC)"
    return Conversion(x, f"NOT ({_is_number(x)} AND {number} = CAST({number} AS INTEGER))")


def _boolean(x: str, _: str) -> Conversion:
    words = f"CASE lower(trim({x})) WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {x} END"
    value = f"CASE typeof({x}) WHEN 'text' THEN {words} ELSE {x} END"
    return Conversion(value, f"NOT ({_is_number(f'({value})')} AND CAST({value} AS NUMERIC) IN (0, 1))")


def _number(x: str, _: str) -> Conversion:
    return Conversion(x, f"NOT {_is_number(x)} OR {_long(x)}")


def _real(x: str, _: str) -> Conversion:
    number = f"CAST({x} AS NUMERIC)"
    large = f"(typeof({number}) = 'integer' AND {number} NOT BETWEEN -{EXACT} AND {EXACT})"
    return Conversion(x, f"NOT {_is_number(x)} OR {_long(x)} OR {large}")


def _text(x: str, _: str) -> Conversion:
    # SQLite itself writes 15 digits, of the 17 that a REAL may need
    exact = f"CAST(CAST({x} AS TEXT) AS REAL) = {x}"
    digits = f"printf('%!.17g', {x})"
    longer = f"CASE WHEN CAST({digits} AS REAL) = {x} THEN {digits} ELSE {ERROR} END"
    real = f"CASE WHEN {exact} THEN CAST({x} AS TEXT) ELSE {longer} END"
    value = f"CASE typeof({x}) WHEN 'real' THEN {real} WHEN 'blob' THEN CAST({x} AS TEXT) ELSE {x} END"
    bad = f"typeof({x}) = 'real' AND NOT ({exact}) AND CAST({digits} AS REAL) <> {x}"
    return Conversion(value, bad, late=True, decodes=True)


def _blob(x: str, _: str) -> Conversion:
    value = f"CASE typeof({x}) WHEN 'text' THEN CAST({x} AS BLOB) ELSE {x} END"
    return Conversion(value, f"typeof({x}) NOT IN ('text', 'blob')", encodes=True)


def _json(x: str, old: str) -> Conversion:
    value = f"CASE {x} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE {x} END" if old == "boolean" else x
    # a number is stored as one, whether it was written as text or not
    large = f"json_type({x}) = 'integer' AND typeof(CAST({x} AS NUMERIC)) = 'real'"
    text = f"CASE WHEN json_valid({x}) THEN {large} ELSE 1 END"
    return Conversion(
        value, f"CASE typeof({x}) WHEN 'text' THEN {text} WHEN 'integer' THEN 0 WHEN 'real' THEN 0 ELSE 1 END"
    )


def _date(x: str, _: str) -> Conversion:
    fraction = f"(length({x}) = 19 OR (substr({x}, 20, 1) = '.' AND trim(substr({x}, 21), '0') = ''))"
    midnight = f"typeof({x}) = 'text' AND {x} GLOB '{DATE}[ T]00:00:00*' AND {fraction}"
    value = f"CASE WHEN {midnight} THEN substr({x}, 1, 10) ELSE {x} END"
    return Conversion(value, f"NOT ({_is_date(f'({value})')})")


def _time(x: str, _: str) -> Conversion:
    value = f"CASE WHEN {_is_time(x)} THEN {_full_time(x)} ELSE {x} END"
    return Conversion(value, f"NOT ({_is_time(x)})")


def _datetime(x: str, _: str) -> Conversion:
    rest = f"substr({x}, 12)"
    timed = f"{_is_date(f'substr({x}, 1, 10)')} AND substr({x}, 11, 1) IN (' ', 'T') AND {_is_time(rest)}"
    value = (
        f"CASE WHEN {_is_date(x)} THEN {x} || ' 00:00:00.000000' "
        f"WHEN {timed} THEN substr({x}, 1, 10) || ' ' || {_full_time(rest)} ELSE {x} END"
    )
    return Conversion(value, f"NOT (typeof({x}) = 'text' AND ({_is_date(x)} OR ({timed})))")


def _is_date(x: str) -> str:
    return f"(typeof({x}) = 'text' AND {x} GLOB '{DATE}' AND date({x}, '+0 days') IS {x})"


def _is_time(x: str) -> str:
    fraction = f"(substr({x}, 9, 1) = '.' AND length({x}) BETWEEN 10 AND 15 AND NOT substr({x}, 10) GLOB '*[^0-9]*')"
    whole = f"({x} GLOB '{TIME}:[0-5][0-9]*' AND (length({x}) = 8 OR {fraction}))"
    return f"(typeof({x}) = 'text' AND ({x} GLOB '{TIME}' OR {whole}) AND substr({x}, 1, 2) <= '23')"


def _full_time(x: str) -> str:
    """Return a time as SQLAlchemy stores it, with six digits after the second."""
    return f"substr({x} || CASE length({x}) WHEN 5 THEN ':00.' WHEN 8 THEN '.' ELSE '' END || '000000', 1, 15)"


def _other(x: str, new: str) -> Conversion:
    """Return how values get into a type that SQLAlchemy doesn't know: unchanged, or not at all."""
    if new.endswith("_char"):
        return Conversion(x, "1")
    return Conversion(x, f"typeof({x}) = 'text' AND {_is_number(x)}")


_CONVERSIONS = {
    "integer": _integer,
    "boolean": _boolean,
    "number": _number,
    "real": _real,
    "text": _text,
    "blob": _blob,
    "json": _json,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
}
