"""A line of a terminal that is written anew, below whatever else is written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TextIO

import click

from ellar_db.output.replacing import replaced
from ellar_db.output.style import colour
from ellar_db.output.widths import columns

_shown: list[LiveLine] = []
"""The lines that a terminal shows, or will show again."""

_ours: list[LiveLine] = []
"""The lines that are writing themselves."""

_watched = ExitStack()
"""Gives the streams their `write` back that is replaced while there is a line."""


class LiveLine:
    """A line on standard error that is written anew; what others print begins on a line of its own.

    The streams stay the same objects, since a handler of the application's log may have kept one; only their `write` is
    replaced while the line is there.

    Example:
        >>> line = LiveLine()
        >>> line.write("12 of 40"), line.clear()
        (None, None)
    """

    def __init__(self) -> None:
        self.text = ""
        self._is_hidden = False
        self._unended: TextIO | None = None

    def write(self, text: str) -> None:
        """Write the line anew.

        Args:
            text: The text, which fits the terminal.
        """
        self._end_line()
        before = "" if self._is_hidden else self.text
        with self._writing():
            rest = " " * (columns(before) - columns(text))
            click.echo(f"\r{text}{rest}", nl=False, err=True, color=colour())
        self.text, self._is_hidden = text, False
        if self not in _shown:
            _shown.append(self)
        _watch()

    def clear(self) -> None:
        """Remove the line, and end the one that somebody else has begun."""
        self.hide()
        self._end_line()
        self.text, self._is_hidden = "", False
        if self in _shown:
            _shown.remove(self)
        if not _shown:
            _watched.close()

    def hide(self) -> None:
        """Make room for what somebody else is about to write."""
        if self.text and not self._is_hidden:
            with self._writing():
                click.echo("\r" + " " * columns(self.text) + "\r", nl=False, err=True)
            self._is_hidden = True

    def show_again(self, stream: TextIO, text: str) -> None:
        """Show the line again, if what somebody else has written ended its line.

        Args:
            stream: Where.
            text: What.
        """
        self._unended = None if text.endswith("\n") else stream
        if self._unended is None and self._is_hidden:
            self.write(self.text)

    def _end_line(self) -> None:
        """End a line that somebody else has begun, so that the next one is written below it."""
        if self._unended is not None:
            self._unended.flush()
            self._unended = None
            with self._writing():
                click.echo(err=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        _ours.append(self)
        try:
            yield
        finally:
            _ours.remove(self)


def _watch() -> None:
    """See what is written to the terminal."""
    for stream in {id(each): each for each in (sys.stdout, sys.stderr)}.values():
        is_watched = getattr(getattr(stream, "write", None), "func", None) is _write
        if not is_watched and stream.isatty():
            _watched.enter_context(replaced(stream, "write", partial(partial, _write, stream)))


def _write(stream: TextIO, write: Callable[[str], Any], text: str) -> Any:
    lines = [] if _ours or not text else list(_shown)
    for line in lines:
        line.hide()
    written = write(text)
    for line in lines:
        line.show_again(stream, text)
    return written
