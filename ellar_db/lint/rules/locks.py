"""Rules about what keeps other programs waiting during an upgrade."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ellar_db.ddl.changes import Change
from ellar_db.ddl.effects import Effect
from ellar_db.dialects.base import Dialect
from ellar_db.hooktypes import Problem, Rule, Severity
from ellar_db.lint.operations import MANY, Operations, name_of
from ellar_db.lint.statements import Statement

WAITS = {
    "nothing": "nobody waits for it",
    "writes": "programs that write to the table wait meanwhile",
    "everything": "programs that read or write the table wait meanwhile",
}

ALL = re.compile(r"[\w. ]+ (?:> 0|>= [01]|is not null)|\w+ \. \w+ = \w+ \. \w+")
"""A condition that all rows fulfil, or nearly all: that of a join too."""


def locking(dialect: Dialect) -> bool:
    """Return whether it is known what changes lock on a kind of database."""
    return type(dialect).effects is not Dialect.effects


def _keeps_locks(dialect: Dialect) -> bool:
    """Return whether locks are known, and kept until the transaction ends."""
    return locking(dialect) and not dialect.commits_at_ddl


def _copies_tables(dialect: Dialect) -> bool:
    """Return whether changes are known that the server makes by a copy of the table."""
    return locking(dialect) and dialect.commits_at_ddl


def _found(
    statement: Statement, operations: Operations, works: Sequence[str], blocks: Sequence[str]
) -> Iterator[tuple[Effect, str]]:
    """Yield the effects of some kinds on tables that may be large, each with the number of rows, if it is known."""
    for effect in statement.effects:
        if effect.work in works and effect.blocks in blocks:
            size = operations.size(effect.table, statement)
            if size is not None:
                yield effect, size


def _problem(effect: Effect, message: str, severity: Severity = "warning") -> Problem:
    return Problem(name_of(effect.table), effect.column, message, effect.fix, severity)


def blocking_index(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if an index of a large table is made in a way that blocks it."""
    for effect, size in _found(statement, operations, ["index"], ["writes", "everything"]):
        who = "writes to" if effect.blocks == "writes" else "reads of and writes to"
        yield _problem(effect, f"makes an index{size}, and blocks {who} the table meanwhile")


