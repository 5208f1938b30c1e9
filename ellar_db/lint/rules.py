"""All rules, each with its code.

A code is DB, a digit for the subject and two for the rule: 1 losses, 2 failures, 3 locks, 4 types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ellar_db.dialects.base import Dialect
from ellar_db.lint import conversions, failures, locks, losses
from ellar_db.lint.findings import Problem
from ellar_db.lint.operations import Operations

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation


def _anywhere(_: Dialect) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """A rule about one operation of a revision.

    Args:
        code: The code, which never changes its meaning.
        title: What it finds, in a few words.
        why: Why that is a problem.
        fix: What to do.
        check: Yields the problems of an operation.
        applies: Returns whether it applies to a kind of database.
    """

    code: str
    title: str
    why: str
    fix: str
    check: Callable[[MigrateOperation, Operations], Iterator[Problem]]
    applies: Callable[[Dialect], bool] = _anywhere


RULES = (
    Rule(
        "DB101",
        "Table dropped",
        "The rows are lost. A downgrade makes the table again, without them. A table that was renamed in the models "
        "looks like one that was dropped and another one that was created.",
        "If it was renamed, delete the file and write it again with `--rename`. Else make sure that nothing needs the "
        "table, the former release of the application included, and keep a copy.",
        losses.dropped_table,
    ),
    Rule(
        "DB102",
        "Column dropped",
        "The values are lost. A downgrade makes the column again, without them. A column that was renamed in the "
        "models looks like one that was dropped and another one that was added.",
        "If it was renamed, delete the file and write it again with `--rename`. Else make sure that nothing needs the "
        "column, the former release of the application included, and keep a copy.",
        losses.dropped_column,
    ),
    Rule(
        "DB103",
        "Narrower type",
        "Values that don't fit into the new type are rounded or cut, or the upgrade fails; which of these depends on "
        "the database and the types. SQLite doesn't enforce lengths, so there only a change to another kind of values "
        "counts, such as from DateTime to Date. A label that an enum loses counts too.",
        "Look for such values, and change them with `op.execute()` before the operation.",
        losses.narrower_type,
    ),
    Rule(
        "DB201",
        "NOT NULL column without a default",
        "The rows that are there have no value for the column, so that the upgrade fails. MySQL and MariaDB give them "
        "one of their own: 0, an empty string, or the first value of an enum. `default=` of a Column is for rows that "
        "the application inserts, not for these.",
        "Give the column a `server_default`, or delete the file and write it again with `--fill table.column=VALUE`, "
        "which adds the column as nullable, fills it, and then makes it NOT NULL.",
        failures.added_not_null,
    ),
    Rule(
        "DB202",
        "NOT NULL while there are NULLs",
        "The upgrade fails while a row has no value in the column.",
        "Fill the column before the operation, with `op.execute()` or by `--fill table.column=VALUE`.",
        failures.set_not_null,
    ),
    Rule(
        "DB203",
        "Unique over possible duplicates",
        "The upgrade fails if several rows have the same values. That is looked for only with `--probe-duplicates`, "
        "since it reads the whole table.",
        "Look for duplicates, with the option or with the query that the finding names, and change them before.",
        failures.possible_duplicates,
    ),
    Rule(
        "DB204",
        "Foreign key that isn't validated",
        "PostgreSQL checks a foreign key that is NOT VALID for rows that come or change, not for those that are there.",
        'Once the rows are right, write a revision with `op.execute("ALTER TABLE ... VALIDATE CONSTRAINT ...")`, which '
        "doesn't block writes.",
        failures.not_validated,
        lambda dialect: bool(dialect.using),
    ),
    Rule(
        "DB301",
        "Index that blocks writes",
        f"While PostgreSQL makes an index, or a unique constraint, programs that write to the table wait. It is told "
        f"from about {locks.MANY} rows on, which the server estimates.",
        "Make the index with `postgresql_concurrently=True` in `with op.get_context().autocommit_block():`, in a "
        "revision of its own. A unique constraint takes such an index with `ALTER TABLE ... ADD CONSTRAINT ... UNIQUE "
        "USING INDEX ...`.",
        locks.blocking_index,
        lambda dialect: bool(dialect.concurrently),
    ),
    Rule(
        "DB401",
        "Values converted with USING",
        "PostgreSQL converts the values of some types to another only if it is told how, in `postgresql_using`. What "
        "was written there is the plain cast, which may not be what the values mean.",
        "Review the expression. A value that it doesn't take makes the upgrade fail.",
        conversions.converted_values,
        lambda dialect: bool(dialect.using),
    ),
    Rule(
        "DB402",
        "Enum without alembic-postgresql-enum",
        "An enum is a type of its own on PostgreSQL. Alembic doesn't compare its values, and doesn't drop it.",
        "Install alembic-postgresql-enum, which the extra `postgresql` brings; it takes part by being installed.",
        conversions.enum_without_package,
        lambda dialect: bool(dialect.enums),
    ),
)
"""The rules, in the order of their codes."""

CODES = tuple(rule.code for rule in RULES)
"""Their codes."""
