"""PgBouncer between the upgrades and PostgreSQL, in both of its modes."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.histories import OURS, TURNS, History
from tests.support.output import timeless
from tests.support.processes import TIMEOUT
from tests.support.servers import OwnPgBouncer, asynchronous, sync_engine

PROCESSES = 8

LOCKS = (
    "SELECT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND l.database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def server_url(new_database: Callable[[str], str]) -> str:
    """A database, as it is reached without the pooler."""
    return new_database("postgresql")


def together(history: History, *options: str) -> list[tuple[int | None, str]]:
    """Start all upgrades at once; return the exit code of each and what it wrote to stderr."""
    processes = [history.start([*OURS, *options]) for _ in range(PROCESSES)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


def locks(url: str) -> list[int]:
    """Return the server's sessions that hold an advisory lock of the database."""
    with sync_engine(url).connect() as connection:
        return list(connection.execute(text(LOCKS)).scalars())


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_in_session_mode_none_of_several_at_once_fails(project: Project, server_url: str, driver: str) -> None:
    # each run that waits has one session, the one that migrates two
    with OwnPgBouncer(server_url, "session", PROCESSES + 1) as pooler:
        url = pooler.url if driver == "sync" else asynchronous(pooler.url)
        history = History(project, url).write()

        results = together(history)

    assert [code for code, _ in results] == [0] * PROCESSES, results
    direct = History(project, server_url)
    assert direct.version() == "0009"
    assert direct.agrees()
    assert locks(server_url) == []


def test_in_transaction_mode_a_run_succeeds_or_says_in_one_line_why_not(project: Project, server_url: str) -> None:
    direct = History(project, server_url)
    with OwnPgBouncer(server_url, "transaction", PROCESSES * 2) as pooler:
        history = History(project, pooler.url).write()

        results = together(history, "--lock-timeout", "1")

        for code, said in results:
            assert code in (0, 1, 3), said
            assert "Traceback" not in said
            if code:
                assert said.splitlines()[-1].startswith("Error: "), said
        # a run is one transaction, so that none is half done
        assert direct.version() in (None, "0009")
        assert direct.agrees()


def test_the_lock_that_is_left_in_the_pooler_is_named(project: Project, server_url: str) -> None:
    with OwnPgBouncer(server_url, "transaction", 4) as pooler:
        code, said = History(project, pooler.url, revisions=1).write().run()
        assert (code, timeless(said)) == (
            0,
            "  ok  0000 Revision 0.  T s\n1 revision applied in T s; now at 0000 (head).\n",
        )
        (session,) = locks(server_url)

        # without the pooler, so that another session of the server asks
        direct = History(project, server_url, revisions=2).write()
        code, said = direct.run([*OURS, "--lock-timeout", "0"])

        assert code == 1
        assert said.startswith("Error: the database 'default' is being migrated by ")
        assert f" (backend {session}) since " in said
        assert len(said.splitlines()) == 1
        end(server_url)
        assert direct.run()[0] == 0
        assert direct.agrees()
        assert locks(server_url) == []


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_kill_leaves_schema_and_version_together(project: Project, server_url: str, mode: str) -> None:
    direct = History(project, server_url, revisions=12)
    chance = random.Random(20261128)
    with OwnPgBouncer(server_url, mode, 4) as pooler:
        history = History(project, pooler.url, revisions=12).write()
        seconds = history.seconds() * 1.2
        for turn in range(TURNS):
            end(server_url)
            History(project, server_url, revisions=12).write().project.db("downgrade", "base", "--yes")
            History(project, pooler.url, revisions=12).write().killed(chance, seconds)

            if mode == "transaction":
                end(server_url)
            assert history.run()[0] == 0, turn
            assert direct.version() == "0011", turn
            assert direct.agrees(), turn


def end(url: str) -> None:
    """End the sessions that hold an advisory lock of the database, and wait until they have ended."""
    with sync_engine(url).connect() as connection:
        while held := locks(url):
            for session in held:
                connection.execute(text(f"SELECT pg_terminate_backend({session})"))
