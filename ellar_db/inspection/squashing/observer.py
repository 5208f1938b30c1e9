"""The statements of revisions while they run, each as the revision has it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

from ellar_db.databases.database import Databases
from ellar_db.guards.entry import NAME as JOURNAL
from ellar_db.revisions.squashing.statements import Kind, kind_of, split
from ellar_db.util.alembic import recording

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation


BIND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""What SQLAlchemy would take for a parameter."""

COPYING = ("alembic.operations.batch", "ellar_db.dialects.sqlite_copy")
"""Modules with which a batch operation copies a table, with its rows."""


@dataclass(frozen=True)
class Statement:
    """A statement that ran.

    Args:
        revision: The revision.
        text: The text, as `op.execute()` takes it; it may be several statements.
        own: Whether it was given to `op.execute()`.
    """

    revision: str
    text: str
    own: bool

    @property
    def changes(self) -> Iterator[tuple[Kind, str]]:
        """What each statement in the text changes, and the statement."""
        for each in split(self.text):
            yield kind_of(each, own=self.own), each


@dataclass
class Observer:
    """Notes what runs on scratch databases.

    Args:
        own: The tables that record what was run.

    Attributes:
        statements: Those of each database, in order.
        renames: What operations rename, in order: the table, with its schema, and the column or None; and the new name.
    """

    own: Collection[str]
    revision: str = ""
    statements: dict[str, list[Statement]] = field(default_factory=dict)
    renames: list[tuple[str, str | None, str]] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)

    @contextmanager
    def watching(self, databases: Databases) -> Iterator[None]:
        """Note what runs while the context lasts.

        Args:
            databases: The scratch databases.
        """
        from sqlalchemy import event

        with ExitStack() as stack:
            stack.enter_context(recording(self._invoked))
            for name, database in databases.items():
                found = self.statements.setdefault(name, [])

                def executed(*arguments: Any, found: list[Statement] = found) -> None:
                    self._executed(str(arguments[2]), found)

                event.listen(database.sync_engine, "before_cursor_execute", executed)
                stack.callback(event.remove, database.sync_engine, "before_cursor_execute", executed)
            yield

    def _invoked(self, operation: MigrateOperation) -> AbstractContextManager[None]:
        from alembic.operations.ops import AlterColumnOp, ExecuteSQLOp, RenameTableOp

        if isinstance(operation, ExecuteSQLOp):
            text = operation.sqltext if isinstance(operation.sqltext, str) else getattr(operation.sqltext, "text", "")
            self._texts.append(str(text))
        elif isinstance(operation, RenameTableOp):
            table = f"{operation.schema}.{operation.table_name}" if operation.schema else operation.table_name
            self.renames.append((table, None, operation.new_table_name))
        elif isinstance(operation, AlterColumnOp) and operation.modify_name is not None:
            table = f"{operation.schema}.{operation.table_name}" if operation.schema else operation.table_name
            self.renames.append((table, operation.column_name, operation.modify_name))
        return nullcontext()

    def _executed(self, statement: str, found: list[Statement]) -> None:
        if any(re.search(rf"\b{re.escape(name)}\b", statement) for name in (*self.own, JOURNAL)):
            return
        if any(str(frame.f_globals.get("__name__")).startswith(COPYING) for frame, _ in walk_stack(None)):
            return
        plain = _normal(statement)
        text = next((text for text in self._texts if _normal(text) == plain), None)
        # of a connection of the revision's own: as its op.execute() would have it
        given = BIND.sub(r"\\:\1", statement.replace("%%", "%")) if text is None else text
        found.append(Statement(self.revision, given, own=text is not None))


def _normal(text: str) -> str:
    return " ".join(text.replace("\\:", ":").replace("%%", "%").split())


def renamed(renames: Iterable[tuple[str, str | None, str]]) -> list[str]:
    """Return what several renames come to, as options of `migrate` say it.

    Example:
        >>> renamed([("users", "name", "title"), ("users", "title", "label")])
        ['users.name:label']
    """
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    for table, column, new in renames:
        schema = table.rpartition(".")[0]
        now = f"{schema}.{new}" if schema else new
        first = next((old for old, name in tables.items() if name == table), table)
        if column is None:
            tables[first] = now
        else:
            before = next((old for (of, old), name in columns.items() if of == first and name == column), column)
            columns[first, before] = new
    return [
        *(f"{old}:{new.rpartition('.')[2]}" for old, new in tables.items() if old != new),
        *(f"{tables.get(table, table)}.{old}:{new}" for (table, old), new in columns.items() if old != new),
    ]
