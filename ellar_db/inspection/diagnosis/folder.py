"""The migrations folder: whose env.py it has, and whether its revisions can be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.checks import setting
from ellar_db.config.command_line import program
from ellar_db.databases.database import DEFAULT
from ellar_db.databases.factory import make_databases
from ellar_db.inspection.diagnosis.finding import Finding
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.manager import PluginManager
from ellar_db.project.origins import OURS, origin_of
from ellar_db.util.errors import DbError
from ellar_db.util.files import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

SUBJECT = "folder"


def is_foreign(folder: Path) -> bool:
    """Return whether a folder's env.py isn't ellar-db's.

    Args:
        folder: The folder.
    """
    return origin_of(folder / "env.py") is not OURS


def absent_file(config: Config, manager: PluginManager) -> Path | None:
    """Return the file that is the database of an ini file's `sqlalchemy.url`, if it isn't there; else None.

    Args:
        config: Alembic's configuration.
        manager: The plugins.
    """
    url = setting(config, "sqlalchemy.url")
    if not isinstance(url, str):
        return None
    with suppress(DbError):
        database = make_databases(url, pooled=False)[DEFAULT]
        files = dialect_of(manager, database).files(database)
        return next((file for file in files[:1] if not file.exists()), None)
    # what is wrong with the URL is found out when env.py uses it
    return None


def check_env_py(folder: Path) -> Iterator[Finding]:
    """Yield whose env.py a folder has.

    Args:
        folder: The folder.
    """
    origin = origin_of(folder / "env.py")
    if origin is OURS:
        yield Finding("ok", SUBJECT, f"{shown(folder)}, with ellar-db's env.py")
        return
    needs = f", which needs {origin.needs}" if origin.needs else ""
    advice = f"to have ellar-db's, which knows the application's databases: `{program()} adopt`"
    yield Finding("ok", SUBJECT, f"{shown(folder)}, with the env.py of {origin.name} or one's own{needs}", advice)


def check_revisions(config: Config, *, have_models: bool) -> Iterator[Finding]:
    """Yield whether the revisions of a folder can be read, and have one head.

    Args:
        config: Alembic's configuration.
        have_models: Whether there are models of which a revision can be made.
    """
    script = script_of(config)
    heads, number = sorted(script.get_heads()), sum(1 for _ in script.walk_revisions())
    if not number:
        command = "migrate" if have_models else "revision"
        yield Finding("look", "revisions", "there is none yet", f'`{program()} {command} -m "Initial migration."`')
    elif len(heads) == 1:
        yield Finding("ok", "revisions", f"{number:,}, the head is {heads[0]}")
    else:
        labelled = any(script.get_revision(head).branch_labels for head in heads)
        advice = f"`{program()} heads`" if labelled else f'`{program()} merge -m "Join the heads."`'
        yield Finding("look", "revisions", f"{number:,}, with {len(heads)} heads: {', '.join(heads)}", advice)


def script_of(config: Config) -> ScriptDirectory:
    """Return the folder of a configuration.

    Args:
        config: Alembic's configuration.
    """
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(config)
