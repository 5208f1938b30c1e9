"""A method of a stream that does more for a while; the stream stays the same object, which others may have kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def replaced(stream: TextIO, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Replace a method of a stream, unless it is of a kind that has no attributes of its own.

    Args:
        stream: The stream.
        name: The method's name.
        make: Returns what stands for it, given what stood there before.

    Example:
        >>> import sys
        >>> with replaced(sys.stdout, "write", lambda write: lambda text: write(text.upper())):
        ...     _ = sys.stdout.write("done\\n")
        DONE
    """
    attributes = getattr(stream, "__dict__", None)
    if attributes is None:
        yield
        return
    before = attributes.get(name)
    now = attributes[name] = make(getattr(stream, name))
    try:
        yield
    finally:
        # unless somebody has replaced it meanwhile
        if attributes.get(name) is now:
            if before is None:
                del attributes[name]
            else:
                attributes[name] = before
