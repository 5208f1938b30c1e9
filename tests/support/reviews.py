"""A change of models over a database, and what is said of its revision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ellar_db.testing import Project
from tests.support.servers import sync_engine

MODELS = """
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

Base = sa.MetaData()
"""

USERS = 'sa.Table("users", Base, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)){})'
USER = USERS.format("")
ROW = "INSERT INTO users (id, name) VALUES (1, 'ann')"


def with_column(column: str) -> str:
    return USERS.format(f", {column}")


def with_name(column: str) -> str:
    return f'sa.Table("users", Base, sa.Column("id", sa.Integer, primary_key=True), {column})'


NOT_NULL = with_column('sa.Column("k", sa.Integer, nullable=False)')
SET = with_name('sa.Column("name", sa.String(50), nullable=False)')


class Change:
    """A change of models over a database.

    Args:
        project: The project.
        url: The database.
    """

    def __init__(self, project: Project, url: str) -> None:
        self.project = project
        self.url = url
        self.engine = sync_engine(url)
        self.kind = {"mysql": "mariadb"}.get(self.engine.dialect.name, self.engine.dialect.name)

    def before(self, models: str, *statements: str) -> Change:
        """Make the tables of models in the database, and execute statements there."""
        names: dict[str, Any] = {"sa": sa, "Base": sa.MetaData(), "postgresql": postgresql}
        exec(models, names)
        names["Base"].create_all(self.engine)
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        return self

    def after(self, models: str, *options: str, extra: str = "") -> list[str]:
        """Return what `migrate` says of the revision for other models, by rules."""
        self.project.configure(url=self.url, models=f"{MODELS}\n{models}\n", extra=extra)
        self.project.db("init")
        result = self.project.db("migrate", "-m", "change", "--rev-id", "change", *options)
        return findings(result.stderr)

    def upgrade(self, exit_code: int = 0) -> str:
        """Apply the revision, and return what is said."""
        return self.project.db("upgrade", exit_code=exit_code).stderr


def findings(said: str) -> list[str]:
    """Return the lines that have a rule's code."""
    lines: Sequence[str] = [line.removeprefix("Warning: ") for line in said.splitlines()]
    return [line for line in lines if re.match(r"DB\d{3} ", line)]
