"""Revisions with ids that a test can name."""

from __future__ import annotations

from pathlib import Path

from ellar_db.testing import Project

REVISION = '''
"""{message}

Revision ID: {rev_id}
"""
from alembic import op
import sqlalchemy as sa

revision = {rev_id!r}
down_revision = {parent!r}
branch_labels = {label!r}
depends_on = {depends_on!r}


def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table({table!r})
'''


BODY = """
from alembic import op
import sqlalchemy as sa

revision = {rev_id!r}
down_revision = {parent!r}


def upgrade():
    {up}


def downgrade():
    {down}
"""


def write_revision(folder: Path, rev_id: str, parent: str | None, up: str, down: str = "pass") -> None:
    """Write a revision with what it does, in one line each way."""
    (folder / f"{rev_id}_.py").write_text(BODY.format(rev_id=rev_id, parent=parent, up=up, down=down), encoding="utf-8")


def add(
    project: Project,
    rev_id: str,
    parent: str | tuple[str, ...] | None,
    *,
    label: str | None = None,
    depends_on: str | None = None,
    folder: str = "migrations",
) -> None:
    """Write a revision that makes a table `t_<rev_id>`."""
    text = REVISION.format(
        message=f"Add {rev_id}", rev_id=rev_id, parent=parent, label=label, depends_on=depends_on, table=f"t_{rev_id}"
    )
    project.write(f"{folder}/versions/{rev_id}_.py", text)


def without_models(project: Project, url: str = "sqlite:///app.db", extra: str = "") -> None:
    """Let a project have a database and no models.

    Args:
        project: The project.
        url: The database.
        extra: More settings.
    """
    project.write("pyproject.toml", f"[tool.ellar-db]\ndatabase = '{url}'\n{extra}")
    project.forget()
