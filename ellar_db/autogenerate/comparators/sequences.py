"""Sequences of the models, which Alembic leaves out."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import qualified, quoted, statement
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.util.sqlalchemy import sequences_of

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from sqlalchemy import Column, Sequence

log = logging.getLogger("alembic.autogenerate.compare")

KIND: Any = "sequence"
"""What the filter of objects is given as the kind."""


def compare_sequences(context: AutogenContext, operations: UpgradeOps) -> None:
    """Add the sequences that the models have and the database hasn't, and change their options; a step of the pipeline.

    One that the models don't have is dropped if a column used it that no longer does: others may be another
    program's, or another package's.

    Args:
        context: The context of the comparison.
        operations: The operations, changed in place.
    """
    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    if context.connection is None or not context.dialect.supports_sequences:
        return
    wanted: dict[str | None, dict[str, Sequence]] = {None: {}}
    for sequence in sequences_of(context.metadata, context.dialect):
        if sequence.schema is None or context.opts.get("include_schemas"):
            wanted.setdefault(sequence.schema, {})[str(sequence.name)] = sequence
    for schema, sequences in wanted.items():
        there = dialect.sequences(context.connection, schema)
        for name, sequence in sequences.items():
            if not context.run_object_filters(sequence, name, KIND, False, None):
                continue
            place = qualified(context, schema, name)
            if name not in there:
                made = statement(_creation(context, sequence), f"DROP SEQUENCE {place}")
                operations.ops.insert(0, made)
                log.info("Detected added sequence %r", name)
            elif change := dialect.sequence_change(place, there[name], sequence):
                operations.ops.insert(0, statement(*change))
                log.info("Detected changed sequence %r", name)
        left = {name: there[name] for name in there.keys() - sequences.keys()}
        for name in sorted(_unused(context, operations, left)):
            if context.run_object_filters(left[name], name, KIND, True, None):
                operations.ops.append(
                    statement(f"DROP SEQUENCE {qualified(context, schema, name)}", _creation(context, left[name]))
                )
                log.info("Detected removed sequence %r", name)


def _creation(context: AutogenContext, sequence: Sequence) -> str:
    from sqlalchemy.schema import CreateSequence

    assert context.dialect is not None
    return str(CreateSequence(sequence).compile(dialect=context.dialect)).strip().replace("%%", "%")


def _unused(context: AutogenContext, operations: UpgradeOps, names: Collection[str]) -> Iterator[str]:
    """Yield the sequences that columns used, and no column of the models uses."""
    if not names:
        return
    before = [_default(column) for column in _columns_before(operations)]
    after = [_default(column) for table in context.sorted_tables for column in table.columns]
    for name in names:
        uses = re.compile(rf"(?i)nextval\b.*(?<!\w){re.escape(quoted(context, name))}(?!\w)")
        if any(map(uses.search, before)) and not any(map(uses.search, after)):
            yield name


def _columns_before(container: Any) -> Iterator[Column[Any]]:
    """Yield columns as they were, of those that are dropped or get another default."""
    from alembic.operations.ops import AlterColumnOp, DropColumnOp, DropTableOp

    for each in container.ops:
        if hasattr(each, "ops"):
            yield from _columns_before(each)
        elif isinstance(each, DropColumnOp):
            yield each.to_column()
        elif isinstance(each, DropTableOp):
            yield from each.to_table().columns
        elif isinstance(each, AlterColumnOp) and each.modify_server_default is not False:
            from sqlalchemy import Column, Integer

            yield Column(each.column_name, Integer, server_default=each.existing_server_default or None)


def _default(column: Column[Any]) -> str:
    given: Any = column.server_default
    return str(getattr(given, "arg", "")) if given is not None else ""
