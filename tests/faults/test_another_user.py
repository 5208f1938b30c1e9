"""Runs of several users of the operating system on one SQLite database, killed or not."""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.histories import TURNS, History, leftovers
from tests.support.processes import TIMEOUT
from tests.support.users import NOBODY, SOMEBODY, as_root, run_as, start_command_as

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has other users"),
    as_root,
]

ROWS = (
    "op.execute('CREATE TABLE bulk AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) "
    "SELECT x, hex(randomblob(20)) FROM n')"
)
"""So many that SQLite writes to the file before the end of the transaction."""

WAIT = "print('written', flush=True); import time; time.sleep(600)"
"""Say that the rows are written, and wait for the kill."""


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with a database for several users, in a folder that all may enter, which that of a test is not."""
    monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", "")
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name))
        monkeypatch.chdir(name)
        project.path.chmod(0o777)
        with closing(sqlite3.connect(project.path / "app.db")) as connection:
            connection.execute("CREATE TABLE begun (x)")
        (project.path / "app.db").chmod(0o666)
        yield project


def history_in(project: Project, form: str | None = None, **bodies: list[str]) -> History:
    given = {int(number.removeprefix("revision_")): body for number, body in bodies.items()}
    url = f"sqlite:///{project.path / 'app.db'}"
    history = History(project, url, revisions=6, bodies=given, form=form).write()
    for file in project.path.rglob("*"):
        if file.name != "app.db":
            file.chmod(0o777 if file.is_dir() else 0o666)
    return history


def made(history: History) -> set[str]:
    return history.tables() - {"begun"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("form", "mode"),
    [(None, 0o777), ("generic", 0o1777)],
    ids=["ours, in a shared folder", "generic, in a sticky one"],
)
def test_kills_by_turns(shared: Project, form: str | None, mode: int) -> None:
    history = history_in(shared, form)
    shared.path.chmod(mode)
    chance = random.Random(20261128)
    torn = []
    for turn in range(TURNS):
        one, two = (NOBODY, SOMEBODY) if turn % 2 else (SOMEBODY, NOBODY)
        process = start_command_as(one, "upgrade", cwd=shared.path)
        assert process.stderr is not None
        process.stderr.readline()
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.communicate()

        done = run_as(two, ["upgrade"], shared.path)

        if done.returncode:
            # SQLite can't remove the journal of another user there, but says what to do
            assert mode == 0o1777, done.stderr
            assert "a command of that user's removes it" in done.stderr
            assert [line for line in done.stderr.splitlines() if not line.startswith("  ")] == [
                done.stderr.splitlines()[-1]
            ]
            assert run_as(one, ["current"], shared.path).returncode == 0
            assert run_as(two, ["upgrade"], shared.path).returncode == 0
        if made(history) != history.expected():
            torn.append((turn, history.version(), made(history)))
        assert run_as(two, ["downgrade", "base", "--yes"], shared.path).returncode == 0
    assert torn == []


@pytest.mark.parametrize("command", ["upgrade", "current"])
def test_a_journal_that_only_its_owner_can_remove(shared: Project, command: str) -> None:
    history = history_in(shared, revision_1=[ROWS, WAIT])
    shared.path.chmod(0o1777)
    process = start_command_as(NOBODY, "upgrade", cwd=shared.path)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    process.kill()
    process.communicate(timeout=TIMEOUT)
    journal = shared.path / "app.db-journal"
    assert journal.stat().st_uid == NOBODY

    refused = run_as(SOMEBODY, [command], shared.path)

    assert refused.returncode == 3
    assert refused.stderr.startswith("Error: the ")
    assert "disk I/O error; this user can't write to it or its folder, or can't remove a journal" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    # what the line says
    assert run_as(NOBODY, ["current"], shared.path).returncode == 0
    assert not journal.exists()
    assert made(history) == set()
    assert run_as(SOMEBODY, ["upgrade", "0000"], shared.path).returncode == 0
    assert made(history) == history.expected()


def test_all_of_several_users_succeed(shared: Project) -> None:
    history = history_in(shared)

    processes = [start_command_as((NOBODY, SOMEBODY)[each % 2], "upgrade", cwd=shared.path) for each in range(8)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 8, said
    assert history.version() == "0005"
    assert made(history) == history.expected()
    assert leftovers(shared.path) == []


def test_a_database_that_this_user_may_only_read(shared: Project) -> None:
    history = history_in(shared)
    (shared.path / "app.db").chmod(0o644)

    refused = run_as(NOBODY, ["upgrade"], shared.path)

    assert refused.returncode == 3
    assert "readonly database; this user can't write to it" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    shown = run_as(NOBODY, ["current"], shared.path)
    at_base = "The database 'default' is at base: no revision has been applied.\n"
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "", at_base)
    assert made(history) == set()
