"""Settings of a page, put into the pyproject.toml that a project has."""

from __future__ import annotations

import re

TABLE = re.compile(r"^(?=\[)", re.MULTILINE)


def merged(before: str, added: str) -> str:
    """Return a file's text with lines of TOML added: each in its table, in place of what the table said.

    Args:
        before: The file.
        added: Tables with their lines; lines before the first table belong to no table.
    """
    for part in filter(str.strip, TABLE.split(added)):
        header, _, lines = part.partition("\n")
        tables = TABLE.split(before)
        place = next((number for number, table in enumerate(tables) if table.partition("\n")[0] == header), None)
        if place is None or not header.startswith("["):
            before = f"{before.rstrip()}\n\n{part.strip()}\n".lstrip()
            continue
        keys = re.findall(r"^([\w-]+) *=", lines, re.MULTILINE)
        kept = [line for line in tables[place].splitlines()[1:] if line.partition("=")[0].strip() not in keys]
        tables[place] = "\n".join([header, lines.strip(), *kept]).rstrip() + "\n\n"
        before = "".join(tables)
    return before
