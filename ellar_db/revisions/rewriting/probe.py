"""A program of its own that asks a migrations folder for its answers, in the environment of whoever made it.

`python -m ellar_db.revisions.rewriting.probe` reads a request from its input, as JSON, and prints what it found. It is
a process of its own because an env.py and what it imports change the process, and must be imported anew once they have
changed.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.config.reports.broken_files import broken_file, without_ini
from ellar_db.project.origins import ADVANCED_ALCHEMY, ELLAR_SQL, FLASK_MIGRATE
from ellar_db.revisions.rewriting.environment import CALLBACKS, imported_modules
from ellar_db.util.alembic import intercept_environments
from ellar_db.util.errors import DbError, UnavailableError, summary

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

PLAIN = (
    "version_table version_table_schema version_table_pk include_schemas compare_type compare_server_default "
    "render_as_batch transaction_per_migration transactional_ddl user_module_prefix"
).split()
"""Options of `context.configure` whose values can be written into settings."""

THEIRS = ("flask_migrate", "ellar_sql", "advanced_alchemy", "alembic")
"""Packages whose functions among the options are part of what they do by themselves."""


def main() -> None:
    """Answer the request on the standard input."""
    # what the project's code prints must not get into the answer
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = _answered(request)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the project's own code may raise anything
        found = {"error": _said(error), "exit_code": getattr(error, "exit_code", 1)}
    with answer:
        json.dump(found, answer)
    sys.stdout.flush()
    # without the end of Python, which would wait for threads of the application
    os._exit(0)


def _answered(request: Mapping[str, Any]) -> dict[str, Any]:
    if "metadata" in request:
        from alembic.script import ScriptDirectory

        # a run of env.py has imported the revisions, and what these import
        list(ScriptDirectory.from_config(_alembic(request)).walk_revisions())
        return {"tables": _tables(_metadata(request["metadata"]))}
    intercept_environments("adopt", lambda _: None, _note)
    with _opened(request) as config, without_ini(config), _without_files():
        config.cmd_opts = config.cmd_opts or Namespace()
        config.cmd_opts.x = request["x"] or None
        return {
            "history": _tried(lambda: _history(config)),
            "current": [_described(visit, request) for visit in _visited(config)],
            "sql": _tried(lambda: _sql(config)),
        }


def _said(error: BaseException) -> str:
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DbError):
        return error.message
    # what is asked for is to do without the program that made an env.py, which isn't to blame for a database
    broken = broken_file(error, environment=not isinstance(error, DBAPIError), origin=False)
    return summary(error) if broken is None else broken.message


def _tried(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a revision's code may raise anything, above all offline
        return {"error": summary(error)}


@contextmanager
def _opened(request: Mapping[str, Any]) -> Iterator[Config]:
    """Yield the configuration as the program that made the folder makes it, with what else its env.py needs."""
    origin, directory, named = request["origin"], request["directory"], request["application"]
    if origin == FLASK_MIGRATE.name:
        with _flask(named).app_context() as context:
            migrate = context.app.extensions.get("migrate")
            if migrate is None:
                raise UnavailableError("the Flask application has no Migrate(app, db); name another with --app")
            yield migrate.migrate.get_config(directory)
    elif origin == ADVANCED_ALCHEMY.name:
        yield _advanced_alchemy(named, directory)
    else:
        config = _alembic(request)
        if origin != ELLAR_SQL.name:
            yield config
            return
        from ellar_db.plugins.manager import get_plugin_manager
        from ellar_db.project.application import application_context

        with application_context(get_plugin_manager().settings):
            yield config


def _alembic(request: Mapping[str, Any]) -> Config:
    from alembic.config import Config

    ini, toml = request["ini"], request["toml"]
    config = Config(ini, toml, ini_section=request["section"])
    config.set_main_option("script_location", request["directory"].replace("%", "%%"))
    return config


def _flask(named: str | None) -> Any:
    if named is None:
        from flask.cli import ScriptInfo, load_dotenv
        from flask.helpers import get_load_dotenv

        # as the program `flask` does before it looks for the application: .env and .flaskenv may name it
        if get_load_dotenv():
            load_dotenv()
        return ScriptInfo(app_import_path=os.environ.get("FLASK_APP") or None).load_app()
    from ellar_db.project.importing import called, imported

    found = imported(_of_flask(named), "--app")
    return found if hasattr(found, "app_context") else called(found)


def _of_flask(named: str) -> str:
    """Return the name of an application or its factory; of a module alone, what `flask` would find there.

    Raises:
        DbError: It has none.
        UnavailableError: It can't be imported.
    """
    if ":" in named:
        return named
    from flask import Flask

    from ellar_db.project.importing import imported_module

    known = vars(imported_module(named, f"--app is {named!r}"))
    made = [name for name, value in known.items() if isinstance(value, Flask)]
    found = [name for name in ("app", "application") if name in made] or (made if len(made) == 1 else [])
    if not made:
        found = [name for name in ("create_app", "make_app") if callable(known.get(name))]
    if not found:
        raise DbError(
            f"--app is {named!r}, in which `flask` finds no application; name it, or its factory, as in "
            f"--app {named}:create_app"
        )
    return f"{named}:{found[0]}"


def _advanced_alchemy(named: str | None, directory: str) -> Config:
    if named is None:
        raise DbError("name the configuration of advanced-alchemy with --app, as in --app app:config")
    from advanced_alchemy.alembic.commands import AlembicCommands

    from ellar_db.project.importing import imported

    found = imported(named, "--app")
    wanted = Path(directory).resolve()
    for config in found if isinstance(found, (list, tuple)) else [found]:
        if Path(config.alembic_config.script_location).resolve() == wanted:
            return AlembicCommands(config).config
    raise DbError(f"--app {named} has no configuration whose alembic_config.script_location is {directory}")


@contextmanager
def _without_files() -> Iterator[None]:
    """Let env.py write no file: templates for several databases write the SQL of each into the working directory."""
    original = builtins.open

    def discarding(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if isinstance(file, str) and file.endswith(".sql") and "w" in mode:
            return io.StringIO()
        return original(file, mode, *args, **options)

    builtins.open = discarding
    try:
        yield
    finally:
        builtins.open = original


def _history(config: Config) -> str:
    from alembic import command

    config.stdout = text = io.StringIO()
    command.history(config)
    return text.getvalue()


class _Visit:
    """A call of `context.configure`: one database."""

    def __init__(self, environment: EnvironmentContext, options: Mapping[str, Any]) -> None:
        self.context = environment.get_context()
        self.options = options
        self.heads: list[str] = []
        self.tables: set[str] = set()
        connection = self.context.connection
        self.url = None if connection is None else connection.engine.url
        self.sql: Any = options.get("output_buffer")


_visits: list[_Visit] = []
"""The calls of `context.configure` so far."""


def _note(environment: EnvironmentContext, original: Callable[..., None], options: dict[str, Any]) -> None:
    """Note what is passed to `context.configure`, and collect the SQL of offline mode apart for each database."""
    if environment.is_offline_mode():
        options["output_buffer"] = io.StringIO()
    original(**options)
    _visits.append(_Visit(environment, options))


def _visited(config: Config) -> list[_Visit]:
    """Run env.py as `current` does, and return the databases."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import inspect

    def read(heads: Any, _: Any) -> list[Any]:
        visit = _visits[-1]
        visit.heads = sorted(heads)
        visit.tables = set(inspect(visit.context.connection).get_table_names())
        return []

    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, script, fn=read, dont_mutate=True):
        script.run_env()
    found = _visits[:]
    _visits.clear()
    return found


