"""Tables, drawn by rich on a terminal, and with one line for each row elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ellar_db.output.style import colour

if TYPE_CHECKING:
    from rich.table import Table


def table_of(*titles: str) -> Table:
    """Return an empty table.

    Args:
        titles: The titles of its columns; one that ends with " >" is aligned to the right.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title.removesuffix(" >"), overflow="fold", justify="right" if title.endswith(" >") else "left")
    return table


def print_table(table: Table) -> None:
    """Print a table to standard output.

    Args:
        table: The table.
    """
    from rich.console import Console

    is_terminal = colour()
    if is_terminal is None:
        # rich reads FORCE_COLOR by itself, and takes 0 for a wish and an empty one for a ban
        is_terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, markup=False, force_terminal=is_terminal)
    if not sys.stdout.isatty():
        # in a file each row stays on one line, however long; rich takes it for a terminal if FORCE_COLOR is set
        console.width = console.measure(table, options=console.options.update(max_width=sys.maxsize)).maximum
    console.print(table)
