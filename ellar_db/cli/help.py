"""How help looks: on a terminal headings and names stand out, elsewhere it is plain text."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from ellar_db.output.style import colour


class Help(click.HelpFormatter):
    """Writes headings and names in bold where there are colours."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        wanted = colour()
        self._is_styled = sys.stdout.isatty() if wanted is None else wanted

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        super().write_heading(click.style(heading, bold=True, underline=True) if self._is_styled else heading)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with their texts."""
        if self._is_styled:
            rows = [(click.style(name, bold=True), text) for name, text in rows]
        super().write_dl(rows, col_max, col_spacing)


class DbContext(click.Context):
    """The context of the group and of its commands, for their help."""

    formatter_class = Help

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        # help is shown before the group runs
        self.color = colour()
