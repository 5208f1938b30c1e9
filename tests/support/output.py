"""What programs write, taken apart."""

from __future__ import annotations

import re


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
