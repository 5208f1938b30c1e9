"""`wait`."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from ellar_db import Database, PackageMigrations, hookimpl
from ellar_db.databases import connections
from ellar_db.inspection import readiness
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from tests.support.applications import PLAIN_MODELS, new_shop
from tests.support.environments import ForeignEnvironment
from tests.support.fleets import history, provide
from tests.support.marks import needs_ellar
from tests.support.output import without_page
from tests.support.processes import TIMEOUT, python
from tests.support.revisions import add
from tests.support.servers import ASYNC_DRIVERS, asynchronous, server, sync_engine
from tests.support.spares import execute, new_name

Between = Callable[..., list[int]]


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Between:
    """Do things between two looks, one after the other, in place of a pause; return a list of those that were done."""

    def does(*steps: Callable[[], object]) -> list[int]:
        left, done = list(steps), list[int]()

        def instead(seconds: float, moment: float) -> None:
            assert left, "one look too many"
            left.pop(0)()
            done.append(len(done) + 1)

        monkeypatch.setattr(readiness, "pause", instead)
        return done

    return does


@pytest.fixture
def at_once(between: Between) -> None:
    """Let no second look be taken."""
    between()


@pytest.fixture
def missing(new_database: Callable[[str], str]) -> Iterator[Callable[[str], tuple[str, Callable[[], None]]]]:
    """Return the URL of a database that isn't there on a server that is, and what makes it."""
    made: list[tuple[str, str]] = []

    def name(kind: str) -> tuple[str, Callable[[], None]]:
        engine, database = server(kind), new_name()

        def make() -> None:
            made.append((kind, database))
            execute(engine, f"CREATE DATABASE {database}")

        return engine.url.set(database=database).render_as_string(hide_password=False), make

    yield name
    for kind, database in made:
        execute(server(kind), f"DROP DATABASE {database}")


def stamp(url: str, *revisions: str) -> Callable[[], None]:
    """Return what brings a database to revisions, as another process would."""

    def write() -> None:
        engine = sync_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text("DELETE FROM alembic_version"))
            for revision in revisions:
                connection.execute(text("INSERT INTO alembic_version VALUES (:id)"), {"id": revision})

    return write


