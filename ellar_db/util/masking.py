"""What must not reach a terminal: passwords, and the control characters of texts that others wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from sqlalchemy import URL


MASK = "***"

SECRET = re.compile("pass(?!file)|pwd|secret|token", re.IGNORECASE)
"""Options of a URL or an engine whose values must not be shown, as in `?sslpassword=`."""

SHORTEST = 4
"""Minimum length of a secret, in characters; masking shorter words would garble messages."""

LONG = 8
"""Length in characters from which a secret is masked inside of words too."""

IN_URL = re.compile(r"(://[^\s:/@'\"]*:)(?!password@)[^\s@'\"]+@(?:[^\s@/?,'\"]*@)*")

IN_TEXT = re.compile(r"://[^\s:/@'\"]*:(.+)@")

KEPT = frozenset("\n\t\u200c\u200d")
"""Characters that aren't printable and yet are shown: the last two join letters and emojis, or keep them apart."""

IN_SQL = r"\b((?:PASSWORD|IDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS|USING)(?:\s+PASSWORD)?)\s*[=(]?\s*E?)'(?:[^']|'')*'"
"""The password of a user in SQL, as in `CREATE ROLE ann PASSWORD 'pa55word'`; compiled when it is first used."""

_known: set[str] = set()


def printable(text: str) -> str:
    """Return a text with control characters escaped, except line breaks and tabs.

    Names of files, messages of revisions and values of databases may contain any, such as those that move the cursor.

    Args:
        text: The text.

    Example:
        >>> printable("red:\\x1b[31m")
        'red:\\\\x1b[31m'
    """
    if text.isprintable():
        return text
    # of spaces, only the usual one counts as printable
    return "".join(
        each if each.isprintable() or each in KEPT or unicodedata.category(each) == "Zs" else ascii(each)[1:-1]
        for each in text
    )


listener: ContextVar[Callable[[str], object] | None] = ContextVar("ellar_db_listener", default=None)
"""What gets the texts of `say` instead of the terminal: that of an application which calls a command as a function."""


def say(text: str, *, err: bool = False) -> None:
    """Print a text of which others wrote a part, without passwords and control characters.

    Args:
        text: The text.
        err: Print it to standard error.
    """
    shown, tell = printable(masked(text)), listener.get()
    if tell is None:
        click.echo(shown, err=err)
    else:
        tell(shown)


class PrintableStream:
    """A text stream that escapes control characters.

    Args:
        exact: The stream behind it, which takes any text.
        lines: Whether each text that is written is one line.
    """

    def __init__(self, exact: TextIO, *, lines: bool = False) -> None:
        self.exact = exact
        self.lines = lines

    def write(self, text: str) -> int:
        """Write a text."""
        if self.lines and text != "\n":
            text = " ".join(text.splitlines())
        return self.exact.write(printable(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.exact, name)


def masked(text: str) -> str:
    """Replace the passwords in a text.

    Args:
        text: A message, a traceback, a line of a log.

    Example:
        >>> masked("no server at postgresql://ann:pa55word@db/shop")
        'no server at postgresql://ann:***@db/shop'
    """
    pattern = _pattern(frozenset(_known))
    if pattern is not None:
        text = pattern.sub(MASK, text)
    # most texts have no URL
    return IN_URL.sub(rf"\1{MASK}@", text) if "://" in text else text


def masked_statement(text: str) -> str:
    """Replace the passwords in a statement, those of the users that it makes too.

    Example:
        >>> masked_statement("CREATE ROLE ann PASSWORD 'pa55word'")
        "CREATE ROLE ann PASSWORD '***'"
    """
    return re.sub(IN_SQL, rf"\1'{MASK}'", masked(text), flags=re.IGNORECASE)


def remember(url: URL, options: Mapping[str, Any] | None = None) -> None:
    """Mask a database's passwords from now on.

    Args:
        url: Its URL.
        options: The options of its engine; `connect_args` may contain passwords.
    """
    shown = {url.username, url.host, url.database}
    secrets = [url.password, *_of(url.query), *_of(options or {})]
    if url.host is not None and "@" in url.host:
        # a password with an `@` that isn't escaped ends there for SQLAlchemy, and the rest is taken for the host
        rest = url.host.rpartition("@")[0]
        secrets += [rest, url.host, f"{url.password}@{rest}"]
        shown.remove(url.host)
    # a password equal to the user's name can't be distinguished from it, and reveals nothing new
    _known.update(str(secret) for secret in secrets if secret and secret not in shown)


def remember_text(text: str) -> None:
    """Mask the passwords of the URLs in a text from now on, even if a URL is invalid.

    Args:
        text: A URL, or the text of a file that contains some.
    """
    from urllib.parse import unquote

    for line in text.splitlines():
        for match in IN_TEXT.finditer(line):
            raw = match[1]
            # the error of a parser that interprets '%' quotes all that follows it
            ends = [raw[place.start() :] for place in re.finditer("%", raw)]
            _known.update((raw, unquote(raw), *ends))


def remember_secret(text: str) -> None:
    """Mask a secret from now on.

    Args:
        text: The secret.
    """
    _known.add(text)


def _of(options: Mapping[str, Any]) -> Iterator[Any]:
    for key, value in options.items():
        if isinstance(value, Mapping):
            yield from _of(value)
        elif SECRET.search(str(key)):
            yield from value if isinstance(value, tuple) else [value]


@cache
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    parts = []
    for spelling in sorted({each for secret in secrets for each in _spellings(secret)}, key=len, reverse=True):
        if len(spelling) >= LONG:
            parts.append(re.escape(spelling))
        elif len(spelling) >= SHORTEST:
            before, after = (r"(?<!\w)" if spelling[0].isalnum() else ""), (r"(?!\w)" if spelling[-1].isalnum() else "")
            parts.append(f"{before}{re.escape(spelling)}{after}")
    return re.compile("|".join(parts)) if parts else None


def _spellings(secret: str) -> set[str]:
    """Return the spellings of a secret: in a URL, an ini file, a Python string, JSON."""
    import json
    from urllib.parse import quote, quote_plus

    plain = {secret, quote(secret), quote(secret, safe=""), quote(secret, safe=" +"), quote_plus(secret)}
    doubled = {each.replace("%", "%%") for each in plain}
    quoted = {repr(secret)[1:-1], ascii(secret)[1:-1], json.dumps(secret)[1:-1]}
    # one-line messages have spaces in place of line breaks
    return {" ".join(each.split()) for each in plain | doubled | quoted} | plain | doubled | quoted
