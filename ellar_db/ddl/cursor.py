"""A place among the words of a statement, from which they are read one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ellar_db.ddl.changes import Table
from ellar_db.ddl.words import Word

NOTHING = Word("mark", "", 0)


class Cursor:
    """Reads words one after the other.

    Args:
        found: The words.

    Example:
        >>> from ellar_db.ddl.words import words
        >>> cursor = Cursor(words("ALTER TABLE ONLY shop.users"))
        >>> cursor.take("ALTER TABLE"), cursor.take("ONLY"), cursor.table()
        (True, True, ('shop', 'users'))
    """

    def __init__(self, found: Sequence[Word]) -> None:
        self.words = found
        self.place = 0

    def __bool__(self) -> bool:
        return self.place < len(self.words)

    @property
    def next(self) -> Word:
        """The next word, which isn't passed."""
        return self.words[self.place] if self else NOTHING

    @property
    def rest(self) -> Sequence[Word]:
        """The words that aren't passed yet."""
        return self.words[self.place :]

    def follows(self, phrase: str) -> bool:
        """Return whether the next words are those of a phrase."""
        wanted = phrase.split()
        ahead = self.words[self.place : self.place + len(wanted)]
        return [word.text.upper() for word in ahead] == wanted

    def take(self, *phrases: str) -> bool:
        """Pass the next words if they are one of some phrases; return whether they were."""
        for phrase in phrases:
            if self.follows(phrase):
                self.place += phrase.count(" ") + 1
                return True
        return False

    def word(self) -> Word:
        """Pass the next word, and return it."""
        found = self.next
        self.place += 1
        return found

    def name(self) -> str:
        """Pass a name, and return it; an empty text if there is none."""
        return self.word().name if self.next.names else ""

    def table(self) -> Table:
        """Pass a name with or without a schema."""
        first = self.name()
        second = None
        while self.take("."):
            # a database before the schema is passed over
            first, second = (second or first, self.name()) if second is None else (second, self.name())
        return (None, first) if second is None else (first, second)

    def parentheses(self) -> Sequence[Word]:
        """Pass what is in parentheses, and return it without these; nothing if none are next."""
        if not self.follows("("):
            return ()
        begin, depth = self.place + 1, 0
        while self:
            depth += {"(": 1, ")": -1}.get(self.word().text, 0)
            if not depth:
                return self.words[begin : self.place - 1]
        return self.words[begin:]

    def until(self, *ends: str) -> Sequence[Word]:
        """Pass the words before one of some words, at the same depth of parentheses, and return them."""
        begin = self.place
        while self and self.next.text.upper() not in ends:
            if self.follows("("):
                self.parentheses()
            else:
                self.place += 1
        return self.words[begin : self.place]


def parts(found: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Yield the parts of a list that commas separate.

    Example:
        >>> from ellar_db.ddl.words import words
        >>> [len(part) for part in parts(words("a, f(b, c)"))]
        [1, 6]
    """
    cursor = Cursor(found)
    while cursor:
        yield cursor.until(",")
        cursor.take(",")
