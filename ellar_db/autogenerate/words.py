"""Operations in words: one line for each, with its table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import is_fill

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation, OpContainer, UpgradeOps
    from sqlalchemy import Dialect


DATABASE = "ellar_db_database"
"""Key in the `info` of Alembic's `UpgradeOps`: the name of the database."""

DIALECT = "ellar_db_dialect"
"""Key in the `info` of Alembic's `UpgradeOps`: SQLAlchemy's dialect, which writes types as the database does."""

LONGEST = 120
"""Length in characters to which SQL and comments of others are shortened."""


@dataclass(frozen=True)
class Difference:
    """One difference between the models and a database: what an operation changes.

    Args:
        operation: The name of the operation, as in a revision: "add_column", "alter_column" ...
        text: The difference in words.
        table: The table that it belongs to, or None.
        schema: The schema; None is the default one.
        name: The name of the column, constraint, index or other object; None for a table, or without a name.
    """

    operation: str
    text: str
    table: str | None = None
    schema: str | None = None
    name: str | None = None


def differences(operations: OpContainer) -> list[Difference]:
    """Return the differences that operations make, in their order.

    Args:
        operations: Alembic's `UpgradeOps`, or another container of operations.

    Example:
        >>> from alembic.operations.ops import DropColumnOp, UpgradeOps
        >>> [each.text for each in differences(UpgradeOps([DropColumnOp("users", "age")]))]
        ['drop column users.age']
    """
    dialect = operations.info.get(DIALECT)
    return [found for operation in flattened(operations) for found in described(operation, dialect)]


def flattened(operations: OpContainer) -> Iterator[MigrateOperation]:
    """Yield operations one by one; those of one table come in a container.

    Args:
        operations: The container.
    """
    from alembic.operations.ops import OpContainer as Container

    for operation in operations.ops:
        if isinstance(operation, Container):
            yield from flattened(operation)
        else:
            yield operation


def lines(compared: Iterable[UpgradeOps]) -> list[str]:
    """Return the differences of databases, one per line, with the database's name if there are several.

    Args:
        compared: The operations of each database.
    """
    listed = list(compared)
    return [
        f"{operations.info[DATABASE]}: {found.text}" if len(listed) > 1 and DATABASE in operations.info else found.text
        for operations in listed
        for found in differences(operations)
    ]


def described(operation: MigrateOperation, dialect: Dialect | None = None) -> list[Difference]:
    """Return what an operation changes, one item for each change of a column, and one for any other operation.

    Args:
        operation: An operation of Alembic's, or of a package.
        dialect: SQLAlchemy's dialect, which writes types; None writes them as Python does.
    """
    for kind in type(operation).__mro__:
        if kind.__module__ == "alembic.operations.ops" and kind.__name__ in _WORDS:
            return list(_WORDS[kind.__name__](operation, dialect))
    return [_fill(operation) if is_fill(operation) else _unknown(operation)]


def type_in_words(type_: Any, dialect: Dialect | None) -> str:
    """Return a type as the database writes it, or as Python does if the dialect can't.

    Args:
        type_: SQLAlchemy's type.
        dialect: SQLAlchemy's dialect, or None.
    """
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.types import to_instance

    made = to_instance(type_)
    # types of others may raise anything, and a name is better than an error
    with suppress(SQLAlchemyError, AttributeError, TypeError, ValueError, NotImplementedError):
        if dialect is not None:
            return str(made.compile(dialect))
    with suppress(Exception):
        return _short(repr(made))
    return type(made).__name__


