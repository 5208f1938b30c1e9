"""Lines that begin where a line begins, whatever others have written without an end to the same stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TextIO

from ellar_db.output.replacing import replaced

_begun: dict[int, bool] = {}
"""Whether there is a line without an end, for each stream that is watched, by its identity."""


@contextmanager
def watched(stream: TextIO) -> Iterator[None]:
    """Remember whether a line of a stream has no end yet; at the end, end it.

    The stream stays the same object, since a handler of the application's log may have kept it.

    Args:
        stream: The stream.

    Example:
        >>> import sys
        >>> with watched(sys.stdout):
        ...     print("12 of 40", end="")
        ...     begin_line(sys.stdout)
        ...     print("done")
        12 of 40
        done
    """
    if id(stream) in _begun:
        yield
        return
    with replaced(stream, "write", partial(partial, _write, id(stream))):
        _begun[id(stream)] = False
        try:
            yield
        finally:
            begin_line(stream)
            del _begun[id(stream)]


def begin_line(stream: TextIO) -> None:
    """End the line that somebody has begun, if there is one and the stream is watched.

    Args:
        stream: The stream.
    """
    if _begun.get(id(stream)):
        _begun[id(stream)] = False
        stream.write("\n")


def _write(stream: int, write: Callable[[str], Any], text: str) -> Any:
    if text and stream in _begun:
        _begun[stream] = not text.endswith("\n")
    return write(text)