def let_in(door: socket.socket, url: URL) -> None:
    """Connect those who come to a port with a server."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        with source, suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def open_door() -> None:
        with suppress(OSError):
            while True:
                guest, _ = door.accept()
                host = socket.create_connection((url.host or "127.0.0.1", url.port or PORTS[url.get_backend_name()]))
                for pair in ((guest, host), (host, guest)):
                    Thread(target=carry, args=pair, daemon=True).start()

    door.listen()
    Thread(target=open_door, daemon=True).start()


PORTS = {"postgresql": 5432, "mysql": 3306}


def refused(project: Project, *arguments: str, exit_code: int = 1) -> str:
    """Return the error of `wait`, without what it waits for."""
    result = project.db("wait", *arguments, exit_code=exit_code)
    assert result.stdout == ""
    return without_page(result.stderr.splitlines()[-1]).removeprefix("Error: ")


@pytest.mark.usefixtures("at_once")
class TestWhatIsReady:
    """Nothing is waited for."""

    def test_a_database_that_answers(self, project: Project, any_database: str) -> None:
        for url in (any_database, asynchronous(any_database)):
            project.configure(url=url)
            if url == any_database:
                project.db("init")

            said = project.db("wait")

            assert (said.stdout, said.stderr) == ("", "Waiting up to 60 s until the database 'default' answers ...\n")
        assert not any(file.suffix == ".db" for file in project.path.iterdir())

    def test_a_database_at_the_newest_revision(self, project: Project, any_database: str) -> None:
        for url in (any_database, asynchronous(any_database)):
            project.configure(url=url)
            if url == any_database:
                project.db("init")
                add(project, "first", None)
                add(project, "left", "first")
                add(project, "right", "first")
                project.db("upgrade", "heads")

            said = project.db("wait", "--for", "head").stderr

            assert said == "Waiting up to 60 s until the database 'default' is at the newest revision ...\n"

    def test_several_databases(self, several: Project) -> None:
        several.db("revision", "--rev-id", "both")
        several.db("upgrade", "--database", "reports")

        several.db("wait", "--for", "head", "--database", "reports", "--timeout", "0")
        assert several.db("wait").stderr == "Waiting up to 60 s until the databases 'default', 'reports' answer ...\n"
        assert refused(several, "--for", "head", "--timeout", "0") == (
            "waited 0 s: the database 'default' is at base, and the newest in the folder is both; `ellar-db upgrade` "
            "runs what is missing (--timeout waits longer)"
        )

    def test_only_databases_that_the_folder_is_for_have_to_be_at_its_newest(self, several: Project) -> None:
        several.db("init", "-d", "single")
        several.db("revision", "-d", "single", "--rev-id", "one")
        several.db("upgrade", "-d", "single")

        several.db("wait", "-d", "single", "--for", "head")

    @needs_ellar
    def test_an_ellar_application(self, tmp_path: Path) -> None:
        with new_shop(tmp_path) as shop:
            shop.create(
                "EllarDBModule.setup(databases='sqlite:///app.db', metadata='shop.models:Base')", models=PLAIN_MODELS
            )
            shop.ellar("db", "init")
            shop.ellar("db", "migrate", "-m", "First")
            shop.ellar("db", "wait")
            told = shop.ellar("db", "wait", "--for", "head", "--timeout", "0", exit_code=1).stderr
            assert "`ellar db upgrade` runs what is missing" in told
            shop.ellar("db", "upgrade")
            shop.ellar("db", "wait", "--for", "head")


class TestWhatBecomesReady:
    """What another process does between two looks."""

    @pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
    def test_a_database_that_is_made(
        self, plain: Project, between: Between, missing: Callable[..., tuple[str, Callable[[], None]]], kind: str
    ) -> None:
        plain.db("init")
        for driver in (str, asynchronous):
            url, make = missing(kind)
            plain.configure(url=driver(url))
            done = between(lambda: None, make)

            plain.db("wait")

            assert done == [1, 2]

    def test_the_folder_of_a_file_that_is_made(self, plain: Project, between: Between) -> None:
        plain.db("init")
        for driver in ("sqlite", ASYNC_DRIVERS["sqlite"]):
            plain.configure(url=f"{driver}:///{driver}/app.db")
            done = between((plain.path / driver).mkdir)
            plain.db("wait")
            assert done == [1]

    @pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
    def test_a_server_that_begins_to_answer(
        self, plain: Project, between: Between, new_database: Callable[[str], str], kind: str
    ) -> None:
        plain.db("init")
        url = make_url(new_database(kind))
        for driver in (str, asynchronous):
            with closing(socket.socket()) as door:
                door.bind(("127.0.0.1", 0))
                there = url.set(port=door.getsockname()[1]).render_as_string(hide_password=False)
                plain.configure(url=driver(there))
                done = between(lambda: None, partial(let_in, door, url))

                plain.db("wait")

            assert done == [1, 2]

    def test_a_database_that_is_upgraded(self, project: Project, between: Between, any_database: str) -> None:
        project.db("init")
        add(project, "first", None)
        add(project, "second", "first")
        for url in (any_database, asynchronous(any_database)):
            project.configure(url=url)
            stamp(any_database)()
            done = between(stamp(any_database, "first"), stamp(any_database, "unknown"), stamp(any_database, "second"))

            project.db("wait", "--for", "head")

            assert done == [1, 2, 3]

    def test_one_that_is_ready_is_not_asked_again(self, several: Project, between: Between) -> None:
        several.db("revision", "--rev-id", "both")
        for name in ("app", "reports"):
            stamp(f"sqlite:///{name}.db")()
        between(
            stamp("sqlite:///reports.db", "both"),
            lambda: (stamp("sqlite:///reports.db")(), stamp("sqlite:///app.db", "both")()),
        )

        several.db("wait", "--for", "head")

    def test_migrations_of_a_package(self, linear: Project, between: Between) -> None:
        add(linear, "audit1", None, folder="audit")
        versions = linear.path / "audit" / "versions"

        class Audit:
            @hookimpl
            def ellar_db_migrations(self) -> Iterable[PackageMigrations]:
                yield PackageMigrations("audit", versions)

        get_plugin_manager().register(Audit(), "audit")
        linear.db("upgrade", "third")
        (linear.path / "app.db").touch()

        told = refused(linear, "--for", "head", "--timeout", "0")
        assert told.startswith(
            "waited 0 s: package audit: the database 'default' is at base, and the newest in the folder is audit1; "
            "`ellar-db upgrade --package audit` runs what is missing"
        )
        done = between(stamp_package)
        linear.db("wait", "--for", "head")
        assert done == [1]
        linear.db("wait", "--for", "head", "--package", "audit")

    def test_schemas_are_asked_with_one_connection(
        self, project: Project, between: Between, new_database: Callable[[str], str]
    ) -> None:
        url = new_database("postgresql")
        provide(project, {f"t{each}": (url, {"schema": f"s{each}", "group": "tenants"}) for each in range(5)})
        history(project, "one")
        asked: list[object] = []

        def make() -> None:
            event.remove(Engine, "connect", count)
            with sync_engine(url).begin() as connection:
                for each in range(5):
                    connection.execute(text(f"CREATE SCHEMA s{each}"))
            event.listen(Engine, "connect", count)

        def count(connection: object, record: object) -> None:
            asked.append(connection)

        event.listen(Engine, "connect", count)
        between(make)
        project.db("wait")
        event.remove(Engine, "connect", count)

        assert len(asked) == 2
        told = refused(project, "--for", "head", "--timeout", "0")
        assert told.count("is at base, and the newest in the folder is one; `ellar-db upgrade --database t") == 3
        assert told.endswith("; and 2 more (--timeout waits longer)")
        project.db("upgrade")
        project.db("wait", "--for", "head")


def stamp_package() -> None:
    with closing(sqlite3.connect("app.db")) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version_audit (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version_audit VALUES ('audit1')")


def test_no_connection_stays_open_between_two_looks(
    project: Project, between: Between, new_database: Callable[[str], str]
) -> None:
    url = new_database("postgresql")
    engine = create_engine(url)
    history(project, "one")

    class Pooled:
        @hookimpl
        def ellar_db_databases(self) -> list[Database]:
            return [Database("default", engine)]

    get_plugin_manager().register(Pooled(), "pooled")
    open_: list[int] = []

    def count() -> None:
        with server("postgresql").connect() as connection:
            asked = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name")
            open_.append(connection.execute(asked, {"name": engine.url.database}).scalar_one())

    between(count, stamp(url, "one"))
    # the wait is over for what isn't ready, but not for what is
    project.db("wait", "--for", "head")

    assert open_ == [0]


class TestTimeOut:
    """What is told of databases that weren't ready in time."""

    @pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
    def test_a_database_that_is_not_there(
        self, plain: Project, missing: Callable[..., tuple[str, object]], kind: str
    ) -> None:
        url, _ = missing(kind)
        plain.db("init")
        plain.configure(url=url)

        for goal in ("db", "head"):
            told = refused(plain, "--for", goal, "--timeout", "0")
            assert told.startswith(f"waited 0 s: the database 'default' ({url}) isn't there; ")

    def test_a_server_that_is_not_there(self, plain: Project) -> None:
        plain.db("init")
        plain.configure(url="postgresql+psycopg://ann:hunter2@127.0.0.1:1/shop", extra="connect-wait = 900")

        told = refused(plain, "--timeout", "0", exit_code=3)

        assert told.startswith(
            "waited 0 s: the database 'default' (postgresql+psycopg://ann:***@127.0.0.1:1/shop) can't be reached: "
            "OperationalError: "
        )
        assert told.endswith("; see that it runs, and that its URL is right (--timeout waits longer)")

    @pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+asyncpg", "mysql+pymysql", "mysql+aiomysql"])
    def test_a_server_that_says_nothing(self, plain: Project, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(readiness, "SHORTEST", 0.05)
        plain.db("init")
        with closing(socket.socket()) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"{driver}://ann@127.0.0.1:{silent.getsockname()[1]}/shop"
            plain.configure(url=url)

            assert refused(plain, "--timeout", "0", exit_code=3) == (
                f"waited 0 s: the database 'default' ({url}) doesn't answer (--timeout waits longer)"
            )

    def test_a_revision_that_the_folder_does_not_have(self, linear: Project) -> None:
        stamp("sqlite:///app.db", "elsewhere")()
        told = refused(linear, "--for", "head", "--timeout", "0")
        assert told.startswith("waited 0 s: the database 'default' is at elsewhere, which this folder doesn't have")

    def test_an_interrupted_run(self, project: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("mariadb")
        project.configure(url=url)
        project.db("init")
        add(project, "first", None)
        project.db("upgrade")
        with sync_engine(url).begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO ellar_db_journal (version_table, revision, direction, host, pid, started, "
                    "statements, done, failed, package) VALUES "
                    "('alembic_version', '\"first\"', 'upgrade', 'h', 1, 'now', '[]', 1, '\"\"', '')"
                )
            )

        project.db("wait")
        assert refused(project, "--for", "head", "--timeout", "0") == (
            "waited 0 s: an earlier run on the database 'default' was interrupted; `ellar-db repair` says what it left "
            "(--timeout waits longer)"
        )

    def test_one_that_answered_once_is_not_unreachable(
        self, plain: Project, between: Between, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain.db("init")
        add(plain, "first", None)
        stamp("sqlite:///app.db")()
        moment = [0.0]
        monkeypatch.setattr(readiness.time, "monotonic", lambda: moment[0])

        def lose() -> None:
            moment[0] = 100.0
            monkeypatch.setattr(connections, "_connect", unreachable)

        between(lose)
        monkeypatch.setattr(readiness, "Call", Now)

        assert "can't be reached: no server" in refused(plain, "--for", "head")


class Now:
    """A call that is made in this thread, whatever time it takes."""

    def __init__(self, work: Callable[[], bool]) -> None:
        self.result = lambda: done
        done = work()

    def ends_before(self, moment: float) -> bool:
        return True


def unreachable(database: Database, wait: float) -> None:
    error = connections.UnreachableError(database, "it can't be reached: no server", "see that it runs")
    raise error from OperationalError("", {}, Exception("no server"))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("url", "told", "exit_code"),
    [
        ("sqlite//app.db", "the URL of the database 'default' can't be understood; ", 1),
        ("postgresql+pg8000://ann@127.0.0.1/shop", "the driver 'pg8000' of the database 'default' (", 1),
        ("postgres://ann@127.0.0.1/shop", "SQLAlchemy knows no dialect 'postgres', ", 1),
        ("sqlite:///migrations", "the database 'default' (sqlite:///migrations) can't be reached: ", 3),
        ("postgresql+psycopg://ann@127.0.0.1/shop?nonsense=1", "the database 'default' (", 3),
    ],
)
def test_what_no_wait_would_mend_is_refused_at_once(plain: Project, url: str, told: str, exit_code: int) -> None:
    plain.db("init")
    plain.configure(url=url)
    for goal in ("db", "head"):
        assert refused(plain, "--for", goal, exit_code=exit_code).startswith(told)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("arguments", "told", "exit_code"),
    [
        (("--database", "defaut"), "no database is called defaut; there is: default; did you mean default?", 1),
        (("--group", "x"), "no group is called x; there is: none", 1),
        (("--package", "x"), "no plugin brings migrations of a package 'x'; there is: none", 1),
        (("--timeout", "nan"), "Invalid value for '--timeout': nan is no time", 2),
        (("--for", "heads"), "Invalid value for '--for': 'heads' is not one of 'db', 'head'.", 2),
    ],
)
def test_what_is_mistyped_is_refused_at_once(
    linear: Project, arguments: tuple[str, ...], told: str, exit_code: int
) -> None:
    assert refused(linear, *arguments, exit_code=exit_code) == told


