"""Revisions named by the time in UTC and by the ticket that the git branch names."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

from ellar_db import DbError, RevisionRequest, hookimpl, read_table

if TYPE_CHECKING:
    from alembic.config import Config

SETTINGS = "ellar-db-timestamps"
KEYS = ("id", "filename", "ticket")
ID = "{time}_{ticket}"
FILENAME = "{time}_{ticket}_{slug}"
TICKET = r"(?<![A-Za-z0-9])[A-Z][A-Z0-9]{1,9}-[0-9]{1,6}(?![A-Za-z0-9])"
"""A ticket as in SHOP-42, on its own between slashes, dashes and underscores."""

TIME = "%Y%m%dT%H%M%S"
HAS_TIME = r"[0-9]{8}T[0-9]{6}"
LENGTH = 32
"""Characters of an id that the version table holds."""


@hookimpl
def ellar_db_configure(config: Config) -> None:
    """Let Alembic write create dates in UTC."""
    config.set_main_option("timezone", "UTC")


@hookimpl
def ellar_db_revision_id(request: RevisionRequest) -> str:
    """Fill the pattern of ids in; a ticket for which there is no room is left out."""
    text = pattern("id", ID, {"time", "ticket"}, {"time"})
    moment = request.create_date.astimezone(timezone.utc)
    # of two revisions in one second, the second gets the next one
    while any(f"{moment:{TIME}}" in known for known in request.taken):
        moment += timedelta(seconds=1)
    for found in (ticket(request.directory), ""):
        filled = text.format(time=f"{moment:{TIME}}", ticket=found)
        made = squeezed(re.sub(r"[^A-Za-z0-9_.]", "_", filled))
        if len(made) <= LENGTH:
            return made
    raise DbError(f"[tool.{SETTINGS}] id is {text!r}, which makes more than {LENGTH} characters")


@hookimpl
def ellar_db_revision_filename(request: RevisionRequest, rev_id: str) -> str:
    """Fill the pattern of file names in."""
    text = pattern("filename", FILENAME, {"time", "ticket", "slug", "id"}, {"time", "id"})
    # an id of ours has the time already, and the file name is to have the same
    stamped = re.search(HAS_TIME, rev_id)
    time = stamped[0] if stamped else f"{request.create_date.astimezone(timezone.utc):{TIME}}"
    filled = text.format(time=time, ticket=ticket(request.directory), slug=request.slug, id=rev_id)
    return "/".join(map(squeezed, filled.split("/")))


def ticket(directory: Path) -> str:
    """Give the ticket that the branch names, or "" where there is no branch or it names none."""
    text = read_table(SETTINGS, KEYS).get("ticket", TICKET)
    where = f"[tool.{SETTINGS}] ticket"
    if not isinstance(text, str):
        raise DbError(f"{where} must be a regular expression, not {text!r}")
    try:
        found = re.search(text, branch(directory))
    except re.error as error:
        raise DbError(f"{where} is {text!r}, which isn't a regular expression: {error}") from error
    if found is None:
        return ""
    # a group says which part of it is the ticket
    said = found[1] if found.re.groups else found[0]
    return re.sub(r"[^\w.-]", "-", said or "")


def branch(directory: Path) -> str:
    """Give the git branch on which a folder is, or "" where there is none: no repository, a detached head.

    It is read from the repository's HEAD, so that no git needs to be installed.
    """
    start = directory.resolve()
    for folder in (start, *start.parents):
        git = folder / ".git"
        try:
            if git.is_file():
                # of a linked worktree or a submodule
                git = folder / git.read_text(encoding="utf-8", errors="replace").strip().removeprefix("gitdir: ")
            if not git.is_dir():
                continue
            head = (git / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""
        prefix = "ref: refs/heads/"
        return head.removeprefix(prefix) if head.startswith(prefix) else ""
    return ""


def squeezed(name: str) -> str:
    """Take out the separators that a part leaves behind which is empty."""
    return re.sub(r"([_. -])[_. -]+", r"\1", name).strip("_. -")


def pattern(key: str, default: str, fields: set[str], unique: set[str]) -> str:
    """Give a pattern of the settings, checked.

    Raises:
        DbError: It can't be read, has other fields, or has none by which names differ.
    """
    where = f"[tool.{SETTINGS}] {key}"
    text = read_table(SETTINGS, KEYS).get(key, default)
    if not isinstance(text, str):
        raise DbError(f"{where} must be a text, not {text!r}")
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise DbError(f"{where} is {text!r}, which can't be read: {error}") from error
    for _, name, spec, conversion in parts:
        if name is not None and (name not in fields or spec or conversion):
            raise DbError(f"{where} is {text!r}; it may have {', '.join(f'{{{field}}}' for field in sorted(fields))}")
    if not any(name in unique for _, name, _, _ in parts):
        needed = " or ".join(f"{{{field}}}" for field in sorted(unique))
        raise DbError(f"{where} is {text!r}; without {needed} two revisions would have one name")
    return text
