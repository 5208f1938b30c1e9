"""Projects whose models change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, text

from ellar_db.testing import Project
from tests.support.servers import sync_engine

HEAD = """
import enum
from sqlalchemy import *
from sqlalchemy.types import TypeDecorator

metadata = MetaData({options})
"""


@dataclass
class Changing:
    """A project whose models change, with one database.

    Args:
        project: The project.
        url: The database's URL.
        options: The arguments of its `MetaData`.
        settings: More of pyproject.toml.
        numbers: How many revisions there are.
    """

    project: Project
    url: str
    options: str = ""
    settings: str = ""
    numbers: int = field(default=0)

    def models(self, tables: str) -> None:
        """Write the models."""
        self.project.write("models.py", HEAD.format(options=self.options) + tables)
        self.project.forget("models")

    def begin(self, tables: str, *rows: str) -> None:
        """Make a folder and the tables, with rows."""
        self.project.write(
            "pyproject.toml",
            f"[tool.ellar-db]\ndatabase = '{self.url}'\nmetadata = 'models:metadata'\n{self.settings}",
        )
        self.project.db("init")
        self.models(tables)
        self.migrate()
        self.project.db("upgrade")
        self.execute(*rows)

    def migrate(self, *options: str) -> str:
        """Write the next revision; give its source."""
        self.numbers += 1
        name = f"r{self.numbers}"
        self.project.db("migrate", "--rev-id", name, *options)
        return self.source(name)

    def source(self, name: str) -> str:
        """Give the source of a revision."""
        return next(file for file in self.project.revisions() if file.name.startswith(name)).read_text()

    def apply(self) -> None:
        """Upgrade; afterwards nothing differs."""
        self.project.db("upgrade")
        assert self.project.db("check").stdout == "No new upgrade operations detected.\n"

    def undo(self, tables: str) -> None:
        """Downgrade by one; afterwards nothing differs from the models of before."""
        self.project.db("downgrade", "-1", "--yes")
        self.models(tables)
        self.project.revisions()[-1].unlink()
        assert self.project.db("check").stdout == "No new upgrade operations detected.\n"

    def execute(self, *statements: str) -> None:
        """Execute statements."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows of a query."""
        return self.read(lambda connection: [tuple(row) for row in connection.execute(text(query))])

    def read(self, function: Callable[[Connection], Any]) -> Any:
        """Give what a function reads from the database."""
        with self.engine.connect() as connection:
            return function(connection)

    @property
    def engine(self) -> Engine:
        """An engine for the database, with a sync driver."""
        return sync_engine(self.url)
