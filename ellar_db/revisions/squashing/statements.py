"""Statements of revisions that no comparison of tables finds: what a revision in their place has to say of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

from ellar_db.ddl.words import statements
from ellar_db.dialects.statements import LEADING

Kind = Literal["tables", "rows", "nothing", "object", "kept", "unknown"]
"""What a statement changes: tables and their parts, rows, nothing, another object, or what nothing compares."""

NAME = r"""(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|[\w$]+)"""

FULL_NAME = rf"{NAME}(?:\s*\.\s*{NAME})*"

EARLY = ("SCHEMA", "EXTENSION", "COLLATION", "TYPE", "DOMAIN", "SEQUENCE")
"""Kinds of objects that tables may need."""

FUNCTIONS = ("FUNCTION", "PROCEDURE", "AGGREGATE", "OPERATOR", "CAST")
"""Kinds of objects that tables may need, and that may need tables."""

LATE = (
    *("MATERIALIZED VIEW", "CONSTRAINT TRIGGER", "EVENT TRIGGER", "TEXT SEARCH CONFIGURATION"),
    *FUNCTIONS,
    *("VIEW", "TRIGGER", "RULE", "POLICY", "EVENT", "PUBLICATION", "STATISTICS"),
)
"""Kinds of objects that may need tables."""

KINDS = "|".join((*LATE, *EARLY)).replace(" ", r"\s+")

OBJECT = re.compile(
    r"(?P<verb>CREATE|ALTER|DROP|REFRESH|COMMENT\s+ON)\s+(?P<replace>OR\s+(?:REPLACE|ALTER)\s+)?"
    r"(?:(?:DEFINER\s*=\s*\S+|ALGORITHM\s*=\s*\S+|SQL\s+SECURITY\s+\w+|RECURSIVE|AGGREGATE(?=\s+FUNCTION))\s+)*"
    rf"(?P<kind>{KINDS})\s+"
    rf"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?P<name>{FULL_NAME})",
    re.IGNORECASE,
)

CREATE = re.compile(r"\A(CREATE)\b", re.IGNORECASE)

ON = re.compile(rf"\bON\s+(?:TABLE\s+)?({FULL_NAME})", re.IGNORECASE)

EXECUTES = re.compile(r"\bEXECUTE\s+(?:FUNCTION|PROCEDURE)\b", re.IGNORECASE)
"""What a trigger does whose name is only unique on its table."""

ROWS = re.compile(
    r"(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|TRUNCATE|COPY|LOAD|IMPORT|CALL)\b"
    r"|WITH\b.*\b(?:INSERT|UPDATE|DELETE|MERGE)\b"
    r"|(?:CREATE\s+(?:TEMP\w*\s+|UNLOGGED\s+)?TABLE\b(?:(?!\().)*\b(?:AS|SELECT)\b)"
    r"|DO\b.*\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE|EXECUTE)\b"
    r"|SELECT\b.*\b(?:setval|nextval)\s*\(",
    re.IGNORECASE | re.DOTALL,
)

KEPT = re.compile(
    r"(?:GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES|SECURITY\s+LABEL)\b"
    rf"|ALTER\s+(?:FOREIGN\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{FULL_NAME}\s+"
    r"(?:ENABLE|DISABLE|FORCE|NO\s+FORCE|OWNER\s+TO|SET\s*\(|RESET\s*\(|CLUSTER|REPLICA|SET\s+(?:UN)?LOGGED"
    r"|ALTER\s+(?:COLUMN\s+)?\S+\s+SET\s+(?:STATISTICS|STORAGE|COMPRESSION))\b",
    re.IGNORECASE,
)
"""What changes nothing that a schema is compared by: it is kept as it is."""

TABLES = re.compile(
    r"(?:CREATE|ALTER|DROP)\s+(?:(?:TEMP|TEMPORARY|UNLOGGED|UNIQUE|FULLTEXT|SPATIAL|VIRTUAL)\s+)*(?:TABLE|INDEX)\b"
    r"|RENAME\s+TABLE\b|COMMENT\s+ON\s+(?:TABLE|COLUMN|INDEX|CONSTRAINT)\b|DO\b",
    re.IGNORECASE,
)

CALLS = re.compile(r"(?:SELECT|VALUES|WITH|TABLE)\b", re.IGNORECASE)
"""What calls a function, where nobody gets the result."""

SETTING = re.compile(r"PRAGMA\b", re.IGNORECASE)
"""What sets something of a database."""

NOTHING = re.compile(
    r"(?:SELECT|WITH|SHOW|EXPLAIN|DESC|DESCRIBE|PRAGMA|SET|RESET|USE|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|END"
    r"|XA|PREPARE|LOCK|UNLOCK|ANALYZE|VACUUM|REINDEX|OPTIMIZE|DISCARD|DEALLOCATE|VALUES|TABLE|FLUSH)\b",
    re.IGNORECASE,
)


def kind_of(statement: str, *, own: bool = False) -> Kind:
    """Return what a statement changes.

    Args:
        statement: The statement.
        own: A revision runs it by `op.execute()`, which gives no result: nobody does so to read something.

    Example:
        >>> kind_of("CREATE VIEW grown AS SELECT 1"), kind_of("UPDATE users SET age = 1")
        ('object', 'rows')
    """
    text = bare(statement)
    if not text:
        return "nothing"
    if own:
        if CALLS.match(text):
            return "rows"
        if SETTING.match(text):
            return "kept"
    # a view or a function may contain words of any other kind
    patterns: list[tuple[Kind, re.Pattern[str]]] = [
        ("object", OBJECT),
        ("rows", ROWS),
        ("kept", KEPT),
        ("tables", TABLES),
        ("nothing", NOTHING),
    ]
    return next((kind for kind, pattern in patterns if pattern.match(text)), "unknown")


def bare(statement: str) -> str:
    """Return a statement without the comments before it and the semicolon behind it."""
    return re.sub(rf"\A{LEADING}", "", f"{statement}\n").rstrip().rstrip(";").rstrip()


def split(text: str) -> list[str]:
    """Return the statements of a text.

    Example:
        >>> split("CREATE VIEW a AS SELECT ';'; DROP VIEW b;")
        ["CREATE VIEW a AS SELECT ';'", 'DROP VIEW b']
    """
    return [part for _, part in statements(text) if bare(part)]


@dataclass
class Made:
    """An object that statements make.

    Args:
        kind: What it is, such as "VIEW".
        drop: The statement that drops it.
        statements: Those that make it what it is, in order.
        replaces: Whether the first one replaces what is there.
    """

    kind: str
    drop: str
    statements: list[str] = field(default_factory=list)
    replaces: bool = False

    @property
    def replacing(self) -> list[str]:
        """The statements, where another definition is there."""
        first, *others = self.statements
        return [first if self.replaces else CREATE.sub(r"\1 OR REPLACE", first, count=1), *others]


class Objects:
    """The objects that exist after some statements, besides tables and what belongs to them.

    Args:
        statements: All statements, in order.

    Attributes:
        made: The objects, by kind, name, and the table if the name is only unique there.
        touched: All that a statement was about.
        loose: Statements about objects that no statement has made.

    Example:
        >>> Objects(["CREATE VIEW a AS SELECT 1", "CREATE VIEW b AS SELECT 2", "DROP VIEW a"]).names
        ['view b']
    """

    def __init__(self, statements: Iterable[str] = ()) -> None:
        self.made: dict[tuple[str, str, str], Made] = {}
        self.touched: set[tuple[str, str, str]] = set()
        self.loose: list[str] = []
        for statement in statements:
            self.add(statement)

    @property
    def names(self) -> list[str]:
        """The objects, by kind and name."""
        return [f"{kind} {name}".lower() for kind, name, _ in self.made]

    def add(self, statement: str) -> None:
        """Note what a statement does to an object."""
        text = bare(statement)
        found = OBJECT.match(text)
        if found is None:
            return
        kind = re.sub(r"\s+", " ", found["kind"]).upper()
        name, verb = found["name"], re.sub(r"\s+", " ", found["verb"]).upper()
        own = "TRIGGER" if kind == "CONSTRAINT TRIGGER" else kind
        table, written = "", f"{own} {name}"
        if own in ("TRIGGER", "RULE", "POLICY") and (on := ON.search(text)):
            if own != "TRIGGER" or EXECUTES.search(text) or verb != "CREATE":
                written = f"{written} ON {on[1]}"
            table = _plain(on[1])
        # where a name is unique in its schema, a DROP doesn't name the table
        key = next((each for each in self.made if each[:2] == (own, _plain(name)) and table in ("", each[2])), None)
        key = key or (own, _plain(name), table)
        self.touched.add(key)
        if verb == "DROP":
            self.made.pop(key, None)
        elif verb == "CREATE":
            before = self.made.pop(key, None)
            replaces = found["replace"] is not None
            self.made[key] = Made(own, f"DROP {written}", [text], replaces=replaces)
            if before is not None and not replaces and re.search(r"\bIF\s+NOT\s+EXISTS\b", text, re.IGNORECASE):
                self.made[key] = before
        elif key in self.made:
            self.made[key].statements.append(text)
        else:
            self.loose.append(text)


def _plain(name: str) -> str:
    """Return a name as it is compared."""
    parts = re.findall(NAME, name)
    return ".".join(part.strip('"`[]') if part[:1] in '"`[' else part.lower() for part in parts)


@dataclass(frozen=True)
class Way:
    """The statements that lead from some objects to others, around what changes the tables.

    Args:
        early: Those before it that tables may need.
        drops: Those before it that make room.
        creates: Those behind it.
        late: Those behind it that drop what tables needed.
    """

    early: list[str]
    drops: list[str]
    creates: list[str]
    late: list[str]

    @property
    def before(self) -> list[str]:
        """All before what changes the tables."""
        return [*self.drops, *self.early]

    @property
    def behind(self) -> list[str]:
        """All behind it."""
        return [*self.creates, *self.late]


def way(
    before: Objects, after: Objects, touched: Iterable[tuple[str, str, str]], early: Collection[str] = EARLY
) -> Way:
    """Return the statements that lead from some objects to others.

    Args:
        before: What is there.
        after: What is to be there.
        touched: The objects that statements between the two have changed, be it to make them as they were.
        early: The kinds of objects that tables may need.

    Example:
        >>> both = Objects(["CREATE VIEW a AS SELECT 1"]), Objects(["CREATE VIEW a AS SELECT 2"])
        >>> way(*both, both[1].touched).before, way(*both, both[1].touched).behind
        (['DROP VIEW a'], ['CREATE VIEW a AS SELECT 2'])
    """
    changed = set(touched)
    found = Way([], [], [], [])
    for key, made in reversed(before.made.items()):
        then = after.made.get(key)
        if key in changed and not (then and (_goes_on(made, then) or _is_replaced(made, then))):
            (found.late if made.kind in early and not then else found.drops).append(made.drop)
    for key, made in after.made.items():
        if key in changed:
            there = before.made.get(key)
            new = made.statements
            if there and _goes_on(there, made):
                new = made.statements[len(there.statements) :]
            elif there and _is_replaced(there, made):
                new = made.replacing
            (found.early if made.kind in early else found.creates).extend(new)
    return found


def _is_replaced(before: Made, after: Made) -> bool:
    """Return whether a function can be replaced, so that what uses it needn't be dropped."""
    return after.kind in FUNCTIONS and (before.replaces or after.replaces)


def _goes_on(before: Made, after: Made) -> bool:
    """Return whether an object that tables need only gets more statements, so that it needn't be dropped."""
    return before.kind in EARLY and after.statements[: len(before.statements)] == before.statements
