"""Migrations folders whose revisions have ids that a test can name."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project
from tests.support.revisions import add


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