def _sql(config: Config) -> list[dict[str, Any]]:
    from alembic import command

    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    return [{"token": _token(visit), "sql": visit.sql.getvalue()} for visit in _visits]


def _token(visit: _Visit) -> str | None:
    """Return the name of the database in the functions of revisions; None in a folder for one database."""
    token = visit.options.get("upgrade_token", "upgrades")
    return None if token == "upgrades" else str(token).removesuffix("_upgrades")


def _described(visit: _Visit, request: Mapping[str, Any]) -> dict[str, Any]:
    options = visit.options
    metadata = options.get("target_metadata")
    return {
        "token": _token(visit),
        "url": None if visit.url is None else visit.url.render_as_string(hide_password=False),
        "heads": visit.heads,
        "version_table": visit.context.version_table,
        "options": {name: options[name] for name in PLAIN if isinstance(options.get(name), (str, bool, int))},
        "callbacks": sorted(name for name, value in options.items() if _is_own(name, value)),
        "tables": _tables(metadata),
        "paths": _paths(metadata, request),
    }


def _is_own(name: str, value: Any) -> bool:
    """Return whether an option is a function of the project's, and not of env.py, whose source shows it."""
    if name not in (*CALLBACKS, "compare_type", "compare_server_default") or not callable(value):
        return False
    module = str(getattr(value, "__module__", ""))
    return module != "env_py" and module.partition(".")[0] not in (*THEIRS, "ellar_db")


