"""Runs with two-phase commit killed at random moments, and at each moment around the commit."""

from __future__ import annotations

import os
import random
import re
import signal
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from ellar_db.testing.project import tables
from tests.support.histories import OURS, TURNS, History
from tests.support.processes import TIMEOUT, python
from tests.support.servers import OwnPostgres, sync_engine

NAMES = ("default", "other")

MODELS = """
import os
import signal

from sqlalchemy import Engine, MetaData, event

first, second = MetaData(), MetaData()
counts = {}


def counted(kind):
    def die(*_):
        # the kinds of an event are told before it happens
        counts[kind] = counts.get(kind, 0) + 1
        if os.environ.get("DIE_AT") == f"{kind} {counts[kind]}":
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, kind, die)


counted("prepare_twophase")
counted("commit_twophase")
"""

REVISION = '''"""Revision {number}."""
from alembic import op
import sqlalchemy as sa

revision = "{number:04}"
down_revision = {parent!r}


def upgrade(engine_name):
    op.create_table(f"{{engine_name}}_{number}", sa.Column("id", sa.Integer, primary_key=True))
    op.execute(f"INSERT INTO {{engine_name}}_{number} VALUES (1)")


def downgrade(engine_name):
    op.drop_table(f"{{engine_name}}_{number}")
'''

CURE = re.compile(r"`([^`]*(?:COMMIT|ROLLBACK)[^`]*)`")


@dataclass
class Both:
    """A folder of revisions on two databases, which two-phase commit keeps together.

    Args:
        project: The project.
        urls: The databases.
        revisions: How many revisions there are.
    """

    project: Project
    urls: tuple[str, str]
    revisions: int = 3

    def write(self) -> Both:
        """Write the project."""
        databases = "".join(f"{name} = '{url}'\n" for name, url in zip(NAMES, self.urls, strict=True))
        self.project.write("models.py", MODELS)
        self.project.write(
            "pyproject.toml",
            f"[tool.ellar-db]\nuse-two-phase = true\n[tool.ellar-db.databases]\n{databases}"
            "[tool.ellar-db.metadata]\ndefault = 'models:first'\nother = 'models:second'\n",
        )
        self.project.forget()
        self.project.db("init", "--multi")
        for number in range(self.revisions):
            parent = f"{number - 1:04}" if number else None
            source = REVISION.format(number=number, parent=parent)
            self.project.write(f"migrations/versions/{number:04}.py", source)
        return self

    @property
    def runs(self) -> History:
        """What starts and kills programs."""
        return History(self.project, self.urls[0])

    def agrees(self) -> bool:
        """Return whether both databases have all revisions, each once."""
        found = []
        for name, url in zip(NAMES, self.urls, strict=True):
            made = {f"{name}_{number}" for number in range(self.revisions)}
            counts = {rows(url, f"SELECT count(*) FROM {table}")[0] for table in made}
            version = rows(url, "SELECT version_num FROM alembic_version")
            there = {table for table in tables(url) if table.startswith(name)}
            found.append((there, counts, version) == (made, {1}, [f"{self.revisions - 1:04}"]))
        return all(found)

    def complete(self, chance: random.Random, *options: str) -> list[str]:
        """Upgrade, and do what each message says, until an upgrade succeeds; return what was said.

        Args:
            chance: Chooses between the cures that a message offers.
            options: Options of the command.
        """
        heard: list[str] = []
        for _ in range(6):
            before = self.prepared()
            process = self.runs.start([*OURS, *options])
            assert process.stderr is not None
            for line in process.stderr:
                heard.append(line.rstrip())
                # an upgrade that waits for the locks goes on as soon as they are gone
                if (cures := CURE.findall(line)) and not options:
                    self.cure(line, chance.choice(cures))
            process.communicate(timeout=TIMEOUT)
            assert "Traceback" not in "\n".join(heard), heard
            if process.returncode == 0:
                return heard
            assert heard[-1].startswith("Error: "), heard
            for line in heard if options else ():
                if (cures := CURE.findall(line)) and (id_ := cures[0].split("'")[1]) in self.prepared():
                    self.cure(line, chance.choice(cures))
                    assert id_ not in self.prepared()
            # what is committed by hand may be the end of the run that was cut short
            if "an earlier run was cut short" in heard[-1] and self.prepared() == before:
                self.settle()
        raise AssertionError(heard)

    def cure(self, line: str, statement: str) -> None:
        """Execute what a message says, on the database that it names."""
        name = line.split("on the database '")[1].split("'")[0]
        url = self.urls[NAMES.index(name)]
        with sync_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)

    def settle(self) -> None:
        """Do what a person does about an interrupted run: undo what it did, and say so."""
        for name, url in zip(NAMES, self.urls, strict=True):
            version = rows(url, "SELECT version_num FROM alembic_version")
            known = {f"{name}_{number}" for number in range(int(version[0]) + 1 if version else 0)}
            with sync_engine(url).begin() as connection:
                for table in {each for each in tables(url) if each.startswith(name)} - known:
                    connection.execute(text(f"DROP TABLE {table}"))
        self.project.db("repair", "--reverted")

    def prepared(self) -> list[str]:
        """Return the ids of the transactions that the servers keep prepared."""
        if self.urls[0].startswith("postgresql"):
            return [str(each) for url in self.urls[:1] for each in rows(url, "SELECT gid FROM pg_prepared_xacts")]
        with sync_engine(self.urls[0]).connect() as connection:
            ids = [row[3] for row in connection.exec_driver_sql("XA RECOVER")]
            return [each.decode() if isinstance(each, bytes) else str(each) for each in ids]


