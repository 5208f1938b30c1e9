"""What a message advises is the right thing, and works when it is typed."""
# ruff: noqa: E501  # a table of inputs and messages reads best with a case a line

from __future__ import annotations

import re
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import main as alembic_program
from sqlalchemy import make_url

from ellar_db.project.settings import expanded
from ellar_db.testing import Project
from tests.support.output import without_page
from tests.support.processes import run
from tests.support.revisions import add
from tests.support.servers import asynchronous


@pytest.fixture
def ready(plain: Project) -> Project:
    """A project with a folder of one revision, first, not applied."""
    plain.db("init")
    add(plain, "first", None)
    return plain


def error(project: Project, *command: str, exit_code: int = 1) -> str:
    """Return an error's line, without its start."""
    line = project.db(*command, exit_code=exit_code).stderr.splitlines()[-1]
    assert line.startswith("Error: ")
    return without_page(line).removeprefix("Error: ")


# revisions that aren't there


@pytest.mark.parametrize(
    "command", [["upgrade"], ["stamp", "head"], ["current", "--check-heads"], ["upgrade", "--sql"]]
)
def test_a_folder_that_has_lost_its_revisions_is_refused(ready: Project, command: list[str]) -> None:
    shutil.rmtree(ready.path / "migrations/versions")

    assert error(ready, *command) == (
        "the folder of revisions migrations/versions isn't there; get it back from version control, or write the first "
        "revision with `ellar-db migrate`"
    )
    assert ready.tables() <= {"alembic_version"}

    ready.db("migrate", "-m", "First")
    ready.db("upgrade")
    assert "users" in ready.tables()


def test_a_folder_without_revisions_is_told(plain: Project) -> None:
    plain.db("init")

    result = plain.db("upgrade")

    assert result.stderr == "There are no revisions in migrations/versions; `ellar-db migrate` writes the first.\n"
    plain.db("migrate")
    plain.db("upgrade")
    assert "no revisions" not in plain.db("upgrade").stderr


def test_several_folders_without_revisions_are_told(plain: Project) -> None:
    plain.db("init")
    (plain.path / "more").mkdir()
    plain.write("migrations/alembic.ini", "[alembic]\nversion_locations = %(here)s/versions:more\npath_separator = :\n")

    assert plain.db("upgrade").stderr == (
        "There are no revisions in migrations/versions and more; `ellar-db migrate` writes the first.\n"
    )
    shutil.rmtree(plain.path / "more")
    # one that is there is enough: the other may come later
    plain.db("upgrade")


def test_nothing_to_merge_without_revisions(plain: Project) -> None:
    plain.db("init")

    assert error(plain, "merge") == "there is nothing to merge: there are no revisions"


# folders


def test_a_lost_env_py(ready: Project) -> None:
    (ready.path / "migrations/env.py").unlink()

    assert error(ready, "upgrade") == (
        "migrations has no env.py; get it back from version control, or write one with the two lines "
        "`from ellar_db.env import run` and `run()`"
    )

    ready.write("migrations/env.py", "from ellar_db.env import run\nrun()\n")
    ready.db("upgrade")
    assert "t_first" in ready.tables()


def test_a_folder_that_is_something_else(plain: Project) -> None:
    plain.write("shop/models.py", "")

    assert error(plain, "-d", "shop", "upgrade") == (
        "shop is no migrations folder, since it has no env.py; name another with -d"
    )
    assert "which is a file; name another with -d" in error(plain, "-d", "models.py", "upgrade")
    (plain.path / "empty").mkdir()
    assert "make one with `ellar-db -d empty init`" in error(plain, "-d", "empty", "upgrade")
    plain.db("-d", "empty", "init")


@pytest.mark.parametrize("template", ["generic", "async", "multidb"])
def test_an_ini_file_that_was_moved_away(project: Project, template: str) -> None:
    alembic_program(["init", "-t", template, "schema"])
    (project.path / "conf").mkdir()
    ini = (project.path / "alembic.ini").rename(project.path / "conf/alembic.ini")

    commands = {"-d schema current": (1, ""), "adopt schema": (3, "the folder can't be run: ")}
    for command, (exit_code, prefix) in commands.items():
        done = run(project, "ellar-db", *command.split(), exit_code=exit_code)

        (line,) = done.stderr.splitlines()
        assert line.startswith(f"Error: {prefix}{project.path}/schema/env.py, line ")
        assert line.endswith(
            "; no ini file was read, since alembic.ini is neither here nor in schema; get it back from version "
            "control, or name it with -c (before the command) if it is elsewhere"
        )
    ini.write_text(
        ini.read_text()
        .replace("driver://user:pass@localhost/dbname2", "sqlite:///two.db")
        .replace(
            "driver://user:pass@localhost/dbname", f"sqlite{'+aiosqlite' if template == 'async' else ''}:///app.db"
        )
        .replace("%(here)s/schema", "schema")
    )
    run(project, "ellar-db", "-c", "conf/alembic.ini", "current")


