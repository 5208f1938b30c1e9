"""Currencies

Revision ID: shop_5
Revises: shop_1
Create Date: 2026-11-29 14:29:44.690306

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "shop_5"
down_revision: str | tuple[str, ...] | None = "shop_1"
branch_labels: str | tuple[str, ...] | None = None
depends_on: str | list[str] | None = None


def upgrade(engine_name: str) -> None:
    # a database that was added after this revision has no function here, and nothing to do
    globals().get(f"upgrade_{engine_name}", lambda: None)()


def downgrade(engine_name: str) -> None:
    globals().get(f"downgrade_{engine_name}", lambda: None)()


def upgrade_default() -> None:
    with op.batch_alter_table("products") as batch_op:
        batch_op.add_column(sa.Column("currency", sa.String(length=3), nullable=True))

    op.execute(
        sa.update(sa.table("products", sa.column("currency", sa.String(length=3))))
        .where(sa.column("currency").is_(None))
        .values({"currency": "EUR"})
    )
    with op.batch_alter_table("products") as batch_op:
        batch_op.alter_column("currency", existing_type=sa.String(length=3), nullable=False)


def downgrade_default() -> None:
    with op.batch_alter_table("products") as batch_op:
        batch_op.drop_column("currency")


def upgrade_reports() -> None:
    with op.batch_alter_table("daily_sales") as batch_op:
        batch_op.add_column(sa.Column("currency", sa.String(length=3), nullable=True))

    op.execute(
        sa.update(sa.table("daily_sales", sa.column("currency", sa.String(length=3))))
        .where(sa.column("currency").is_(None))
        .values({"currency": "EUR"})
    )
    with op.batch_alter_table("daily_sales") as batch_op:
        batch_op.alter_column("currency", existing_type=sa.String(length=3), nullable=False)


def downgrade_reports() -> None:
    with op.batch_alter_table("daily_sales") as batch_op:
        batch_op.drop_column("currency")
