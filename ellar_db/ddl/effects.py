"""What a change of a schema does to those who use the database meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ellar_db.ddl.changes import Change, Table

Blocks = Literal["nothing", "writes", "everything"]
"""Who waits until the transaction ends."""

Work = Literal["none", "rewrite", "read", "index", "copy", "rebuild", "maintenance"]
"""What grows with the number of rows: all are written anew, all are read, an index is made of them, the table is copied
while writes wait, or rebuilt while they go on, or it is looked after."""


@dataclass(frozen=True)
class Effect:
    """What a change does to a table.

    Args:
        change: The change.
        table: The table.
        column: The column, or None for the whole table.
        blocks: Who waits for the lock.
        work: What is done meanwhile.
        why: Why the work is needed, as the end of a sentence, such as "its type changes from INTEGER to BIGINT".
        fix: How it is done without that.
    """

    change: Change
    table: Table
    column: str | None
    blocks: Blocks
    work: Work = "none"
    why: str = ""
    fix: str = ""
