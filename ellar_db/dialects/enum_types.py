"""PostgreSQL's types of enums: the statements that change their labels, and all that must be made anew with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from sqlalchemy import Connection

Place: TypeAlias = tuple[str | None, str, str]
"""A schema (None for the default one), a table, and the name of a column, a constraint or an index of it."""

TYPES = "(SELECT oid FROM kind UNION ALL SELECT typarray FROM kind WHERE typarray <> 0)"
KIND = (
    "WITH RECURSIVE kind AS (SELECT t.oid, t.typarray FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
    "WHERE t.typtype = 'e' AND n.nspname = coalesce(:schema, current_schema()) AND t.typname = :name)"
)
OF_COLUMN = (
    "EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = d.refobjid AND a.attnum = d.refobjsubid "
    f"AND a.atttypid IN {TYPES} AND d.refclassid = CAST('pg_class' AS regclass))"
)
OF_TYPE = f"(d.refclassid = CAST('pg_type' AS regclass) AND d.refobjid IN {TYPES})"

LABELS = f"{KIND} SELECT e.enumlabel FROM pg_enum e JOIN kind ON kind.oid = e.enumtypid ORDER BY e.enumsortorder"
COLUMNS = (
    f"{KIND} SELECT nullif(n.nspname, current_schema()), c.relname, a.attname, "
    "a.atttypid NOT IN (SELECT oid FROM kind), pg_get_expr(d.adbin, d.adrelid) "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
    # a partition changes with its table
    f"WHERE a.atttypid IN {TYPES} AND NOT a.attisdropped AND a.attinhcount = 0 AND c.relkind IN ('r', 'p') "
    "ORDER BY 1, 2, a.attnum"
)
CONSTRAINTS = (
    f"{KIND} SELECT nullif(n.nspname, current_schema()), c.relname, k.conname, pg_get_constraintdef(k.oid) "
    "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE k.contype IN ('c', 'f') AND k.conislocal AND k.conparentid = 0 AND EXISTS (SELECT 1 FROM pg_attribute a "
    f"WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.atttypid IN {TYPES}) "
    "ORDER BY k.contype, 1, 2, 3"
)
INDEXES = (
    f"{KIND} SELECT nullif(n.nspname, current_schema()), c.relname, i.relname, pg_get_indexdef(i.oid) FROM pg_index x "
    "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid "
    "JOIN pg_namespace n ON n.oid = i.relnamespace "
    # the others are built again by themselves
    "WHERE (x.indpred IS NOT NULL OR x.indexprs IS NOT NULL) AND c.relkind IN ('r', 'p') AND NOT i.relispartition "
    "AND EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = i.oid AND d.classid = CAST('pg_class' AS regclass) "
    f"AND {OF_COLUMN}) ORDER BY 1, 2, 3"
)
VIEWS = (
    f"{KIND}, uses (oid, depth) AS (SELECT r.ev_class, 1 FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid "
    f"WHERE d.classid = CAST('pg_rewrite' AS regclass) AND r.ev_class <> d.refobjid AND ({OF_COLUMN} OR {OF_TYPE}) "
    "UNION SELECT r.ev_class, u.depth + 1 FROM uses u JOIN pg_depend d ON d.refobjid = u.oid "
    "JOIN pg_rewrite r ON r.oid = d.objid WHERE d.classid = CAST('pg_rewrite' AS regclass) AND r.ev_class <> u.oid) "
    "SELECT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, "
    "CASE n.nspname WHEN current_schema() THEN quote_ident(c.relname) ELSE format('%I.%I', n.nspname, c.relname) END, "
    "coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''), pg_get_viewdef(c.oid), "
    "ARRAY(SELECT pg_get_indexdef(x.indexrelid) FROM pg_index x WHERE x.indrelid = c.oid "
    "UNION ALL SELECT format('GRANT %s ON %I.%I TO %s', g.privilege_type, n.nspname, c.relname, "
    "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END) "
    "FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN (SELECT oid, max(depth) AS depth FROM uses "
    "GROUP BY oid) u ON u.oid = c.oid WHERE c.relkind IN ('v', 'm') ORDER BY u.depth, 2"
)
OTHERS = (
    f"{KIND} SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d "
    f"LEFT JOIN pg_attrdef f ON f.oid = d.objid LEFT JOIN pg_attribute g ON g.attrelid = f.adrelid "
    f"AND g.attnum = f.adnum WHERE d.objid NOT IN {TYPES} AND ((d.classid IN (CAST('pg_proc' AS regclass), "
    f"CAST('pg_type' AS regclass)) AND {OF_TYPE}) OR (d.classid IN (CAST('pg_policy' AS regclass), "
    f"CAST('pg_trigger' AS regclass)) AND {OF_COLUMN}) OR (d.classid = CAST('pg_attrdef' AS regclass) "
    f"AND g.attgenerated <> '' AND {OF_COLUMN})) ORDER BY 1"
)
"""Queries for what uses a type, of `:schema` and `:name`; NULL is the default schema."""


@dataclass(frozen=True)
class View:
    """A view that uses a type.

    Args:
        kind: VIEW, or MATERIALIZED VIEW.
        name: Its name, quoted and with its schema.
        options: Its options, as in CREATE VIEW.
        definition: Its query.
        rest: Statements that make its indexes and privileges.
    """

    kind: str
    name: str
    options: str
    definition: str
    rest: Sequence[str]

    def made(self) -> Iterator[str]:
        """Yield the statements that make it."""
        yield f"CREATE {self.kind} {self.name}{self.options} AS\n{self.definition.rstrip(';')}"
        yield from self.rest


@dataclass(frozen=True)
class EnumType:
    """A type of an enum, and what uses it.

    Args:
        schema: The type's schema; None is the default one.
        name: Its name.
        labels: Its labels, in order.
        columns: Whether each column that has it is an array.
        defaults: The defaults of these columns.
        constraints: The CHECK constraints and foreign keys of these columns, as in ADD CONSTRAINT.
        indexes: The indexes with a condition or an expression of these columns, as CREATE INDEX.
        views: The views that need it, each before those that are made of it.
        others: What else needs it and can't be made anew here, in the server's words.
    """

    schema: str | None
    name: str
    labels: Sequence[str] = ()
    columns: Mapping[Place, bool] = field(default_factory=dict)
    defaults: Mapping[Place, str] = field(default_factory=dict)
    constraints: Mapping[Place, str] = field(default_factory=dict)
    indexes: Mapping[Place, str] = field(default_factory=dict)
    views: Sequence[View] = ()
    others: Sequence[str] = ()

    @property
    def full_name(self) -> str:
        """Its name, quoted and with its schema."""
        return _full(self.schema, self.name)

    def grown(self, old: Sequence[str], new: Sequence[str]) -> list[str]:
        """Return the statements that add labels, each at its place.

        Args:
            old: The labels that are there.
            new: All labels, in which the old ones have the same order.
        """
        statements, before = [], ""
        for number, label in enumerate(new):
            if label not in old:
                following = next((each for each in new[number:] if each in old), None)
                place = f" AFTER {_literal(before)}" if before else ""
                if not before and following is not None:
                    place = f" BEFORE {_literal(following)}"
                statements.append(f"ALTER TYPE {self.full_name} ADD VALUE {_literal(label)}{place}")
            before = label
        return statements

    def made_anew(self, labels: Sequence[str], after: EnumType) -> list[str]:
        """Return the statements that make the type anew, with what uses it.

        Args:
            labels: All labels.
            after: The type as it is to be used afterwards.
        """
        former = f"{self.name[:59]}_old"
        return [
            *(f"DROP {view.kind} {view.name}" for view in reversed(self.views)),
            *(
                f"ALTER TABLE {_full(*place[:2])} DROP CONSTRAINT {_quoted(place[2])}"
                for place in reversed(list(self.constraints))
            ),
            *(f"DROP INDEX {_full(place[0], place[2])}" for place in self.indexes),
            f"ALTER TYPE {self.full_name} RENAME TO {_quoted(former)}",
            f"CREATE TYPE {self.full_name} AS ENUM ({', '.join(map(_literal, labels))})",
            *self._converted(after),
            f"DROP TYPE {_full(self.schema, former)}",
            *after.indexes.values(),
            *(
                f"ALTER TABLE {_full(*place[:2])} ADD CONSTRAINT {_quoted(place[2])} {text}"
                for place, text in after.constraints.items()
            ),
            *(statement for view in after.views for statement in view.made()),
        ]

    def _converted(self, after: EnumType) -> Iterator[str]:
        # one statement rewrites a table once
        for table, places in groupby(self.columns, key=lambda place: place[:2]):
            actions: list[str] = []
            for place in places:
                column, brackets = _quoted(place[2]), "[]" if self.columns[place] else ""
                if place in self.defaults:
                    actions.append(f"ALTER {column} DROP DEFAULT")
                type_ = f"{self.full_name}{brackets}"
                actions.append(f"ALTER {column} TYPE {type_} USING {column}::text{brackets}::{type_}")
                if place in after.defaults:
                    actions.append(f"ALTER {column} SET DEFAULT {after.defaults[place]}")
            yield "\n  ".join([f"ALTER TABLE {_full(*table)}", ",\n  ".join(actions)])


def read_enum_type(connection: Connection, schema: str | None, name: str) -> EnumType:
    """Return a type with what uses it.

    Args:
        connection: A connection to the database.
        schema: The type's schema; None is the default one.
        name: Its name.
    """
    from sqlalchemy import text

    def rows(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.execute(text(query), {"schema": schema, "name": name})]

    columns = rows(COLUMNS)
    return EnumType(
        schema,
        name,
        labels=[label for (label,) in rows(LABELS)],
        columns={_place(place): array for *place, array, _ in columns},
        defaults={_place(place): default for *place, _, default in columns if default is not None},
        constraints={_place(place): made for *place, made in rows(CONSTRAINTS)},
        indexes={_place(place): made for *place, made in rows(INDEXES)},
        views=[View(*row) for row in rows(VIEWS)],
        others=[str(other) for (other,) in rows(OTHERS)],
    )


def _place(parts: Sequence[str]) -> Place:
    schema, table, name = parts
    return schema, table, name


def _full(schema: str | None, name: str) -> str:
    return f"{_quoted(schema)}.{_quoted(name)}" if schema else _quoted(name)


def _quoted(name: str) -> str:
    from sqlalchemy.dialects import postgresql

    dialect: Any = postgresql.dialect
    return str(dialect().identifier_preparer.quote(name))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
