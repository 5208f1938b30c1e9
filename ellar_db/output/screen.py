"""Standard error as a screen: lines, and below them at most one that is written anew."""

from __future__ import annotations

import sys

import click

from ellar_db.output.steps import Step
from ellar_db.output.style import BAD, FAINT, GOOD, REVISION, colour, duration, is_live, styled, tell, width

FEW = 20
"""Up to how many revisions each has a line of its own on a terminal."""


class Screen:
    """What a run shows on standard error.

    Args:
        every: Give each revision a line of its own, however many there are.
    """

    def __init__(self, *, every: bool = False) -> None:
        self._every = every
        self._shown = 0
        self._heading = ""

    @property
    def is_live(self) -> bool:
        """Whether a line can be written anew."""
        return is_live(sys.stderr)

    def step(self, step: Step) -> None:
        """Show a step of a run: while it runs, if there are many; else when it is done."""
        is_short = self.is_live and step.total > FEW and not self._every
        if step.state == "running":
            if is_short:
                self.rewrite(f"{f'{step.database}  ' if step.named else ''}{_count(step)}{step.revision} {step.title}")
            return
        if is_short and step.state == "ok":
            if step.number == step.total:
                self.clear()
            return
        self._head(step)
        before = f"  {step.state}  "
        after = f"  {duration(step.seconds)}"
        count, title = _count(step), step.title
        if self.is_live:
            # a longer line would be broken
            room = width(sys.stderr) - len(before + count + step.revision + " " + after) - 1
            title = shortened(title, room)
        self.line(
            "  ",
            styled(step.state, **(GOOD if step.state == "ok" else BAD)),
            "  ",
            styled(count, **FAINT),
            styled(step.revision, **REVISION),
            styled(f" {title}" if title else ""),
            styled(after, **FAINT),
        )

    def line(self, *parts: str) -> None:
        """Print a line.

        Args:
            parts: Texts that are styled or safe already.
        """
        self.clear()
        tell(*parts)

    def rewrite(self, text: str) -> None:
        """Write the last line anew, on a terminal.

        Args:
            text: The text.
        """
        shown = shortened(styled(text), width(sys.stderr) - 1)
        click.echo(f"\r{shown.ljust(self._shown)}", nl=False, err=True, color=colour())
        self._shown = len(shown)

    def clear(self) -> None:
        """Remove the line that is written anew."""
        if self._shown:
            click.echo("\r" + " " * self._shown + "\r", nl=False, err=True)
            self._shown = 0

    def _head(self, step: Step) -> None:
        """Print the name of the database before its first line, if there are several."""
        if step.named and step.database != self._heading:
            self.line(styled(f"Database {step.database}:"))
        self._heading = step.database


def shortened(text: str, room: int) -> str:
    """Return a text that is no longer than a room.

    Example:
        >>> shortened("add orders", 8)
        'add o...'
    """
    return text if len(text) <= room else f"{text[: max(room - 3, 0)]}..."


def _count(step: Step) -> str:
    return f"[{step.number:>{len(str(step.total))}}/{step.total}] " if step.total > 1 else ""
