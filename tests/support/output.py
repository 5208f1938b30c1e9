"""What programs write, taken apart."""

from __future__ import annotations

import re

from ellar_db.cli.troubles import with_page


def rows(table: str) -> list[str]:
    """Return the rows of a printed table, each as one line however wide the cells beside it made a column.

    Args:
        table: A table whose first column has text in each row.
    """
    found: list[str] = []
    for line in table.splitlines():
        if line.startswith(" ") and found:
            found[-1] += f" {line.strip()}"
        else:
            found.append(line.rstrip())
    return found


def timeless(text: str) -> str:
    """Return what a program printed with T in place of each time that something took, such as `0.12 s`.

    Args:
        text: What was printed.
    """
    return re.sub(r"\b\d+\.\d+ s\b", "T s", text)


def without_page(text: str) -> str:
    """Return what a program wrote without the page that its last line, an error, names, once it is that of its message.

    Args:
        text: The text, of which the last line is the error.
    """
    *before, line = text.splitlines(keepends=True)
    end = "\n" if line.endswith("\n") else ""
    message = re.sub(r" \[ellar-db explain E\d\d\]$", "", line.removesuffix("\n"))
    assert with_page(message.removeprefix("Error: ")) == line.removesuffix("\n").removeprefix("Error: ")
    return "".join(before) + message + end
