"""Projects with many databases of one group."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ellar_db.testing import Project
from tests.support.processes import TIMEOUT
from tests.support.revisions import write_revision

PROVIDER = """
from sqlalchemy import Column, Integer, MetaData, String, Table

from ellar_db import Database, hookimpl

metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True), Column("name", String(50)))

DATABASES = {databases!r}


@hookimpl
def ellar_db_databases(wanted):
    for name, (url, options) in DATABASES.items():
        yield Database(name, url, metadata, **options)
"""

VISIT = (
    "op.execute('CREATE TABLE IF NOT EXISTS visits (revision VARCHAR(20))'); "
    "op.execute(\"INSERT INTO visits VALUES ('{0}')\"); op.create_table('table_{0}', sa.Column('id', sa.Integer))"
)
"""A revision that tells how often it ran."""

LEAVE = "op.drop_table('table_{0}'); op.execute(\"INSERT INTO visits VALUES ('-{0}')\")"


def provide(project: Project, databases: Mapping[str, tuple[str, Mapping[str, Any]]], extra: str = "") -> None:
    """Write a plugin that supplies databases, each as its URL and its options.

    Args:
        project: The project.
        databases: The databases by name.
        extra: More lines of `[tool.ellar-db]`.
    """
    project.write("tenants.py", PROVIDER.format(databases=dict(databases)))
    project.write("pyproject.toml", f'[tool.ellar-db]\nplugins = ["tenants"]\n{extra}')
    project.forget("tenants")


def extend(project: Project, source: str) -> None:
    """Add source to the plugin that `provide` wrote."""
    file = project.path / "tenants.py"
    file.write_text(file.read_text() + source)
    project.forget("tenants")


def files(project: Project, number: int, extra: str = "") -> list[str]:
    """Provide SQLite files named t0, t1 ... of the group tenants, and return their names."""
    names = [f"t{each}" for each in range(number)]
    (project.path / "files").mkdir(exist_ok=True)
    provide(project, {name: (f"sqlite:///files/{name}.db", {"group": "tenants"}) for name in names}, extra)
    return names


def history(project: Project, *ids: str) -> None:
    """Make a folder with revisions that follow each other, each of which tells that it ran."""
    if not (project.path / "migrations").exists():
        project.db("init")
    for parent, each in zip((None, *ids), ids, strict=False):
        write_revision(project.path / "migrations" / "versions", each, parent, VISIT.format(each), LEAVE.format(each))


def visits(project: Project, name: str) -> list[str]:
    """Return which revisions ran on a file, in order; undone ones begin with a hyphen."""
    file = project.path / "files" / f"{name}.db"
    with closing(sqlite3.connect(file)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'visits'").fetchall():
            return []
        return [row[0] for row in connection.execute("SELECT revision FROM visits ORDER BY rowid")]


def program(project: Project, *arguments: str, exit_code: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run `ellar-db` in a process that may start others, and check the exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "ellar_db", *arguments],
        cwd=project.path,
        env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert exit_code in (None, done.returncode), f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def lines(output: str) -> list[dict[str, Any]]:
    """Return the lines of JSON that `--json` wrote."""
    return [json.loads(line) for line in output.splitlines()]


def folder(project: Project) -> Path:
    """Return the folder of revisions."""
    return project.path / "migrations" / "versions"
