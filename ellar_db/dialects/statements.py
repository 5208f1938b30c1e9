"""Kinds of SQL statements that the journal of a run must distinguish."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LEADING = r"(?:\s|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|--[^\n]*\n)*"
"""What may precede a statement: comments."""

QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|/\*.*?\*/|(?:--|#)[^\n]*", re.DOTALL)
"""Quoted text and comments, in which a semicolon doesn't end a statement."""

NOTHING = re.compile(r"(?!)")


def starting_with(words: str, leading: str = LEADING) -> re.Pattern[str]:
    """Return a pattern for statements that begin with one of some words.

    Args:
        words: The words, as alternatives of a regular expression.
        leading: What may precede them, as a regular expression.

    Example:
        >>> bool(starting_with("DROP|ALTER").match("/* 1 */ drop table users"))
        True
    """
    return re.compile(rf"{leading}(?:{words})\b", re.IGNORECASE | re.DOTALL)


CHANGES_SCHEMA = r"ALTER|(?:CREATE|DROP)(?!\s+TEMPORARY)|RENAME|TRUNCATE"
READS = re.compile(r"\s*(?:select|show|desc|explain|set|use)", re.IGNORECASE)
PARTIAL = r"DROP\b(?=[^;]*,)|CALL|EXEC|EXECUTE|BEGIN|DECLARE|IF|CASE|LOOP|REPEAT|WHILE|FOR"
STORED = r"CREATE\b(?:(?!\bBEGIN\b).)*?\b(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)"


@dataclass(frozen=True)
class Statements:
    """Patterns that classify a statement, matched from its beginning.

    Args:
        changes_schema: Schema changes, which a database that can't roll them back commits immediately.
        reads: Statements that change nothing.
        partial: Statements that may be partly done when they fail: several drops, a procedure, a block.
        stored: Definitions of procedures and the like, which are one statement although they contain semicolons.
        table_locks: Statements that lock tables, or unlock them (group 1). Between the two, a session can use only
            the locked tables.
        outside: Statements that the server refuses in a transaction.

    Example:
        >>> bool(Statements().changes_schema.match("ALTER TABLE users ADD name TEXT"))
        True
    """

    changes_schema: re.Pattern[str] = field(default_factory=lambda: starting_with(CHANGES_SCHEMA))
    reads: re.Pattern[str] = READS
    partial: re.Pattern[str] = field(default_factory=lambda: starting_with(PARTIAL))
    stored: re.Pattern[str] = field(default_factory=lambda: starting_with(STORED))
    table_locks: re.Pattern[str] = NOTHING
    outside: re.Pattern[str] = NOTHING

    def are_several(self, text: str) -> bool:
        """Return whether a text contains several statements.

        Example:
            >>> Statements().are_several("DELETE FROM a; DELETE FROM b")
            True
        """
        return ";" in text and not self.stored.match(text) and bool(re.search(r";\s*\S", QUOTED.sub("", text)))
