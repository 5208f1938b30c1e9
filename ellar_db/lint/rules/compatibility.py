"""Rules about what the release that runs during an upgrade doesn't know."""

from __future__ import annotations

from collections.abc import Iterator

from ellar_db.hooktypes import Problem, Rule
from ellar_db.lint.operations import Operations, name_of

GRADUAL = "add the new one beside it, let the application use both, and drop the former one in a later release"

RENAMES = ("rename table", "rename column", "rename schema", "redefine column")
"""What gives another name; MySQL may do so where it defines a column anew."""


def renamed(operations: Operations) -> Iterator[Problem]:
    """Yield a problem for each table, column or schema that gets another name."""
    for statement in operations.statements:
        for change in statement.changes:
            if change.kind not in RENAMES or not change.name or change.table in operations.made:
                continue
            if (change.table, change.column) in operations.new_columns:
                continue
            former = change.column or change.table[1]
            named = operations.named_by_release(former)
            if named == "":
                continue
            yield Problem(
                name_of(change.table),
                change.column or None,
                f"becomes {change.name}, while the release that runs {_names(named)} {former}",
                GRADUAL,
                line=statement.line,
            )


def dropped_too_early(operations: Operations) -> Iterator[Problem]:
    """Yield a problem for each table or column that is dropped while the running release names it."""
    for statement in operations.statements:
        for change in statement.changes:
            if change.kind not in ("drop table", "drop column") or change.table in operations.made:
                continue
            dropped = change.column or change.table[1]
            named = operations.named_by_release(dropped)
            if named:
                yield Problem(
                    name_of(change.table),
                    change.column or None,
                    f"is dropped, while the release that runs {_names(named)} it",
                    "let the application do without it first, and drop it in a later release",
                    line=statement.line,
                )


def _names(file: str | None) -> str:
    return f"names in {file}" if file else "looks for"


RULES = (
    Rule(
        "DB501",
        "Renamed while the former release runs",
        "Between the upgrade and the moment when the last process of the former release has ended, that release looks "
        "for a table or a column under its former name, and fails. With `--since-ref`, or with the setting `release`, "
        "nothing is said of a name that no file of that commit has, the revisions aside.",
        "Add the new one beside it, let the application write both, fill it, let the application read it, and drop the "
        "former one in a later release. A renamed table can have a view under its former name meanwhile.",
        renamed,
        about="revision",
        bad='op.alter_column("orders", "at", new_column_name="ordered_at")',
        good='op.add_column("orders", sa.Column("ordered_at", sa.DateTime()))',
    ),
    Rule(
        "DB502",
        "Dropped while the former release names it",
        "SQLAlchemy names all columns of a model in each SELECT and INSERT, so that a release whose models have the "
        "column fails from the upgrade on. This is told only where the release is known, by `--since-ref` or by the "
        "setting `release`: a file of that commit has the name, the revisions aside.",
        "Let go of it in the models (`deferred()` isn't enough), release that, and drop it in a later release.",
        dropped_too_early,
        about="revision",
        bad='op.drop_column("orders", "at")',
    ),
)
"""Those about the release that runs meanwhile."""
