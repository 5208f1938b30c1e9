"""No password in what is printed or written, wherever it stands and however the command ends."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from ellar_db.cli import db as db_group
from ellar_db.databases.factory import make_databases
from ellar_db.testing import Project
from ellar_db.util import masking as secrets
from ellar_db.util.errors import DbError
from ellar_db.util.masking import masked, remember, remember_text
from tests.support.servers import server

PLAIN = "hunter2token"
PASSWORD = f"{PLAIN}%@:/#?&' \""
QUOTED = quote(PASSWORD, safe="")

UNREACHABLE = f"postgresql+psycopg://ann:{QUOTED}@127.0.0.1:1/shop"

COMMANDS: list[list[str]] = [
    ["branches", "-v"],
    ["check"],
    ["create"],
    ["current", "-v"],
    ["doctor"],
    ["doctor", "--json"],
    ["downgrade", "--yes"],
    ["downgrade", "--sql", "first:base"],
    ["drop", "--yes"],
    ["edit"],
    ["ensure-version"],
    ["graph"],
    ["heads", "-v"],
    ["history", "-i", "-v"],
    ["init", "-d", "other"],
    ["list-templates"],
    ["merge"],
    ["migrate"],
    ["plugins"],
    ["plugins", "--json"],
    ["repair"],
    ["revision"],
    ["settings"],
    ["settings", "--json"],
    ["show", "current"],
    ["show"],
    ["stamp", "first"],
    ["upgrade"],
    ["upgrade", "--sql"],
    ["upgrade", "nowhere"],
    ["wait", "--timeout", "0"],
    ["wait", "--for", "head", "--timeout", "0"],
]


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test begin like a process that knows no password, and whose logging nobody has set up."""
    monkeypatch.setattr(secrets, "_known", set())
    monkeypatch.setattr(logging.root, "handlers", [])
    for name in ("alembic", "ellar_db"):
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)


