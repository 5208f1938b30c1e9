"""Files of a project, beside what a page shows of them."""

from __future__ import annotations

import ast
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


def functions(source: str) -> set[str]:
    """Return the functions of Python source, however they are laid out, without comments and what is None anyway.

    Args:
        source: The source.
    """
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    for call in (node for function in found for node in ast.walk(function) if isinstance(node, ast.Call)):
        given = [keyword for keyword in call.keywords if ast.unparse(keyword.value) != "None"]
        call.keywords = sorted(given, key=lambda keyword: str(keyword.arg))
    return {ast.unparse(function) for function in found}
