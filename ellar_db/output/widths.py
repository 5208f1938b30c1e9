"""How many columns of a terminal a text takes."""

from __future__ import annotations

import unicodedata

MORE = "..."
"""The end of a text that has no room."""

WIDE = {"W", "F"}
"""East Asian characters that take two columns of a terminal."""


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    Args:
        text: The text, without styles.

    Example:
        >>> columns("Größe"), columns("表")
        (5, 2)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in WIDE else 1 for each in text
    )


def cut(text: str, width: int | None) -> str:
    """Return a text that fits into a line of a terminal.

    Args:
        text: The text, without styles.
        width: The width of the line; None for any.

    Example:
        >>> cut("Add users", 7), cut("Add users", 9)
        ('Add ...', 'Add users')
    """
    if width is None or columns(text) <= width:
        return text
    room, kept = width - len(MORE), []
    for each in text:
        room -= columns(each)
        if room < 0:
            break
        kept.append(each)
    return ("".join(kept) + MORE)[: max(width, 0)]
