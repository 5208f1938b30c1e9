"""What holds for every feature of a model: see `Law`."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.schema import read_schema
from ellar_db.testing import Project
from tests.support.servers import sync_engine

HEAD = """
import datetime
import enum

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

metadata = sa.MetaData()
"""

OWN = {"alembic_version", "ellar_db_journal"}


def tables(*columns: Sequence[str]) -> str:
    """Return the source of models: a table for each case, so that one change of the folder tries them all.

    Args:
        columns: For each table `t0`, `t1` and so on, what follows the name of its column `c`, and sources of further
            columns and constraints.

    Example:
        >>> tables(["sa.Integer"])
        "sa.Table('t0', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('c', sa.Integer))\\n"
    """
    return "".join(
        f"sa.Table('t{number}', metadata, "
        + ", ".join(["sa.Column('id', sa.Integer, primary_key=True)", f"sa.Column('c', {column})", *more])
        + ")\n"
        for number, (column, *more) in enumerate(columns)
    )


@dataclass
class Law:
    """A folder whose models change: what the models say is what the database gets.

    Args:
        project: The project.
        new_database: Makes databases; call it with the kind.
        kind: "sqlite", "postgresql" or "mariadb".
    """

    project: Project
    new_database: Callable[[str], str]
    kind: str

    def __post_init__(self) -> None:
        self.url = self.new_database(self.kind)
        self.made = 0
        self.project.write(
            "pyproject.toml", f"[tool.ellar-db]\ndatabase = '{self.url}'\nmetadata = 'models:metadata'\n"
        )
        self.project.write("models.py", HEAD)
        self.project.forget("models")
        self.project.db("init")

    def models(self, source: str) -> None:
        """Let the models be these."""
        self.project.write("models.py", HEAD + textwrap.dedent(source))
        self.project.forget("models")

    def migrated(self, *options: str) -> tuple[str, str]:
        """Write and apply a revision; return its text and what was said."""
        before = set(self.project.revisions())
        self.made += 1
        said = self.project.db("migrate", "--rev-id", f"r{self.made}", *options).stderr
        (file,) = set(self.project.revisions()) - before
        self.project.db("upgrade")
        return file.read_text(encoding="utf-8"), said

    def schema(self, url: str | None = None) -> dict[str, str]:
        """Return what a database has."""
        engine = sync_engine(url or self.url)
        with engine.connect() as connection:
            return read_schema(connection, dialect_named(get_plugin_manager(), engine.dialect.name), OWN)

    def created(self) -> dict[str, str]:
        """Return what `create_all` of the models makes in an empty database."""
        url = self.new_database(self.kind)
        space: dict[str, Any] = {}
        exec((self.project.path / "models.py").read_text(encoding="utf-8"), space)
        space["metadata"].create_all(sync_engine(url))
        return self.schema(url)

    def is_quiet(self) -> bool:
        """Return whether `check` finds nothing."""
        return self.project.db("check", exit_code=None).exit_code == 0

    def execute(self, *statements: str) -> None:
        """Execute statements."""
        with sync_engine(self.url).begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with sync_engine(self.url).connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def holds(
        self,
        before: str,
        after: str,
        *,
        rows: Sequence[str] = (),
        expected: Mapping[str, list[tuple[Any, ...]]] | None = None,
        options: Sequence[str] = (),
        but: str = "",
    ) -> str:
        """Assert that it holds for one change.

        Args:
            before: The source of the models' tables.
            after: The source after the change.
            rows: Statements that insert rows before the change.
            expected: The rows after the change, by query.
            options: Options of `migrate` for the change.
            but: A name that SQLite's constraints get in a revision, and don't have in the models.

        Returns:
            The text of the change's revision.
        """
        self.models(before)
        self.migrated()
        first = self.schema()
        assert first == self.created()
        assert self.is_quiet()
        self.execute(*rows)
        self.models(after)
        assert not self.is_quiet()
        written, _ = self.migrated(*options)
        assert _nameless(self.schema(), but) == _nameless(self.created(), but), written
        assert self.is_quiet(), self.project.db("check", exit_code=None).stderr
        for query, found in (expected or {}).items():
            assert self.rows(query) == found
        self.project.db("downgrade", "--yes")
        assert self.schema() == first, written
        return written


def _nameless(schema: Mapping[str, str], name: str) -> list[tuple[str, str]]:
    return sorted(
        ("check constraint" if name and key.startswith("check ") else key, value) for key, value in schema.items()
    )
