"""Full names

Revision ID: shop_7
Revises: shop_5
Create Date: 2026-11-29 14:29:52.872637

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "shop_7"
down_revision: str | tuple[str, ...] | None = "shop_5"
branch_labels: str | tuple[str, ...] | None = None
depends_on: str | list[str] | None = None


def upgrade(engine_name: str) -> None:
    # a database that was added after this revision has no function here, and nothing to do
    globals().get(f"upgrade_{engine_name}", lambda: None)()


def downgrade(engine_name: str) -> None:
    globals().get(f"downgrade_{engine_name}", lambda: None)()


def upgrade_default() -> None:
    op.alter_column(
        "users",
        "name",
        existing_type=sa.String(length=100),
        new_column_name="full_name",
        existing_nullable=False,
    )


def downgrade_default() -> None:
    op.alter_column(
        "users",
        "full_name",
        existing_type=sa.String(length=100),
        new_column_name="name",
        existing_nullable=False,
    )


def upgrade_reports() -> None:
    pass


def downgrade_reports() -> None:
    pass