@pytest.fixture
def traced(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a revision, where every command shows all that it can."""
    monkeypatch.setenv("ELLAR_DB_TRACE_PLUGINS", "1")
    monkeypatch.setenv("ELLAR_DB_TRACEBACK", "1")
    monkeypatch.setenv("EDITOR", "true")
    project.configure()
    project.db("init")
    project.write(
        "migrations/versions/first.py",
        "revision = 'first'\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n",
    )
    return project


def said(project: Project, *arguments: str) -> str:
    """Run a command, whatever comes of it, and give all that it wrote: to the terminal and to files."""
    project.forget("models")
    before = {file: file.read_bytes() for file in files_of(project)}
    result = CliRunner().invoke(db_group, arguments, prog_name="ellar-db")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    written = [file.read_bytes() for file in files_of(project) if before.get(file) != file.read_bytes()]
    assert not [file for file in files_of(project) if PLAIN in file.name]
    return result.output + "".join(each.decode(errors="replace") for each in written)


def files_of(project: Project) -> list[Path]:
    """Give a project's files, but for what Python makes of its modules."""
    return [file for file in project.path.rglob("*") if file.is_file() and file.suffix != ".pyc"]


def kept(output: str) -> bool:
    """Tell whether no spelling of the password is in a text; its plain beginning is in all of them."""
    return PLAIN not in output and QUOTED not in output


def all_said(project: Project) -> str:
    """Run every command."""
    return "".join(said(project, *command) for command in COMMANDS)


def test_the_password_would_be_seen() -> None:
    for spelling in (PASSWORD, QUOTED, quote_plus(PASSWORD), repr(PASSWORD), json.dumps(PASSWORD)):
        assert not kept(f"x{spelling}x")


@pytest.mark.sampled
@pytest.mark.parametrize("place", ["database", "databases", "table", "variable", "query", "connect_args"])
def test_in_the_settings(traced: Project, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("SHOP_URL", UNREACHABLE)
    arguments = json.dumps({"password": PASSWORD})[1:-1].replace('": ', '" = ')
    lines = {
        "database": f"database = '{UNREACHABLE}'",
        "databases": f"databases = {{default = '{UNREACHABLE}'}}",
        "table": f"databases = {{default = {{url = '{UNREACHABLE}', pool_pre_ping = 'true'}}}}",
        "variable": "database = '${SHOP_URL}'",
        "query": f"database = 'postgresql+psycopg://ann@127.0.0.1:1/shop?sslpassword={QUOTED}&password={QUOTED}'",
        "connect_args": "databases = {default = {url = 'postgresql+psycopg://ann@127.0.0.1:1/shop', "
        f"connect_args = {{{arguments}}}}}}}",
    }
    (traced.path / "pyproject.toml").write_text(f"[tool.ellar-db]\nmetadata = 'models:Base'\n{lines[place]}\n")

    output = all_said(traced)

    assert "can't be reached" in output
    assert kept(output)


@pytest.mark.parametrize(
    "line",
    [
        # a password that isn't encoded is cut where SQLAlchemy takes it to end
        f"database = '''postgresql+psycopg://ann:{PASSWORD}@127.0.0.1/shop'''",
        f"database = 'postgresql+psycopg://ann:x@{PLAIN}@127.0.0.1/shop'",
        f"database = 'postgresql+psycopg://ann:x@:/{PLAIN}@127.0.0.1/shop'",
        f"database = 'postgresql+psycopg://ann:x@y?{PLAIN}@127.0.0.1/shop'",
        f"database = 'postgresql+psycopg://ann:{PLAIN}@127.0.0.1:port/shop'",
        f"database = 'postgresql:/ann:{PLAIN}@127.0.0.1/shop'",
        f"database = 'nosuch://ann:{PLAIN}@127.0.0.1/shop'",
        f"database = 'postgresql+nosuch://ann:{PLAIN}@127.0.0.1/shop'",
        f"database = ['postgresql://ann:{PLAIN}@127.0.0.1/shop']",
        f"databases = 'postgresql://ann:{PLAIN}@127.0.0.1/shop'",
        f"databases = {{default = ['postgresql://ann:{PLAIN}@127.0.0.1/shop']}}",
        f"directory = ['postgresql://ann:{PLAIN}@127.0.0.1/shop']",
        f"application = 'postgresql://ann:{PLAIN}@127.0.0.1/shop'",
        f"databases = {{default = {{url = 'sqlite://', connect_args = {{password = '{PLAIN}'}}}}}}",
        f"databases = {{default = {{url = 'sqlite://', password = '{PLAIN}'}}}}",
        f"database = 'postgresql://ann:{PLAIN}@127.0.0.1/shop",
    ],
)
def test_in_settings_that_cannot_be_used(traced: Project, line: str) -> None:
    (traced.path / "pyproject.toml").write_text(f"[tool.ellar-db]\nmetadata = 'models:Base'\n{line}\n")

    output = said(traced, "current")

    assert "Error: " in output
    assert kept(output)


@pytest.mark.parametrize(
    "line",
    [
        # a '%' that isn't doubled
        f"sqlalchemy.url = postgresql+psycopg://ann:{QUOTED}@127.0.0.1:1/shop",
        f"sqlalchemy.url = postgresql+psycopg://ann:%(x)s{PLAIN}@127.0.0.1:1/shop",
        f"sqlalchemy.url = postgresql+psycopg://ann:{QUOTED.replace('%', '%%')}@127.0.0.1:1/shop",
        f"sqlalchemy.url postgresql+psycopg://ann:{PLAIN}@127.0.0.1:1/shop",
        f"[alembic]\nsqlalchemy.url = postgresql+psycopg://ann:{PLAIN}@127.0.0.1:1/shop",
        f"file_template = postgresql+psycopg://ann:{PLAIN}@127.0.0.1:1/shop_%%(nosuch)s",
    ],
)
@pytest.mark.parametrize("template", ["single", "generic"])
def test_in_an_ini_file(traced: Project, template: str, line: str) -> None:
    traced.db("init", "-t", template, "-d", "theirs")
    ini = traced.path / "theirs" / "alembic.ini"
    lines = [each for each in ini.read_text().splitlines() if not each.startswith("sqlalchemy.url")]
    lines.insert(lines.index("[alembic]") + 1, line)
    ini.write_text("\n".join(lines))

    output = "".join(said(traced, "-d", "theirs", *command) for command in (["current"], ["upgrade"], ["revision"]))

    assert kept(output)
    ini.write_text(line)
    assert kept(said(traced, "-d", "theirs", "current"))


@pytest.fixture
def refused_url(new_database: Callable[[str], str]) -> Iterator[str]:
    """The URL of a database whose user has another password."""
    url = make_url(new_database("mariadb"))
    name = url.database
    assert name is not None
    with server("mariadb").connect() as connection:
        connection.execute(text(f"CREATE USER {name} IDENTIFIED BY 'another'"))
    yield url.set(username=name, password=PASSWORD).render_as_string(hide_password=False)
    with server("mariadb").connect() as connection:
        connection.execute(text(f"DROP USER {name}"))


APPLICATION = """
    from ellar.app import AppFactory
    from ellar_db import EllarDBModule

    def application():
        module = EllarDBModule.setup({databases!r}, metadata="models:Base")
        return AppFactory.create_app(modules=[module])
"""


@pytest.mark.sampled
@pytest.mark.usefixtures("application_apart")
@pytest.mark.parametrize("shape", ["url", "table", "connect_args", "engine"])
def test_in_an_application(traced: Project, refused_url: str, shape: str) -> None:
    url = make_url(refused_url)
    bare = url.set(password=None).render_as_string()
    databases: object = {
        "url": refused_url,
        "table": {"default": {"url": refused_url, "pool_pre_ping": True}},
        "connect_args": {"url": bare, "connect_args": {"password": PASSWORD}},
        "engine": "ENGINE",
    }[shape]
    source = APPLICATION.format(databases=databases).replace(
        "'ENGINE'", f"__import__('sqlalchemy').create_engine({refused_url!r})"
    )
    traced.write("shop.py", source)
    traced.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:application'\n")

    output = all_said(traced)
    traced.forget("shop")

    assert "Access denied for user" in output
    assert kept(output)


def test_beside_ellar_sql(traced: Project, refused_url: str) -> None:
    traced.write(
        "shop.py",
        f"""
        from ellar.app import AppFactory
        from ellar_db import EllarDBModule
        from ellar_sql import EllarSQLModule

        def application():
            theirs = EllarSQLModule.setup(databases={refused_url!r}, migration_options={{"directory": "migrations"}})
            return AppFactory.create_app(modules=[theirs, EllarDBModule])
        """,
    )
    traced.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:application'\n")

    done = [
        traced.run("ellar-db", "-d", "migrations", command, exit_code=3, env={"PYTHONWARNINGS": "ignore"})
        for command in ("current", "upgrade")
    ]
    output = "".join(each.stdout + each.stderr for each in done)

    assert "Access denied for user" in output
    assert kept(output)


def test_what_a_revision_says_of_it(traced: Project, new_database: Callable[[str], str]) -> None:
    url = make_url(new_database("postgresql")).set(password=PASSWORD).render_as_string(hide_password=False)
    (traced.path / "pyproject.toml").write_text(f"[tool.ellar-db]\ndatabase = '{url}'\n")
    traced.write(
        "migrations/versions/first.py",
        f"""
        import logging
        import warnings
        from alembic import op

        revision = 'first'
        down_revision = None

        def upgrade():
            logging.getLogger("ellar_db").warning("it is %s", {PASSWORD!r})
            raise ValueError({PASSWORD!r} + " is no good")
        """,
    )

    output = said(traced, "upgrade")

    assert "Warning: it is ***" in output
    assert "ValueError: *** is no good" in output
    assert "Traceback" in output
    assert kept(output.replace((traced.path / "migrations/versions/first.py").read_text(), ""))


def test_what_the_journal_notes_of_it(traced: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("mariadb")
    traced.write(
        "migrations/versions/first.py",
        f"""
        from alembic import op

        revision = 'first'
        down_revision = None

        def upgrade():
            op.execute("CREATE TABLE a (id integer)")
            op.execute("INSERT INTO nowhere VALUES ('{PLAIN}')")
        """,
    )
    (traced.path / "pyproject.toml").write_text(f"[tool.ellar-db]\ndatabase = '{url}'\n")
    remember_text(f"mysql://ann:{PLAIN}@127.0.0.1/x")

    output = said(traced, "upgrade") + said(traced, "upgrade") + said(traced, "repair")

    assert "Failed: INSERT INTO nowhere VALUES ('***')" in output
    assert kept(output)


def test_what_a_plugin_gives(traced: Project, install: Callable[..., Path]) -> None:
    install(
        "careless",
        f"""
        from ellar_db import hookimpl

        @hookimpl
        def ellar_db_databases():
            return ["postgresql://ann:{PLAIN}@127.0.0.1/shop"]
        """,
    )

    output = said(traced, "current") + said(traced, "plugins", "--json")

    assert "supplied 'postgresql://ann:***@127.0.0.1/shop' as a database" in output
    assert kept(output)


def test_an_argument_of_the_user_is_the_users_own(traced: Project) -> None:
    output = said(traced, "-x", PASSWORD, "current", "-x", f"url=postgresql://ann:{QUOTED}@127.0.0.1/shop")

    assert "Error: " not in output


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ""),
        ("nothing to hide", "nothing to hide"),
        ("at postgresql://ann:word@db/shop", "at postgresql://ann:***@db/shop"),
        ("at postgresql://ann@db/shop", "at postgresql://ann@db/shop"),
        ("at postgresql://db:5432/shop", "at postgresql://db:5432/shop"),
        ("as dialect+driver://user:password@host/name", "as dialect+driver://user:password@host/name"),
    ],
)
def test_the_password_of_a_url_is_masked_whoever_has_it(message: str, expected: str) -> None:
    assert masked(message) == expected


