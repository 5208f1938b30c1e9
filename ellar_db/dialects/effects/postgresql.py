"""What changes of a schema do on PostgreSQL, by its documentation of ALTER TABLE and of explicit locks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ellar_db.ddl.catalog import Catalog, called
from ellar_db.ddl.changes import Change, Column, Table, joined
from ellar_db.ddl.effects import Blocks, Effect, Work

VOLATILE = frozenset(
    "clock_timestamp currval gen_random_bytes gen_random_uuid lastval nextval random random_normal setval timeofday "
    "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 uuidv4 uuidv7".split()
)
"""Functions whose values differ from row to row, so that each row must be written; the server knows many more, which
defaults hardly call."""

SERIAL = frozenset("SERIAL BIGSERIAL SMALLSERIAL SERIAL2 SERIAL4 SERIAL8".split())

PLAIN = {
    "BOOL": "BOOLEAN",
    "CHARACTER": "CHAR",
    "CHARACTER VARYING": "VARCHAR",
    "BIT VARYING": "VARBIT",
    "DECIMAL": "NUMERIC",
    "DOUBLE PRECISION": "FLOAT8",
    "INT": "INTEGER",
    "INT2": "SMALLINT",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
    "TIME WITH TIME ZONE": "TIMETZ",
    "TIME WITHOUT TIME ZONE": "TIME",
}
"""One name for types that have several."""

BRIEF: Mapping[str, Blocks] = {
    "add enum value": "nothing",
    "add identity": "everything",
    "attach partition": "nothing",
    "create trigger": "writes",
    "detach partition": "everything",
    "disable": "writes",
    "drop check": "everything",
    "drop column": "everything",
    "drop constraint": "everything",
    "drop default": "everything",
    "drop expression": "everything",
    "drop index": "everything",
    "drop not null": "everything",
    "drop primary key": "everything",
    "drop table": "everything",
    "drop trigger": "everything",
    "enable": "writes",
    "rename column": "everything",
    "rename constraint": "everything",
    "rename table": "everything",
    "set default": "everything",
    "set schema": "everything",
    "truncate": "everything",
}
"""What takes a lock and does no work that grows with the table."""

LOCKS: Mapping[str, Blocks] = {
    "access exclusive": "everything",
    "exclusive": "writes",
    "share": "writes",
    "share row exclusive": "writes",
}

CONCURRENTLY = (
    "write it in a revision of its own as `with op.get_context().autocommit_block(): op.create_index(..., "
    "postgresql_concurrently=True)`"
)
NOT_VALID = (
    "add it NOT VALID (postgresql_not_valid=True, or in op.execute()), and validate it in a later revision with ALTER "
    "TABLE ... VALIDATE CONSTRAINT, which blocks nobody"
)
NEW_COLUMN = (
    "add another column, fill it in portions, let the application write both, and drop the former one in a later "
    "release"
)


def effects(change: Change, catalog: Catalog) -> Iterator[Effect]:
    """Yield what a change does.

    Args:
        change: The change.
        catalog: What is known before it.
    """
    brief = Effect(change, change.table, change.column or None, "everything")
    kind = change.kind
    if kind in BRIEF:
        yield replace(brief, blocks=BRIEF[kind])
    if kind in WORK:
        yield from WORK[kind](change, catalog, brief)


def _added_column(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    column = change.definition
    why = _rewrites(column, catalog)
    if why:
        fix = "add it without that, set the default in a statement of its own, and fill the rows in portions"
        if column.type in SERIAL or "identity" in column.facts:
            fix = NEW_COLUMN
        elif "stored" in column.facts:
            fix = "compute it in a plain column that a trigger or the application fills, or when it is read"
        yield replace(brief, work="rewrite", why=why, fix=fix)
    elif column.facts & {"unique", "primary key"}:
        yield replace(brief, work="index", why="", fix=f"add the column, then its unique index: {CONCURRENTLY}")
    elif "check" in column.facts:
        yield replace(brief, work="read", why="its CHECK is tried on each", fix=f"add the CHECK later: {NOT_VALID}")
    else:
        yield brief
    if column.references is not None:
        reads: Work = "read" if column.default and joined(column.default).upper() != "NULL" else "none"
        why = "its foreign key is checked for each"
        for table in (change.table, column.references):
            yield replace(brief, table=table, blocks="writes", work=reads, why=why, fix=NOT_VALID)


def _rewrites(column: Column, catalog: Catalog) -> str:
    """Return why an added column has a value of its own in each row; an empty text if it hasn't."""
    base = column.type.partition("(")[0].strip('"').lower().rpartition(".")[2]
    volatile = {
        name for name in called(joined(column.default)) if name in VOLATILE or catalog.functions.get(name, False)
    }
    if column.type in SERIAL:
        return f"{column.type} numbers them"
    if "identity" in column.facts:
        return "an identity column numbers them"
    if "stored" in column.facts:
        return "its value is computed for each"
    if volatile:
        return f"its default calls {', '.join(sorted(volatile))}(), whose value differs from row to row"
    if catalog.domains.get(base) == "":
        return f"its type is the domain {base}, which has a constraint"
    return ""