def _tables(metadata: Any) -> list[str]:
    listed = metadata if isinstance(metadata, (list, tuple)) else [metadata]
    return sorted({name for each in listed if each is not None for name in each.tables})


def _metadata(paths: list[str]) -> Any:
    from ellar_db.databases.factory import make_databases

    return make_databases("sqlite://", paths)["default"].metadata


def _paths(metadata: Any, request: Mapping[str, Any]) -> list[str]:
    """Return names under which a database's metadata can be imported, the best first."""
    if metadata is None or isinstance(metadata, (list, tuple)):
        return []
    asked = imported_modules(Path(request["directory"], "env.py"))
    modules = dict.fromkeys([*_project_modules(), *(name for name in asked if name in sys.modules)])
    found = [path for name in modules for path in _paths_in(name, metadata)]
    found += _from_application(request, metadata)
    # what env.py imports has all models, in most projects; of these, what is defined there and short reads best
    return sorted(found, key=lambda path: (path.partition(":")[0] not in asked, _is_borrowed(path), len(path), path))


def _is_borrowed(path: str) -> bool:
    """Return whether a module has a name from another one."""
    module, _, attribute = path.partition(":")
    found = vars(sys.modules.get(module, sys)).get(attribute)
    return isinstance(found, type) and found.__module__ != module


def _project_modules() -> list[str]:
    """Return the modules that belong to the project, not to what is installed, nor to its migrations folder."""
    here, names = Path.cwd(), []
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name in ("__main__", "env_py"):
            continue
        path = Path(file)
        if path.is_relative_to(here) and not {"site-packages", "versions"} & set(path.parts):
            names.append(name)
    return names


def _paths_in(name: str, metadata: Any) -> Iterator[str]:
    for attribute, value in list(vars(sys.modules[name]).items()):
        if attribute.isidentifier() and not attribute.startswith("__"):
            for path, found in _reachable(value):
                if found is metadata:
                    yield f"{name}:{attribute}{path}"
                    break


def _reachable(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what can be reached from a value that may have metadata, with the way to it."""
    yield "", value
    try:
        # a model would do as well, but its name says something else
        if not isinstance(value, type) or "__table__" not in vars(value):
            yield "", getattr(value, "metadata", None)
        if isinstance(value, type):
            return
        for key, metadata in (getattr(value, "metadatas", None) or {}).items():
            yield f".metadatas[{json.dumps(key) if isinstance(key, str) else key}]", metadata
        if isinstance(value, dict):
            for key, metadata in value.items():
                if isinstance(key, str):
                    yield f"[{json.dumps(key)}]", metadata
    except Exception:  # a proxy without the context that it needs
        return


def _from_application(request: Mapping[str, Any], metadata: Any) -> Iterator[str]:
    """Yield the way from a Flask application, whose factory may import the models."""
    named = request["application"]
    if request["origin"] != FLASK_MIGRATE.name or named is None:
        return
    from flask import current_app

    for path, found in _reachable(current_app.extensions["migrate"].db):
        if found is metadata:
            from ellar_db.project.importing import imported

            name = _of_flask(named)
            called = "" if hasattr(imported(name, "--app"), "app_context") else "()"
            yield f"{name}{called}.extensions['migrate'].db{path}"


if __name__ == "__main__":
    main()
