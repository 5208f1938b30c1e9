"""Revision ids 0001, 0002 ... and file names of a team's own pattern."""

from __future__ import annotations

import re
from string import Formatter

from ellar_db import DbError, RevisionRequest, hookimpl, read_table

SETTINGS = "ellar-db-sequential"
KEYS = ("digits", "filename")
DIGITS = 4
FILENAME = "{id}_{slug}"
GENERATED = 12
"""Characters of an id that Alembic makes: one of digits alone isn't a number of ours."""


@hookimpl
def ellar_db_revision_id(request: RevisionRequest) -> str:
    """Give the number after the highest that there is."""
    numbers = [int(known) for known in request.taken if re.fullmatch(r"[0-9]+", known) and len(known) < GENERATED]
    return str(max(numbers, default=0) + 1).zfill(digits())


@hookimpl
def ellar_db_revision_filename(request: RevisionRequest, rev_id: str) -> str:
    """Fill the pattern in."""
    fields = {
        "id": rev_id,
        "slug": request.slug,
        "branch": request.branch_label or "",
        "year": f"{request.create_date:%Y}",
        "month": f"{request.create_date:%m}",
        "day": f"{request.create_date:%d}",
        "hour": f"{request.create_date:%H}",
        "minute": f"{request.create_date:%M}",
        "second": f"{request.create_date:%S}",
    }
    filled = pattern(fields).format(**fields)
    # a revision without a message, or without a branch, leaves a separator over
    return "/".join(re.sub(r"([_. -])[_. -]+", r"\1", part).strip("_. -") for part in filled.split("/"))


def digits() -> int:
    """Give the width of a number: `digits`."""
    width = read_table(SETTINGS, KEYS).get("digits", DIGITS)
    if type(width) is not int or not 1 <= width < GENERATED:
        raise DbError(f"[tool.{SETTINGS}] digits must be a number from 1 to {GENERATED - 1}, not {width!r}")
    return width


def pattern(fields: dict[str, str]) -> str:
    """Give the pattern of file names, checked: `filename`."""
    where = f"[tool.{SETTINGS}] filename"
    text = read_table(SETTINGS, KEYS).get("filename", FILENAME)
    if not isinstance(text, str):
        raise DbError(f"{where} must be a text, not {text!r}")
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise DbError(f"{where} is {text!r}, which can't be read: {error}") from error
    for _, name, spec, conversion in parts:
        if name is not None and (name not in fields or spec or conversion):
            raise DbError(f"{where} is {text!r}; it may have {', '.join('{' + field + '}' for field in fields)}")
    if not any(name == "id" for _, name, _, _ in parts):
        raise DbError(f"{where} is {text!r}; without {{id}} two revisions would have one file")
    return text
