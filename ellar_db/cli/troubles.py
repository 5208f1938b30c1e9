"""The pages about common troubles, and the errors that name them."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

PLACES = (PACKAGE / "explain", PACKAGE.with_name("docs") / "explain")
"""The folder of the pages: in an installed package, and in the sources, from which the package has them."""

SIGNS = {
    "E11": r"value too long for type character varying.*version_num|Data too long for column 'version_num'",
    "E10": r"type \"[^\"]+\" already exists",
    "E09": r"No support for ALTER of constraints in SQLite",
    "E12": r"contains null values|Cannot add a NOT NULL column|NOT NULL constraint failed",
    "E22": r"could not create unique index|(UNIQUE constraint failed|Duplicate entry|duplicate key)(?!.*version_num)",
    "E19": r"permission denied for schema",
    "E20": r"prepared statement \"[^\"]+\" (does not exist|already exists)",
    "E14": r"this database can't roll back schema changes|`[^`]+ repair[^`]*`",
    "E05": r"failed on .* already exists",
    "E21": r"AttributeError: 'NoneType' object has no attribute '(all|first|fetch\w+|mappings|one\w*|scalars?\w*)'",
    "E01": r"Multiple head revisions are present|Multiple heads",
    "E02": r"Target database is not up to date",
    "E03": r"Can't locate revision|No such (revision|branch)|, which this folder doesn't have",
    "E04": r"have the same revision id",
    "E06": r"has no metadata",
    "E08": r"SQLAlchemy knows no dialect|needs the driver",
    "E13": r"is being migrated by",
    "E15": r"no migrations folder|has no env\.py",
    "E16": r"no database is configured",
    "E17": r"the application can't be (loaded|started)|\] application is .* can't be imported",
    "E18": r"nothing is written or decided here",
    "E07": r"^the database .* can't be reached",
}
"""What an error says that has a page, the most special first."""


def with_page(message: str) -> str:
    """Return an error's message with the command that prints the page about it, if there is one.

    Args:
        message: The message.

    Example:
        >>> with_page("Multiple heads are present")
        'Multiple heads are present [ellar-db explain E01]'
    """
    code = next((code for code, sign in SIGNS.items() if re.search(sign, message)), None)
    return message if code is None else f"{message} [ellar-db explain {code}]"


def titles() -> dict[str, str]:
    """Return the title of each page by its code."""
    lines = (file.read_text(encoding="utf-8").partition("\n")[0] for file in _files())
    return dict(line.removeprefix("# ").split(": ", 1) for line in lines)


def page(code: str) -> str:
    """Return a page, in Markdown.

    Args:
        code: Its code, which must be one of `titles()`.
    """
    return next(file for file in _files() if file.stem == code).read_text(encoding="utf-8")


def _files() -> list[Path]:
    folder = next(folder for folder in PLACES if folder.is_dir())
    return sorted(folder.glob("E*.md"))
