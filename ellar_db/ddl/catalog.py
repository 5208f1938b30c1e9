"""What statements have made so far: tables, columns, constraints, domains, functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ellar_db.ddl.changes import Change, Column, Table
from ellar_db.ddl.words import words


@dataclass
class TableFacts:
    """What is known of a table.

    Args:
        columns: Its columns by name; those that no statement named are missing.
        checks: The conditions of its CHECK constraints that are known to hold, by the constraint's name.
        unproved: Those that were added NOT VALID, and not validated yet.
        keys: Its primary key and its unique constraints.
        foreign_keys: Its foreign keys.
        default: Its partition for rows that belong into no other one.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)
    unproved: dict[str, str] = field(default_factory=dict)
    keys: list[Change] = field(default_factory=list)
    foreign_keys: list[Change] = field(default_factory=list)
    default: Table | None = None


class Catalog:
    """The schema as far as statements tell, which are followed one after the other.

    Example:
        >>> from ellar_db.ddl.reading import changes_of
        >>> catalog = Catalog()
        >>> catalog.follow(changes_of("CREATE TABLE t (a VARCHAR(20))"))
        >>> catalog.column((None, "t"), "a").type
        'VARCHAR(20)'
    """

    def __init__(self) -> None:
        self.tables: dict[Table, TableFacts] = {}
        self.indexes: dict[str, Change] = {}
        self.domains: dict[str, str] = {}
        """Domains without a constraint, and the types that they stand for; an empty text for those that have one."""
        self.functions: dict[str, bool] = {}
        """Functions, and whether they are volatile."""
        self.bodies: dict[str, str] = {}
        """What functions do."""
        self.views: set[Table] = set()
        self.variables: dict[str, str] = {}

    def column(self, table: Table, name: str) -> Column | None:
        """Return a column; None if it isn't known."""
        facts = self.tables.get(table)
        return None if facts is None else facts.columns.get(name.lower())

    def proves_not_null(self, table: Table, column: str) -> bool:
        """Return whether a constraint that holds says that a column has no NULL."""
        facts = self.tables.get(table)
        name = re.escape(column)
        says = re.compile(rf'(?:^|\band\b)\W*"?{name}"? is not null\W*(?:$|\band\b)', re.IGNORECASE)
        return facts is not None and any(
            says.search(text) and not re.search(r"\bor\b", text, re.IGNORECASE) for text in facts.checks.values()
        )

    def finds(self, table: Table, columns: Iterable[str]) -> bool:
        """Return whether rows are found by some columns without reading all, or whether that isn't known."""
        facts = self.tables.get(table)
        if facts is None or not facts.columns:
            return True
        unique = {name for name, each in facts.columns.items() if each.facts & {"primary key", "unique"}}
        first = {each.columns[0].name.lower() for each in self._keys(table, facts) if each.columns}
        return bool((unique | first) & {name.lower() for name in columns})

    def _keys(self, table: Table, facts: TableFacts) -> list[Change]:
        return [*(each for each in self.indexes.values() if each.table == table), *facts.keys]

    def follow(self, changes: Iterable[Change]) -> None:
        """Take over what a statement does."""
        for change in changes:
            self._follow(change)

    def _follow(self, change: Change) -> None:
        kind, table = change.kind, change.table
        if kind == "create table":
            self.tables[table] = TableFacts({each.name.lower(): each for each in change.columns})
            if change.references is not None and "default" in change.facts:
                self.tables.setdefault(change.references, TableFacts()).default = table
        elif kind == "drop table":
            self.tables.pop(table, None)
        elif kind == "drop index":
            self.indexes.pop(change.name, None)
        elif kind == "create index":
            self.indexes[change.name] = change
        elif kind == "create domain":
            self.domains[table[1]] = "" if "check" in change.facts else change.definition.type
        elif kind == "add domain check":
            self.domains[table[1]] = ""
        elif kind == "create function":
            self.functions[table[1]] = "volatile" in change.facts
            self.bodies[table[1]] = next((word.value for word in change.words[::-1] if word.kind == "text"), "")
        elif kind == "create view":
            self.views.add(table)
        elif kind == "set":
            self.variables[table[1]] = change.name
        elif kind == "rename table":
            facts = self.tables.pop(table, None)
            if facts is not None:
                self.tables[table[0], change.name] = facts
        else:
            self._follow_table(change, self.tables.setdefault(table, TableFacts()))

    def _follow_table(self, change: Change, facts: TableFacts) -> None:
        kind, name = change.kind, change.column.lower()
        if kind in ("add column", "redefine column"):
            facts.columns.pop(name, None)
            facts.columns[change.definition.name.lower()] = change.definition
        elif kind == "change type":
            known = facts.columns.get(name, Column(change.column))
            facts.columns[name] = replace(known, type=change.definition.type)
        elif kind in ("set not null", "drop not null"):
            known = facts.columns.get(name, Column(change.column))
            changed = known.facts | {"not null"} if kind == "set not null" else known.facts - {"not null"}
            facts.columns[name] = replace(known, facts=frozenset(changed))
        elif kind == "drop column":
            facts.columns.pop(name, None)
        elif kind == "rename column":
            renamed = facts.columns.pop(name, None)
            if renamed is not None:
                facts.columns[change.name.lower()] = replace(renamed, name=change.name)
        elif kind == "add check":
            (facts.unproved if "not valid" in change.facts else facts.checks)[change.name] = change.sql
        elif kind == "validate" and change.name in facts.unproved:
            facts.checks[change.name] = facts.unproved.pop(change.name)
        elif kind == "drop constraint":
            facts.checks.pop(change.name, None)
            facts.unproved.pop(change.name, None)
            facts.keys = [each for each in facts.keys if each.name != change.name]
            facts.foreign_keys = [each for each in facts.foreign_keys if each.name != change.name]
        elif kind == "add foreign key":
            facts.foreign_keys.append(change)
        elif kind in ("add primary key", "add unique"):
            facts.keys.append(change)
            for each in change.columns if kind == "add primary key" else ():
                known = facts.columns.get(each.name.lower(), each)
                facts.columns[each.name.lower()] = replace(known, facts=known.facts | {"not null"})


def called(text: str) -> set[str]:
    """Return the names of the functions that an expression calls, in small letters.

    Example:
        >>> sorted(called("coalesce(now(), 'f(x)')"))
        ['coalesce', 'now']
    """
    return {word.name for word, following in pairwise(words(text)) if word.names and following.text == "("}
