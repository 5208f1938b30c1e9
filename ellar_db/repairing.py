"""Ending what the journal says did not end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ellar_db.config import DATABASES, databases_of, program
from ellar_db.connecting import connected, in_event_loop
from ellar_db.databases import Database, Databases
from ellar_db.errors import DbError
from ellar_db.journal import SETTLING, Entry, Journal
from ellar_db.package_runs import for_package
from ellar_db.packages import find_package
from ellar_db.plugins import get_plugin_manager

if TYPE_CHECKING:
    from alembic.config import Config


def settle(config: Config, revision: str | None, applied: bool | None) -> None:
    """Record that a revision is applied or isn't, and forget the note of it; or show the note.

    Args:
        config: Alembic's configuration.
        revision: The revision that is meant, or None for the one of the note.
        applied: Whether it is applied now; None shows the note.

    Raises:
        DbError: There is no note, it names another revision, or it was only to be shown.
    """
    from alembic import command

    found = unfinished(config)
    if not found:
        raise DbError("there is nothing to repair: no run was cut short")
    for name, entry in found.items():
        if revision is not None and revision != entry.revision:
            raise DbError(f"on the database {name!r} it is {entry.revision} that did not end, not {revision}")
    if applied is None:
        stories = " ".join(f"Database {name!r}: {entry.story}" for name, entry in found.items())
        raise DbError(f"{stories} Say `{program()} repair --applied` or `{program()} repair --reverted`")
    # the application's comes last, since its configuration is where those of packages are made from
    for package in sorted({entry.package for entry in found.values()}, reverse=True):
        entries = {name: entry for name, entry in found.items() if entry.package == package}
        part = for_package(config, find_package(get_plugin_manager(), package)) if package else config
        target = _target(part, {entry.revision: entry for entry in entries.values()}, applied)
        databases = databases_of(part)
        # what is true of one database isn't of the others
        part.attributes[DATABASES] = Databases([databases[name] for name in entries])
        part.attributes[SETTLING] = True
        command.stamp(part, target)
    for name, entry in found.items():
        click.echo(f"{name}: {entry.revision} is {'applied' if applied else 'not applied'}.")


def unfinished(config: Config) -> dict[str, Entry]:
    """Give what each database's journal has, by the database's name."""

    def read(databases: Sequence[Database]) -> dict[str, Entry]:
        found = {}
        for database in databases:
            with connected(database) as connection:
                entry = Journal(connection, database.options).unfinished()
            if entry is not None:
                found[database.name] = entry
        return found

    return in_event_loop(list(databases_of(config).values()), read)


def _target(config: Config, entries: dict[str, Entry], applied: bool) -> list[str]:
    """Give the revisions at which the version table must be."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    targets = []
    for revision in entries:
        if applied:
            targets.append(revision)
        else:
            down = script.get_revision(revision).down_revision
            targets += [down] if isinstance(down, str) else list(down or ["base"])
    return targets
