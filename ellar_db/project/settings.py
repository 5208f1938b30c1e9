"""The project's settings: `[tool.ellar-db]` of pyproject.toml or ellar-db.toml, and environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ellar_db.project.env_files import Variable, environment, read_env_files, set_before
from ellar_db.project.keys import KEYS, PREFIX, variable
from ellar_db.project.toml import line_of, read_toml
from ellar_db.util.errors import DbError, meant
from ellar_db.util.files import shown
from ellar_db.util.masking import remember_text

TABLE = "ellar-db"
"""Our table below `[tool]`."""

LIKE = 0.9
"""How similar a variable must be to that of a setting to be taken for it: other variables begin alike."""

FILE = "ellar-db.toml"
"""A file of the settings alone, for projects that have them nowhere else."""


class Source(NamedTuple):
    """Where the value of a setting comes from.

    Args:
        kind: "file", "variable", or "default".
        file: The file that has the setting, or the variable.
        line: Its line, if it is known.
        variable: The environment variable.
    """

    kind: str
    file: Path | None = None
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        place = "" if self.file is None else shown(self.file).as_posix()
        place += "" if self.line is None else f", line {self.line}"
        return ", ".join(filter(None, [self.variable, place])) or self.kind


class Settings(NamedTuple):
    """The project's settings of ellar_db, and the file that has them.

    Args:
        path: The file that was read: pyproject.toml, or ellar-db.toml if that has the settings; None if there is none.
        table: The settings: those of the file, as written there, and over them those of environment variables.
        ellar: Whether pyproject.toml has a table `[tool.ellar]`, so that an Ellar application can be found.
        misspelt: A table of pyproject.toml whose name is nearly ours, or an empty string.
        given: The settings of environment variables.
        pyproject: The pyproject.toml, which has the tables of other programs; None if there is none.
        env_files: The files that `env-file` names.
        variables: The environment variables of these files.
    """

    path: Path | None = None
    table: Mapping[str, Any] = MappingProxyType({})
    ellar: bool = False
    misspelt: str = ""
    given: Mapping[str, Any] = MappingProxyType({})
    pyproject: Path | None = None
    env_files: Sequence[Path] = ()
    variables: Mapping[str, Variable] = MappingProxyType({})

    def unknown_keys(self) -> list[str]:
        """Return the unknown keys, each with a similar known one if there is one."""
        from difflib import get_close_matches

        found = []
        for key in sorted(set(self.table) - set(KEYS)):
            near = get_close_matches(key, KEYS, 1)
            found.append(f"{key!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
        return found

    def unknown_variables(self) -> list[str]:
        """Return the environment variables that are nearly those of settings, each with the right one."""
        from difflib import get_close_matches

        known = {variable(key): key for key in KEYS}
        given = {**{name: "" for name in self.variables}, **os.environ}
        found = []
        for name in sorted(name for name in given if name.startswith(PREFIX) and name not in known):
            near = get_close_matches(name, known, 1, LIKE)
            found += [f"{name} (did you mean {near[0]}?)"] if near else []
        return found

    @property
    def title(self) -> str:
        """What messages call the settings of the file."""
        return FILE if self._has_own_file else "[tool.ellar-db]"

    @property
    def _has_own_file(self) -> bool:
        return self.path is not None and self.path.name == FILE

    def place(self, key: str, *, table: bool = False) -> str:
        """Return what messages call a setting.

        Args:
            key: The key.
            table: The value is a table, of which a key is named next.
        """
        if key in self.given:
            return variable(key)
        if self._has_own_file:
            return f"[{key}] of {FILE}:" if table else f"{FILE}: {key}"
        return f"[tool.ellar-db.{key}]" if table else f"[tool.ellar-db] {key}"

    def remedy(self, key: str) -> str:
        """Return where a setting is to be mended, for messages."""
        return "mend the environment variable" if key in self.given else f"mend it in {self.path}"

    def source(self, key: str) -> Source:
        """Return where the value of a setting comes from.

        Args:
            key: The key.
        """
        name = variable(key)
        if key in self.given:
            found = None if set_before(name) else self.variables.get(name)
            return Source("variable", found and found.file, found and found.line, name)
        if key not in self.table or self.path is None:
            return Source("default")
        text = self.path.read_text(encoding="utf-8")
        return Source("file", self.path, line_of(text, "" if self._has_own_file else f"tool.{TABLE}", key))

    def text(self, key: str) -> str | None:
        """Return a value that must be a string, with `${VARIABLES}` replaced; None if it isn't set."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            plural = f"{key}s"
            if isinstance(value, dict) and plural in KEYS:
                meant = self.place(plural, table=True).removesuffix(":")
                raise DbError(f"{self.place(key, table=True)} is a table; did you mean {meant}? See {self.path}")
            raise DbError(f"{self.place(key)} must be a text, not {value!r}; {self.remedy(key)}")
        return expanded(value, self.place(key))

    def flag(self, key: str) -> bool:
        """Return a value that must be true or false; false if it isn't set."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise DbError(f"{self.place(key)} must be true or false, not {value!r}; {self.remedy(key)}")
        return value

    def texts(self, key: str) -> list[str]:
        """Return a value that must be a list of strings; empty if it isn't set."""
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise DbError(f"{self.place(key)} must be a list of texts; {self.remedy(key)}")
        return list(value)

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a value that must be a table; empty if it isn't set."""
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise DbError(f"{self.place(key, table=True)} must be a table; {self.remedy(key)}")
        return dict(value)

    def wrong(self, key: str) -> str:
        """Return what is wrong with the value of a setting, in a sentence; an empty string if nothing is.

        Args:
            key: The key, which must be a known one.
        """
        kind = KEYS[key].kind
        if key not in self.table or kind.accepts(self.table[key]):
            return ""
        return f"{self.place(key)} must be {kind.wanted}; {self.remedy(key)}"


