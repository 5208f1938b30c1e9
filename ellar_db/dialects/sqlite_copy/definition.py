"""The new definition of a table: the original words, but for what the batch operation changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.sqlite_copy.facts import ColumnFacts, ConstraintFacts, TableFacts, is_stated
from ellar_db.dialects.sqlite_copy.text import (
    DEFAULT_COLLATION,
    Clause,
    Item,
    TableText,
    folded,
    names_in,
    normalized,
    quoted,
)
from ellar_db.util.errors import RefusedError
from ellar_db.util.sqlalchemy import ddl_compiler

if TYPE_CHECKING:
    from sqlalchemy import Column, Constraint, Dialect

SHOWN = 80
"""Maximum number of characters of a definition that an error shows."""


@dataclass(frozen=True)
class Change:
    """What a batch operation makes of a table.

    Args:
        table: The table's name.
        dialect: SQLAlchemy's dialect.
        was: What the database has.
        now: What the new table shall have.
        copied: The columns that are copied, folded, by the names from before.
        renamed: The new names of renamed columns, by the folded names from before.
        alias: The column that is the rowid, folded, by the name from before; an empty string if there is none.
        known: The constraints of the table as Alembic knows it, of which the revision can drop some.
    """

    table: str
    dialect: Dialect
    was: TableFacts
    now: TableFacts
    copied: frozenset[str]
    renamed: Mapping[str, str]
    alias: str
    known: frozenset[ConstraintFacts]

    @property
    def silent(self) -> bool:
        """Whether Alembic left out the CHECK constraints without a name, as it does with tables that it read."""
        return any(facts.kind == "CHECK" and facts.name is None for facts in self.known)

    def current(self, key: str) -> str:
        """Return the folded name that a column has after it was renamed."""
        return folded(self.renamed.get(key, key))

    @property
    def dropped(self) -> frozenset[str]:
        """The columns that are dropped, folded."""
        return frozenset(self.current(key) for key in self.was.columns if key not in self.copied)


class Definition:
    """The definition of a table while it is being changed.

    Args:
        original: The definition, in which columns are renamed already.
        change: What is changed.
    """

    def __init__(self, original: TableText, change: Change) -> None:
        self._original = original
        self._change = change
        self._lead = _lead(original)
        self._columns = {key: self._column(key, *now) for key, now in change.now.columns.items()}
        self._constraints = list(original.constraints)

    def changed(self) -> TableText:
        """Return the new definition.

        Raises:
            RefusedError: Something that isn't named would be lost.
        """
        gone = _without(self._facts(self._change.was), self._facts(self._change.now))
        new = _without(self._facts(self._change.now), self._facts(self._change.was))
        if self._change.silent:
            gone = [facts for facts in gone if facts.kind != "CHECK" or facts.name]
        gone = [facts for facts in gone if not self._is_namesake(facts)]
        self._name(gone, new)
        self._restate(new)
        self._change_key(gone, new)
        for facts in gone:
            self._remove(facts)
        self._drop_with_columns()
        for facts in [*new, *self._lost_with_columns(new)]:
            if not self._is_in_new_column(facts):
                self._add(self._written(self._object(facts)))
        items = (*self._columns.values(), *(item for item in self._constraints if item.clauses))
        return self._with_options(replace(self._original, items=items))

    # Columns

    def _column(self, key: str, facts: ColumnFacts, column: Column[Any]) -> Item:
        """Return the definition of a column of the new table."""
        original = self._original.columns.get(self._change.current(key))
        known = self._change.was.columns.get(key)
        if original is None or known is None or key not in self._change.copied:
            return Item(self._lead + self._rendered(column).raw)
        return self._altered(original, known[0], facts, column, is_rowid=self._is_rowid(key))

    def _is_rowid(self, key: str) -> bool:
        """Return whether a column is the rowid, and alone the primary key of the new table too."""
        keys = [facts.columns for facts in self._facts(self._change.now) if facts.kind == "PRIMARY"]
        return key == self._change.alias and keys == [(key,)]

    def _altered(self, item: Item, was: ColumnFacts, now: ColumnFacts, column: Column[Any], *, is_rowid: bool) -> Item:
        if was == now:
            return item
        rendered = self._rendered(column)
        # a rowid is a BIGINT already, and would be none under that name
        if was.type != now.type and not (is_rowid and "INT" in now.type.upper()):
            item = item.with_type(rendered.type)
            collation = rendered.first("COLLATE")
            if collation is not None:
                is_default = folded(collation.tokens[1].identifier) == folded(DEFAULT_COLLATION)
                item = _exchanged(item, "COLLATE", None if is_default else rendered)
        if was.nullable != now.nullable and not is_rowid:
            item = _exchanged(_exchanged(item, "NULL", None), "NOT", rendered)
        if was.default != now.default:
            item = _exchanged(item, "DEFAULT", rendered)
        if was.computed != now.computed:
            item = _exchanged(item, "GENERATED", rendered)
        return item

    def _rendered(self, column: Column[Any]) -> Item:
        """Return a column as SQLAlchemy writes it."""
        from sqlalchemy.schema import CreateColumn

        return Item(str(CreateColumn(column).compile(dialect=self._change.dialect)).strip())

    # Constraints

    @staticmethod
    def _facts(table: TableFacts) -> list[ConstraintFacts]:
        return [facts for facts, _ in table.constraints]

    def _object(self, facts: ConstraintFacts) -> Constraint:
        return next(object_ for known, object_ in self._change.now.constraints if known == facts)

    def _is_in_new_column(self, facts: ConstraintFacts) -> bool:
        """Return whether a constraint is part of the definition of a column that is added."""
        from sqlalchemy import Column

        column = getattr(self._object(facts), "parent", None)
        return isinstance(column, Column) and column.key not in self._change.was.columns

    def _written(self, constraint: Constraint) -> str:
        """Return a constraint as SQLAlchemy writes it."""
        return str(ddl_compiler(self._change.dialect).process(constraint)).strip()

    def _add(self, written: str) -> None:
        self._constraints.append(Item(self._lead + written))

    def _all(self) -> Iterator[tuple[Item, Clause]]:
        for item in [*self._columns.values(), *self._constraints]:
            for clause in item.clauses:
                yield item, clause

    def _found(self, facts: ConstraintFacts) -> tuple[Item, Clause] | None:
        """Return where a constraint is written; the one of that name, or else one that is the same otherwise."""
        found = [(item, clause) for item, clause in self._all() if self._is(facts, item, clause)]
        named = [pair for pair in found if facts.name and folded(pair[1].name or "") == folded(facts.name)]
        return next(iter(named or found), None)

    def _is(self, facts: ConstraintFacts, item: Item, clause: Clause) -> bool:
        kind = "FOREIGN" if clause.kind == "REFERENCES" else clause.kind
        if kind != facts.kind:
            return False
        if kind == "CHECK":
            same = clause.expression == " ".join(normalized(str(facts.details[0])))
            # SQLAlchemy 2.0 misreads some names
            return folded(clause.name or "") == folded(facts.name) or same if facts.name else same and not clause.name
        columns = clause.columns if item.column is None else (folded(item.column),)
        if columns != tuple(self._change.current(column) for column in facts.columns):
            return False
        return kind != "FOREIGN" or all(f".{clause.target}." in f".{full}" for full in facts.details[0])

    def _exchange(self, old: Item, new: Item) -> None:
        """Put an item in the place of another."""
        self._constraints = [new if item is old else item for item in self._constraints]
        self._columns = {key: new if item is old else item for key, item in self._columns.items()}

    def _remove(self, facts: ConstraintFacts) -> None:
        """Remove a constraint.

        Raises:
            RefusedError: It isn't found where it is expected.
        """
        found = self._found(facts)
        if found is not None:
            self._exchange(found[0], found[0].without(found[1]))
        elif facts in self._change.known and not self._columns_of(facts) & self._change.dropped:
            what = f"{facts.kind} {facts.name or ', '.join(facts.columns)}".strip()
            raise RefusedError(
                f"the batch operation on {self._change.table!r} drops the constraint {what}, which isn't found in the "
                "table's definition; create the table anew in the revision instead"
            )

    def _columns_of(self, facts: ConstraintFacts) -> set[str]:
        if facts.kind == "CHECK":
            return set(names_in(str(facts.details[0]), [*self._original.columns]))
        return {self._change.current(column) for column in facts.columns}

    def _is_namesake(self, facts: ConstraintFacts) -> bool:
        """Return whether Alembic forgot a constraint, since another one has the same name.

        Raises:
            RefusedError: The one that was dropped may be either.
        """
        namesakes = [known for known in self._facts(self._change.was) if facts.name and known.name == facts.name]
        if len(namesakes) < 2:
            return False
        if any(known.name == facts.name for known in self._facts(self._change.now)):
            return True
        raise RefusedError(
            f"the batch operation on {self._change.table!r} drops the constraint {facts.name}, and there are "
            f"{len(namesakes)} of this name; create the table anew in the revision instead"
        )

    def _name(self, gone: list[ConstraintFacts], new: list[ConstraintFacts]) -> None:
        """Write the names that a naming convention gives to constraints that have none."""
        for facts in list(new):
            before = next((one for one in gone if one.nameless == facts.nameless and not one.name), None)
            found = None if before is None or not facts.name else self._found(before)
            if before is not None and found is not None:
                item, clause = found
                words = item.raw[clause.start : clause.end]
                self._exchange(item, item.replaced(clause, f"CONSTRAINT {quoted(str(facts.name))} {words}"))
                gone.remove(before)
                new.remove(facts)

    def _restate(self, new: list[ConstraintFacts]) -> None:
        """Replace the CHECK constraints without a name where such were given as `table_args`, as Alembic documents."""
        checks = {facts: object_ for facts, object_ in self._change.now.checks() if facts in new}
        stated: list[ConstraintFacts] = [facts for facts, object_ in checks.items() if is_stated(object_)]
        typed = [facts for facts in checks if not facts.name and facts not in stated]
        kept = {}
        for item, clause in list(self._all()):
            if clause.kind != "CHECK" or clause.name is not None:
                continue
            same = next((one for one in (*stated, *typed) if self._is(one, item, clause)), None)
            if same is not None:
                kept[same] = clause
            elif stated or any(self._replaces(one, clause) for one in typed):
                self._exchange_clause(clause)
        new[:] = [facts for facts in new if facts not in kept]

    def _exchange_clause(self, clause: Clause) -> None:
        item = next(item for item, known in self._all() if known is clause)
        self._exchange(item, item.without(clause))

    def _replaces(self, facts: ConstraintFacts, clause: Clause) -> bool:
        """Return whether the CHECK of a column's new type replaces that of its type before: `column IN (...)`."""
        return normalized(str(facts.details[0]))[:2] == tuple(clause.expression.split()[:2]) and " in " in (
            f" {' '.join(normalized(str(facts.details[0]))[:3])} "
        )

    def _change_key(self, gone: list[ConstraintFacts], new: list[ConstraintFacts]) -> None:
        """Change the primary key; AUTOINCREMENT can only be written with its column."""
        now = next((facts for facts in self._facts(self._change.now) if facts.kind == "PRIMARY"), None)
        asked = self._change.now.autoincrement and not self._change.was.autoincrement
        was = next((facts for facts in self._facts(self._change.was) if facts.kind == "PRIMARY"), None)
        if now is not None and was is not None and now.name is None and now.nameless == was.nameless:
            # if it had a name, Alembic forgot that, since another constraint has it too
            gone[:] = [facts for facts in gone if facts != was]
            new[:] = [facts for facts in new if facts != now]
        changed = now in new
        if now is None or not (asked or changed):
            return
        known = next((pair for pair in self._all() if pair[1].kind == "PRIMARY"), None)
        gone[:] = [facts for facts in gone if facts.kind != "PRIMARY"]
        new[:] = [facts for facts in new if facts is not now]
        if known is not None:
            if not changed and "AUTOINCREMENT" in known[1].words:
                return
            self._exchange(known[0], known[0].without(known[1]))
        if self._change.now.autoincrement and len(now.columns) == 1:
            item = self._columns[now.columns[0]]
            if item.first("PRIMARY") is None:
                self._exchange(item, item.with_type("INTEGER").extended("PRIMARY KEY AUTOINCREMENT"))
        else:
            self._add(self._written(self._object(now)))

    def _drop_with_columns(self) -> None:
        """Drop the constraints of dropped columns alone.

        Raises:
            RefusedError: An expression names a dropped column, and others too.
        """
        dropped = self._change.dropped - {
            self._change.current(key) for key in self._columns if key not in self._change.copied
        }
        everything = [*self._original.columns]
        for item, clause in list(self._all()):
            if clause.kind in ("UNIQUE", "FOREIGN", "PRIMARY") and set(clause.columns) & dropped:
                self._exchange_clause(clause)
            elif clause.kind in ("CHECK", "GENERATED"):
                named = names_in(clause.expression, everything)
                if named & dropped and (named - dropped or clause.kind == "GENERATED"):
                    self._refuse(item, clause, named & dropped)
                if named & dropped:
                    self._exchange_clause(clause)

    def _lost_with_columns(self, new: list[ConstraintFacts]) -> list[ConstraintFacts]:
        """Return the constraints that stay although a column was replaced in whose definition they were."""
        replaced = {key for key in self._columns if key not in self._change.copied and key in self._change.was.columns}
        return [
            facts
            for facts in self._facts(self._change.now)
            if replaced & set(facts.columns) and facts not in new and self._found(facts) is None
        ]

    def _refuse(self, item: Item, clause: Clause, columns: Iterable[str]) -> None:
        words = " ".join(item.raw[clause.start : clause.end].split())
        cure = "restate those that stay with table_args" if clause.name is None else "drop it in the same batch too"
        if clause.kind == "GENERATED":
            words, cure = f"the generated column {item.column}", "drop it in the same batch too"
        raise RefusedError(
            f"the batch operation on {self._change.table!r} drops the column {', '.join(sorted(columns))}, which "
            f"{words[:SHOWN]} names; {cure}"
        )

    def _with_options(self, text: TableText) -> TableText:
        added = self._change.now.options - self._change.was.options
        removed = self._change.was.options - self._change.now.options
        options = {*text.options, *added} - removed
        return text if options == set(text.options) else text.with_options(sorted(options))


def _lead(original: TableText) -> str:
    """Return the whitespace before an item that is added."""
    first = original.items[0].raw
    lead = first[: len(first) - len(first.lstrip(" \t\n\r\f"))]
    return lead or " "


def _exchanged(item: Item, kind: str, rendered: Item | None) -> Item:
    """Return a column whose clauses of a kind are those that SQLAlchemy writes, in the place of the first of them."""
    words = rendered.first(kind) if rendered is not None else None
    written = rendered.raw[words.start : words.end] if rendered is not None and words is not None else ""
    while (known := item.first(kind)) is not None:
        if written and len([clause for clause in item.clauses if clause.kind == kind]) == 1:
            return item.replaced(known, written)
        item = item.without(known)
    return item.extended(written) if written else item


def _without(one: list[ConstraintFacts], other: list[ConstraintFacts]) -> list[ConstraintFacts]:
    """Return the constraints of a list that another one hasn't, each counted."""
    rest = list(other)
    missing = []
    for facts in one:
        if facts in rest:
            rest.remove(facts)
        else:
            missing.append(facts)
    return missing