def _table(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    creates = _is(operation, "CreateTableOp")
    text = f"{'add' if creates else 'drop'} table {_of(operation)}"
    yield Difference("create_table" if creates else "drop_table", text, operation.table_name, operation.schema)


def _rename_table(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    name, schema = operation.table_name, operation.schema
    text = f"rename table {_full(name, schema)} to {operation.new_table_name}"
    yield Difference("rename_table", text, name, schema, operation.new_table_name)


def _add_column(operation: Any, dialect: Dialect | None) -> Iterator[Difference]:
    column = operation.column
    words = [
        f"add column {_of(operation)}.{column.name}",
        type_in_words(column.type, dialect),
        "" if column.nullable else "NOT NULL",
    ]
    text = " ".join(word for word in words if word)
    yield Difference("add_column", text, operation.table_name, operation.schema, column.name)


def _drop_column(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    text = f"drop column {_of(operation)}.{operation.column_name}"
    yield Difference("drop_column", text, operation.table_name, operation.schema, operation.column_name)


def _alter_column(operation: Any, dialect: Dialect | None) -> Iterator[Difference]:
    column = f"{_of(operation)}.{operation.column_name}"
    changes = []
    if operation.modify_type is not None:
        changes.append(_type_change(column, operation, dialect))
    if operation.modify_nullable is not None:
        changes.append(f"change {column} to {'NULL' if operation.modify_nullable else 'NOT NULL'}")
    if operation.modify_server_default is not False:
        before, after = (
            _default(value, dialect) for value in (operation.existing_server_default, operation.modify_server_default)
        )
        changes.append(_change("default", column, before, after))
    if operation.modify_comment is not False:
        before, after = (_quoted(value) for value in (operation.existing_comment, operation.modify_comment))
        changes.append(_change("comment", column, before, after))
    if operation.modify_name is not None:
        changes.append(f"rename column {column} to {operation.modify_name}")
    if not changes:
        # options of one kind of database, such as autoincrement
        others = [name.removeprefix("modify_") for name in operation.kw if name.startswith("modify_")]
        changes.append(f"change {' and '.join(others) or 'column'} of {column}")
    for change in changes:
        yield Difference("alter_column", change, operation.table_name, operation.schema, operation.column_name)


def _type_change(column: str, operation: Any, dialect: Dialect | None) -> str:
    if operation.existing_type is None:
        return f"change type of {column} to {type_in_words(operation.modify_type, dialect)}"
    types = (operation.existing_type, operation.modify_type)
    before, after = (type_in_words(type_, dialect) for type_ in types)
    if before == after:
        # the database's words don't show the difference, such as that of an Enum's values
        before, after = (type_in_words(type_, None) for type_ in types)
    return f"change type of {column} from {before} to {after}"


def _add_constraint(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    from sqlalchemy.exc import SQLAlchemyError

    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(operation).__name__).split()[1:-1]
    kind = " ".join(words).lower().removesuffix(" constraint")
    kind = kind if kind in ("primary key", "foreign key") else f"{kind} constraint"
    constraint = None
    with suppress(SQLAlchemyError, AttributeError, TypeError, ValueError):
        constraint = operation.to_constraint()
    table = getattr(operation, "table_name", None) or getattr(operation, "source_table", None)
    schema = getattr(operation, "schema", None) or (getattr(operation, "kw", None) or {}).get("source_schema")
    name = _name(operation.constraint_name)
    text = f"add {kind}{f' {name}' if name else ''} on {_full(table, schema)}{_contents(operation, constraint)}"
    yield Difference(f"create_{kind.replace(' ', '_')}", text, table, schema, name)


def _contents(operation: Any, constraint: Any) -> str:
    referred = getattr(operation, "referent_table", None)
    if referred is not None:
        target = _full(referred, (operation.kw or {}).get("referent_schema"))
        return f" ({', '.join(operation.local_cols)}) to {target} ({', '.join(operation.remote_cols)})"
    condition = getattr(operation, "condition", None)
    if condition is not None:
        return f": {_short(str(condition))}"
    columns = getattr(operation, "columns", None) or [column.name for column in getattr(constraint, "columns", ())]
    return f" ({', '.join(map(str, columns))})" if columns else ""


def _drop_constraint(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    kind = {"foreignkey": "foreign key", "primary": "primary key"}.get(
        operation.constraint_type, f"{operation.constraint_type or ''} constraint".strip()
    )
    name = _name(operation.constraint_name)
    contents = ""
    if name is None:
        # without a name, only the columns tell which one
        with suppress(Exception):
            added = operation.reverse()
            contents = _contents(added, added.to_constraint())
    text = f"drop {kind}{f' {name}' if name else ''} on {_of(operation)}{contents}"
    yield Difference("drop_constraint", text, operation.table_name, operation.schema, name)


def _index(operation: Any, dialect: Dialect | None) -> Iterator[Difference]:
    from sqlalchemy.exc import SQLAlchemyError

    creates = _is(operation, "CreateIndexOp")
    name = _name(operation.index_name)
    contents = unique = ""
    if creates:
        unique = "unique" if operation.unique else ""
        with suppress(SQLAlchemyError, AttributeError, TypeError, ValueError):
            contents = f" ({', '.join(_expression(each, dialect) for each in operation.columns)})"
    what = " ".join(filter(None, ("add" if creates else "drop", unique, "index", name)))
    text = f"{what} on {_of(operation)}{contents}"
    operation_name = "create_index" if creates else "drop_index"
    yield Difference(operation_name, text, operation.table_name, operation.schema, name)


def _comment(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    creates = _is(operation, "CreateTableCommentOp")
    before = _quoted(operation.existing_comment)
    after = _quoted(operation.comment) if creates else None
    text = _change("comment", f"table {_of(operation)}", before, after)
    name = "create_table_comment" if creates else "drop_table_comment"
    yield Difference(name, text, operation.table_name, operation.schema)


def _execute(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    if operation.sqltext != "":
        yield Difference("execute", f"run SQL: {_short(str(operation.sqltext))}")


def _insert(operation: Any, _: Dialect | None) -> Iterator[Difference]:
    table, number = operation.table, len(operation.rows)
    text = f"add {number} row{'' if number == 1 else 's'} to {_full(table.name, table.schema)}"
    yield Difference("bulk_insert", text, table.name, table.schema)


_WORDS: Mapping[str, Callable[[Any, Any], Iterable[Difference]]] = {
    "CreateTableOp": _table,
    "DropTableOp": _table,
    "RenameTableOp": _rename_table,
    "CreateTableCommentOp": _comment,
    "DropTableCommentOp": _comment,
    "AddColumnOp": _add_column,
    "DropColumnOp": _drop_column,
    "AlterColumnOp": _alter_column,
    "AddConstraintOp": _add_constraint,
    "DropConstraintOp": _drop_constraint,
    "CreateIndexOp": _index,
    "DropIndexOp": _index,
    "ExecuteSQLOp": _execute,
    "BulkInsertOp": _insert,
}
"""How each of Alembic's operations is described; a subclass of one is described as it is."""


def _fill(operation: Any) -> Difference:
    table, schema, column = operation.table_name, operation.schema, operation.column_name
    value = operation.value if operation.expression else repr(operation.value)
    text = f"fill {_full(table, schema)}.{column} with {value} where it has no value"
    return Difference("fill_column", text, table, schema, column)


def _unknown(operation: Any) -> Difference:
    """Describe an operation of a package by its class's name and what it has."""
    action = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(operation).__name__.removesuffix("Op")).lower()
    target = getattr(operation, "target", None)
    table, schema = getattr(operation, "table_name", None), getattr(operation, "schema", None)
    name = getattr(operation, "name", None)
    if target is not None and not name:
        # an object such as a function or a view, as alembic-utils has
        schema = schema or getattr(target, "schema", None)
        name = str(getattr(target, "signature", None) or getattr(target, "name", None) or target)
        kind = getattr(target, "type_", None)
        if isinstance(kind, str) and "_" not in action:
            action = f"{action}_{kind}"
    words = re.sub("^create ", "add ", action.replace("_", " "))
    text = " ".join(part for part in (words, _full(name, schema) if name else "") if part)
    if table:
        text += f" on {_full(table, schema)}"
    return Difference(action, text + _values(operation), table, schema, name)


def _values(operation: Any) -> str:
    """Return the values of an enum type that an operation creates or changes."""
    before, after = getattr(operation, "old_values", None), getattr(operation, "new_values", None)
    if before is not None and after is not None:
        added = [f"add {value!r}" for value in after if value not in before]
        dropped = [f"drop {value!r}" for value in before if value not in after]
        return f": {', '.join(added + dropped) or 'another order'}"
    values = getattr(operation, "enum_values", None)
    return f" ({', '.join(map(str, values))})" if values else ""


def _is(operation: Any, name: str) -> bool:
    """Return whether an operation is of one of Alembic's classes, or of a subclass."""
    return any(kind.__name__ == name for kind in type(operation).__mro__)


def _of(operation: Any) -> str:
    return _full(operation.table_name, operation.schema)


def _full(name: Any, schema: Any) -> str:
    return f"{schema}.{name}" if schema else str(name)


def _name(name: Any) -> str | None:
    """Return the name of a constraint or an index, or None if it has none or the database gives it one."""
    return str(name) if isinstance(name, str) and name else None


def _change(what: str, of: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"add {what} {after} to {of}" if after is not None else f"drop {what} of {of}"
    return f"drop {what} {before} of {of}" if after is None else f"change {what} of {of} from {before} to {after}"


def _default(value: Any, dialect: Dialect | None) -> str | None:
    """Return a server default as SQL, or None if there is none."""
    from sqlalchemy import Identity

    if value is None or value is False:
        return None
    expression = getattr(value, "arg", getattr(value, "sqltext", value))
    if isinstance(expression, str):
        # the text of a DefaultClause is a literal; a plain text comes from a revision or the database
        return _quoted(expression) if expression is not value else _short(expression)
    return "identity" if isinstance(value, Identity) else _expression(expression, dialect)


def _expression(value: Any, dialect: Dialect | None) -> str:
    if isinstance(value, str):
        return value
    compile_ = getattr(value, "compile", None)
    with suppress(Exception):
        if compile_ is not None and dialect is not None and not hasattr(value, "name"):
            return _short(str(compile_(dialect=dialect, compile_kwargs={"literal_binds": True})))
    return _short(str(getattr(value, "name", value)))


def _quoted(text: str | None) -> str | None:
    return None if text is None else "'" + _short(text).replace("'", "''") + "'"


def _short(text: str) -> str:
    """Return a text in one line that isn't too long."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
