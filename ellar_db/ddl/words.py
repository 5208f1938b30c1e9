"""The words of SQL, and where statements end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PATTERN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<text>[eEbBxXnN]?'(?:[^'\\]|''|\\.)*(?:'|\Z)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))
    |(?P<name>"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|\[\w+\])
    |(?P<number>\d[\w.]*)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<mark>::|<>|!=|<=|>=|\|\||[^\w\s])
    """,
    re.VERBOSE | re.DOTALL,
)
"""A word of SQL in any of the dialects. A backslash is taken for an escape in each of them, so that no text ends early;
in one that ends with a backslash, it is the last one of a statement at worst."""

BODY = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:PROCEDURE|FUNCTION|TRIGGER|EVENT)\b", re.I
)
"""The beginning of what may have a body of statements of its own, without quotes."""


@dataclass(frozen=True)
class Word:
    """A word of a statement.

    Args:
        kind: "word", "name" for a quoted name, "text", "number", or "mark" for punctuation.
        text: The word as written.
        start: Where it begins.

    Example:
        >>> [word.value for word in words('ALTER TABLE "Users"')]
        ['ALTER', 'TABLE', 'Users']
    """

    kind: str
    text: str
    start: int

    @property
    def value(self) -> str:
        """A keyword or a plain name in capitals, a quoted name or a text without its quotes, other words as written."""
        if self.kind == "word":
            return self.text.upper()
        if self.kind == "name":
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote)
        if self.kind == "text":
            return unquoted(self.text)
        return self.text

    @property
    def name(self) -> str:
        """The name that the word is: as written if it is quoted, else in small letters."""
        return self.text.lower() if self.kind == "word" else self.value

    @property
    def names(self) -> bool:
        """Whether it may be a name."""
        return self.kind in ("word", "name")


def unquoted(text: str) -> str:
    """Return what a text in quotes says.

    Example:
        >>> unquoted("'it''s'"), unquoted("$$SELECT 1$$")
        ("it's", 'SELECT 1')
    """
    if text.startswith("$"):
        tag = text[: text.index("$", 1) + 1]
        return text.removeprefix(tag).removesuffix(tag)
    return text[text.index("'") + 1 :].removesuffix("'").replace("''", "'")


def words(sql: str) -> list[Word]:
    """Return the words of a statement, without spaces and comments.

    Args:
        sql: The statement, or several.
    """
    return [
        Word(match.lastgroup if match.lastgroup != "tag" else "text", match.group(), match.start())
        for match in PATTERN.finditer(sql)
        if match.lastgroup is not None and match.lastgroup != "space"
    ]


def statements(sql: str) -> Iterator[tuple[int, str]]:
    """Yield the statements of a script, each with where it begins.

    Args:
        sql: The script; statements end with semicolons.

    Example:
        >>> [text for _, text in statements("SET x = ';'; DROP TABLE a;")]
        ["SET x = ';'", 'DROP TABLE a']
    """
    found = words(sql)
    begin = 0
    for number, word in enumerate(found):
        if word.text != ";" or _is_within_body(sql, found[begin:number]):
            continue
        if number > begin:
            yield found[begin].start, sql[found[begin].start : word.start].rstrip()
        begin = number + 1
    if begin < len(found):
        yield found[begin].start, sql[found[begin].start :].rstrip()


def _is_within_body(sql: str, before: Sequence[Word]) -> bool:
    """Return whether a semicolon belongs to the body of a procedure, after the words of a statement."""
    if not before or not BODY.match(sql, before[0].start):
        return False
    values = [word.value for word in before]
    opened = values.count("BEGIN") + values.count("CASE")
    closed = sum(
        each == "END" and following not in ("IF", "LOOP", "WHILE", "REPEAT", "FOR")
        for each, following in zip(values, [*values[1:], ""], strict=True)
    )
    return opened > closed