def rows(url: str, question: str) -> list[object]:
    """Return the first column of what a database answers."""
    with sync_engine(url).connect() as connection:
        return list(connection.execute(text(question)).scalars())


@pytest.fixture(scope="module")
def prepared_server() -> Iterator[OwnPostgres]:
    with OwnPostgres(max_prepared_transactions=10) as server:
        yield server


@pytest.fixture
def two(request: pytest.FixtureRequest, prepared_server: OwnPostgres) -> Callable[[str], tuple[str, str]]:
    """Make two databases of one kind."""
    made: list[str] = []

    def make(kind: str) -> tuple[str, str]:
        if kind == "mariadb":
            new_database = request.getfixturevalue("new_database")
            return new_database(kind), new_database(kind)
        with sync_engine(prepared_server.url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for _ in NAMES:
                made.append(f"two_{uuid.uuid4().hex[:12]}")
                connection.execute(text(f"CREATE DATABASE {made[-1]}"))
        first, second = (f"{prepared_server.url.rpartition('/')[0]}/{name}" for name in made[-2:])
        return first, second

    return make


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_after_each_kill_the_next_run_says_what_to_do(
    project: Project, two: Callable[[str], tuple[str, str]], kind: str
) -> None:
    chance = random.Random(20261129)
    both = Both(project, two(kind)).write()
    seconds = both.runs.seconds() * 1.2
    for turn in range(TURNS):
        project.db("downgrade", "base", "--yes")
        both.runs.killed(chance, seconds)

        heard = both.complete(chance)

        assert both.agrees(), (turn, heard)
        assert both.prepared() == [], (turn, heard)


MOMENTS = {"prepare_twophase 2": 1, "commit_twophase 1": 2, "commit_twophase 2": 1}
"""Events of the commit of two databases, each before it happens, and how many transactions are prepared then."""

EARLIER = {"postgresql": 0, "mariadb": 4}
"""How many such events there were before: on MariaDB each schema change commits."""


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("kind", "start", "options"),
    [
        ("postgresql", None, ("--db-lock-timeout", "1")),
        ("postgresql", "0000", ()),
        ("mariadb", "0000", ()),
        ("mariadb", "0000", ("--db-lock-timeout", "1")),
    ],
)
def test_what_is_prepared_is_named_before_the_run_waits_for_it(
    project: Project,
    two: Callable[[str], tuple[str, str]],
    kind: str,
    start: str | None,
    options: tuple[str, ...],
    moment: str,
) -> None:
    chance = random.Random(f"{kind} {moment}")
    both = Both(project, two(kind)).write()
    if start is not None:
        project.db("upgrade", start)
    event, number = moment.split()
    environment = {**os.environ, "DIE_AT": f"{event} {int(number) + EARLIER[kind]}"}
    dying = python(*OURS, cwd=project.path, env=environment)
    _, said = dying.communicate(timeout=TIMEOUT)
    assert dying.returncode == -signal.SIGKILL, said
    left = both.prepared()
    assert len(left) == MOMENTS[moment]

    try:
        heard = both.complete(chance, *options)
    finally:
        # their locks would stop whatever comes after the test
        for id_ in set(left) & set(both.prepared()) if kind == "mariadb" else ():
            both.cure("on the database 'default'", f"XA ROLLBACK '{id_}'")

    assert all(any(id_ in line for line in heard) for id_ in left), heard
    assert both.agrees(), heard
    assert both.prepared() == []
