"""Runs over many databases of a group: some fail, the program is killed in the middle, and it is resumed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from sqlalchemy import inspect, text

from ellar_db.testing import Project
from tests.support.fleets import LEAVE, VISIT, files, folder, history, program, provide, visits
from tests.support.processes import TIMEOUT
from tests.support.revisions import write_revision
from tests.support.servers import sync_engine

LONG = "ELLAR_DB_FAULTS" in os.environ

FAILING = "'{0}' in str(op.get_bind().engine.url) + str(op.get_bind().dialect.default_schema_name) and 1 / 0"
"""What a revision does that fails on some databases."""


def visits_of_schema(url: str, schema: str) -> list[str]:
    with sync_engine(url).connect() as connection:
        if not inspect(connection).has_table("visits", schema=schema):
            return []
        return [row[0] for row in connection.execute(text(f"SELECT revision FROM {schema}.visits"))]


@pytest.fixture(params=["sqlite", "postgresql"])
def group(
    request: pytest.FixtureRequest, project: Project, new_database: Callable[[str], str]
) -> tuple[list[str], Callable[[str], list[str]]]:
    """Databases, and what returns which revisions ran on one."""
    if request.param == "sqlite":
        return files(
            project, 2000 if LONG else 60
        ), lambda name: visits(project, name) if (project.path / "files" / f"{name}.db").exists() else []
    url = new_database("postgresql")
    names = [f"t{number}" for number in range(500 if LONG else 40)]
    provide(project, {name: (url, {"schema": name, "group": "tenants"}) for name in names})
    return names, lambda name: visits_of_schema(url, name)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends the processes of a program that is killed")
def test_nothing_is_lost_and_nothing_is_done_twice(
    project: Project, group: tuple[list[str], Callable[[str], list[str]]]
) -> None:
    names, ran = group
    history(project, "one", "two")
    some = f"{names[-1][:-1]}"
    failing = [name for name in names if some in name]
    write_revision(folder(project), "two", "one", f"{VISIT.format('two')}; {FAILING.format(some)}", LEAVE.format("two"))

    process = subprocess.Popen(
        [sys.executable, "-m", "ellar_db", "upgrade", "-j", "2", "--keep-going", "--provision"],
        cwd=project.path,
        env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + TIMEOUT
    third = names[len(names) // 3]
    while not ran(third):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=TIMEOUT)

    said = program(project, "upgrade", "-j", "2", "--keep-going", "--resume", exit_code=1).stderr
    assert f"{len(failing)} failed; " in said
    assert {name for name in names if not ran(name)} == set(failing)

    write_revision(folder(project), "two", "one", VISIT.format("two"), LEAVE.format("two"))
    said = program(project, "upgrade", "-j", "2", "--resume").stderr
    assert f"{len(failing)} databases: {len(failing)} migrated; " in said
    assert [sorted(ran(name)) for name in names] == [["one", "two"]] * len(names)
    assert f"{len(names):,} already there; " in program(project, "upgrade").stderr
