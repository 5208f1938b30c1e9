"""Rules about the revision itself: its downgrade, its names, how it can be run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ellar_db.hooktypes import Problem, Rule
from ellar_db.lint.operations import Operations, name_of

UNLIMITED = 1_000
"""From which length on a server's limit of names is none."""


def no_downgrade(operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a revision can't be undone, and doesn't say why."""
    if operations.sql.irreversible:
        yield Problem(
            "",
            None,
            operations.sql.irreversible,
            'write the downgrade, say why there is none (irreversible = "the reason"), or why it has nothing to do '
            "(# ellar-db: DB601 the reason)",
        )


def lossy_downgrade(operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a downgrade drops what the upgrade didn't make."""
    from alembic.operations import ops

    made = {each[1] for each in operations.made}
    added = {(each[1], name) for each, name in operations.new_columns}
    # of a batch operation that copies a table of SQLite, there are no statements
    for operation in operations.all:
        if isinstance(operation, ops.CreateTableOp):
            made.add(operation.table_name)
        elif isinstance(operation, ops.AddColumnOp):
            added.add((operation.table_name, operation.column.name))
    for loss in operations.sql.losses:
        table, column = (loss.schema, loss.table), loss.column
        if loss.table in made or (loss.table, column) in added or not loss.table:
            continue
        yield Problem(
            name_of(table),
            column,
            "the downgrade drops it, although the upgrade doesn't make it",
            "drop in a downgrade only what the upgrade made",
        )


def long_name(operations: Operations) -> Iterator[Problem]:
    """Yield a problem for each name that is longer than the server's names."""
    limit = operations.server.max_identifier_length
    if limit >= UNLIMITED:
        return
    for statement in operations.statements:
        for change in statement.changes:
            names = [change.name, change.column] if change.kind.startswith(("add ", "create ", "rename ")) else []
            names += (
                [each.name for each in change.columns] if change.kind in ("create table", "redefine column") else []
            )
            names += [change.table[1]] if change.kind == "create table" else []
            for name in dict.fromkeys(names):
                # PostgreSQL counts bytes, MySQL characters
                length = len(name.encode() if operations.dialect.transactional_ddl is not False else name)
                if length > limit:
                    yield Problem(
                        name_of(change.table),
                        None,
                        f"the name {name} has {length} characters, of which the server takes {limit}: it cuts the rest "
                        "off, so that it isn't found again, or refuses it",
                        "give it a shorter one",
                        line=statement.line,
                    )


def asks_connection(operations: Operations) -> Iterator[Problem]:
    """Yield a problem where a revision reads from a connection, which isn't there with --sql."""
    if operations.sql.asked:
        yield Problem(
            "",
            None,
            "asks for a connection, so that `upgrade --sql` can't write it",
            "use op.execute(), or nothing if you never need --sql",
            "note",
            line=min(operations.sql.asked),
        )


def imports_application(operations: Operations) -> Iterator[Problem]:
    """Yield a problem for each import of a module that lies beside the migrations folder."""
    script = operations.sql.script
    file = Path(script.path) if script is not None else Path()
    if file.suffix != ".py":
        return
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if not node.level else []
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if _is_beside(file, name.partition(".")[0]):
                yield Problem(
                    "",
                    None,
                    f"imports {name} of the application, which goes on changing while the revision stays as it is",
                    "write down in the revision what it needs: the tables with sa.table(), the values as literals",
                    "note",
                    line=node.lineno,
                )


def _is_beside(file: Path, name: str) -> bool:
    """Return whether a module is in a folder above a revision file, and isn't the folder of the migrations itself."""
    for folder in file.parents:
        for place in (folder / name, folder / "src" / name):
            if name and (place.is_dir() or place.with_suffix(".py").is_file()):
                return place not in file.parents
        if (folder / "pyproject.toml").exists():
            return False
    return False


def several_heads(operations: Operations) -> Iterator[Problem]:
    """Yield a problem at a head, if there are others."""
    others = [each for each in operations.sql.heads if operations.sql.script and each != operations.sql.script.revision]
    if others and len(others) < len(operations.sql.heads):
        yield Problem(
            "",
            None,
            f"is a head beside {' and '.join(others)}, so that `upgrade` doesn't know which one is meant",
            "`rebase` puts it behind the other, `merge` joins them",
        )


RULES = (
    Rule(
        "DB601",
        "No downgrade",
        "A release that fails can be taken back only if its revisions can: the former one doesn't know the new schema.",
        'Write it. Where it can\'t be, say so in the revision: `irreversible = "the reason"`, which `verify` believes '
        "too. Where there is nothing to undo, as after a change of rows that may stay, a comment in the function says "
        "so: `# ellar-db: DB601 the rows may stay`.",
        no_downgrade,
        about="revision",
        bad="def downgrade():\n    pass",
        good='irreversible = "the values of orders.at are gone"',
    ),
    Rule(
        "DB602",
        "Downgrade that drops too much",
        "The downgrade drops a table or a column that was there before the upgrade, with all that is in it.",
        "Let it undo what the upgrade does, and no more.",
        lossy_downgrade,
        about="revision",
        bad='def upgrade():\n    op.add_column("orders", sa.Column("at", sa.DateTime()))\n\n\n'
        'def downgrade():\n    op.drop_table("orders")',
    ),
    Rule(
        "DB603",
        "Name that is too long",
        "PostgreSQL cuts names after 63 bytes, so that two may become one and none is found under what was written; "
        "MySQL and MariaDB refuse names of more than 64 characters.",
        "Give a shorter name; a naming convention in the models makes short ones.",
        long_name,
        about="revision",
    ),
    Rule(
        "DB604",
        "Not for --sql",
        "With `--sql` there is no connection. What a revision reads from one decides what it does, so that a script "
        "can't be written.",
        "Use `op.execute()` with a statement that decides by itself, or nothing if nobody runs scripts.",
        asks_connection,
        about="revision",
        bad='for row in op.get_bind().execute(sa.text("SELECT id FROM orders")):\n    ...',
    ),
    Rule(
        "DB605",
        "Several heads",
        "Two revisions have the same parent, as after a merge of two branches in git: `upgrade` asks which one is "
        "meant.",
        "`rebase` puts one behind the other, `merge` writes a revision that joins them.",
        several_heads,
        about="revision",
    ),
    Rule(
        "DB606",
        "Application imported",
        "A model that the revision imports goes on changing: later it has columns that the database doesn't have yet "
        "when the revision runs, and a module that moves makes the revision fail.",
        "Write down in the revision what it needs: `sa.table()` and `sa.column()`, and values as literals.",
        imports_application,
        about="revision",
        bad="from shop.models import Order",
        good='orders = sa.table("orders", sa.column("id"), sa.column("state"))',
    ),
)
"""Those about the revision itself."""
