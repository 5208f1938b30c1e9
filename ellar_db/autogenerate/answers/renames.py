"""Tables and columns that were renamed, where a comparison sees one dropped and one added."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.inspection import RenamedInspector
from ellar_db.autogenerate.answers.names import rename_parts
from ellar_db.autogenerate.answers.operations import rename_column, rename_table
from ellar_db.autogenerate.answers.questions import may_ask, was_renamed
from ellar_db.config.command_line import quoted
from ellar_db.config.invocation import Answers, invocation_of
from ellar_db.options import renamed, unambiguous
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation, UpgradeOps
    from sqlalchemy import Column, Table
    from sqlalchemy.types import TypeEngine

log = logging.getLogger("ellar_db")
compared = logging.getLogger("alembic.autogenerate.compare")


@dataclass(frozen=True)
class Place:
    """Where a table or a column is: a schema, or a table.

    Args:
        schema: The schema.
        default_schema: The name of the schema that a name without one means.
        tables: For columns, the names of their table: the new one, and the one that the database has.
    """

    schema: str | None
    default_schema: str | None
    tables: tuple[str, ...] = ()

    def name(self, item: Any) -> str:
        """Return the name of a table or column here, as it is shown."""
        return ".".join(str(part) for part in (self.schema, *self.tables[:1], item.name) if part)

    def typed(self, item: Any) -> str:
        """Return the name of a table or column here, as an option has it."""
        return ".".join(unambiguous(str(part)) for part in (self.schema, *self.tables[:1], item.name) if part)

    def names(self, item: Any) -> set[str]:
        """Return all names that an option may have for a table or column here."""
        schemas = (
            [f"{self.schema}."] if self.schema else ["", *([f"{self.default_schema}."] if self.default_schema else [])]
        )
        tables = [f"{table}." for table in self.tables] or [""]
        return {f"{schema}{table}{item.name}" for schema in schemas for table in tables}


@dataclass(frozen=True, eq=False)
class Pair:
    """A table or column that is dropped, and one that is added in the same place.

    Args:
        place: Where they are.
        old: The one that the database has.
        new: The one that the models have.
    """

    place: Place
    old: Any
    new: Any

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "column" if self.place.tables else "table"

    @property
    def shown(self) -> tuple[str, str]:
        """The old and the new name, as they are shown."""
        return self.place.name(self.old), self.place.name(self.new)

    def is_meant(self, option: str) -> bool:
        """Return whether a value of `--rename` means this one."""
        old, new = renamed(option)
        return old in self.place.names(self.old) and new in {self.new.name, *self.place.names(self.new)}


def answers_of(context: AutogenContext) -> Answers | None:
    """Return the answers of the command that compares, or None if it has no questions."""
    config = context.migration_context.config if context.migration_context is not None else None
    return None if config is None else invocation_of(config).answers


def is_second_comparison(context: AutogenContext) -> bool:
    """Return whether a comparison is the one that begins when something is renamed."""
    return isinstance(vars(context).get("inspector"), RenamedInspector)


def rename(context: AutogenContext, operations: UpgradeOps, schemas: set[str | None]) -> None:
    """Replace drops and adds that are renames, and compare what is renamed as it will be then.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
        schemas: The schemas that are compared.

    Raises:
        DbError: The answers contradict each other, or a question wasn't answered.
    """
    answers = answers_of(context)
    if answers is None or context.migration_context is None:
        return
    inspector = RenamedInspector(context.inspector, context.migration_context.impl)
    done: list[MigrateOperation] = []
    for pairs, confirmed in ((_tables, _rename_table), (_columns, _rename_column)):
        chosen = _chosen(list(pairs(context, operations, inspector, answers)), answers, context)
        if chosen:
            done += [confirmed(pair, inspector) for pair in chosen]
            _compare_again(context, operations, schemas, inspector)
    if done:
        operations.ops[:0] = [*done, *rename_parts(context, operations, inspector)]


def _tables(context: AutogenContext, operations: UpgradeOps, _: RenamedInspector, answers: Answers) -> Iterator[Pair]:
    from alembic.operations.ops import CreateTableOp, DropTableOp

    default = _default_schema(context)
    dropped = [(each.schema, each.to_table()) for each in operations.ops if isinstance(each, DropTableOp)]
    # what is read from the default schema has none
    created = [
        (None if each.schema == default else each.schema, each.to_table())
        for each in operations.ops
        if isinstance(each, CreateTableOp)
    ]
    for place in {schema: Place(schema, default) for schema, _ in (*dropped, *created)}.values():
        yield from _pairs(
            place,
            [table for schema, table in dropped if schema == place.schema],
            [table for schema, table in created if schema == place.schema],
            answers,
        )


def _columns(
    context: AutogenContext, operations: UpgradeOps, inspector: RenamedInspector, answers: Answers
) -> Iterator[Pair]:
    from alembic.operations.ops import AddColumnOp, DropColumnOp, ModifyTableOps

    for table in operations.ops:
        if isinstance(table, ModifyTableOps):
            name = str(table.table_name)
            names = tuple(dict.fromkeys((name, inspector.former(table.schema, name))))
            yield from _pairs(
                Place(table.schema, _default_schema(context), names),
                [each.to_column() for each in table.ops if isinstance(each, DropColumnOp)],
                [each.column for each in table.ops if isinstance(each, AddColumnOp)],
                answers,
            )


def _pairs(place: Place, dropped: Sequence[Any], added: Sequence[Any], answers: Answers) -> Iterator[Pair]:
    """Yield all pairs in a place, and note the names for messages."""
    for known, items in ((answers.dropped, dropped), (answers.added, added)):
        known.update({name: place.name(item) for item in items for name in place.names(item)})
    yield from (Pair(place, old, new) for old in dropped for new in added)


def _default_schema(context: AutogenContext) -> str | None:
    return context.dialect.default_schema_name if context.dialect is not None else None


def _chosen(pairs: Sequence[Pair], answers: Answers, context: AutogenContext) -> list[Pair]:
    """Return the pairs that are renames: those of the options, and those to which someone says yes."""
    chosen: list[tuple[Pair, str]] = []
    for option in dict.fromkeys(answers.renames):
        for pair in pairs:
            if not pair.is_meant(option):
                continue
            for other, said in chosen:
                if _overlap(pair, other):
                    raise DbError(
                        f"--rename {said} and --rename {option} contradict each other; one name becomes one other name"
                    )
            chosen.append((pair, option))
            answers.used.add(option)
    found = [pair for pair, _ in chosen]
    hinted: list[Pair] = []
    for pair in sorted(_alike(pairs, context), key=lambda pair: (-_likeness(*pair.shown), pair.shown)):
        if any(_overlap(pair, other) for other in (*found, *hinted)):
            continue
        if not may_ask(answers):
            if answers.hint:
                _hint(pair)
            hinted.append(pair)
        elif was_renamed(pair.kind, *pair.shown):
            found.append(pair)
    return found


def _overlap(one: Pair, other: Pair) -> bool:
    return one.old is other.old or one.new is other.new


def _hint(pair: Pair) -> None:
    log.warning(
        "the %s %s is dropped with its %s, and %s is added; if it was renamed, say --rename %s",
        pair.kind,
        pair.shown[0],
        "values" if pair.place.tables else "rows",
        pair.shown[1],
        quoted(f"{pair.place.typed(pair.old)}:{unambiguous(pair.new.name)}"),
    )


def _alike(pairs: Iterable[Pair], context: AutogenContext) -> Iterator[Pair]:
    for pair in pairs:
        if (
            _columns_alike(context, pair.old, pair.new)
            if pair.place.tables
            else _tables_alike(context, pair.old, pair.new)
        ):
            yield pair


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, old, new).ratio()


def _tables_alike(context: AutogenContext, old: Table, new: Table) -> bool:
    """Return whether at least half of the columns of two tables have the same name and a like type."""
    both = [column for column in new.columns if column.name in {other.name for other in old.columns}]
    by_name = {column.name: column for column in old.columns}
    same = sum(_columns_alike(context, by_name[column.name], column) for column in both)
    return same * 2 >= len(old.columns) + len(new.columns) - same and same > 0


def _columns_alike(context: AutogenContext, old: Column[Any], new: Column[Any]) -> bool:
    """Return whether two columns have types of which one can take the other's values."""
    return bool(_kinds(old.type, context) & _kinds(new.type, context))


