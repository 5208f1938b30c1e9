"""Suites of an application, written to a folder and run by a pytest of their own."""

from __future__ import annotations

import gc
import os
import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.processes import SUITE, TIMEOUT, python

MODELS = """
from sqlalchemy import Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    email: Mapped[str | None] = mapped_column(String(64))
"""

FIRST = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
)
"""
EMAIL = """
with op.batch_alter_table("users") as batch:
    batch.add_column(sa.Column("email", sa.String(64)))
"""
NO_EMAIL = """
with op.batch_alter_table("users") as batch:
    batch.drop_column("email")
"""

REVISION = '''
"""Revision {rev_id}."""
import sqlalchemy as sa
from alembic import op

revision = {rev_id!r}
down_revision = {parent!r}
branch_labels = None
depends_on = None
{more}


def upgrade():
{up}


def downgrade():
{down}
'''


@dataclass
class Suite(Project):
    """A project with migrations whose conftest.py switches the ready tests on."""

    pytester: pytest.Pytester

    def revision(self, rev_id: str, parent: str | None, up: str, down: str, more: str = "") -> None:
        """Write a revision."""
        body = {"up": textwrap.indent(up.strip(), "    "), "down": textwrap.indent(down.strip(), "    ")}
        text = REVISION.format(rev_id=rev_id, parent=parent, more=more, **body)
        self.write(f"migrations/versions/{rev_id}_.py", text)

    def second(self, up: str = EMAIL, down: str = NO_EMAIL, more: str = "") -> None:
        """Write the second revision anew."""
        self.revision("second", "first", up, down, more)

    def test(self, *arguments: str) -> pytest.RunResult:
        """Run the suite in this process."""
        self.forget("models")
        # at its end pytest looks for garbage among all that this process has made, except what is frozen
        gc.collect()
        gc.freeze()
        # hypothesis takes longer for its part of the summary than the suite
        return self.pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments)

    def test_apart(self, *arguments: str) -> pytest.RunResult:
        """Run the suite in a process of its own."""
        return run_pytest(self.path, *arguments)

    def failed(self, result: pytest.RunResult) -> list[str]:
        """Return the names of the ready tests that failed."""
        found = [line for line in result.outlines if line.startswith("FAILED ")]
        return [line.split()[1].rpartition("::")[2].removeprefix("test_") for line in found]


def run_pytest(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> pytest.RunResult:
    """Run the tests of a folder in a process of its own.

    Args:
        folder: The working directory.
        arguments: Those of pytest.
        env: Environment variables in addition to those of this process.
    """
    env = {**os.environ, **(env or {})}
    began = time.monotonic()
    program = python("-m", "pytest", "-p", "no:cacheprovider", *arguments, cwd=folder, env=env, modules=SUITE)
    outputs = program.communicate(timeout=TIMEOUT)
    for text in outputs:
        print(text)
    assert program.returncode is not None
    return pytest.RunResult(
        program.returncode, *(text.splitlines() for text in outputs), duration=time.monotonic() - began
    )
