"""The settings that a folder needs once it is adopted, as text of pyproject.toml."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.config.folder import DIRECTORY
from ellar_db.databases.database import DEFAULT
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.settings import settings_of_files
from ellar_db.project.toml import parse_toml
from ellar_db.revisions.rewriting.answers import FoundDatabase
from ellar_db.util.errors import DbError
from ellar_db.util.masking import SECRET

if TYPE_CHECKING:
    from sqlalchemy import URL

HEADER = "[tool.ellar-db]"

OUR_DEFAULTS = {
    "version_table": "alembic_version",
    "version_table_pk": True,
    "compare_type": True,
    "render_as_batch": True,
    "include_schemas": False,
    "transaction_per_migration": False,
}
"""Options of `context.configure` that needn't be written."""


@dataclass
class NewSettings:
    """Settings to be added to pyproject.toml.

    Args:
        directory: The migrations folder, unless it is the default one.
        databases: URLs by name, as they are written.
        metadata: Names of metadata by database.
        options: Options of `context.configure`.
        variables: Environment variables that must be set because a URL has a password, with the URLs.
    """

    directory: str | None = None
    databases: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, URL] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that the settings need."""
        return {name: url.render_as_string(hide_password=False) for name, url in self.variables.items()}

    @property
    def optional_variables(self) -> list[str]:
        """The environment variables that may be set, for another URL than the one that is written."""
        found = (re.match(r"\$\{(\w+):-", url) for url in self.databases.values())
        return list(dict.fromkeys(each[1] for each in found if each))

    def text(self) -> str:
        """Return them as TOML, empty if there are none."""
        lines = [] if self.directory is None else [f"directory = {_toml(self.directory)}"]
        single = list(self.databases) == [DEFAULT]
        if single:
            lines.append(f"database = {_toml(self.databases[DEFAULT])}")
        if single and self.metadata:
            lines.append(f"metadata = {_names(self.metadata[DEFAULT])}")
        parts = ["\n".join([HEADER, *lines])] if lines else []
        tables: dict[str, dict[str, Any]] = {"context-configure": self.options}
        if not single:
            tables = {"databases": self.databases, "metadata": self.metadata, **tables}
        for name, table in tables.items():
            if table:
                rows = [f"{_key(key)} = {_names(value)}" for key, value in table.items()]
                parts.append("\n".join([f"[tool.ellar-db.{name}]", *rows]))
        return "\n\n".join(parts) + "\n" if parts else ""


def settings_for(
    directory: Path,
    databases: Sequence[FoundDatabase],
    importable: Callable[[Sequence[str], Sequence[str]], bool],
    read: Sequence[str],
) -> NewSettings:
    """Return the settings with which ellar_db has the databases that an env.py ran on.

    Args:
        directory: The migrations folder.
        databases: What the env.py ran on.
        importable: Returns whether names of metadata, imported in a new process, have certain tables.
        read: Environment variables that the env.py reads, which are preferred.

    Raises:
        DbError: The models of a database have no name, or the databases differ in an option.
    """
    new = NewSettings(None if directory == Path(DIRECTORY) else directory.as_posix())
    for database in databases:
        new.databases[database.name] = _url(database, new, read)
        if database.tables:
            new.metadata[database.name] = _metadata(database, importable)
        options = {key: value for key, value in database.options.items() if OUR_DEFAULTS.get(key) != value}
        if database is not databases[0] and options != new.options:
            raise DbError(
                f"the databases differ in options of context.configure ({new.options} and {options}), which settings "
                "can't; write a plugin with ellar_db_context_options, and [tool.ellar-db] by hand"
            )
        new.options = options
    return new


def with_settings(pyproject: Path, new: NewSettings) -> str | None:
    """Return the text of pyproject.toml with settings added at its end; None if nothing is to be added.

    What is there stays as it is, word for word.

    Args:
        pyproject: The file; it may not exist.
        new: The settings.

    Raises:
        DbError: The file has settings of ellar_db already, or they can't be appended to it.
    """
    added = new.text()
    if not added or settings_of_files(pyproject.parent).table:
        return None
    if not pyproject.is_file():
        return added
    before = pyproject.read_bytes().decode("utf-8")
    newline = "\r\n" if "\r\n" in before else "\n"
    gap = "" if not before else newline if before.endswith("\n") else newline * 2
    after = before + gap + added.replace("\n", newline)
    _check(before, after, added, pyproject)
    return after


def _check(before: str, after: str, added: str, pyproject: Path) -> None:
    """Refuse a text that TOML reads otherwise than as both its parts."""
    try:
        old, new, both = parse_toml(before), parse_toml(added), parse_toml(after)
        old.setdefault("tool", {})["ellar-db"] = new["tool"]["ellar-db"]
    except (ValueError, TypeError) as error:
        raise DbError(f"{pyproject} is written so that nothing can be appended: {error}; {_by_hand(added)}") from error
    if old != both:
        raise DbError(f"{pyproject} is written so that nothing can be appended; {_by_hand(added)}")


def _by_hand(added: str) -> str:
    return f"write these settings into it by hand: {'; '.join(line for line in added.splitlines() if line)}"


def _url(database: FoundDatabase, new: NewSettings, read: Sequence[str]) -> str:
    """Return a database's URL as it is written into settings, without a password in it."""
    url = database.url
    text = _relative(url).render_as_string(hide_password=False)
    variable = _variable_of(url, read)
    if _has_secret(url):
        variable = variable or _free_variable(database, new)
        new.variables[variable] = url
        return f"${{{variable}}}"
    usual = _usual_variable(database)
    if variable is None and usual not in os.environ and usual not in _names_used(new):
        variable = usual
    if variable is None or "}" in text:
        return text.replace("${", "$${")
    return f"${{{variable}:-{text}}}"