def rewritten(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if all rows of a table are written anew while nobody can use it."""
    for effect, size in _found(statement, operations, ["rewrite"], ["everything"]):
        yield _problem(effect, f"all rows{size} are written anew, since {effect.why}; {WAITS[effect.blocks]}")


def read_under_lock(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if all rows of a table are read while nobody can use it."""
    for effect, size in _found(statement, operations, ["read"], ["everything"]):
        yield _problem(effect, f"all rows{size} are read, since {effect.why}; {WAITS[effect.blocks]}")


def checked_under_lock(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if rows are checked while writes wait."""
    for effect, size in _found(statement, operations, ["read"], ["writes"]):
        yield _problem(effect, f"all rows{size} are read, since {effect.why}; {WAITS[effect.blocks]}")


def all_rows_changed(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if one statement changes all rows of a table."""
    if _held_before(statement, operations):
        # that is worse, and told by another rule
        return
    for change in statement.changes:
        size = operations.size(change.table, statement) if changes_all(change, operations) else None
        if size is not None:
            does = "locks" if change.kind == "select" else f"{change.kind}s"
            yield Problem(
                name_of(change.table),
                None,
                f"{does} all rows{size} in one transaction; each of them stays locked until its end",
                "do it in portions, each in a transaction of its own: with op.get_context().autocommit_block(), or "
                "outside of revisions",
            )


def changes_all(change: Change, operations: Operations) -> bool:
    """Return whether a change updates, deletes or locks all rows of a table."""
    writes = change.kind in ("update", "delete") or (change.kind == "select" and "for update" in change.facts)
    if not writes or "limit" in change.facts:
        return False
    if "where" not in change.facts:
        return True
    condition = change.sql.partition(" ")[2].strip().lower().replace('"', "").replace("`", "").strip("(); ")
    if condition in ("true", "1 = 1", "1") or ALL.fullmatch(condition):
        return True
    new = {name.lower() for (table, name) in operations.new_columns if table == change.table}
    column, _, rest = condition.rpartition(" . ")[2].partition(" ")
    # what was added in the same revision has no value yet
    return column in new and rest.strip() == "is null"


def after_lock(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if work that takes long follows a lock of the same transaction."""
    held = _held_before(statement, operations)
    if held is None:
        return
    told = {effect.table for effect in statement.effects if effect.blocks != "nothing" and effect.work != "none"}
    works: list[tuple[Change, str]] = []
    for change in statement.changes:
        if changes_all(change, operations):
            works.append((change, f"{change.kind}s all rows" if change.kind != "select" else "locks all rows"))
        elif change.kind in ("select", "update", "delete") and reads_all(change, operations):
            works.append((change, "reads all rows"))
    for effect in statement.effects:
        if effect.blocks == "nothing" and effect.work in ("read", "index"):
            works.append((effect.change, "reads all rows"))
    for change, does in works:
        size = operations.size(change.table, statement)
        if size is None or change.table in told:
            continue
        yield Problem(
            name_of(change.table),
            None,
            f"{does}{size} while the lock of {name_of(held.table)}, taken by `{_shown(held.change)}`, is held until "
            f"the end of the transaction; {WAITS[held.blocks]}",
            "put it into a revision of its own, or into op.get_context().autocommit_block()",
        )


def reads_all(change: Change, operations: Operations) -> bool:
    """Return whether a statement reads all rows of a table, as far as its condition and the indexes tell."""
    if "limit" in change.facts:
        return False
    if "where" not in change.facts:
        return True
    return not operations.sql.catalog.finds(change.table, [word.name for word in change.words if word.names])


def _shown(change: Change) -> str:
    return change.kind.upper() if not change.column else f"{change.kind.upper()} {change.column}"


def _held_before(statement: Statement, operations: Operations) -> Effect | None:
    """Return a lock of an existing table that is held when a statement begins."""
    held: Effect | None = None
    for each in operations.statements:
        if each is statement:
            break
        if not each.in_transaction:
            held = None
            continue
        for effect in each.effects:
            if held is None and effect.blocks != "nothing" and operations.size(effect.table, each) is not None:
                held = effect
    return held if statement.in_transaction else None


def maintained(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a table, an index or a view is looked after while others wait."""
    for effect, _ in _found(statement, operations, ["maintenance"], ["writes", "everything"]):
        yield _problem(effect, f"{effect.why} writes it anew; {WAITS[effect.blocks]}")


def copied(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a table is copied while writes wait."""
    for effect, size in _found(statement, operations, ["copy", "rebuild"], ["writes", "everything"]):
        does = "is copied" if effect.work == "copy" else "is rebuilt"
        yield _problem(effect, f"the table{size} {does}, since {effect.why}; {WAITS[effect.blocks]}")


def rebuilt(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a table is rebuilt while writes go on."""
    for effect, size in _found(statement, operations, ["rebuild"], ["nothing"]):
        yield _problem(effect, f"the table{size} is rebuilt, since {effect.why}; writes go on", "note")


def copied_in_batch(operations: Operations) -> Iterator[Problem]:
    """Yield a problem for each table that a batch copies."""
    for table, at in operations.sql.copied:
        yield Problem(
            name_of(table),
            None,
            "the table is copied, since SQLite changes it in no other way; programs that write to the database wait "
            "meanwhile",
            "nothing, if that takes no longer than they can wait",
            "note",
            line=at,
        )


def inside_transaction(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a statement that can't be in a transaction is in one."""
    if not statement.in_transaction:
        return
    for change in statement.changes:
        if "concurrently" in change.facts:
            yield Problem(
                name_of(change.table) or change.name,
                None,
                f"{change.kind} CONCURRENTLY fails in a transaction",
                "write it as `with op.get_context().autocommit_block(): ...`",
                "error",
            )


RULES = (
    Rule(
        "DB205",
        "Concurrently, but in a transaction",
        "PostgreSQL refuses CREATE INDEX, DROP INDEX and REINDEX with CONCURRENTLY in a transaction, in which "
        "revisions run.",
        "Write `with op.get_context().autocommit_block():` around the operation.",
        inside_transaction,
        lambda dialect: bool(dialect.concurrently),
        "statement",
        bad='op.create_index("ix_orders_at", "orders", ["at"], postgresql_concurrently=True)',
        good="with op.get_context().autocommit_block():\n"
        '    op.create_index("ix_orders_at", "orders", ["at"], postgresql_concurrently=True)',
    ),
    Rule(
        "DB301",
        "Index that blocks writes",
        "While PostgreSQL makes an index, programs that write to the table wait (SHARE); while it makes a unique, "
        "primary or exclusion constraint, those that read wait too (ACCESS EXCLUSIVE). It takes about a second for a "
        "million rows, or a multiple. MySQL and MariaDB let writes go on, except for full-text and spatial indexes. "
        f"`migrate` and `plan` tell it from about {MANY} rows on, which the server estimates.",
        "Make the index with `postgresql_concurrently=True` in `with op.get_context().autocommit_block():`, in a "
        "revision of its own. A unique constraint takes such an index with `ALTER TABLE ... ADD CONSTRAINT ... UNIQUE "
        "USING INDEX ...`.",
        blocking_index,
        locking,
        "statement",
        bad='op.create_index("ix_orders_at", "orders", ["at"])',
        good="with op.get_context().autocommit_block():\n"
        '    op.create_index("ix_orders_at", "orders", ["at"], postgresql_concurrently=True)',
    ),
    Rule(
        "DB302",
        "Table rewritten while everything waits",
        "All rows are written anew under an ACCESS EXCLUSIVE lock: programs that read or write the table wait until "
        "the transaction ends, which is minutes for a large table. That is so when a column is added whose values "
        "differ from row to row (a default that is volatile, SERIAL, identity, a stored computed column, a domain with "
        "a constraint), when a type changes to one that is stored otherwise, and for SET LOGGED and SET TABLESPACE.",
        "Add a column without the default, set the default in a statement of its own, and fill the rows in portions. "
        "For another type, add a second column, fill it, let the application write both, and drop the first one later.",
        rewritten,
        _keeps_locks,
        "statement",
        bad='op.alter_column("orders", "number", type_=sa.BigInteger())',
        good='op.add_column("orders", sa.Column("number_new", sa.BigInteger()))\n'
        "# fill it in portions, and let the application write both; drop the former one in a later release",
    ),
    Rule(
        "DB303",
        "Rows read while everything waits",
        "All rows are read under an ACCESS EXCLUSIVE lock, to see whether they fit: SET NOT NULL, ADD CHECK, ATTACH "
        "PARTITION. Programs that read or write the table wait until the transaction ends.",
        "Add the CHECK `NOT VALID`, which reads nothing, and `VALIDATE` it in a later revision, which blocks nobody. "
        "SET NOT NULL, and ATTACH PARTITION, believe a CHECK that says the same and is validated.",
        read_under_lock,
        _keeps_locks,
        "statement",
        bad='op.alter_column("orders", "at", nullable=False)',
        good='op.execute("ALTER TABLE orders ADD CONSTRAINT at_given CHECK (at IS NOT NULL) NOT VALID")\n'
        "# in the next revision\n"
        'op.execute("ALTER TABLE orders VALIDATE CONSTRAINT at_given")\n'
        'op.alter_column("orders", "at", nullable=False)',
    ),
    Rule(
        "DB304",
        "Rows checked while writes wait",
        "A foreign key is checked for all rows under a SHARE ROW EXCLUSIVE lock of both tables, and a constraint of a "
        "domain under a SHARE lock: programs that write to them wait until the transaction ends.",
        "Add it `NOT VALID` (`postgresql_not_valid=True`), which checks no rows, and `VALIDATE` it in a later "
        "revision, which lets writes go on.",
        checked_under_lock,
        _keeps_locks,
        "statement",
        bad='op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"])',
        good='op.create_foreign_key(\n    "fk_orders_user", "orders", "users", ["user_id"], ["id"],\n'
        "    postgresql_not_valid=True,\n)\n"
        "# in the next revision\n"
        'op.execute("ALTER TABLE orders VALIDATE CONSTRAINT fk_orders_user")',
    ),
    Rule(
        "DB305",
        "All rows changed by one statement",
        "Each row stays locked until the transaction ends, so that programs that write to it wait; the server keeps "
        "the former version of each, and replicas lag behind.",
        "Change the rows in portions of some thousands, each in a transaction of its own.",
        all_rows_changed,
        locking,
        "statement",
        bad="op.execute(\"UPDATE orders SET state = 'new'\")",
        good="with op.get_context().autocommit_block():\n"
        "    while op.get_bind().execute(PORTION).rowcount:\n"
        "        pass",
    ),
    Rule(
        "DB306",
        "Long work after a lock",
        "PostgreSQL keeps a lock until the transaction ends. A change of the schema that takes no time blocks a table "
        "for as long as what follows it in the same revision: an UPDATE of all rows, a VALIDATE, a copy of rows.",
        "Put the long work into a revision of its own, or into `op.get_context().autocommit_block()`.",
        after_lock,
        _keeps_locks,
        "statement",
        bad='op.add_column("orders", sa.Column("state", sa.Text()))\nop.execute("UPDATE orders SET state = \'new\'")',
        good='op.add_column("orders", sa.Column("state", sa.Text(), server_default="new"))',
    ),
    Rule(
        "DB307",
        "Maintenance while others wait",
        "REINDEX, REFRESH MATERIALIZED VIEW, CLUSTER and VACUUM FULL write a table, an index or a view anew, and block "
        "it meanwhile.",
        "Use CONCURRENTLY where there is one, outside of a transaction; do the rest outside of revisions.",
        maintained,
        _keeps_locks,
        "statement",
        bad='op.execute("REINDEX TABLE orders")',
        good='with op.get_context().autocommit_block():\n    op.execute("REINDEX TABLE CONCURRENTLY orders")',
    ),
    Rule(
        "DB311",
        "Table copied while writes wait",
        "MySQL and MariaDB make some changes only with ALGORITHM=COPY, or with LOCK=SHARED: another type, a stored "
        "computed column, a CHECK, a foreign key while foreign_key_checks is on, other characters, a primary key that "
        "is dropped. Programs that write to the table wait until it is copied.",
        "Look for a change that does without, or let a tool do it that copies the table beside it, such as gh-ost or "
        "pt-online-schema-change. `lint --measure` asks the server which way it takes.",
        copied,
        _copies_tables,
        "statement",
        bad='op.alter_column("orders", "number", type_=sa.BigInteger(), existing_type=sa.Integer())',
        good='op.add_column("orders", sa.Column("number_new", sa.BigInteger()))',
    ),
    Rule(
        "DB312",
        "Table rebuilt while writes go on",
        "MySQL and MariaDB rebuild the table in place: a new primary key, NOT NULL, another format. Writes go on, but "
        "the table needs its space once more, and replicas lag behind by the time that it takes.",
        "Do it while little is written.",
        rebuilt,
        _copies_tables,
        "statement",
        bad='op.alter_column("orders", "at", nullable=False, existing_type=sa.DateTime())',
    ),
    Rule(
        "DB313",
        "Table copied by a batch",
        "SQLite changes most of a table only by a copy of it, which a batch operation makes. SQLite has one writer at "
        "a time: all others wait meanwhile, or fail after their time-out.",
        "Nothing, if the table is small or the application can wait.",
        copied_in_batch,
        lambda dialect: dialect.embedded,
        "revision",
        bad='with op.batch_alter_table("orders") as batch_op:\n    batch_op.alter_column("at", nullable=False)',
    ),
)
"""Those about locks, and what follows from them."""
