"""The new texts of a folder's files: its template, its ini file, its revisions."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path

from ellar_db.databases.database import DEFAULT
from ellar_db.util.errors import DbError, summary

ENV = "from ellar_db.env import run\n\nrun({})\n"

BLOCK = re.compile(r"<%!?\s.*?%>", re.DOTALL)
"""A block of Python in a template of Mako."""

SOURCES = ("current_app", "current_injector", 'get_main_option("databases"', "get_main_option('databases'")
"""Where templates for several databases ask for the names of these."""


def environment(several: bool) -> str:
    """Return the text of our env.py.

    Args:
        several: The folder is for several databases.
    """
    return ENV.format("multiple=True" if several else "")


def template(text: str) -> str:
    """Return a template that takes the names of the databases from ellar_db; everything else in it stays.

    Example:
        >>> print(template('<% db_names = config.get_main_option("databases") %>'))
        <%
            from ellar_db.env import database_names
            db_names = ", ".join(database_names(config))
        %>
    """

    def asking(match: re.Match[str]) -> str:
        block = match[0]
        if not any(source in block for source in SOURCES):
            return block
        # Alembic's template splits a text, those of the others take a list
        names = '", ".join(database_names(config))' if "get_main_option" in block else "database_names(config)"
        newline = "\r\n" if "\r\n" in block else "\n"
        return newline.join(["<%", "    from ellar_db.env import database_names", f"    db_names = {names}", "%>"])

    return BLOCK.sub(asking, text)


def ini(text: str, section: str) -> str:
    """Return an ini file with which bare Alembic finds the folder and the project; everything else in it stays.

    Args:
        text: The file's text, of which the folder is the place.
        section: The section of Alembic's settings.
    """
    parser = RawConfigParser()
    parser.read_string(text)
    if not parser.has_section(section) or parser.has_option(section, "script_location"):
        return text
    lines = ["script_location = %(here)s"]
    if not parser.has_option(section, "prepend_sys_path"):
        lines.append("prepend_sys_path = .")
        separators = ("path_separator", "version_path_separator", "version_locations")
        if not any(parser.has_option(section, name) for name in separators):
            lines.append("path_separator = os")
    newline = "\r\n" if "\r\n" in text else "\n"
    added = "".join(f"{line}{newline}" for line in lines)
    return re.sub(rf"(?m)^(\[{re.escape(section)}\][^\n]*\n)", lambda match: match[1] + added, text, count=1)


def revision(text: str, names: Mapping[str, str], path: Path) -> str:
    """Return a revision whose functions have other names, wherever they are defined or called.

    Args:
        text: The file's text.
        names: The new names by the old ones.
        path: The file, for messages.

    Raises:
        DbError: It isn't Python.

    Example:
        >>> revision("def upgrade_():\\n    pass\\n", {"upgrade_": "upgrade_default"}, Path("a.py"))
        'def upgrade_default():\\n    pass\\n'
    """
    lines = text.splitlines(keepends=True)
    try:
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline)
            if token.type == tokenize.NAME and token.string in names
        ]
    except (tokenize.TokenError, SyntaxError) as error:
        raise DbError(f"{path} is no Python: {summary(error)}") from error
    for token in reversed(tokens):
        row, column = token.start
        line = lines[row - 1]
        lines[row - 1] = line[:column] + names[token.string] + line[column + len(token.string) :]
    return "".join(lines)


FUNCTIONS = {f"{function}_": f"{function}_{DEFAULT}" for function in ("upgrade", "downgrade")}
"""Names of functions for the main database in revisions of Flask-Migrate, and what they are named here."""
