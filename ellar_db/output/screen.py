"""Standard error as a screen: lines, and below them at most one that is written anew."""

from __future__ import annotations

import sys

from ellar_db.output.line_starts import begin_line
from ellar_db.output.live_line import LiveLine
from ellar_db.output.steps import Step
from ellar_db.output.style import BAD, FAINT, GOOD, REVISION, bar, duration, folded, is_live, room, styled, tell, width
from ellar_db.output.widths import columns, cut

FEW = 20
"""Up to how many revisions each has a line of its own on a terminal."""


class Screen:
    """What a run shows on standard error.

    Args:
        every: Give each revision a line of its own, however many there are.
    """

    def __init__(self, *, every: bool = False) -> None:
        self._every = every
        self._last = LiveLine()
        self._heading = ""

    @property
    def is_live(self) -> bool:
        """Whether a line can be written anew."""
        return is_live(sys.stderr)

    def step(self, step: Step) -> None:
        """Show a step of a run: anew in the last line while it runs, and in a line of its own when it is done.

        Of many on a terminal, only one that fails has a line of its own.
        """
        is_live = self.is_live
        is_short = is_live and step.total > FEW and not self._every
        if step.state == "running":
            if not is_short:
                self._head(step)
            before = f"{step.database}  " if step.named and is_short else ""
            before += f"{bar(step.number - 1, step.total, sys.stderr)} " if is_short else "  ..  "
            self.rewrite(f"{before}{_count(step)}{step.revision} {step.title}")
            return
        self.clear()
        if is_short and step.state == "ok":
            return
        self._head(step)
        after = f"  {duration(step.seconds)}"
        title = step.title
        if is_live:
            # a longer line would be broken
            taken = columns(f"  {step.state}  {_count(step)}{step.revision} {after}")
            title = cut(title, width(sys.stderr) - 1 - taken)
        self.line(
            "  ",
            styled(step.state, **(GOOD if step.state == "ok" else BAD)),
            "  ",
            styled(_count(step), **FAINT),
            styled(step.revision, **REVISION),
            styled(f" {title}" if title else ""),
            styled(after, **FAINT),
        )

    def line(self, *parts: str) -> None:
        """Print a line above the one that is written anew.

        Args:
            parts: Texts that are styled or safe already.
        """
        last = self._last.text
        self.clear()
        begin_line(sys.stderr)
        tell(folded("".join(parts), sys.stderr))
        if last:
            self._last.write(last)

    def rewrite(self, text: str) -> None:
        """Write the last line anew, on a terminal.

        Args:
            text: The text.
        """
        # one that is broken couldn't be written anew
        self._last.write(cut(styled(text), room(sys.stderr) - 1))

    def clear(self) -> None:
        """Remove the line that is written anew."""
        self._last.clear()

    def _head(self, step: Step) -> None:
        """Print the name of the database before its first line, if there are several."""
        if step.named and step.database != self._heading:
            self.line(styled(f"Database {step.database}:"))
        self._heading = step.database


def _count(step: Step) -> str:
    return f"[{step.number:>{len(str(step.total))}}/{step.total}] " if step.total > 1 else ""