def _kinds(type_: TypeEngine[Any], context: AutogenContext) -> set[Any]:
    """Return what tells a like type: its name in the database, and what Python makes of its values."""
    found: set[Any] = set()
    for read in (_name_of, _python_type):
        # a type of another package may have neither, and raise anything
        with suppress(Exception):
            found.add(read(type_, context))
    return found


def _name_of(type_: TypeEngine[Any], context: AutogenContext) -> str:
    return type_.compile(dialect=context.dialect).partition("(")[0].upper()


def _python_type(type_: TypeEngine[Any], context: AutogenContext) -> Any:
    from decimal import Decimal

    found = type_.python_type
    return int if found in (bool, float, Decimal) else found


def _rename_table(pair: Pair, inspector: RenamedInspector) -> MigrateOperation:
    compared.info("Detected renamed table %r, now %r", *pair.shown)
    old, new = str(pair.old.name), str(pair.new.name)
    inspector.rename_table(pair.place.schema, old, new)
    return rename_table(pair.place.schema, old, new)


def _rename_column(pair: Pair, inspector: RenamedInspector) -> MigrateOperation:
    compared.info("Detected renamed column %r, now %r", *pair.shown)
    schema, table = pair.place.schema, pair.place.tables[0]
    inspector.rename_column(schema, table, str(pair.old.name), str(pair.new.name))
    return rename_column(schema, table, pair.old, str(pair.new.name))


def _compare_again(
    context: AutogenContext, operations: UpgradeOps, schemas: set[str | None], inspector: RenamedInspector
) -> None:
    operations.ops.clear()
    context.inspector = inspector
    assert context.dialect is not None
    with _once(logging.getLogger("alembic.autogenerate")):
        compare: Callable[..., None] = context.comparators.dispatch("schema", qualifier=context.dialect.name)
        compare(context, operations, schemas)


@contextmanager
def _once(logger: logging.Logger) -> Iterator[None]:
    """Keep a logger from telling what it has told already."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
