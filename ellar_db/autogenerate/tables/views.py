"""Tables of the models that are views in the database."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ellar_db.autogenerate.answers.renames import is_second_comparison

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps

log = logging.getLogger("ellar_db")


def leave_views(context: AutogenContext, operations: UpgradeOps) -> None:
    """Make no table where the database has a view, or anything else that is read like a table.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
    """
    from alembic.operations.ops import CreateTableOp, ModifyTableOps

    inspector = context.inspector
    views = {
        (each.schema, each.table_name)
        for each in operations.ops
        if isinstance(each, CreateTableOp)
        and inspector.has_table(each.table_name, schema=each.schema)
        and each.table_name not in inspector.get_table_names(schema=each.schema)
    }
    if not views:
        return
    if not is_second_comparison(context):
        log.warning(
            'neither made nor compared, since the database has a view of that name: %s; info={"skip_autogen": True} in '
            "the table says so",
            ", ".join(sorted(".".join(part for part in view if part) for view in views)),
        )
    operations.ops[:] = [
        each
        for each in operations.ops
        if not isinstance(each, (CreateTableOp, ModifyTableOps)) or (each.schema, each.table_name) not in views
    ]
