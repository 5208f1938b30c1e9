"""What programs write, taken apart."""

from __future__ import annotations


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