@pytest.mark.usefixtures("at_once")
def test_a_version_table_without_revisions_is_refused_at_once(linear: Project) -> None:
    with closing(sqlite3.connect("app.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num BLOB)")
        connection.execute("INSERT INTO alembic_version VALUES (x'00')")
    assert "which is no revision" in refused(linear, "--for", "head")


@pytest.mark.filterwarnings("ignore:Revision nowhere")
@pytest.mark.usefixtures("at_once")
def test_a_broken_revision_is_refused_at_once(linear: Project) -> None:
    add(linear, "fourth", "nowhere")
    assert "nowhere" in refused(linear, "--for", "head")


class TestEnvOfSomebodyElse:
    """An env.py that connects by itself is run."""

    @pytest.mark.parametrize("form", ["generic", "async", "by hand"])
    def test_its_database_is_waited_for(self, project: Project, between: Between, form: str) -> None:
        folder = ForeignEnvironment(project, "sqlite:///data/app.db", form).write()
        folder.revision("r1", None, "pass")

        def waits(*arguments: str, exit_code: int = 0) -> str:
            return project.db("-c", "theirs.ini", "wait", *arguments, exit_code=exit_code).stderr

        if form == "async":
            # the thread of a connection of aiosqlite's that failed outlives the event loop of such an env.py
            (project.path / "data").mkdir()
        else:
            assert "can't be" in waits("--timeout", "0", exit_code=3)
            between((project.path / "data").mkdir)
        assert waits() == "Waiting up to 60 s until the databases of env.py answer ...\n"
        assert waits("--for", "head", "--timeout", "0", exit_code=1).endswith(
            "is at base, and the newest in the folder is r1; `ellar-db -c theirs.ini upgrade` runs what is missing "
            "(--timeout waits longer)\n"
        )
        between(stamp("sqlite:///data/app.db", "r1"))
        waits("--for", "head")

    @pytest.mark.usefixtures("at_once")
    def test_its_own_mistakes_are_told_at_once(self, project: Project) -> None:
        ForeignEnvironment(project, "sqlite:///app.db", "nonsense()").write()
        told = project.db("-c", "theirs.ini", "wait", exit_code=1).stderr
        assert "NameError: name 'nonsense' is not defined" in told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("signalled", "exit_code", "told"), [("SIGTERM", 143, "Error: ended by SIGTERM"), ("SIGINT", 1, "Aborted!")]
)
@pytest.mark.parametrize("driver", ["postgresql+psycopg", "mysql+aiomysql"])
def test_a_signal_ends_it(plain: Project, signalled: str, exit_code: int, told: str, driver: str) -> None:
    plain.db("init")
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        plain.configure(url=f"{driver}://ann@127.0.0.1:{silent.getsockname()[1]}/shop")
        process = python("-m", "ellar_db", "wait", "--timeout", "inf", "--interval", "inf", cwd=plain.path)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Waiting up to inf s")
        connection, _ = silent.accept()

        os.kill(process.pid, getattr(signal, signalled))
        _, said = process.communicate(timeout=TIMEOUT)

        connection.close()
    assert (process.returncode, said.strip()) == (exit_code, told)
