"""The text of a CREATE TABLE statement of SQLite, taken apart without changing a character of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n\f\r]+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))
    |(?P<blob>x'[^']*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<number>\.?[0-9](?:e[+-]?[0-9]|[\w.])*)
    |(?P<word>(?:[a-z_]|[^\x00-\x7f])(?:[a-z0-9_$]|[^\x00-\x7f])*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
"""A token of SQLite's SQL, of which each character of a text belongs to one."""

CLAUSES = frozenset(
    "CONSTRAINT PRIMARY NOT NULL UNIQUE CHECK DEFAULT COLLATE REFERENCES GENERATED AS DEFERRABLE FOREIGN".split()
)
"""Reserved words with which a clause of a column or a table begins; GENERATED is reserved only before ALWAYS."""

CONSTRAINTS = ("PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "REFERENCES")


DEFAULT_COLLATION = "BINARY"
"""The collation of a column without a COLLATE."""


@dataclass(frozen=True)
class Token:
    """A part of a text that SQLite reads as one.

    Args:
        kind: Its kind, a group of `TOKEN`.
        text: The part.
        start: Where it begins in the text.
    """

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the token ends."""
        return self.start + len(self.text)

    @property
    def keyword(self) -> str:
        """The token as a keyword, in capitals; an empty string if it can't be one."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def identifier(self) -> str:
        """The name that the token stands for; a string may be one too."""
        if self.kind not in ("quoted", "string"):
            return self.text
        closing = self.text[-1]
        return self.text[1:-1] if closing == "]" else self.text[1:-1].replace(closing * 2, closing)


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, without whitespace and comments.

    Example:
        >>> [token.text for token in tokens('"a b" /* , */ TEXT')]
        ['"a b"', 'TEXT']
    """
    found = (Token(str(match.lastgroup), match[0], match.start()) for match in TOKEN.finditer(text))
    return [token for token in found if token.kind != "space"]


def folded(name: str) -> str:
    """Return a name as SQLite compares it: without regard to the case of ASCII letters.

    Example:
        >>> folded("ÄPFEL")
        'Äpfel'
    """
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def quoted(name: str) -> str:
    """Return a name as a quoted identifier.

    Example:
        >>> quoted('a"b')
        '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as a string in SQL.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def as_default(text: str) -> str:
    """Return a default as it is written behind DEFAULT: a text or a number as it is, else in parentheses.

    Args:
        text: A text, a number or an expression, in any number of parentheses.

    Raises:
        ValueError: A parenthesis isn't closed.

    Example:
        >>> as_default("(('a'))"), as_default("random()")
        ("'a'", '(random())')
    """
    found = tokens(text)
    while found and found[0].text == "(" and _closing(found, 0) == len(found) - 1:
        text = text[found[0].end : found[-1].start].strip()
        found = tokens(text)
    signed = found[1:] if found and found[0].text in ("+", "-") else found
    return text if [token.kind for token in signed] in (["string"], ["number"]) else f"({text})"


def names_in(text: str, names: Iterable[str]) -> set[str]:
    """Return those of some column names that a text names, folded.

    Example:
        >>> names_in("price > 0 AND note <> 'stock'", ["price", "stock"])
        {'price'}
    """
    known = {folded(name) for name in names}
    found = tokens(text)
    return {
        folded(token.identifier)
        for token, after in zip(found, [*found[1:], None], strict=True)
        if token.kind in ("word", "quoted") and not (token.kind == "word" and after is not None and after.text == "(")
    } & known


def normalized(text: str) -> tuple[str, ...]:
    """Return a text in a form in which two texts with the same meaning to SQLite are mostly equal."""
    return tuple(token.text if token.kind in ("string", "blob") else folded(token.identifier) for token in tokens(text))


@dataclass(frozen=True)
class Clause:
    """A clause of a column or a table.

    Args:
        kind: Its first keyword: PRIMARY, UNIQUE, CHECK, FOREIGN, REFERENCES, NOT, NULL, DEFAULT, COLLATE, GENERATED,
            DEFERRABLE; CONSTRAINT for a name without a constraint.
        name: The constraint's name.
        start: Where it begins in the item, with its name.
        end: Where it ends.
        tokens: Its tokens, without the name.
    """

    kind: str
    name: str | None
    start: int
    end: int
    tokens: tuple[Token, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns between the first parentheses, folded, of PRIMARY KEY, UNIQUE and FOREIGN KEY."""
        return _listed(self.tokens, 0) if self.kind in ("PRIMARY", "UNIQUE", "FOREIGN") else ()

    @property
    def target(self) -> str:
        """The table to which a foreign key refers, folded."""
        keywords = [token.keyword for token in self.tokens]
        return folded(self.tokens[keywords.index("REFERENCES") + 1].identifier)

    @property
    def referred(self) -> tuple[str, ...]:
        """The columns to which a foreign key refers, folded; empty if they aren't written."""
        after = [token.keyword for token in self.tokens].index("REFERENCES") + 2
        return _listed(self.tokens, after) if [token.text for token in self.tokens[after : after + 1]] == ["("] else ()

    @property
    def expression(self) -> str:
        """What stands between the first parentheses, in normal form; for CHECK and generated columns."""
        opening = next(number for number, token in enumerate(self.tokens) if token.text == "(")
        inner = self.tokens[opening + 1 : _closing(self.tokens, opening)]
        return " ".join(normalized(" ".join(token.text for token in inner)))

    @property
    def words(self) -> str:
        """The clause's keywords and other tokens, in capitals, for a look at what it contains."""
        return " ".join(token.text.upper() for token in self.tokens)


@dataclass(frozen=True)
class Item:
    """What stands between two commas of a CREATE TABLE: a column, or constraints of the table.

    Args:
        raw: The text, with whitespace and comments.
    """

    raw: str
    column: str | None = field(init=False)
    clauses: tuple[Clause, ...] = field(init=False)
    type_span: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        found = tokens(self.raw)
        is_column = bool(found) and found[0].keyword not in ("CONSTRAINT", *CONSTRAINTS)
        number = _after_type(found) if is_column else 0
        span = (found[1].start, found[number - 1].end) if number > 1 else (found[0].end,) * 2 if found else (0, 0)
        object.__setattr__(self, "column", found[0].identifier if is_column else None)
        object.__setattr__(self, "type_span", span)
        object.__setattr__(self, "clauses", tuple(_clauses(found, number)))

    @property
    def type(self) -> str:
        """The column's type as written."""
        return self.raw[slice(*self.type_span)]

    def first(self, kind: str) -> Clause | None:
        """Return the first clause of a kind, or None."""
        return next((clause for clause in self.clauses if clause.kind == kind), None)

    def with_type(self, written: str) -> Item:
        """Return the column with another type."""
        start, end = self.type_span
        between = " " if start == end and written else ""
        return Item(self.raw[:start] + between + written + self.raw[end:])

    def without(self, clause: Clause) -> Item:
        """Return the item without a clause."""
        before, after = self.raw[: clause.start], self.raw[clause.end :]
        if after.strip():
            after = after.lstrip(" \t")
            between = " " if before[-1:].strip() and not after[:1].isspace() else ""
            return Item(before + between + after)
        return Item(before.rstrip(" \t") + after)

    def replaced(self, clause: Clause, written: str) -> Item:
        """Return the item with other words in place of a clause."""
        return Item(self.raw[: clause.start] + written + self.raw[clause.end :])

    def extended(self, written: str) -> Item:
        """Return the item with one more clause."""
        end = tokens(self.raw)[-1].end
        return Item(f"{self.raw[:end]} {written}{self.raw[end:]}")


@dataclass(frozen=True)
class TableText:
    """A CREATE TABLE statement.

    Args:
        head: All before the first column, such as `CREATE TABLE t (`.
        items: The columns and the table's constraints.
        tail: All after the last one, with the parenthesis.

    Example:
        >>> TableText.read("CREATE TABLE t (a INT, CHECK (a > 0)) STRICT").options
        ('STRICT',)
    """

    head: str
    items: tuple[Item, ...]
    tail: str

    @classmethod
    def read(cls, text: str) -> TableText:
        """Take a statement apart.

        Raises:
            ValueError: It isn't a CREATE TABLE with columns.
        """
        found = tokens(text)
        opening = next((number for number, token in enumerate(found) if token.text == "("), None)
        if opening is None or "VIRTUAL" in [token.keyword for token in found[:2]]:
            raise ValueError(text)
        closing = _closing(found, opening)
        # a comment at the end stays with the last item, whitespace with the parenthesis
        last = found[closing - 1].end
        rest = TOKEN.finditer(text[last : found[closing].start])
        end = last + max((match.end() for match in rest if match[0].strip(" \t\n\r\f")), default=0)
        bounds = [found[opening].end, *(part for comma in _commas(found, opening, closing) for part in comma), end]
        parts = zip(bounds[::2], bounds[1::2], strict=True)
        return cls(text[: bounds[0]], tuple(Item(text[start:stop]) for start, stop in parts), text[end:])

    @property
    def text(self) -> str:
        """The whole statement."""
        return self.head + ",".join(item.raw for item in self.items) + self.tail

    @property
    def columns(self) -> dict[str, Item]:
        """The columns by name, folded."""
        return {folded(item.column): item for item in self.items if item.column is not None}

    @property
    def uniques(self) -> list[tuple[Clause, tuple[str, ...]]]:
        """The UNIQUE constraints, of columns too, each with the names of its columns as the table has them.

        Example:
            >>> table = TableText.read('CREATE TABLE t (a UNIQUE, "b(" INT, CONSTRAINT u UNIQUE (a, "B("))')
            >>> [(clause.name, columns) for clause, columns in table.uniques]
            [(None, ('a',)), ('u', ('a', 'b('))]
        """
        names = {name: str(item.column) for name, item in self.columns.items()}
        return [
            (clause, tuple(names.get(each, each) for each in clause.columns) if item.column is None else (item.column,))
            for item in self.items
            for clause in item.clauses
            if clause.kind == "UNIQUE"
        ]

    @property
    def constraints(self) -> list[Item]:
        """The items that are no columns."""
        return [item for item in self.items if item.column is None]

    @property
    def options(self) -> tuple[str, ...]:
        """The table's options: STRICT, WITHOUT ROWID."""
        words = " ".join(token.text.upper() for token in tokens(self.tail)[1:])
        return tuple(sorted(option.strip() for option in words.split(",") if option.strip()))

    def with_options(self, options: Iterable[str]) -> TableText:
        """Return the statement with other options."""
        closing = tokens(self.tail)[0]
        written = ", ".join(options)
        return replace(self, tail=self.tail[: closing.end] + (f" {written}" if written else ""))


def counts(table: TableText) -> bool:
    """Return whether a table has AUTOINCREMENT."""
    clauses = (clause for item in table.items for clause in item.clauses)
    return any(clause.kind == "PRIMARY" and "AUTOINCREMENT" in clause.words for clause in clauses)


def qualified(statement: str, schema: str) -> str:
    """Return a CREATE statement as sqlite_master has it, for a database that is named.

    Args:
        statement: The statement.
        schema: The name of the database, such as `main`.

    Example:
        >>> qualified("CREATE UNIQUE INDEX i ON t (a)", "main")
        'CREATE UNIQUE INDEX "main".i ON t (a)'
    """
    kinds = ("TABLE", "INDEX", "TRIGGER", "VIEW")
    found = tokens(statement)
    name = next(number for number, token in enumerate(found) if token.keyword in kinds) + 1
    return f"{statement[: found[name].start]}{quoted(schema)}.{statement[found[name].start :]}"


def _listed(found: tuple[Token, ...], start: int) -> tuple[str, ...]:
    """Return the names that a list in parentheses has, the first after a position."""
    opening = next((number for number in range(start, len(found)) if found[number].text == "("), None)
    if opening is None:
        return ()
    names, first = [], True
    for token in found[opening + 1 : _closing(found, opening)]:
        if first:
            names.append(folded(token.identifier))
        first = token.text == ","
    return tuple(names)


def _closing(found: Iterable[Token], opening: int) -> int:
    """Return the position of the parenthesis that closes another one.

    Raises:
        ValueError: There is none.
    """
    depth = 0
    for number, token in enumerate(found):
        if number >= opening and token.text in ("(", ")"):
            depth += 1 if token.text == "(" else -1
            if not depth:
                return number
    raise ValueError("a parenthesis isn't closed")


def _commas(found: list[Token], opening: int, closing: int) -> Iterator[tuple[int, int]]:
    """Yield where the commas between the items begin and end."""
    depth = 0
    for token in found[opening + 1 : closing]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and not depth:
            yield token.start, token.end


def _after_type(found: list[Token]) -> int:
    """Return the position of the first token after a column's type."""
    number, depth = 1, 0
    while number < len(found):
        token = found[number]
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if not depth and _begins(found, number):
            break
        number += 1
    return number


def _begins(found: list[Token], number: int) -> bool:
    """Return whether a clause begins at a position."""
    word = found[number].keyword
    return word in CLAUSES and (word != "GENERATED" or [each.keyword for each in found[number + 1 :][:1]] == ["ALWAYS"])


def _clauses(found: list[Token], number: int) -> Iterator[Clause]:
    """Yield the clauses from a position on."""
    while number < len(found):
        start, name = number, None
        if found[number].keyword == "CONSTRAINT":
            name, number = found[number + 1].identifier, number + 2
        body = number
        alone = body >= len(found) or (name is not None and found[body].keyword == "CONSTRAINT")
        if not alone:
            number = _end(found, number)
        kind = "CONSTRAINT" if alone else {"AS": "GENERATED"}.get(found[body].keyword, found[body].keyword)
        yield Clause(kind, name, found[start].start, found[number - 1].end, tuple(found[body:number]))


def _end(found: list[Token], start: int) -> int:
    """Return the position after a clause that begins at another one."""
    first = found[start].keyword
    number = start + 1
    if first == "DEFAULT":
        number += found[number].text in ("+", "-")
        return (_closing(found, number) if found[number].text == "(" else number) + 1
    depth = 0
    while number < len(found):
        depth += {"(": 1, ")": -1}.get(found[number].text, 0)
        if not depth and _begins(found, number) and not _continues(first, found, number):
            break
        number += 1
    return number


def _continues(first: str, found: list[Token], number: int) -> bool:
    """Return whether a word that could begin a clause belongs to the one before it.

    Args:
        first: The first keyword of the clause before it.
        found: The tokens.
        number: The position of the word.
    """
    word, before = found[number].keyword, found[number - 1].keyword
    after = [each.keyword for each in found[number + 1 :][:1]]
    if first in ("REFERENCES", "FOREIGN"):
        deferrable = word == "DEFERRABLE" or (word == "NOT" and after == ["DEFERRABLE"])
        return deferrable or before == "SET" or (first == "FOREIGN" and word == "REFERENCES")
    if first == "NOT":
        return before == "NOT"
    return first == "GENERATED" and word == "AS"
