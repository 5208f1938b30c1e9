"""Name revisions by the time in UTC and by the ticket in the name of the git branch, and add them to git."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Annotated

import click

from ellar_db import DbError, RevisionRequest, Setting, hookimpl, plugin_option, plugin_settings

if TYPE_CHECKING:
    from alembic.config import Config

SETTINGS = "ellar-db-timestamps"
TICKET = r"(?<![A-Za-z0-9])[A-Z][A-Z0-9]{1,9}-[0-9]{1,6}(?![A-Za-z0-9])"
"""A ticket such as SHOP-42, separated by slashes, dashes or underscores."""

TIME = "%Y%m%dT%H%M%S"
HAS_TIME = r"[0-9]{8}T[0-9]{6}"
LENGTH = 32
"""The maximum length of an id in the version table."""


@dataclass(frozen=True)
class Settings:
    """`[tool.ellar-db-timestamps]`.

    Args:
        id: The pattern of ids.
        filename: The pattern of file names.
        ticket: The regular expression of a ticket in a branch's name.
    """

    id: str = "{time}_{ticket}"
    filename: str = "{time}_{ticket}_{slug}"
    # `$` means something else here
    ticket: Annotated[str, Setting("a regular expression", expand=False)] = TICKET


@hookimpl
def ellar_db_configure(config: Config) -> None:
    """Let Alembic write create dates in UTC."""
    config.set_main_option("timezone", "UTC")


@hookimpl
def ellar_db_revision_id(request: RevisionRequest) -> str:
    """Fill in the pattern of ids; omit a ticket that doesn't fit."""
    text = pattern("id", {"time", "ticket"}, {"time"})
    moment = request.create_date.astimezone(timezone.utc)
    # if two revisions are written in one second, the later one gets the next second
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
    """Fill in the pattern of file names."""
    text = pattern("filename", {"time", "ticket", "slug", "id"}, {"time", "id"})
    # an id of ours contains the time already, and the file name uses the same
    stamped = re.search(HAS_TIME, rev_id)
    time = stamped[0] if stamped else f"{request.create_date.astimezone(timezone.utc):{TIME}}"
    filled = text.format(time=time, ticket=ticket(request.directory), slug=request.slug, id=rev_id)
    return "/".join(map(squeezed, filled.split("/")))


@hookimpl
def ellar_db_command_options(command: click.Command) -> Iterator[click.Option]:
    """Add `--git-add` to the commands that write revisions."""
    if command.name in ("revision", "migrate", "merge"):
        yield click.Option(["--git-add"], is_flag=True, help="Add the new file to git's index.")


@hookimpl
def ellar_db_revision_written(path: Path) -> None:
    """Add the file to git if `--git-add` is given; it is complete by then, and at its final path."""
    if not plugin_option("git_add"):
        return
    # the file may be in another repository than the working directory
    git = ["git", "-c", "advice.addIgnoredFile=false", "-C", str(path.parent), "add", "--", path.name]
    try:
        done = subprocess.run(git, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        raise DbError(f"{path} is written, but git can't be run: {error}") from error
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise DbError(f"{path} is written, but not added to git: {said}")


def ticket(directory: Path) -> str:
    """Return the ticket in the branch's name, or "" if there is no branch or no ticket."""
    text = plugin_settings(SETTINGS, Settings).ticket
    try:
        found = re.search(text, branch(directory))
    except re.error as error:
        raise DbError(f"[tool.{SETTINGS}] ticket is {text!r}, which isn't a regular expression: {error}") from error
    if found is None:
        return ""
    # a group selects the part that is the ticket
    said = found[1] if found.re.groups else found[0]
    return re.sub(r"[^\w.-]", "-", said or "")


def branch(directory: Path) -> str:
    """Return the git branch of a folder, or "" if there is none: no repository, a detached head.

    It is read from the repository's HEAD, so git need not be installed.
    """
    start = directory.resolve()
    for folder in (start, *start.parents):
        git = folder / ".git"
        try:
            if git.is_file():
                # a linked worktree or a submodule
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
    """Remove the separators that empty parts leave behind."""
    return re.sub(r"([_. -])[_. -]+", r"\1", name).strip("_. -")


def pattern(key: str, fields: set[str], unique: set[str]) -> str:
    """Return a pattern from the settings, validated.

    Raises:
        DbError: It can't be parsed, has unknown fields, or has no field that makes names unique.
    """
    where = f"[tool.{SETTINGS}] {key}"
    text: str = getattr(plugin_settings(SETTINGS, Settings), key)
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
