"""What adopting a migrations folder would change, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.collection import collect_databases
from ellar_db.config.folder import configured
from ellar_db.databases.database import DEFAULT
from ellar_db.options import group_options
from ellar_db.project.application import application_context
from ellar_db.project.origins import ELLAR_SQL, OURS, Origin, origin_of
from ellar_db.revisions.files import one_writer
from ellar_db.revisions.rewriting import files
from ellar_db.revisions.rewriting.answers import Answers, FoundDatabase, Request, ask, importable
from ellar_db.revisions.rewriting.changes import Change, made, text_of
from ellar_db.revisions.rewriting.environment import ELSEWHERE, PLACES, OwnCode, own_code, variables
from ellar_db.revisions.rewriting.settings import NewSettings, settings_for, with_settings
from ellar_db.util.click import replace_message
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from ellar_db.plugins.manager import PluginManager


@dataclass(frozen=True)
class Plan:
    """What adopting a folder would change.

    Args:
        origin: The program that made it.
        request: Whom to ask for its answers.
        answers: Its answers as it is.
        changes: The changes, in the order in which they are made.
        own: What its env.py has of its own, and would be lost.
        settings: The settings that it needs.
        revisions: How many revisions it has.
    """

    origin: Origin
    request: Request
    answers: Answers
    changes: Sequence[Change]
    own: Sequence[OwnCode]
    settings: NewSettings
    revisions: int

    def carry_out(self) -> list[Path]:
        """Make the changes, and put everything back unless the answers are the same as before.

        Returns:
            The copies of what was there.

        Raises:
            DbError: An answer is different.
            UnavailableError: There is no answer.
        """
        after = replace(self.request, origin=OURS.name)
        with one_writer(self.request.directory), made(self.changes) as copies:
            try:
                different = self.answers.difference(ask(after, self.settings.env))
            except DbError as error:
                replace_message(error, f"everything was put back, since afterwards {error.message}")
                raise
            if different is not None:
                raise DbError(f"everything was put back, since an answer would have changed: {different}")
        return copies


def plan_for(
    manager: PluginManager, directory: Path | None, application: str | None, x_arg: Sequence[str] = ()
) -> Plan | None:
    """Look at a folder, and return what adopting it would change; None if it is ellar_db's already.

    Args:
        manager: The plugins.
        directory: The migrations folder that the command line names.
        application: What `--app` names.
        x_arg: Values of `-x` for the old env.py.

    Raises:
        DbError: The folder can't be adopted.
        UnavailableError: There is no answer from its env.py.
    """
    from alembic.script import ScriptDirectory

    with application_context(manager.settings):
        config = configured(manager, directory)
        supplied = bool(collect_databases(manager))
    script = ScriptDirectory.from_config(config)
    env_py = Path(script.env_py_location)
    origin = origin_of(env_py)
    if origin is OURS:
        return None
    request = replace(_request(config, script, origin, application), x_arg=tuple(x_arg))
    answers = ask(request)
    settings = NewSettings()
    read = variables(env_py)
    if not supplied:
        settings = settings_for(_from_here(request.directory), answers.databases, partial(importable, request), read)
    used = {f"${name}" for name in read if any(f"${{{name}" in url for url in settings.databases.values())}
    own = [each for each in own_code(env_py) if each.name not in used]
    own += [
        OwnCode(0, name, PLACES.get(name, ELSEWHERE))
        for name in sorted({name for database in answers.databases for name in database.callbacks})
        if origin is not ELLAR_SQL
    ]
    changes = _changes(request, script, answers.databases, settings)
    return Plan(origin, request, answers, changes, own, settings, len(list(script.walk_revisions())))


def _request(config: Config, script: ScriptDirectory, origin: Origin, application: str | None) -> Request:
    ini, toml = config.config_file_name, config.toml_file_name
    return Request(
        origin.name,
        Path(script.dir).absolute(),
        None if ini is None else Path(ini).absolute(),
        None if toml is None else Path(str(toml)).absolute(),
        group_options().name,
        application,
    )


def _from_here(path: Path) -> Path:
    """Return a path relative to the working directory, if it is in there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _changes(
    request: Request, script: ScriptDirectory, databases: Sequence[FoundDatabase], settings: NewSettings
) -> list[Change]:
    """Return the changes; that of env.py comes last, so that the old one works until the rest is there."""
    several = databases[0].token is not None
    folder = request.directory
    changes: list[Change] = []
    pyproject = Path.cwd() / "pyproject.toml"
    added = with_settings(pyproject, settings)
    if added is not None:
        before = text_of(pyproject) if pyproject.exists() else None
        changes.append(Change(pyproject, before, added, "gets settings at its end:", copied=False))
    if request.ini is not None and request.ini.parent == folder:
        text = text_of(request.ini)
        changes.append(Change(request.ini, text, files.ini(text, request.section), "tells bare alembic where it is"))
    mako = folder / "script.py.mako"
    if several and mako.is_file():
        text = text_of(mako)
        changes.append(Change(mako, text, files.template(text), "takes the names of the databases from ellar_db"))
    if any(database.token == "" for database in databases):
        changes += _renamed(script, databases)
    env_py = folder / "env.py"
    changes.append(Change(env_py, text_of(env_py), files.environment(several), "is replaced by ellar_db's"))
    return [change for change in changes if change.before != change.after]


def _renamed(script: ScriptDirectory, databases: Sequence[FoundDatabase]) -> list[Change]:
    """Return the changes of revisions whose functions for the main database have no name."""
    if any(database.token == DEFAULT for database in databases):
        raise DbError(
            f"the folder has a database named {DEFAULT!r} besides the main one, which is to get that name; rename the "
            "other in the application, and its functions in the revisions"
        )
    found = sorted({Path(revision.path) for revision in script.walk_revisions()})
    what = ", ".join(f"{old}() -> {new}()" for old, new in files.FUNCTIONS.items())
    changes = []
    for path in found:
        text = text_of(path)
        changes.append(Change(path, text, files.revision(text, files.FUNCTIONS, path), what))
    return changes
