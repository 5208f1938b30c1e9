"""TOML files, and the lines on which their keys stand."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from ellar_db.util.errors import DbError

HEADER = re.compile(r"^\s*\[\[?\s*(?P<name>[^\]]+?)\s*\]")


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


def line_of(text: str, table: str, key: str) -> int | None:
    """Return the number of the line on which a key stands, or its table begins; None if it is written otherwise.

    Args:
        text: The text in TOML.
        table: The table that has the key, as `tool.ellar-db`; empty for the top level.
        key: The key.

    Example:
        >>> line_of("[tool.ellar-db]\\nlock = true\\n[tool.ellar-db.databases]", "tool.ellar-db", "databases")
        3
    """
    within, whole = "", ".".join(filter(None, (table, key)))
    starts = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""")
    for number, line in enumerate(text.splitlines(), 1):
        header = HEADER.match(line)
        if header:
            within = re.sub(r"""\s*\.\s*""", ".", header["name"]).replace('"', "").replace("'", "")
            if within == whole or within.startswith(f"{whole}."):
                return number
        elif within == table and starts.match(line):
            return number
    return None