@pytest.mark.parametrize(
    ("url", "advice", "mended"),
    [
        ("driver://user:pass@localhost/dbname", "set sqlalchemy.url, which still has the placeholder of Alembic's template", "sqlite:///app.db"),
        ("sqlite3:///app.db", "write sqlite://", "sqlite:///app.db"),
        ("nonsense", "set sqlalchemy.url, or correct it; write it as dialect+driver://user:password@host/name", "sqlite:///app.db"),
        ("", "set sqlalchemy.url, or correct it; write it as dialect+driver://user:password@host/name", "sqlite:///app.db"),
        ("nosuch+kind://u:p@h/x", "correct the URL, or install the package that brings its dialect", "sqlite:///app.db"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("template", ["generic", "async"])
def test_the_url_of_an_ini_file(project: Project, template: str, url: str, advice: str, mended: str) -> None:
    alembic_program(["init", "-t", template, "schema"])
    ini = project.path / "alembic.ini"
    text = ini.read_text().replace("driver://user:pass@localhost/dbname", "URL")
    ini.write_text(text.replace("URL", url))

    (line,) = run(project, "ellar-db", "-c", "alembic.ini", "current", exit_code=1).stderr.splitlines()

    assert line.endswith(f"; {advice}; --traceback (before the command) shows where")
    assert "u:p" not in line
    ini.write_text(
        text.replace("URL", mended.replace("sqlite:", "sqlite+aiosqlite:") if template == "async" else mended)
    )
    run(project, "ellar-db", "-c", "alembic.ini", "current")


def test_a_missing_url_of_an_ini_file(project: Project) -> None:
    alembic_program(["init", "schema"])
    ini = project.path / "alembic.ini"
    ini.write_text(re.sub("^sqlalchemy.url.*", "", ini.read_text(), flags=re.MULTILINE))

    assert (
        "KeyError: 'url'; set sqlalchemy.url; "
        in run(project, "ellar-db", "-c", "alembic.ini", "current", exit_code=1).stderr
    )


# settings of Alembic


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("script_location = migrations\nversion_locations = %(here)s/migrations", "Alembic's settings of paths can't be used: ValueError: version_locations has {path}/migrations, where env.py is; name the folder of the revisions"),
        ("script_location = migrations\nversion_locations = migrations", "Alembic's settings of paths can't be used: ValueError: version_locations has migrations, where env.py is; name the folder of the revisions"),
    ],
)  # fmt: skip
def test_places_that_alembic_cannot_use(ready: Project, text: str, message: str) -> None:
    ready.write("other.ini", f"[alembic]\npath_separator = newline\n{text}\n")

    for command in ("heads", "upgrade", "revision"):
        assert error(ready, "-c", "other.ini", command) == message.format(path=ready.path)


@pytest.mark.parametrize("setting", ["script_location", "version_locations"])
def test_a_package_of_a_setting_that_cannot_be_imported(ready: Project, setting: str) -> None:
    named = "" if setting == "script_location" else "script_location = migrations\n"
    ready.write("other.ini", f"[alembic]\npath_separator = newline\n{named}{setting} = shop_folder:x\n")
    causes = {
        None: "ModuleNotFoundError: No module named 'shop_folder'",
        "x = 1\nimport nowhere": "ModuleNotFoundError: No module named 'nowhere' (shop_folder/__init__.py, line 2)",
        "def (": "SyntaxError: invalid syntax (shop_folder/__init__.py, line 1)",
        "raise GeneratorExit('\x1b[2J')": "GeneratorExit: \\x1b[2J (shop_folder/__init__.py, line 1)",
    }
    for text, cause in causes.items():
        if text is not None:
            ready.write("shop_folder/__init__.py", text)
        ready.forget("shop_folder")
        for command in ("heads", "upgrade"):
            result = ready.db("-c", "other.ini", command, exit_code=3)
            assert result.stderr == (
                f"Error: Alembic's setting {setting} is 'shop_folder:x', and shop_folder can't be imported: {cause}\n"
            )


CREATES = "or `ellar-db create --database default` makes it"

VALUES = ["true", "3", "1.5", "'x'", "[]", "[1]", "['x']", "{}", "{a = 1}", "[{}]", "[{name = 'x'}]", "[{name = 1}]",
          "[{type = 'exec'}]", "1979-05-27", "nan"]  # fmt: skip
SETTINGS = ("file_template timezone truncate_slug_length revision_environment sourceless version_locations output_encoding "
            "prepend_sys_path post_write_hooks recursive_version_locations path_separator version_path_separator").split()  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:alembic")
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_any_kind_is_answered(ready: Project, setting: str) -> None:
    for value in VALUES:
        ready.write(
            "pyproject.toml",
            f"[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\nmetadata = 'models:Base'\n[tool.alembic]\n{setting} = {value}\n",
        )
        for command in (["heads"], ["revision", "--rev-id", "x1"]):
            result = ready.db(*command, exit_code=None)
            assert result.exit_code in (0, 1), (value, result.output)
            assert "Traceback" not in result.output
            for file in ready.path.rglob("*x1*.py"):
                file.unlink()


def test_a_post_write_hook_whose_program_is_not_there_is_named(ready: Project) -> None:
    ready.write(
        "migrations/alembic.ini",
        f"[alembic]\n[post_write_hooks]\nhooks = one, two\none.type = exec\none.executable = {sys.executable}\n"
        "one.options = -c pass\ntwo.type = exec\ntwo.executable = /no/such/program\n",
    )

    assert error(ready, "revision") == (
        "the post-write hook 'two' can't be run: '/no/such/program': No such file or directory; install its program, or "
        "take the hook out of post_write_hooks"
    )
    assert len(ready.revisions()) == 1


# databases


def test_a_value_that_is_no_revision(ready: Project) -> None:
    ready.db("upgrade")
    with closing(sqlite3.connect(ready.path / "app.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = x'00ff'")
        database.commit()

    for command in (["upgrade", "+1"], ["upgrade"], ["downgrade", "-1"], ["stamp", "head"]):
        assert error(ready, *command) == (
            "alembic_version of the database 'default' has b'\\x00\\xff', which is no revision; set the right one with "
            "`ellar-db stamp --purge REVISION`"
        )
    ready.db("stamp", "--purge", "first")
    assert ready.db("current").stdout == "first (head)\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other links")
def test_a_database_that_is_a_link_to_itself(ready: Project) -> None:
    (ready.path / "app.db").symlink_to("app.db")

    for command in (["upgrade"], ["current"], ["stamp", "head"]):
        assert "can't be reached: OperationalError: " in error(ready, *command, exit_code=3)
    assert (ready.path / "app.db").is_symlink()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("driver", ["sync", "async"])
def test_a_database_that_is_not_there_is_told_from_a_server_that_is_not(
    ready: Project, new_database: Callable[[str], str], kind: str, driver: str
) -> None:
    url = make_url(new_database(kind)).set(database="no_such_database").render_as_string(hide_password=False)
    ready.configure(url=asynchronous(url) if driver == "async" else url)

    for command in ("upgrade", "current"):
        assert error(ready, command, exit_code=3).endswith(
            f"; the server is there, and has no database 'no_such_database'; create it there, or correct the URL; {CREATES}"
        )
    ready.configure(url=make_url(url).set(host="127.0.0.1", port=1).render_as_string(hide_password=False))
    assert error(ready, "current", exit_code=3).endswith(
        "see that it runs, and that its URL is right (--connect-wait waits for it)"
    )


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
def test_a_folder_that_is_not_there_is_told(ready: Project, driver: str) -> None:
    ready.configure(url=f"{driver}:///data/app.db")

    assert error(ready, "current", exit_code=3).endswith(
        f"; the folder data isn't there; make it, or correct the URL; {CREATES}"
    )
    (ready.path / "data").mkdir()
    ready.db("upgrade")

    ready.configure(url=f"{driver}:///data")
    assert error(ready, "current", exit_code=3).endswith("; data is a folder; correct the URL")


def test_links_on_the_path_of_a_database(ready: Project) -> None:
    links = {"app.db": "app.db", "one": "two", "two": "one", "far.db": "away/far.db"}
    for link, target in links.items():
        (ready.path / link).symlink_to(target)
    circle = "is a link that leads back to itself; remove it, or correct the URL"
    told = {
        "app.db": f"app.db {circle}",
        "one": f"one {circle}",
        "two/app.db": f"two {circle}",
        "far.db": f"the folder {ready.path}/away isn't there; make it, or correct the URL; {CREATES}",
    }
    for driver in ("sqlite", "sqlite+aiosqlite"):
        for path, advice in told.items():
            ready.configure(url=f"{driver}:///{path}")
            for command in ("current", "upgrade"):
                assert error(ready, command, exit_code=3).endswith(f"unable to open database file; {advice}")


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
def test_a_database_among_several_that_is_none_is_named(plain: Project, driver: str) -> None:
    plain.write(
        "pyproject.toml",
        "[tool.ellar-db]\nmetadata = 'models:Base'\n[tool.ellar-db.databases]\n"
        f"default = '{driver}:///app.db'\nlogs = '{driver}:///logs.db'\nmore = '{driver}:///more.db'\n",
    )
    plain.forget()
    plain.db("init", "--multi")
    plain.write("logs.db", "no database at all")
    for command in (["upgrade"], ["current"], ["check"], ["migrate"], ["history", "-i"], ["stamp", "head"]):
        told = error(plain, *command, exit_code=3)
        assert told.startswith(f"the database 'logs' ({driver}:///logs.db) can't be used: DatabaseError: "), command
        assert told.endswith(
            "file is not a database; the file is of another kind, damaged or encrypted; correct the URL, or restore "
            "the file"
        )


def test_a_database_of_somebody_elses_env_py_that_is_none_is_named(project: Project) -> None:
    alembic_program(["init", "-t", "multidb", "theirs"])
    project.write("logs.db", "no database at all")
    ini = project.path / "alembic.ini"
    text = ini.read_text().replace("driver://user:pass@localhost/dbname2", "sqlite:///logs.db")
    ini.write_text(text.replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))

    for command in ("upgrade", "current"):
        told = run(project, "ellar-db", command, exit_code=3).stderr.splitlines()[-1]
        assert told.startswith("Error: the database 'engine2' (sqlite:///logs.db) can't be used: ")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgres://ann:s3cret@host/app", "SQLAlchemy knows no dialect 'postgres', which the database 'default' names; write postgresql://"),
        ("postgres+psycopg://host/app", "SQLAlchemy knows no dialect 'postgres+psycopg', which the database 'default' names; write postgresql+psycopg://"),
        ("sqlite3:///app.db", "SQLAlchemy knows no dialect 'sqlite3', which the database 'default' names; write sqlite://"),
        ("mysql2://host/app", "SQLAlchemy knows no dialect 'mysql2', which the database 'default' names; write mysql://"),
        ("mysql://host/app", "the driver 'MySQLdb' of the database 'default' (mysql) isn't installed; pip install mysqlclient, or write mysql+pymysql:// and pip install \"ellar-db[mysql]\""),
        ("postgresql+psycopg2://host/app", "the driver 'psycopg2' of the database 'default' (postgresql+psycopg2) isn't installed; pip install psycopg2-binary, or write postgresql+psycopg:// and pip install \"ellar-db[postgresql]\""),
    ],
)  # fmt: skip
def test_a_url_of_another_program(ready: Project, url: str, message: str) -> None:
    ready.configure(url=url)

    assert error(ready, "upgrade") == message


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[tool.ellar_db]", "tool.ellar_db"),
        ("[tool.ellardb]", "tool.ellardb"),
        ("[tool.Ellar-DB]", "tool.Ellar-DB"),
        ("[tool.ellar.db]", "tool.ellar.db"),
        ("[ellar-db]", "ellar-db"),
        ("[ellar_db]", "ellar_db"),
        ("[tool.ellar-db]\n[tool.ellar_db]", "tool.ellar_db"),
    ],
)
def test_a_table_that_is_ours_but_for_its_name_is_noticed(plain: Project, table: str, said: str) -> None:
    file = plain.write("pyproject.toml", f"{table}\ndatabase = 'sqlite:///app.db'\nplugins = ['guard']\n")
    plain.forget()

    assert error(plain, "init") == f"{file} has [{said}], which nothing reads; did you mean [tool.ellar-db]?"
    assert plain.db("--help").exit_code == 0


