<%! from ellar_db.env import database_names, import_lines %>\
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


def upgrade(engine_name: str) -> None:
    # a database that was added after this revision has no function here, and nothing to do
    globals().get(f"upgrade_{engine_name}", lambda: None)()


def downgrade(engine_name: str) -> None:
    globals().get(f"downgrade_{engine_name}", lambda: None)()
% for name in database_names(config):


def upgrade_${name}() -> None:
    ${context.get(f"{name}_upgrades", "pass")}


def downgrade_${name}() -> None:
    ${context.get(f"{name}_downgrades", "pass")}
% endfor
