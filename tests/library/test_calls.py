"""What all functions have in common: where they find databases, what they print and log, threads and event loops."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from ellar_db import Database, Databases, DbError, alembic_config, library
from ellar_db.library import check, current, heads, migrate, plan, revision, status, upgrade, verify
from ellar_db.testing import Project
from tests.support.applications import Shop, new_shop, write_pending
from tests.support.servers import asynchronous


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


@pytest.fixture
def said() -> Iterator[list[logging.LogRecord]]:
    """The records of the log, those of INFO too."""
    found: list[logging.LogRecord] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    logger, handler = logging.getLogger("ellar_db"), Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)


def test_nothing_is_printed(linear: Project, capfd: pytest.CaptureFixture[str]) -> None:
    linear.configure()
    capfd.readouterr()

    plan()
    upgrade("second", dry_run=True)
    upgrade()
    status(), current(), heads(), verify(all=True, rows=False), library.lint(all=True), library.history()
    check(), library.drift(), library.wait("head")
    revision("Next"), migrate(dry_run=True, scratch=True)
    library.downgrade("base"), library.stamp("head")

    printed = capfd.readouterr()
    assert printed.out == ""
    # warnings are the application's to show; without a handler, Python shows them itself
    assert "applied" not in printed.err


def test_what_a_command_would_say_is_logged(linear: Project, said: list[logging.LogRecord]) -> None:
    upgrade()
    written = revision("Next")[0].file
    check(history=True)

    lines = [record.getMessage() for record in said]
    assert any(line.startswith("3 revisions applied in ") for line in lines)
    assert f"Wrote {written.relative_to(linear.path)}" in lines
    assert "add table users" in lines


def test_warnings_of_the_command_line_are_warnings(linear: Project, said: list[logging.LogRecord]) -> None:
    linear.configure(extra="colour = 'red'\n")

    status()

    warned = [record.getMessage() for record in said if record.levelname == "WARNING"]
    assert [line for line in warned if "nothing reads" in line] == warned
    assert len(warned) == 1


def test_an_error_shows_no_password(linear: Project) -> None:
    linear.configure(url="postgresql+psycopg://ann:pa55word@127.0.0.1:1/x")

    for function in (upgrade, current, check, plan):
        with pytest.raises(DbError) as error:
            function()
        assert error.value.exit_code == 3
        assert "pa55word" not in error.value.message
        assert "\n" not in error.value.message


def test_databases_given_by_the_caller(linear: Project) -> None:
    (linear.path / "pyproject.toml").unlink()
    linear.forget()
    given = Database("own", f"sqlite:///{(linear.path / 'own.db').as_posix()}")

    assert [(each.database, each.after) for each in upgrade(databases=[given])] == [("own", ("third",))]
    assert [each.at_head for each in current(databases=Databases([given]), directory="migrations")] == [True]
    with pytest.raises(DbError, match="no database is configured"):
        upgrade()


def test_databases_given_take_the_place_of_the_project_s(linear: Project) -> None:
    with create_engine("sqlite:///own.db").begin() as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER)"))
    given = [Database("own", create_engine("sqlite:///own.db"))]

    upgrade(databases=given, only=["own"])

    assert not (linear.path / "app.db").exists()
    assert [each.database for each in status(databases=given)] == ["own"]


@pytest.mark.parametrize(
    ("databases", "message"),
    [
        (3, "databases must be Databases or a list of Database, not 3"),
        ("sqlite:///app.db", "databases must be Databases or a list of Database, not 'sqlite:///app.db'"),
        (["sqlite:///app.db"], "the argument databases supplied 'sqlite:///app.db' as a database"),
        (
            [Database("own", "sqlite:///a.db"), Database("own", "sqlite:///b.db")],
            "the database 'own' is supplied by the argument databases",
        ),
        ([], "no database is configured"),
    ],
)
def test_databases_that_are_none(linear: Project, databases: object, message: str) -> None:
    with pytest.raises(DbError, match=message):
        upgrade(databases=databases)


def test_a_folder_given_by_the_caller(linear: Project) -> None:
    os.rename("migrations", "elsewhere")

    assert [each.revision for each in heads(directory="elsewhere")] == ["third"]
    assert [each.after for each in upgrade(directory=linear.path / "elsewhere")] == [("third",)]
    with pytest.raises(DbError, match="there is no migrations folder at migrations"):
        upgrade()


def test_an_argument_that_is_misspelt(linear: Project) -> None:
    with pytest.raises(TypeError, match=r"^upgrade\(\) got an unexpected keyword argument 'directry'; did you mean"):
        upgrade(directry="migrations")
    with pytest.raises(TypeError, match=r"^status\(\) got an unexpected keyword argument 'lock_timeout'"):
        status(lock_timeout=5)


def test_values_of_x_for_env(linear: Project) -> None:
    env = linear.path / "migrations/env.py"
    seen = "Path('seen').write_text(str(context.get_x_argument(as_dictionary=True)))"
    env.write_text(f"from pathlib import Path\nfrom alembic import context\n{seen}\n{env.read_text()}")

    upgrade(x_arg=["tenant=a"])

    assert (linear.path / "seen").read_text() == "{'tenant': 'a'}"
    with pytest.raises(DbError, match="x_arg must be a list of texts, not 'tenant=a'"):
        upgrade(x_arg="tenant=a")


def test_plugins_take_part(linear: Project, install: Callable[..., object]) -> None:
    install(
        "ellar-db-seen",
        """
        from ellar_db import hookimpl, library

        @hookimpl(wrapper=True)
        def ellar_db_run(run):
            with open("seen", "a") as file:
                file.write(f"{run.command} {run.purpose};")
            return (yield)

        @hookimpl
        def ellar_db_committed(run):
            with open("seen", "a") as file:
                file.write(",".join(each.revision for each in library.heads()))

        @hookimpl
        def ellar_db_before_run(run):
            if run.command == "stamp":
                from ellar_db import DbError
                raise DbError("nothing is stamped here")
        """,
    )

    upgrade()

    assert (linear.path / "seen").read_text() == "upgrade apply;third"
    with pytest.raises(DbError, match="nothing is stamped here"):
        library.stamp("head")


def test_a_plugin_that_restrains_and_is_broken_is_missed(linear: Project, install: Callable[..., object]) -> None:
    install("ellar-db-protect", "raise RuntimeError('broken')")

    for function in (upgrade, check, revision):
        with pytest.raises(DbError, match="ellar-db-protect"):
            function()


def test_one_call_runs_at_a_time(linear: Project, held_elsewhere: Callable[[str], object]) -> None:
    begun = threading.Barrier(4)

    def call() -> list[str]:
        begun.wait()
        return [each.state for each in status()] + [str(each.after) for each in upgrade()]

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = [future.result() for future in [pool.submit(call) for _ in range(4)]]

    assert {each[1] for each in found} == {"('third',)"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.parametrize("driver", ["sync", "async"])
def test_in_a_running_event_loop(linear: Project, new_database: Callable[[str], str], kind: str, driver: str) -> None:
    url = new_database(kind)
    linear.configure(url=asynchronous(url) if driver == "async" else url)

    async def serve() -> list[str]:
        states = [each.state for each in status()]
        await asyncio.to_thread(upgrade)
        upgrade()
        return states + [each.state for each in status()]

    assert asyncio.run(serve()) == ["behind", "at head"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_when_an_application_is_ready(shop: Shop, kind: str) -> None:
    url = f"sqlite:///{shop.path}/app.db"
    body = "def on_ready(self, app):\n    from ellar_db.library import upgrade\n\n    upgrade()\n"
    write_pending(shop, asynchronous(url) if kind == "async" else url, body, "IApplicationReady")
    assert shop.tables(url) == {"alembic_version"}

    shop.application()

    assert shop.tables(url) == {"alembic_version", "user"}


def test_of_an_application_that_is_given(shop: Shop) -> None:
    url = f"sqlite:///{shop.path}/app.db"
    write_pending(shop, url)
    app = shop.application()
    (shop.path / "pyproject.toml").unlink()

    assert [each.after for each in upgrade(app=app)] == [("first",)]
    assert [each.state for each in status(app=app)] == ["at head"]
    assert [each.differences for each in check(app=app)] == [()]


def test_the_databases_of_an_application_are_injected_and_given(shop: Shop) -> None:
    write_pending(shop, f"sqlite:///{shop.path}/app.db")
    app = shop.application()

    databases = app.injector.get(Databases)

    assert [each.after for each in upgrade(databases=databases, app=app)] == [("first",)]


def test_a_script_that_is_elsewhere(linear: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    script = tmp_path_factory.mktemp("scripts") / "migrate.py"
    script.write_text(
        "from ellar_db.library import upgrade\nfor each in upgrade():\n    print(each.database, each.after)\n"
    )

    done = subprocess.run([sys.executable, str(script)], cwd=linear.path, capture_output=True, text=True, check=True)

    assert done.stdout == "default ('third',)\n"
    assert done.stderr == ""


@pytest.mark.parametrize("known", [False, True])
def test_the_path_of_modules_stays(linear: Project, monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    before = [each for each in sys.path if each not in ("", ".", os.getcwd())]
    monkeypatch.setattr(sys, "path", [*before, "."] if known else list(before))

    upgrade(), status(), current(), plan(), verify(all=True, rows=False), heads()
    with pytest.raises(DbError):
        upgrade("missing")
    with alembic_config() as config:
        command.current(config)
        command.heads(config)

    # Alembic itself adds what alembic.ini says
    assert sys.path == ([*before, "."] if known else [".", *before])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that is somebody's working directory")
def test_a_working_directory_that_is_gone(linear: Project) -> None:
    main = "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
    calls = [
        "from ellar_db.cli import main; sys.argv = ['ellar-db', 'heads']; main()",
        "from ellar_db.cli import main; sys.argv = ['ellar-db', 'doctor']; main()",
    ]
    for function in ("heads()", "status()", "upgrade()", "revision('x')"):
        calls.append(
            "from ellar_db import DbError, library\n"
            f"try: library.{function}\nexcept DbError as error: sys.exit('Error: ' + error.message)"
        )
    calls.append(
        "from ellar_db import DbError, alembic_config\n"
        "try:\n    with alembic_config(): pass\nexcept DbError as error: sys.exit('Error: ' + error.message)"
    )

    for call in calls:
        # without an empty entry on the path of modules, with which Python itself fails there
        script = linear.path / "script.py"
        script.write_text(main + call)
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)

        told = done.stderr + done.stdout
        assert "Traceback" not in told, call
        assert "the working directory is gone; change into the project's folder" in told, call
        assert done.returncode == 1, call


def open_files(file: Path) -> int:
    """Return how often this process has a file open."""
    links = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]
    return sum(link.is_symlink() and os.readlink(link) == str(file) for link in links)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the open files can't be told")
@pytest.mark.parametrize("named", ["ellar", "ellar-db"])
def test_an_application_that_a_call_makes_is_closed(shop: Shop, named: str) -> None:
    file = shop.path / "app.db"
    write_pending(shop, f"sqlite:///{file}")
    if named == "ellar-db":
        (shop.path / "pyproject.toml").write_text("[tool.ellar-db]\napplication = 'shop.server:bootstrap'\n")
    gc.collect()
    gc.disable()
    try:
        before = open_files(file)
        upgrade(), status(), current(), check(), plan()
        with pytest.raises(DbError):
            upgrade("missing")
        with alembic_config() as config:
            command.current(config)
        after = open_files(file)
    finally:
        gc.enable()

    assert after == before


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the open files can't be told")
def test_an_application_of_somebody_else_stays_open(shop: Shop) -> None:
    file = shop.path / "app.db"
    write_pending(shop, f"sqlite:///{file}")
    app = shop.application()
    engine = app.injector.get(Databases)["default"].sync_engine
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    before = open_files(file)

    upgrade(app=app), status(app=app)

    assert before == open_files(file) == 1
    engine.dispose()


def test_a_command_imports_none_of_the_functions(linear: Project) -> None:
    main = "import sys; from ellar_db.cli import db; db.main(['upgrade'], 'ellar-db', standalone_mode=False)"

    done = subprocess.run(
        [sys.executable, "-c", f"{main}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )

    found = {name for name in done.stdout.splitlines()[-1].split() if name.startswith("ellar_db.library")}
    assert found == {"ellar_db.library", "ellar_db.library.work"}


def test_the_names_import_nothing_heavy(linear: Project) -> None:
    program = "import sys; from ellar_db import library, Database, DbError; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert {"alembic", "sqlalchemy", "ellar", "rich"} & set(done.stdout.split()) == set()