def read_settings(folder: Path | None = None) -> Settings:
    """Read the settings of a folder, by default of the working directory, and of the environment.

    Raises:
        DbError: A file exists but can't be read, `[tool.ellar-db]` isn't a table, both files have settings, or a
            variable can't be used.
        NotInstalledError: There is a file of variables, and python-dotenv isn't installed.
    """
    folder = folder or Path.cwd()
    return _with_environment(settings_of_files(folder), folder)


def settings_of_files(folder: Path) -> Settings:
    """Read the settings of pyproject.toml, in `[tool.ellar-db]`, or of ellar-db.toml.

    Args:
        folder: The folder that has the files.

    Raises:
        DbError: A file exists but can't be read, `[tool.ellar-db]` isn't a table, or both files have settings.
    """
    path, document = folder / "pyproject.toml", {}
    if path.is_file():
        document = read_toml(path)
    tool = document.get("tool", {})
    if not isinstance(tool, dict):
        raise DbError(f"[tool] of {path} must be a table")
    table = tool.get(TABLE, {})
    if not isinstance(table, dict):
        raise DbError(f"[tool.ellar-db] of {path} must be a table")
    pyproject = path if path.is_file() else None
    own = _own_table(folder / FILE)
    if table and own:
        raise DbError(f"{pyproject} has [tool.ellar-db], and {folder / FILE} has settings too; keep one of them")
    file = folder / FILE if own or (pyproject is None and (folder / FILE).is_file()) else pyproject
    return Settings(file, table or own, "ellar" in tool, _misspelt(document), pyproject=pyproject)


def settings_state(folder: str, settings: Settings) -> Hashable:
    """Return a value that differs once the settings of a folder have to be read again.

    Args:
        folder: The folder.
        settings: What was read there last.
    """
    files = [os.path.join(folder, "pyproject.toml"), os.path.join(folder, FILE), *map(str, settings.env_files)]
    return (*map(_version, files), *map(set_before, map(variable, KEYS)))


