"""Totals of orders

Revision ID: shop_11
Revises: shop_9
Create Date: 2026-11-29 14:30:10.481303

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "shop_11"
down_revision: str | tuple[str, ...] | None = "shop_9"
branch_labels: str | tuple[str, ...] | None = None
depends_on: str | list[str] | None = None


def upgrade(engine_name: str) -> None:
    # a database that was added after this revision has no function here, and nothing to do
    globals().get(f"upgrade_{engine_name}", lambda: None)()


def downgrade(engine_name: str) -> None:
    globals().get(f"downgrade_{engine_name}", lambda: None)()


def upgrade_default() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.add_column(sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=True))

    op.execute(
        sa.update(sa.table("orders", sa.column("total", sa.Numeric(precision=12, scale=2))))
        .where(sa.column("total").is_(None))
        .values({"total": sa.literal_column("0")})
    )
    with op.batch_alter_table("orders") as batch_op:
        batch_op.alter_column("total", existing_type=sa.Numeric(precision=12, scale=2), nullable=False)


def downgrade_default() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.drop_column("total")


def upgrade_reports() -> None:
    pass


def downgrade_reports() -> None:
    pass
