"""Migrations folders whose revisions have ids that a test can name."""

from __future__ import annotations

import pytest

from tests.conftest import Project

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


@pytest.fixture
def linear(plain: Project) -> Project:
    """A folder with the revisions first, second and third, none applied."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "second", "first")
    add(plain, "third", "second")
    return plain


@pytest.fixture
def branched(plain: Project) -> Project:
    """A folder where left and right (labelled east) go out from first, none applied."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first")
    add(plain, "right", "first", label="east")
    return plain


@pytest.fixture
def several(project: Project) -> Project:
    """A project with the databases default and reports, and a folder for both."""
    project.write(
        "models.py",
        """
        from sqlalchemy import Column, Integer, MetaData, Table

        main, reports = MetaData(), MetaData()
        Table("users", main, Column("id", Integer, primary_key=True))
        Table("figures", reports, Column("id", Integer, primary_key=True))
        """,
    )
    project.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        metadata = {default = "models:main", reports = "models:reports"}

        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite:///reports.db"
        """,
    )
    project.db("init", "--multi")
    return project