def test_each_spelling_is_masked() -> None:
    remember(make_url(f"postgresql://ann:{QUOTED}@db/shop"))

    for spelling in (PASSWORD, QUOTED, quote_plus(PASSWORD), repr(PASSWORD)[1:-1], QUOTED.replace("%", "%%")):
        assert masked(f"<{spelling}>") == "<***>"
        assert DbError(f"<{spelling}>").message == "<***>"


@pytest.mark.parametrize(
    "url", ["postgresql://postgres:postgres@db/x", "postgresql://ann:a@db/x", "postgresql://ann@db/x"]
)
def test_a_word_that_is_no_secret_stays(url: str) -> None:
    remember(make_url(url))

    assert masked("postgres was a postgres database of ann") == "postgres was a postgres database of ann"


def test_a_short_password_is_masked_as_a_word_of_its_own() -> None:
    remember(make_url("postgresql://ann:test@db/x"))

    assert masked("'test' in tests, test_it, a test") == "'***' in tests, test_it, a ***"


def test_the_rest_of_a_password_that_is_cut_is_masked() -> None:
    shown = "no host at postgresql://ann:***@wo/rd@db/x?y=a@b, mysql://ann:secret@pass@db2/x"
    assert masked(shown) == "no host at postgresql://ann:***@wo/rd@db/x?y=a@b, mysql://ann:***@db2/x"

    remember(make_url("postgresql://ann:first@lasting@db/x"))

    assert masked("host 'lasting@db', first@lasting, postgresql://ann:***@lasting@db/x") == (
        "host '***', ***, postgresql://ann:***@***/x"
    )


def test_a_url_whose_password_is_cut_is_refused() -> None:
    for url in ("postgresql://ann:x@y@db/x", "postgresql://ann:x@/y@db/x", "postgresql://ann:x@y?z@db/x"):
        with pytest.raises(DbError, match="percent-encode odd characters"):
            make_databases(url)
    assert make_databases("postgresql+psycopg://ann:x%40y@db/x")["default"].sync_engine.url.password == "x@y"
    assert make_databases("sqlite:///a@b.db")["default"].sync_engine.url.database == "a@b.db"
