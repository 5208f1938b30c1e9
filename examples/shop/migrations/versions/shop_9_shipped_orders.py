"""Shipped orders

Revision ID: shop_9
Revises: shop_7
Create Date: 2026-11-29 14:30:03.113963

"""

from alembic import op

# revision identifiers, used by Alembic.
revision: str = "shop_9"
down_revision: str | tuple[str, ...] | None = "shop_7"
branch_labels: str | tuple[str, ...] | None = None
depends_on: str | list[str] | None = None


def upgrade(engine_name: str) -> None:
    # a database that was added after this revision has no function here, and nothing to do
    globals().get(f"upgrade_{engine_name}", lambda: None)()


def downgrade(engine_name: str) -> None:
    globals().get(f"downgrade_{engine_name}", lambda: None)()


def upgrade_default() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_orders_state"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_orders_state"), "state IN ('new', 'paid', 'shipped')")


def downgrade_default() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_orders_state"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_orders_state"), "state IN ('new', 'paid')")


def upgrade_reports() -> None:
    pass


def downgrade_reports() -> None:
    pass
