"""Sum up totals

Revision ID: shop_12
Revises: shop_11
Create Date: 2026-11-29 14:30:17.792680

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "shop_12"
down_revision: str | tuple[str, ...] | None = "shop_11"
branch_labels: str | tuple[str, ...] | None = None
depends_on: str | list[str] | None = None


def upgrade(engine_name: str) -> None:
    # a database that was added after this revision has no function here, and nothing to do
    globals().get(f"upgrade_{engine_name}", lambda: None)()


def downgrade(engine_name: str) -> None:
    globals().get(f"downgrade_{engine_name}", lambda: None)()


# the models go on changing, and this revision doesn't: it has tables of its own
orders = sa.table("orders", sa.column("id", sa.Integer), sa.column("total", sa.Numeric(12, 2)))
lines = sa.table(
    "order_lines",
    sa.column("order_id", sa.Integer),
    sa.column("quantity", sa.Integer),
    sa.column("price", sa.Numeric(10, 2)),
)


def upgrade_default() -> None:
    # SQLite sums up floating-point numbers
    summed = sa.func.round(sa.func.sum(lines.c.quantity * lines.c.price), 2)
    sums = sa.select(summed).where(lines.c.order_id == orders.c.id)
    op.execute(orders.update().values(total=sa.func.coalesce(sums.scalar_subquery(), sa.literal_column("0"))))


def downgrade_default() -> None:
    # as shop_11 left them
    op.execute(orders.update().values(total=sa.literal_column("0")))


def upgrade_reports() -> None:
    pass


def downgrade_reports() -> None:
    pass
