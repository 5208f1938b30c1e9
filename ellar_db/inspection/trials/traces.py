"""The first difference between a schema and what it should be, in words."""

from __future__ import annotations

from ellar_db.scratch.schema import PARTS, Schema, differing, part_of


def first_trace(expected: Schema, actual: Schema) -> str:
    """Return the first difference as the rest of a sentence; empty if there is none.

    Args:
        expected: What the schema should be.
        actual: What it is.

    Example:
        >>> before = {"table orders": "", "column orders.id": "INTEGER"}
        >>> first_trace(before, {**before, "index orders.ix_day": "(day)"})
        'the table orders still has the index ix_day'
        >>> first_trace(before, {})
        'the table orders is missing'
    """
    found = differing(expected, actual)
    if not found:
        return ""
    key = found[0]
    part = part_of(key, expected, actual)
    named = f"{part.kind} {part.name}".strip()
    if part.kind not in PARTS and not (part.kind == "trigger" and part.table):
        whole = f"the {part.kind} {part.table or part.name}"
        if key not in actual:
            return f"{whole} is missing"
        if key not in expected:
            return f"the {part.kind} {part.table or part.name} is still there"
        if part.kind != "table":
            return f"{whole} is another one"
        return f"{whole} is {actual[key] or 'plain'} and was {expected[key] or 'plain'}"
    if key not in actual:
        return f"the table {part.table} lacks the {named}"
    if key not in expected:
        return f"the table {part.table} still has the {named}"
    return f"the {named} of the table {part.table} is {actual[key] or 'plain'} and was {expected[key] or 'plain'}"