def _checked(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    if "not valid" in change.facts:
        yield brief
    else:
        yield replace(brief, work="read", why="the CHECK is tried on each", fix=NOT_VALID)


def _referred(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    work: Work = "none" if "not valid" in change.facts else "read"
    for table in dict.fromkeys((change.table, change.references or change.table)):
        yield replace(
            brief, table=table, blocks="writes", work=work, why="the foreign key is checked for each", fix=NOT_VALID
        )


def _unique(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    if "using index" not in change.facts:
        key = change.kind.removeprefix("add ").upper()
        yield replace(
            brief,
            work="index",
            fix="make a unique index with postgresql_concurrently=True in op.get_context().autocommit_block() first, "
            f"in a revision of its own, then the constraint with ALTER TABLE ... ADD CONSTRAINT ... {key} USING INDEX",
        )
        return
    index = next((catalog.indexes[word.name] for word in change.words if word.name in catalog.indexes), None)
    nullable = [
        each.name
        for each in (index.columns if index is not None and change.kind == "add primary key" else ())
        if not _is_not_null(catalog, change.table, each.name)
    ]
    if nullable:
        yield replace(
            brief,
            work="read",
            why=f"they are looked through for NULLs in {', '.join(nullable)}",
            fix="make the columns NOT NULL before, by a CHECK that is validated",
        )
    else:
        yield brief


def _is_not_null(catalog: Catalog, table: Table, name: str) -> bool:
    known = catalog.column(table, name)
    return known is None or "not null" in known.facts or catalog.proves_not_null(table, name)


def _excluded(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    yield replace(brief, work="index", fix="PostgreSQL has no other way; do it while nobody needs the table")


def _not_null(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    known = catalog.column(change.table, change.column)
    if (known is not None and "not null" in known.facts) or catalog.proves_not_null(change.table, change.column):
        yield brief
        return
    yield replace(
        brief,
        work="read",
        why="they are looked through for NULLs",
        fix=f"add CHECK ({change.column} IS NOT NULL) NOT VALID, validate it in a later revision, then set NOT NULL, "
        "which believes the CHECK, and drop that",
    )


def _type(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    known = catalog.column(change.table, change.column)
    new = change.definition.type
    old = known.type if known is not None else ""
    facts = catalog.tables.get(change.table)
    if "using" in change.facts and not _is_plain_cast(change):
        yield replace(brief, work="rewrite", why="USING computes each value anew", fix=NEW_COLUMN)
    elif old and keeps_values(old, catalog.domains.get(new.lower()) or new, catalog.variables.get("timezone", "")):
        column = re.compile(rf"\b{re.escape(change.column)}\b", re.IGNORECASE)
        if _index_to_make(change, catalog, column):
            fix = "drop the index before, and make it again concurrently, in revisions of their own"
            yield replace(brief, work="index", why="an index of the column is made anew", fix=fix)
            return
        checks = [name for name, text in facts.checks.items() if column.search(text)] if facts is not None else []
        if checks:
            why = f"the CHECK {checks[0]} is tried on each again"
            yield replace(brief, work="read", why=why, fix="drop the CHECK before, and add it again NOT VALID")
        else:
            yield brief
    else:
        yield replace(
            brief,
            work="rewrite",
            why=f"its type changes from {old} to {new}" if old else f"its type becomes {new}",
            fix=NEW_COLUMN,
        )


def _index_to_make(change: Change, catalog: Catalog, column: re.Pattern[str]) -> bool:
    """Return whether an index must be made anew though the values stay as they are."""
    for index in catalog.indexes.values():
        if index.table != change.table:
            continue
        of_column = any(each.name.lower() == change.column.lower() for each in index.columns)
        computed = "where" in index.facts or any(not each.name for each in index.columns)
        if (of_column and "collate" in change.facts) or (computed and column.search(index.sql)):
            return True
    return False


def _is_plain_cast(change: Change) -> bool:
    """Return whether USING only casts the column."""
    found = [word.text.lower().strip('"') for word in change.words if word.text not in "()"]
    column = change.column.lower()
    return found == [column] or found[:2] == [column, "::"] or found[:3] == ["cast", column, "as"]


def keeps_values(old: str, new: str, zone: str = "") -> bool:
    """Return whether values of a type are those of another one as they are stored, so that none is written anew.

    Args:
        old: The type.
        new: The other type.
        zone: The session's time zone, if it was set.

    Example:
        >>> keeps_values("VARCHAR(20)", "TEXT"), keeps_values("INTEGER", "BIGINT")
        (True, False)
    """
    (before, sizes), (after, limits) = _parts(old), _parts(new)
    if (before, sizes) == (after, limits):
        return True
    if {before, after} == {"TIMESTAMP", "TIMESTAMPTZ"}:
        return zone.upper() in ("UTC", "GMT", "ETC/UTC")
    if before in ("VARCHAR", "TEXT") and after in ("VARCHAR", "TEXT"):
        return not limits or (bool(sizes) and limits[0] >= sizes[0])
    if (before, after) == ("CIDR", "INET"):
        return True
    if before != after or before in ("CHAR", "BIT"):
        return False
    if before == "NUMERIC":
        return not limits or (bool(sizes) and limits[0] >= sizes[0] and limits[1:] == sizes[1:])
    return not limits or (bool(sizes) and limits[0] >= sizes[0])


def _parts(type_: str) -> tuple[str, list[int]]:
    """Return a type's name, and its sizes."""
    found = re.fullmatch(r"(.*?)\s*(?:\(([\d,\s]*)\))?\s*(WITH(?:OUT)? TIME ZONE)?(\[\])*", type_.strip())
    if found is None:
        return type_, []
    name = " ".join(filter(None, (found[1].strip(), found[3]))) + (found[4] or "")
    sizes = [int(each) for each in (found[2] or "").split(",") if each.strip()]
    name = PLAIN.get(name, name)
    if name == "NUMERIC" and len(sizes) == 1:
        sizes.append(0)
    if name == "CHAR" and not sizes:
        sizes = [1]
    return name, sizes


def _moved(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    why = "another tablespace has other files" if change.kind == "set tablespace" else "it is LOGGED or UNLOGGED anew"
    yield replace(brief, work="rewrite", why=why, fix="do it while nobody needs the table")


def _attached(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    yield from _beside_default(change, catalog, brief)
    part = change.references or change.table
    facts = catalog.tables.get(part)
    if facts is not None and facts.checks:
        return
    yield replace(
        brief,
        table=part,
        work="read",
        why="they must be within the partition's bounds",
        fix="add a CHECK with the same bounds to it before, NOT VALID, and validate it; the server believes that",
    )


def _made(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    if change.references is not None and "default" not in change.facts:
        yield from _beside_default(replace(change, table=change.references), catalog, brief)


def _beside_default(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    """Yield what a new partition does to the one for all other rows."""
    facts = catalog.tables.get(change.table)
    default = facts.default if facts is not None else None
    known = catalog.tables.get(default) if default is not None else None
    if default is not None and not (known is not None and known.checks):
        yield replace(
            brief,
            table=default,
            work="read",
            why=f"rows of the partition {default[1]} could belong into the new one",
            fix="add a CHECK to it before that excludes them, NOT VALID, and validate it; the server believes that",
        )


def _indexed(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    if "if not exists" in change.facts and change.name in catalog.indexes:
        return
    if not change.facts & {"concurrently", "only"}:
        yield replace(brief, blocks="writes", work="index", fix=CONCURRENTLY)
    elif "concurrently" in change.facts:
        yield replace(brief, blocks="nothing", work="index")


def _validated(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    yield replace(brief, blocks="nothing", work="read")


def _domain(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    if change.kind == "add domain check" and "not valid" in change.facts:
        return
    domain = change.table[1]
    for table, facts in catalog.tables.items():
        column = next((each for each in facts.columns.values() if _is_of(each, domain)), None)
        if column is not None:
            yield replace(
                brief,
                table=table,
                column=column.name,
                blocks="writes",
                work="read",
                why=f"the constraint of its domain {domain} is tried on each",
                fix="add it NOT VALID, and ALTER DOMAIN ... VALIDATE CONSTRAINT in a transaction of its own",
            )


def _is_of(column: Column, domain: str) -> bool:
    return column.type.strip('"').lower().rpartition(".")[2] == domain.lower()


def _maintained(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    if "concurrently" in change.facts:
        return
    fixes = {
        "reindex": "REINDEX ... CONCURRENTLY, outside of a transaction",
        "refresh": "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index of the view",
        "cluster": "do it while nobody needs the table, outside of a revision",
        "vacuum": "plain VACUUM, which blocks nobody, or do it outside of a revision",
    }
    if change.kind in fixes:
        blocks: Blocks = "writes" if change.kind == "reindex" else "everything"
        yield replace(brief, blocks=blocks, work="maintenance", why=change.kind.upper(), fix=fixes[change.kind])


def _locked(change: Change, catalog: Catalog, brief: Effect) -> Iterator[Effect]:
    yield replace(brief, blocks=LOCKS.get(change.name, "nothing"))


WORK = {
    "add check": _checked,
    "add column": _added_column,
    "add domain check": _domain,
    "add exclusion": _excluded,
    "add foreign key": _referred,
    "add primary key": _unique,
    "add unique": _unique,
    "attach partition": _attached,
    "change type": _type,
    "cluster": _maintained,
    "create index": _indexed,
    "create table": _made,
    "lock": _locked,
    "refresh": _maintained,
    "reindex": _maintained,
    "set logged": _moved,
    "set not null": _not_null,
    "set tablespace": _moved,
    "vacuum": _maintained,
    "validate": _validated,
}
