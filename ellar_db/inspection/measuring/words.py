"""What is told of what a statement does: its code, in words, and what to do."""

from __future__ import annotations

from typing import NamedTuple

from ellar_db.dialects.base import Dialect
from ellar_db.dialects.measuring.observer import Seen, Work
from ellar_db.hooktypes import Severity
from ellar_db.lint.findings import Finding

OWN_BLOCK = "`with op.get_context().autocommit_block():`"

ELSEWHERE = "do it when nobody works with the table, or with a program that copies it meanwhile"


class Words(NamedTuple):
    """What is told of a kind of work.

    Args:
        code: The code of the rule.
        message: What happens, with `{who}` for the programs that wait and `{of}` for the tables that are read.
        fix: What to do.
        severity: How bad it is.
    """

    code: str
    message: str
    fix: str
    severity: Severity = "warning"


WORDS = {
    Work.INDEX: Words(
        "DB301",
        "{who} wait while an index of all rows is made",
        f"make the index with postgresql_concurrently=True in {OWN_BLOCK}, in a revision of its own; a constraint "
        "takes it with ALTER TABLE ... ADD CONSTRAINT ... USING INDEX",
    ),
    Work.REWRITE: Words(
        "DB302",
        "{who} wait while all rows are written anew",
        "add a column without a default that is computed for each row, fill it in batches, and let it take the place "
        "of the old one in a later revision",
    ),
    Work.CHECK: Words(
        "DB303",
        "{who} wait while all rows are read",
        f"add a CHECK constraint as NOT VALID, and validate it in {OWN_BLOCK}; SET NOT NULL and ATTACH PARTITION take "
        "it as the proof, and read no rows",
    ),
    Work.FOREIGN_KEY: Words(
        "DB304",
        "{who} wait, and writes to the other table, while all rows are checked for a foreign key",
        f"add the key as NOT VALID, and validate it in {OWN_BLOCK}",
    ),
    Work.ALL_ROWS: Words(
        "DB305",
        "writes to any of its rows wait until all rows are changed, which takes place in one transaction",
        f"change so many rows at a time, each time in a transaction of its own, in {OWN_BLOCK}",
    ),
    Work.AFTER_LOCK: Words(
        "DB306",
        "{who} wait{since} while the rows {of} are read or changed",
        f"do the one and the other in two revisions, or commit between them: a statement in {OWN_BLOCK} commits what "
        "is before it",
    ),
    Work.MAINTENANCE: Words(
        "DB307",
        "{who} wait while it is written or indexed anew",
        f"use CONCURRENTLY where the statement has it (REINDEX, REFRESH MATERIALIZED VIEW) in {OWN_BLOCK}; else "
        f"{ELSEWHERE}",
    ),
    Work.COPY: Words(
        "DB311", "{who} wait while the table is copied", f"{ELSEWHERE}, such as gh-ost or pt-online-schema-change"
    ),
    Work.REBUILD: Words(
        "DB312", "the table is built anew, while programs read and write it", "it takes time and space", "note"
    ),
    Work.COPY_OF_FILE: Words(
        "DB313", "all rows are copied, while nobody else writes to the database", "it takes time and space", "note"
    ),
}
"""What is told of each kind of work."""

WITHOUT_CONCURRENTLY = f"{ELSEWHERE}, such as gh-ost or pt-online-schema-change"
"""What to do about an index where none is made concurrently."""

CODES = frozenset(words.code for words in WORDS.values())
"""The codes of what is measured."""


def finding_of(seen: Seen, database: str, dialect: Dialect) -> Finding:
    """Return what is told of what a statement does.

    Args:
        seen: What it does.
        database: The name of the database.
        dialect: Its kind.
    """
    words = WORDS[seen.work]
    if seen.work is Work.CHECK and not seen.reads:
        words = WORDS[Work.FOREIGN_KEY]._replace(message="{who} wait while all rows are read")
    others = f" of it and {seen.others} other table{'s' if seen.others > 1 else ''}" if seen.others else ""
    message = words.message.format(
        who=f"{'reads and writes' if seen.reads else 'writes'}{others}",
        since=f", since line {seen.since}," if seen.since else "",
        of=f"of {' and '.join(seen.of)}" if seen.of else "of the table",
    )
    without = seen.work is Work.INDEX and not dialect.concurrently
    fix = WITHOUT_CONCURRENTLY if without else words.fix
    return Finding(words.code, words.severity, database, seen.table, None, message, fix)
