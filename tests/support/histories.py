"""Histories to be cut short, programs to be killed, and what must hold afterwards."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text

from ellar_db.testing import Project
from tests.support.environments import FORMS, HEAD
from tests.support.processes import TIMEOUT, Program, python
from tests.support.servers import sync_engine

OURS = ("-m", "ellar_db", "upgrade")
BARE = ("-m", "alembic.config", "-c", "migrations/alembic.ini", "upgrade", "head")

TURNS = int(os.environ.get("ELLAR_DB_FAULTS", "3"))
"""How often a program is killed, each time at another moment; `make faults` does it more often than the suite."""

OWN_TABLES = {"alembic_version", "ellar_db_journal"}


@dataclass
class History:
    """A folder of small revisions on one database.

    Args:
        project: The project.
        url: The database.
        revisions: How many revisions there are, named 0000, 0001 ...
        bodies: What a revision does, by its number, in place of making two tables.
        form: The form of an env.py of somebody else's (`environments.FORMS`), which knows nothing of ellar_db.
    """

    project: Project
    url: str
    revisions: int = 10
    bodies: dict[int, Sequence[str]] = field(default_factory=dict)
    form: str | None = None

    def write(self) -> History:
        """Write the project: each revision makes two tables, unless `bodies` says what it does."""
        self.project.write("pyproject.toml", f"[tool.ellar-db]\ndatabase = '{self.url}'\n")
        self.project.forget()
        if not (self.project.path / "migrations").exists():
            self.project.db("init")
        if self.form is not None:
            escaped = self.url.replace("%", "%%")
            self.project.write("pyproject.toml", "")
            self.project.forget()
            self.project.write("migrations/alembic.ini", f"[alembic]\nsqlalchemy.url = {escaped}\n")
            self.project.write("migrations/env.py", HEAD + FORMS[self.form])
        for number in range(self.revisions):
            body = self.bodies.get(number) or [create(f"first_{number}"), create(f"second_{number}")]
            undo = [f'op.drop_table("{name}_{number}")' for name in ("second", "first")]
            self.project.write(
                f"migrations/versions/{number:04}.py",
                f'"""Revision {number}."""\n'
                "from alembic import op\nimport sqlalchemy as sa\nfrom pathlib import Path\n\n"
                f'revision = "{number:04}"\ndown_revision = {f"{number - 1:04}" if number else None!r}\n\n\n'
                f"def upgrade():\n    {'''; '''.join(body)}\n\n\ndef downgrade():\n    {'''; '''.join(undo)}\n",
            )
        return self

    def start(self, command: Sequence[str] = OURS, **options: Any) -> Program | subprocess.Popen[str]:
        """Start a Python program on the history."""
        return python(*command, cwd=self.project.path, env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""}, **options)

    def run(self, command: Sequence[str] = OURS, **options: Any) -> tuple[int | None, str]:
        """Run a Python program on the history; return its exit code and what it wrote to stderr."""
        process = self.start(command, **options)
        _, said = process.communicate(timeout=TIMEOUT)
        return process.returncode, said

    def _begun(self) -> Program | subprocess.Popen[str]:
        """Start an upgrade, and return it when its first revision begins."""
        process = self.start(["-m", "ellar_db", "-v", "upgrade"])
        assert process.stderr is not None
        # a revision is spoken of without -v when it is done
        while (line := process.stderr.readline()) and not line.startswith("Running "):
            pass
        return process

    def seconds(self) -> float:
        """Return how long an upgrade takes from the beginning of its first revision to its end."""
        process = self._begun()
        began = time.monotonic()
        _, said = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0, said
        return time.monotonic() - began

    def killed(self, chance: random.Random, seconds: float) -> bool:
        """Start an upgrade and kill it at a random moment after its first revision began.

        Args:
            chance: The generator of moments.
            seconds: The time within which the moment lies.

        Returns:
            Whether it was killed, rather than quicker.
        """
        process = self._begun()
        try:
            process.wait(timeout=chance.uniform(0, seconds))
            return False
        except subprocess.TimeoutExpired:
            process.kill()
            return True
        finally:
            process.communicate()

    def version(self) -> str | None:
        """Return the revision that the database says it has."""
        engine = sync_engine(self.url)
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def tables(self) -> set[str]:
        """Return the tables that revisions made."""
        return self.project.tables(self.url) - OWN_TABLES

    def expected(self) -> set[str]:
        """Return the tables that must be there at the database's revision."""
        version = self.version()
        done = 0 if version is None else int(version) + 1
        return {f"{name}_{number}" for number in range(done) for name in ("first", "second")}

    def agrees(self) -> bool:
        """Return whether schema and version agree."""
        return self.tables() == self.expected()


def create(table: str) -> str:
    """Return the line of a revision that makes a table."""
    return f'op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))'


def leftovers(folder: Path) -> list[str]:
    """Return what a run left beside its database that nobody needs."""
    return sorted(file.name for file in folder.iterdir() if ".migrating" in file.name)
