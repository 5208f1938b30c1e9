"""When to reorder

Revision ID: shop_14
Revises: shop_2
Create Date: 2026-11-29 14:30:21.705624

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "shop_14"
down_revision: str | tuple[str, ...] | None = "shop_2"
branch_labels: str | tuple[str, ...] | None = None
depends_on: str | list[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("stock") as batch_op:
        batch_op.add_column(sa.Column("reorder_at", sa.Integer(), nullable=True))

    op.execute(
        sa.update(sa.table("stock", sa.column("reorder_at", sa.Integer())))
        .where(sa.column("reorder_at").is_(None))
        .values({"reorder_at": 5})
    )
    with op.batch_alter_table("stock") as batch_op:
        batch_op.alter_column("reorder_at", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("stock") as batch_op:
        batch_op.drop_column("reorder_at")
