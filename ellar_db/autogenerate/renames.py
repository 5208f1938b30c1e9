"""Tables and columns that were renamed, where a comparison sees one dropped and one added."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.inspection import RenamedInspector
from ellar_db.autogenerate.names import rename_parts
from ellar_db.autogenerate.operations import rename_column, rename_table
from ellar_db.autogenerate.questions import may_ask, was_renamed
from ellar_db.config.invocation import Answers, invocation_of
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation, UpgradeOps
    from sqlalchemy import Column, Table
    from sqlalchemy.types import TypeEngine

log = logging.getLogger("ellar_db")


@dataclass(frozen=True)
class Pair:
    """A table or column that is dropped, and one that is added in its place.

    Args:
        schema: The schema.
        old: The table, or the column in `table`, as the database has it.
        new: The one of the models.
        table: For a column, the names of its table: the new one, and the one that the database has.
        default_schema: The name of the default schema.
    """

    schema: str | None
    old: Any
    new: Any
    table: tuple[str, ...] = ()
    default_schema: str | None = None

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "column" if self.table else "table"

    @property
    def shown(self) -> tuple[str, str]:
        """The old and the new name, as they are shown."""
        place = ".".join(str(part) for part in (self.schema, *self.table[:1]) if part)
        return (f"{place}.{self.old.name}", f"{place}.{self.new.name}") if place else (self.old.name, self.new.name)

    @property
    def option(self) -> str:
        """The option that confirms it."""
        return f"--rename {self.shown[0]}:{self.new.name}"

    def spelled(self, item: Any) -> set[str]:
        """Return all that the old or the new one may be called in an option."""
        schemas = ["", *(f"{name}." for name in {self.schema or self.default_schema, self.schema} if name)]
        if self.schema:
            # without its schema it would be another table
            schemas.remove("")
        tables = [f"{table}." for table in self.table] or [""]
        return {f"{schema}{table}{item.name}" for schema in schemas for table in tables}

    def is_meant(self, option: str) -> bool:
        """Return whether a value of `--rename` means this one."""
        old, _, new = option.partition(":")
        return old in self.spelled(self.old) and new in {self.new.name, *self.spelled(self.new)}


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
        found = list(pairs(context, operations, inspector))
        chosen = _chosen(found, answers, context)
        if not chosen:
            continue
        done += [confirmed(pair, inspector) for pair in chosen]
        _compare_again(context, operations, schemas, inspector)
    if done:
        operations.ops[:0] = [*done, *rename_parts(context, operations, inspector)]


def _tables(context: AutogenContext, operations: UpgradeOps, _: RenamedInspector) -> Iterator[Pair]:
    from alembic.operations.ops import CreateTableOp, DropTableOp

    default = context.dialect.default_schema_name if context.dialect is not None else None
    dropped = [(each.schema, each.to_table()) for each in operations.ops if isinstance(each, DropTableOp)]
    created = [(each.schema, each.to_table()) for each in operations.ops if isinstance(each, CreateTableOp)]
    for schema, old in dropped:
        for where, new in created:
            # what is read from the default schema has none
            if where == schema or (schema is None and where == default):
                yield Pair(schema, old, new, (), default)


def _columns(context: AutogenContext, operations: UpgradeOps, inspector: RenamedInspector) -> Iterator[Pair]:
    from alembic.operations.ops import AddColumnOp, DropColumnOp, ModifyTableOps

    default = context.dialect.default_schema_name if context.dialect is not None else None
    for table in operations.ops:
        if not isinstance(table, ModifyTableOps):
            continue
        names = (str(table.table_name), inspector.former(table.schema, table.table_name))
        dropped = [each.to_column() for each in table.ops if isinstance(each, DropColumnOp)]
        added = [each.column for each in table.ops if isinstance(each, AddColumnOp)]
        for old in dropped:
            yield from (Pair(table.schema, old, new, names, default) for new in added)


def _chosen(pairs: Sequence[Pair], answers: Answers, context: AutogenContext) -> list[Pair]:
    """Return the pairs that are renames: those of the options, and those to which someone says yes."""
    for pair in pairs:
        answers.renameable[0].add(pair.shown[0])
        answers.renameable[1].add(pair.shown[1])
    chosen: list[Pair] = []
    by_option: dict[int, str] = {}
    for option in dict.fromkeys(answers.renames):
        for pair in pairs:
            if not pair.is_meant(option):
                continue
            other = next((each for each in chosen if each.old is pair.old or each.new is pair.new), None)
            if other is not None:
                raise DbError(
                    f"--rename {by_option[id(other)]} and --rename {option} contradict each other; "
                    "one name becomes one other name"
                )
            chosen.append(pair)
            by_option[id(pair)] = option
            answers.used.add(option)
    ask = may_ask(answers)
    for pair in sorted(_alike(pairs, context), key=lambda pair: -_likeness(*pair.shown)):
        if any(each.old is pair.old or each.new is pair.new for each in chosen):
            continue
        if not ask:
            what = "its values" if pair.table else "its rows"
            log.warning(
                "the %s %s is dropped with %s, and %s is added; if it was renamed, say %s",
                pair.kind, pair.shown[0], what, pair.shown[1], pair.option,
            )  # fmt: skip
        elif was_renamed(pair.kind, *pair.shown):
            chosen.append(pair)
    return chosen


def _alike(pairs: Iterable[Pair], context: AutogenContext) -> Iterator[Pair]:
    for pair in pairs:
        if _columns_alike(context, pair.old, pair.new) if pair.table else _tables_alike(context, pair.old, pair.new):
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
        # types of other packages may have neither
        try:
            found.add(read(type_, context))
        except Exception:
            continue
    return found


def _name_of(type_: TypeEngine[Any], context: AutogenContext) -> str:
    return type_.compile(dialect=context.dialect).partition("(")[0].upper()


def _python_type(type_: TypeEngine[Any], context: AutogenContext) -> Any:
    from decimal import Decimal

    found = type_.python_type
    return int if found in (bool, float, Decimal) else found


def _rename_table(pair: Pair, inspector: RenamedInspector) -> MigrateOperation:
    log.info("Detected renamed table %r, now %r", *pair.shown)
    old, new = str(pair.old.name), str(pair.new.name)
    inspector.rename_table(pair.schema, old, new)
    return rename_table(pair.schema, old, new)


def _rename_column(pair: Pair, inspector: RenamedInspector) -> MigrateOperation:
    log.info("Detected renamed column %r, now %r", *pair.shown)
    inspector.rename_column(pair.schema, pair.table[0], str(pair.old.name), str(pair.new.name))
    return rename_column(pair.schema, pair.table[0], pair.old, str(pair.new.name))


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
