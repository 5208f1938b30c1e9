"""A migrations folder's answers to `history`, `current` and `upgrade --sql`, and whether two are the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.databases.database import DEFAULT
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.util.errors import DbError, UnavailableError
from ellar_db.util.masking import remember

if TYPE_CHECKING:
    from sqlalchemy import URL


@dataclass(frozen=True)
class Request:
    """Whom to ask, and how.

    Args:
        origin: The name of the program that made the env.py.
        directory: The migrations folder.
        ini: The ini file, if there is one.
        toml: The pyproject.toml, if there is one.
        section: The ini file's section.
        application: What `--app` names.
        x_arg: Values of `-x`.
    """

    origin: str
    directory: Path
    ini: Path | None
    toml: Path | None
    section: str = "alembic"
    application: str | None = None
    x_arg: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as the probe reads it."""
        return {
            "origin": self.origin,
            "directory": str(self.directory),
            "ini": None if self.ini is None else str(self.ini),
            "toml": None if self.toml is None else str(self.toml),
            "section": self.section,
            "application": self.application,
            "x": list(self.x_arg),
        }


@dataclass(frozen=True)
class FoundDatabase:
    """A database that an env.py ran on.

    Args:
        token: Its name in the functions of revisions; None in a folder for one database.
        url: Its URL.
        heads: The revisions in its version table.
        version_table: The version table's name.
        options: Options of `context.configure` that settings can have.
        callbacks: Options of `context.configure` that are functions of the project, defined outside of env.py.
        tables: The names of the tables in its metadata.
        paths: Names under which its metadata can be imported, the best first.
        sql: The SQL of an upgrade from nothing to the newest revision.
    """

    token: str | None
    url: URL
    heads: tuple[str, ...]
    version_table: str
    options: Mapping[str, Any]
    callbacks: tuple[str, ...]
    tables: tuple[str, ...]
    paths: tuple[str, ...]
    sql: str | None

    @property
    def name(self) -> str:
        """The name that it has in ellar_db."""
        return self.token or DEFAULT


@dataclass(frozen=True)
class Answers:
    """What a migrations folder answers.

    Args:
        history: The output of `history`.
        databases: The databases, in the order in which env.py runs on them.
        sql_error: Why `upgrade --sql` can't be had, if that's so.
    """

    history: str
    databases: tuple[FoundDatabase, ...]
    sql_error: str | None = None

    def difference(self, other: Answers) -> str | None:
        """Return what another folder answers differently, or None."""
        if self.history != other.history:
            return f"`history` {_first_difference(self.history, other.history)}"
        mine, theirs = _by_url(self.databases), _by_url(other.databases)
        if set(mine) != set(theirs):
            return f"the databases were {', '.join(sorted(mine))} and would be {', '.join(sorted(theirs))}"
        for url, one in mine.items():
            two = theirs[url]
            for what, before, after in (
                ("current", one.heads, two.heads),
                ("the version table", (one.version_table,), (two.version_table,)),
                ("the tables of the models", one.tables, two.tables),
            ):
                if before != after:
                    return f"{what} of {url}: {_listed(before)} before, {_listed(after)} after"
            # where it failed before, there is nothing that could be lost
            if one.sql is not None and two.sql is None:
                return f"`upgrade --sql` of {url} worked before, and fails after: {other.sql_error}"
            if one.sql is not None and two.sql is not None and statements(one.sql) != statements(two.sql):
                lines = _first_difference("\n".join(statements(one.sql)), "\n".join(statements(two.sql)))
                return f"`upgrade --sql` of {url} {lines}"
        return None


def ask(request: Request, env: Mapping[str, str] | None = None) -> Answers:
    """Run env.py in a process of its own, as `history`, `current` and `upgrade --sql` do, and return what is found.

    Args:
        request: Whom to ask.
        env: Environment variables in addition to those of this process.

    Raises:
        UnavailableError: There is no answer: the application, env.py or a database failed.
    """
    found = _probed(request.document(), env)
    history, sql = found["history"], found["sql"]
    if isinstance(history, dict):
        raise DbError(f"the revisions can't be listed: {history['error']}")
    failed = sql["error"] if isinstance(sql, dict) else None
    scripts = {} if failed else {each["token"]: each["sql"] for each in sql}
    # templates of Flask-Migrate and Alembic give the databases no names in offline mode
    by_place = [] if failed else [each["sql"] for each in sql]
    databases = tuple(
        _database(each, None if failed else by_place[place] if len(by_place) > place else scripts.get(each["token"]))
        for place, each in enumerate(found["current"])
    )
    if not databases:
        raise UnavailableError("env.py ran on no database, and so there is nothing to compare; upgrade with it once")
    return Answers(history, databases, failed)


def importable(request: Request, paths: Sequence[str], tables: Sequence[str]) -> bool:
    """Return whether names of metadata, imported in a new process, have certain tables.

    Args:
        request: The folder, whose revisions may import models too.
        paths: The names, each `module:attribute`.
        tables: The names of the tables.
    """
    try:
        return bool(_probed({"metadata": list(paths), **request.document()}, None)["tables"] == list(tables))
    except DbError:
        return False


def statements(sql: str) -> list[str]:
    """Return the lines of an SQL script that aren't comments or blank, nor begin or end a transaction.

    Example:
        >>> statements("BEGIN;\\n\\n-- Running upgrade\\n\\nCREATE TABLE a (b INTEGER);\\n\\nCOMMIT;\\n")
        ['CREATE TABLE a (b INTEGER);']
    """
    lines = [line.strip() for line in sql.splitlines()]
    return [line for line in lines if line and not line.startswith("--") and line not in ("BEGIN;", "COMMIT;")]


def _probed(request: Mapping[str, Any], env: Mapping[str, str] | None) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ellar_db.revisions.rewriting.probe"],
        input=json.dumps(request),
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise UnavailableError(f"the folder can't be run: its program ended with {done.returncode}: {last}") from None
    if "error" in found:
        raise UnavailableError(f"the folder can't be run: {found['error']}")
    return found


def _database(found: Mapping[str, Any], sql: str | None) -> FoundDatabase:
    from sqlalchemy import make_url

    url = make_url(found["url"])
    remember(url)
    return FoundDatabase(
        found["token"],
        url,
        tuple(found["heads"]),
        found["version_table"],
        found["options"],
        tuple(found["callbacks"]),
        tuple(found["tables"]),
        tuple(found["paths"]),
        sql,
    )


def _by_url(databases: Sequence[FoundDatabase]) -> dict[str, FoundDatabase]:
    return {_address(each.url): each for each in databases}


def _address(url: URL) -> str:
    """Return a URL without its password, and with the full path of an SQLite file."""
    embedded = dialect_named(get_plugin_manager(), url.get_backend_name()).embedded
    if embedded and url.database and url.database != ":memory:":
        url = url.set(database=str(Path(url.database).resolve()))
    return url.render_as_string(hide_password=True)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _first_difference(before: str, after: str) -> str:
    """Return the first line in which two texts differ."""
    one, two = before.splitlines(), after.splitlines()
    for number in range(max(len(one), len(two))):
        old = one[number] if number < len(one) else "nothing"
        new = two[number] if number < len(two) else "nothing"
        if old != new:
            return f"differs in line {number + 1}: {old!r} before, {new!r} after"
    return "is the same"
