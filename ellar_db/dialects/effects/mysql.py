"""What changes of a schema do on MySQL and MariaDB, by their tables of online DDL.

Where the two differ, or their versions do, the worse is said of what copies the table, and the better of what only
rebuilds it: `lint --measure` asks the server itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ellar_db.ddl.catalog import Catalog, called
from ellar_db.ddl.changes import Change, joined
from ellar_db.ddl.effects import Effect

COPIED = (
    "add another column or table and fill it in portions, or change it with a tool that copies the table beside it, "
    "such as gh-ost or pt-online-schema-change"
)

REBUILT = "do it while little is written; it takes the space of the table once more, and replicas lag behind it"

INTEGERS = ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT")

CONSTANT = frozenset(("current_timestamp", "now", "localtime", "localtimestamp"))
"""Functions that a default may call without being an expression."""

REBUILDS: Mapping[str, str] = {
    "add primary key": "its rows are stored in the order of the key",
    "engine": "ENGINE writes them anew",
    "force": "FORCE writes them anew",
    "optimize": "OPTIMIZE writes them anew",
    "row format": "their format changes",
}

COPIES: Mapping[str, str] = {
    "convert characters": "their characters are converted",
    "drop primary key": "its rows are stored in the order of the key",
    "order by": "their order changes",
    "partition by": "they move into partitions",
}


def effects(change: Change, catalog: Catalog) -> Iterator[Effect]:
    """Yield what a change does.

    Args:
        change: The change.
        catalog: What is known before it.
    """
    plain = Effect(change, change.table, change.column or None, "nothing")
    kind = change.kind
    if kind in REBUILDS:
        yield replace(plain, work="rebuild", why=REBUILDS[kind], fix=REBUILT)
    elif kind in COPIES:
        yield _copied(plain, COPIES[kind])
    elif kind in WORK:
        yield from WORK[kind](change, catalog, plain)
    if "algorithm copy" in change.facts and kind not in COPIES:
        yield _copied(plain, "ALGORITHM=COPY asks for it", fix="leave ALGORITHM out, or ask for INPLACE or INSTANT")


def _copied(plain: Effect, why: str, fix: str = COPIED) -> Effect:
    return replace(plain, blocks="writes", work="copy", why=why, fix=fix)


def _added_column(change: Change, _: Catalog, plain: Effect) -> Iterator[Effect]:
    column = change.definition
    if "stored" in column.facts:
        yield _copied(plain, "its value is computed for each")
    elif column.facts & {"auto_increment", "primary key"}:
        yield replace(plain, blocks="writes", work="rebuild", why="AUTO_INCREMENT numbers them", fix=COPIED)
    elif called(joined(column.default)) - CONSTANT:
        fix = "add it without a default, fill the rows in portions, then set the default"
        yield _copied(plain, "its default is computed for each", fix=fix)
    elif "check" in column.facts:
        yield _copied(plain, "its CHECK is tried on each")


def _checked(change: Change, _: Catalog, plain: Effect) -> Iterator[Effect]:
    fix = "look for rows that break it first; on MariaDB, SET check_constraint_checks=0 adds it without looking"
    yield _copied(plain, "the CHECK is tried on each", fix=fix)


def _referred(change: Change, catalog: Catalog, plain: Effect) -> Iterator[Effect]:
    if catalog.variables.get("foreign_key_checks", "1") in ("0", "OFF"):
        return
    fix = "look for rows without a partner first, then SET foreign_key_checks=0 adds it without a copy"
    yield _copied(plain, "the foreign key is checked for each", fix=fix)


def _indexed(change: Change, _: Catalog, plain: Effect) -> Iterator[Effect]:
    if "special" in change.facts:
        fix = "do it while nothing is written to the table"
        yield replace(plain, blocks="writes", work="index", fix=fix)


def _type(change: Change, catalog: Catalog, plain: Effect) -> Iterator[Effect]:
    column = change.definition
    known = catalog.column(change.table, change.column)
    if "stored" in column.facts:
        yield _copied(plain, "its value is computed for each")
        return
    if known is None:
        # Alembic writes the whole definition, whatever changes
        return
    if not keeps_values(known.type, column.type):
        yield _copied(plain, f"its type changes from {known.type} to {column.type}")
    elif "not null" in column.facts and "not null" not in known.facts:
        yield replace(plain, work="rebuild", why="NULL is no value of it any more", fix=REBUILT)
    elif "auto_increment" in column.facts and "auto_increment" not in known.facts:
        yield _copied(plain, "AUTO_INCREMENT numbers them")


def keeps_values(old: str, new: str) -> bool:
    """Return whether values of a type are those of another one as they are stored.

    Example:
        >>> keeps_values("VARCHAR(20)", "VARCHAR(60)"), keeps_values("VARCHAR(60)", "VARCHAR(300)")
        (True, False)
    """
    before, after = _plain(old), _plain(new)
    if before == after:
        return True
    sizes = [re.fullmatch(r"VARCHAR\((\d+)\)(.*)", each) for each in (before, after)]
    if sizes[0] is not None and sizes[1] is not None and sizes[0][2] == sizes[1][2]:
        old_size, new_size = int(sizes[0][1]), int(sizes[1][1])
        # the length of a value takes one byte up to 255 bytes, of which a character may need four
        return new_size >= old_size and (old_size < 64) == (new_size < 64)
    labels = [re.fullmatch(r"(ENUM|SET)\((.*)\)", each) for each in (before, after)]
    if labels[0] is not None and labels[1] is not None and labels[0][1] == labels[1][1]:
        return labels[1][2].startswith(labels[0][2])
    return False


def _plain(type_: str) -> str:
    """Return a type without what doesn't count: the width in which an integer is shown, and other names."""
    found = re.sub(rf"\b({'|'.join(INTEGERS)})\(\d+\)", r"\1", type_.strip())
    for name, other in (("INTEGER", "INT"), ("NUMERIC", "DECIMAL"), ("BOOLEAN", "TINYINT"), ("BOOL", "TINYINT")):
        found = re.sub(rf"^{name}\b", other, found)
    return found


def _locked(change: Change, _: Catalog, plain: Effect) -> Iterator[Effect]:
    yield replace(plain, blocks="everything")


WORK = {
    "add check": _checked,
    "add column": _added_column,
    "add foreign key": _referred,
    "create index": _indexed,
    "lock": _locked,
    "redefine column": _type,
}
