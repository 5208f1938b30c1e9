"""Whether output is coloured, and how wide it is: the one place that decides it."""

from __future__ import annotations

import os
import re
from typing import IO, Any, TextIO

import click

from ellar_db.output.widths import columns
from ellar_db.util.masking import masked, printable

GOOD: dict[str, Any] = {"fg": "green"}
BAD: dict[str, Any] = {"fg": "red", "bold": True}
WARNING: dict[str, Any] = {"fg": "yellow"}
REVISION: dict[str, Any] = {"fg": "yellow"}
FAINT: dict[str, Any] = {"dim": True}

NARROWEST = 40
"""The columns of a terminal below which lines aren't shortened any further."""

BAR = 20
"""The columns of a bar."""

WORD = re.compile(r"\s*(?:`[^`]*`|[^\s`]|`)+")
"""A word with the spaces before it; a command in backticks is one, with what follows it."""

USUAL = 80
"""How many columns a terminal is taken to have that doesn't tell."""


def colour() -> bool | None:
    """Return whether output is coloured, wherever it goes; None if it is on a terminal only.

    NO_COLOR counts more than FORCE_COLOR, and both more than a terminal that knows no colours (TERM=dumb).
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return False if _is_dumb() else None


def is_live(stream: IO[Any]) -> bool:
    """Return whether a stream is a terminal on which a line can be written anew.

    Args:
        stream: The stream.
    """
    return stream.isatty() and not _is_dumb()


def width(stream: IO[Any]) -> int:
    """Return into how many columns lines are brought, of which a terminal has fewer if it is narrow.

    Args:
        stream: The stream that is one.
    """
    return max(room(stream), NARROWEST)


def room(stream: IO[Any]) -> int:
    """Return how many columns a terminal has.

    Args:
        stream: The stream that is one.
    """
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL
    except (OSError, ValueError):
        return USUAL


def folded(text: str, stream: IO[Any], start: int = 0) -> str:
    """Return a line that breaks at spaces where a terminal ends, and elsewhere the line as it is.

    A command in backticks stays whole, so that it can be copied.

    Args:
        text: The line, with its styles.
        stream: Where it is printed.
        start: The column in which all lines begin; before the first stands something else already.

    Example:
        >>> import io
        >>> folded("no terminal", io.StringIO())
        'no terminal'
    """
    if not is_live(stream):
        return text
    ends = width(stream) - start
    lines = [""]
    for word in WORD.findall(text):
        line = f"{lines[-1]}{word}"
        if lines[-1] and columns(click.unstyle(line).rstrip()) > ends:
            lines.append(word.lstrip())
        else:
            lines[-1] = line
    return f"\n{' ' * start}".join(line.rstrip() for line in lines)


def bar(done: int, total: int, stream: IO[Any]) -> str:
    """Return how much of something is done as a bar of twenty columns.

    Args:
        done: How much is done.
        total: Of how much.
        stream: Where it is shown, which may not have all characters.

    Example:
        >>> import io
        >>> bar(10, 40, io.StringIO())
        '#####...............'
    """
    full, empty = (
        ("█", "░") if str(getattr(stream, "encoding", "") or "").lower().replace("-", "") == "utf8" else ("#", ".")
    )
    number = BAR * done // max(total, 1)
    return full * number + empty * (BAR - number)


def styled(text: str, **style: Any) -> str:
    """Return a text in a style, without passwords and control characters of its own.

    Args:
        text: The text.
        style: Arguments of `click.style`.
    """
    shown = printable(masked(text))
    return click.style(shown, **style) if shown and style else shown


def tell(*parts: str) -> None:
    """Print a line of texts that are styled or safe already to standard error.

    Args:
        parts: The texts.
    """
    click.echo("".join(parts), err=True, color=colour())


def show(*parts: str, file: TextIO | None = None) -> None:
    """Print a line of texts that are styled or safe already, to standard output.

    Args:
        parts: The texts.
        file: Another stream.
    """
    click.echo("".join(parts), file=file, color=colour())


def duration(seconds: float) -> str:
    """Return how long something took.

    Example:
        >>> duration(0.123), duration(12.345), duration(754.2)
        ('0.12 s', '12.3 s', '12 min 34 s')
    """
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s"


def counted(number: int, what: str) -> str:
    """Return a number of things.

    Example:
        >>> counted(1, "revision"), counted(1200, "revision")
        ('1 revision', '1,200 revisions')
    """
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def listed(names: list[str]) -> str:
    """Return names as a list in words.

    Example:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _is_dumb() -> bool:
    return os.environ.get("TERM") == "dumb"
