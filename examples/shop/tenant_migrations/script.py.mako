<%! from ellar_db.env import import_lines %>\
"""${message}

Revision ID: ${up_revision}
Revises:${f" {comma(down_revision)}" if down_revision else ""}
Create Date: ${create_date}

"""

${import_lines(context)}\
# revision identifiers, used by Alembic.
revision: str = ${repr(up_revision)}
down_revision: str | tuple[str, ...] | None = ${repr(down_revision)}
branch_labels: str | tuple[str, ...] | None = ${repr(branch_labels)}
depends_on: str | list[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