def _version(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _own_table(file: Path) -> dict[str, Any]:
    table = read_toml(file) if file.is_file() else {}
    if "tool" in table:
        raise DbError(f"{file} has [tool]; write the settings at its top level, without [tool.ellar-db]")
    return table


def _with_environment(settings: Settings, folder: Path) -> Settings:
    """Return the settings with those of environment variables, and of files of such variables."""
    set_already = environment()
    named = _given(["env-file"], set_already)
    value = named.get("env-file", settings.table.get("env-file", []))
    if not KEYS["env-file"].kind.accepts(value):
        raise DbError(
            f"{settings.place('env-file')} must be {KEYS['env-file'].kind.wanted}; {settings.remedy('env-file')}"
        )
    files = [folder / name for name in ([value] if isinstance(value, str) else value) if name]
    variables = read_env_files(files)
    # as everywhere, a variable that is set isn't overridden by a file
    given = _given(KEYS, {**{name: each.value for name, each in variables.items()}, **set_already})
    table = {**settings.table, **given} if given else settings.table
    return settings._replace(table=table, given=given, env_files=files, variables=variables)


def _given(keys: Iterable[str], values: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that are in environment variables; an empty one has no value, as in a shell."""
    found = {}
    for key in keys:
        name, kind = variable(key), KEYS[key].kind
        text = values.get(name)
        if not text:
            continue
        try:
            value = kind.read(text)
        except ValueError:
            value = None
        if value is None or not kind.accepts(value):
            raise DbError(f"the environment variable {name} must be {kind.wanted}{kind.written}")
        found[key] = value
        remember_text(text)
    return found


def _misspelt(document: Mapping[str, Any]) -> str:
    """Return the name of a table that is ours but for its spelling or its place, or an empty string."""
    tool = document.get("tool", {})
    if isinstance(tool.get("ellar"), dict) and isinstance(tool["ellar"].get("db"), dict):
        return "tool.ellar.db"
    tables = [("tool.", tool), ("", document)]
    found = [f"{prefix}{name}" for prefix, names in tables for name in names if _plain(name) == _plain(TABLE)]
    return next((name for name in found if name != f"tool.{TABLE}"), "")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def read_table(name: str, keys: Collection[str] | None = None) -> dict[str, object]:
    """Return the table `[tool.<name>]` of the working directory's pyproject.toml, as it is written there.

    `plugin_settings` checks types too, and reads the application's config.

    Args:
        name: The table's name, by convention that of the plugin's distribution.
        keys: The keys that it may have; by default any.

    Returns:
        The table, empty if there is none.

    Raises:
        DbError: The file can't be read, the value isn't a table, or the table has an unknown key.

    Example:
        >>> read_table("a-plugin-without-settings")
        {}
    """
    table = read_tool(name, Path.cwd() / "pyproject.toml")
    for key in table:
        if keys is not None and key not in keys:
            raise DbError(f"[tool.{name}] has no {key}; it takes {', '.join(keys)}{meant(key, keys)}")
    return table


def read_tool(name: str, path: Path) -> dict[str, Any]:
    """Return the table `[tool.<name>]` of a pyproject.toml, empty if there is none.

    Args:
        name: The table's name.
        path: The file, which need not exist.

    Raises:
        DbError: The file can't be read, or the value isn't a table.
    """
    tool = read_toml(path).get("tool", {}) if path.is_file() else {}
    table = tool.get(name, {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise DbError(f"[tool.{name}] of {path} must be a table")
    return dict(table)


def expanded(text: str, where: str) -> str:
    """Replace `${NAME}` and `${NAME:-default}` with environment variables; `$${` stands for `${`.

    Raises:
        DbError: A variable isn't set and has no default.
    """

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "${"
        name, default = match["name"], match["default"]
        found = os.environ.get(name)
        if not found and default is not None:
            # as in a shell, an empty variable has no value
            return str(default)
        if found is None:
            raise DbError(f"{where} names the environment variable {name}, which isn't set")
        return found

    return re.sub(r"(?P<escaped>\$\$\{)|\$\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}", value, text)