def _variable_of(url: URL, read: Sequence[str]) -> str | None:
    """Return the environment variable that has a URL, if there is one."""
    from sqlalchemy import exc, make_url

    for name in dict.fromkeys([*read, *sorted(os.environ)]):
        value = os.environ.get(name, "")
        try:
            if "://" in value and make_url(value) == url:
                return name
        except (exc.ArgumentError, ValueError):
            continue
    return None


def _usual_variable(database: FoundDatabase) -> str:
    prefix = "" if database.name == DEFAULT else f"{re.sub('[^A-Z0-9]', '_', database.name.upper())}_"
    return f"{prefix}DATABASE_URL"


def _free_variable(database: FoundDatabase, new: NewSettings) -> str:
    """Return a name for a variable that has to be set, and means nothing else yet."""
    usual = _usual_variable(database)
    candidates = (usual, f"MIGRATIONS_{usual}", *(f"MIGRATIONS_{usual}_{number}" for number in range(2, 100)))
    return next(name for name in candidates if name not in os.environ and name not in _names_used(new))


def _names_used(new: NewSettings) -> set[str]:
    return set(re.findall(r"\$\{(\w+)", " ".join(new.databases.values())))


def _has_secret(url: URL) -> bool:
    return bool(url.password) or any(SECRET.search(key) for key in url.query)


def _relative(url: URL) -> URL:
    """Return the URL of an SQLite file relative to the project, if it is in there, so that others can use it."""
    embedded = dialect_named(get_plugin_manager(), url.get_backend_name()).embedded
    if not embedded or not url.database or not Path(url.database).is_absolute():
        return url
    path = Path(url.database)
    return url.set(database=path.relative_to(Path.cwd()).as_posix()) if path.is_relative_to(Path.cwd()) else url


def _metadata(database: FoundDatabase, importable: Callable[[Sequence[str], Sequence[str]], bool]) -> list[str]:
    """Return the names that bring a database's models when they alone are imported."""
    for path in database.paths[:6]:
        if importable([path], database.tables):
            return [path]
    # models in several modules, each of which is imported for them
    modules = {path.partition(":")[0]: path for path in reversed(database.paths)}
    several = list(modules.values())
    if several and importable(several, database.tables):
        return several
    raise DbError(
        f"the models of the database {database.name!r} ({', '.join(database.tables[:3])} ...) can't be imported by a "
        'name; write [tool.ellar-db] into pyproject.toml by hand, with metadata = "module:attribute", and adopt again, '
        "or give the factory of a Flask application as --app"
    )


def _names(value: Any) -> str:
    """Return a value as TOML; a list of one as that one."""
    if isinstance(value, list):
        return _toml(value[0]) if len(value) == 1 else f"[{', '.join(map(_toml, value))}]"
    return _toml(value)


def _toml(value: Any) -> str:
    if isinstance(value, str) and '"' in value and not re.search(r"['\x00-\x1f\x7f]", value):
        return f"'{value}'"
    # JSON's strings, numbers and booleans are TOML's
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
