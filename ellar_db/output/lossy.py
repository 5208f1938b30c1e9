"""Streams whose output may be lost: a pipe that somebody closed or a full disk must not end what a command does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, TextIO

from ellar_db.output.replacing import replaced

CALLS = ("write", "flush")


@contextmanager
def lossy(*streams: TextIO | None) -> Iterator[None]:
    """Let streams take what they can't write without an error. The first error makes them write nowhere.

    They stay the same objects, since a handler of the application's log may have kept one.

    Args:
        streams: The streams; None, as without a console on Windows, is left alone.

    Example:
        >>> import sys
        >>> with lossy(sys.stderr):
        ...     _ = sys.stderr.write("")
    """
    with ExitStack() as stack:
        for stream in {id(each): each for each in streams if each is not None}.values():
            for name in CALLS:
                stack.enter_context(replaced(stream, name, partial(partial, _call, stream)))
        yield


def _call(stream: TextIO, call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except OSError:
        write_nowhere(stream)
        return None


def write_nowhere(stream: TextIO) -> None:
    """Take away where a stream writes: what it has kept would else fail again when the program ends.

    Args:
        stream: The stream.
    """
    # a stream of a test, or one that is closed, has no file
    with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
