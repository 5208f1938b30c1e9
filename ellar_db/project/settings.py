"""`[tool.ellar-db]` of the project's pyproject.toml."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ellar_db.util.errors import DbError, meant

TABLE = "ellar-db"
"""Our table below `[tool]`."""

KEYS = frozenset(
    {
        "allowed-plugins",
        "application",
        "commands",
        "confirm",
        "connect-wait",
        "context-configure",
        "database",
        "databases",
        "db-lock-timeout",
        "directory",
        "head-file",
        "hooks",
        "lint",
        "lint-measure",
        "lock",
        "lock-timeout",
        "log-format",
        "metadata",
        "packages",
        "plugins",
        "reference",
        "required-plugins",
        "statement-timeout",
        "use-two-phase",
    }
)
"""The keys of `[tool.ellar-db]`."""


class Settings(NamedTuple):
    """The project's settings of ellar_db, and the file that has them.

    Args:
        path: The pyproject.toml that was read, or None if there is none.
        table: The table `[tool.ellar-db]`, as written in the file.
        ellar: Whether the file has a table `[tool.ellar]`, so that an Ellar application can be found.
        misspelt: A table of the file whose name is nearly ours, or an empty string.
    """

    path: Path | None = None
    table: Mapping[str, Any] = MappingProxyType({})
    ellar: bool = False
    misspelt: str = ""

    def unknown_keys(self) -> list[str]:
        """Return the unknown keys, each with a similar known one if there is one."""
        from difflib import get_close_matches

        found = []
        for key in sorted(set(self.table) - KEYS):
            near = get_close_matches(key, KEYS, 1)
            found.append(f"{key!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
        return found

    def text(self, key: str) -> str | None:
        """Return a value that must be a string, with `${VARIABLES}` replaced; None if it isn't set."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            plural = f"{key}s"
            if isinstance(value, dict) and plural in KEYS:
                raise DbError(
                    f"[tool.ellar-db.{key}] is a table; did you mean [tool.ellar-db.{plural}]? See {self.path}"
                )
            raise DbError(f"[tool.ellar-db] {key} must be a text, not {value!r}; mend it in {self.path}")
        return expanded(value, f"[tool.ellar-db] {key}")

    def flag(self, key: str) -> bool:
        """Return a value that must be true or false; false if it isn't set."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise DbError(f"[tool.ellar-db] {key} must be true or false, not {value!r}; mend it in {self.path}")
        return value

    def texts(self, key: str) -> list[str]:
        """Return a value that must be a list of strings; empty if it isn't set."""
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise DbError(f"[tool.ellar-db] {key} must be a list of texts; mend it in {self.path}")
        return list(value)

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a value that must be a table; empty if it isn't set."""
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise DbError(f"[tool.ellar-db.{key}] must be a table; mend it in {self.path}")
        return dict(value)


def read_settings(folder: Path | None = None) -> Settings:
    """Read the pyproject.toml of a folder, by default of the working directory.

    Raises:
        DbError: The file exists but can't be read, or `[tool.ellar-db]` isn't a table.
    """
    path = (folder or Path.cwd()) / "pyproject.toml"
    if not path.is_file():
        return Settings()
    document = read_toml(path)
    tool = document.get("tool", {})
    if not isinstance(tool, dict):
        raise DbError(f"[tool] of {path} must be a table")
    table = tool.get("ellar-db", {})
    if not isinstance(table, dict):
        raise DbError(f"[tool.ellar-db] of {path} must be a table")
    return Settings(path, table, "ellar" in tool, _misspelt(document))


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


def read_table(name: str, keys: Collection[str] | None = None) -> dict[str, Any]:
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


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        DbError: The file isn't TOML, isn't UTF-8, or can't be opened.
    """
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DbError(f"{path} can't be read: {error}") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a text in TOML says.

    Raises:
        ValueError: It isn't TOML.

    Example:
        >>> parse_toml("[tool.ellar-db]\\ndirectory = 'changes'")
        {'tool': {'ellar-db': {'directory': 'changes'}}}
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    return tomllib.loads(text)


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