@pytest.mark.parametrize("table", ["[tool.ellar-db-seed]\nx = 1", "[tool.ellar-sql]\nx = 1", "[tool.ruff]\nx = 1"])
def test_tables_of_others_are_theirs(plain: Project, table: str) -> None:
    plain.write("pyproject.toml", f"{table}\n[tool.ellar-db]\n")
    plain.forget()

    plain.db("init")


def test_a_table_of_databases_needs_its_s(plain: Project) -> None:
    plain.db("init")
    plain.write("pyproject.toml", "[tool.ellar-db.database]\ndefault = 'sqlite:///app.db'\n")
    plain.forget()

    assert error(plain, "current") == (
        f"[tool.ellar-db.database] is a table; did you mean [tool.ellar-db.databases]? See {plain.path}/pyproject.toml"
    )


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("${X:-default}", None, "default"),
        ("${X:-default}", "", "default"),
        ("${X:-default}", "set", "set"),
        ("${X:-}", "", ""),
        ("${X}", "", ""),
    ],
)
def test_a_default_counts_as_in_a_shell(
    monkeypatch: pytest.MonkeyPatch, text: str, value: str | None, expected: str
) -> None:
    monkeypatch.delenv("X", raising=False)
    if value is not None:
        monkeypatch.setenv("X", value)

    assert expanded(text, "here") == expected


def test_an_empty_variable_of_a_deployment_takes_the_default(plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    plain.configure(url="${DATABASE_URL:-sqlite:///app.db}")
    plain.db("init")

    plain.db("upgrade")

    assert Path("app.db").exists()
