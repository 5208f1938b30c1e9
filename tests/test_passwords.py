"""Passwords with odd characters reach the servers, and nothing else: no output, no file."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner
from psycopg import sql
from sqlalchemy import create_engine, make_url, pool, text

from ellar_db import Database
from ellar_db.cli import db as db_group
from tests.support.applications import ELLAR_SQL_MODELS, PLAIN_MODELS, Shop, new_shop
from tests.support.folders import WHOLE
from tests.support.processes import run
from tests.support.servers import asynchronous, server

ODD = "p%40:/w#rd@'\"\\%s%%ü$Ö?&+ x"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


SERVERS = ["postgresql", "mariadb"]


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[str]:
    """The URL of a database whose owner has an odd password."""
    url = make_url(new_database(request.param))
    name = f"odd_{uuid.uuid4().hex[:12]}"
    # PyMySQL and aiomysql send passwords as Latin-1
    engine = server(request.param)
    if request.param == "mariadb":
        engine = create_engine(
            engine.url.update_query_dict({"charset": "latin1"}),
            isolation_level="AUTOCOMMIT",
            poolclass=pool.NullPool,
        )
    with engine.connect() as connection:
        if request.param == "postgresql":
            cursor = connection.connection.cursor()
            role = sql.Identifier(name)
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(ODD)))
            cursor.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(url.database), role))
        else:
            connection.execute(text(f"CREATE USER {name} IDENTIFIED BY :password"), {"password": ODD})
            connection.execute(text(f"GRANT ALL ON {url.database}.* TO {name}"))
    yield url.set(username=name, password=ODD).render_as_string(hide_password=False)
    if request.param == "postgresql":
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.execute(text(f"REASSIGN OWNED BY {name} TO CURRENT_USER"))
    with engine.connect() as connection:
        connection.execute(text(f"DROP {'ROLE' if request.param == 'postgresql' else 'USER'} {name}"))


def assert_kept(shop: Shop, *outputs: str) -> None:
    """Check that the password, in whatever spelling, stands in no output and in no file of the project."""
    found = list(outputs)
    for file in shop.path.rglob("*"):
        if file.is_file():
            found.append(file.read_bytes().decode("utf-8", errors="replace"))
    for spelling in {ODD, quote(ODD), quote(ODD, safe=""), quote_plus(ODD), ODD.replace("%", "%%"), repr(ODD)}:
        assert not [each for each in found if spelling in each]
    assert not [each for each in found if "p%" in each and "w#rd" in each]


CASES = [
    (name, kind, place)
    for first, name in enumerate(SERVERS)
    for second, kind in enumerate(["sync", "async"])
    for third, place in enumerate(["ellar-sql", "plain SQLAlchemy", "standalone"])
    # each pair of two; all three at once with `make folders`
    if WHOLE or (first + second + third) % 2 == 0
]


@pytest.mark.sampled
@pytest.mark.parametrize(("url", "kind", "place"), CASES, indirect=["url"])
def test_migrates_and_tells_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str, kind: str, place: str
) -> None:
    monkeypatch.setenv("SHOP_URL", asynchronous(url) if kind == "async" else url)
    # every call of a plugin is shown with what it was given and what it gave
    monkeypatch.setenv("ELLAR_DB_TRACE_PLUGINS", "1")
    if place == "standalone":
        shop.configure(url="${SHOP_URL}", models=PLAIN_MODELS)
        db = shop.db
    else:
        if place == "ellar-sql":
            shop.with_ellar_sql("SHOP_URL", models=ELLAR_SQL_MODELS)
        else:
            shop.with_plain_sqlalchemy("SHOP_URL")
        root = shop.path / "shop" / "root_module.py"
        root.write_text("import os\n" + root.read_text().replace("'SHOP_URL'", "os.environ['SHOP_URL']"))

        def db(*arguments: str, **options: int):  # type: ignore[no-untyped-def]
            return shop.ellar("db", *arguments, **options)

    outputs = [
        db("init").output,
        db("migrate", "-m", "First", "--rev-id", "first").output,
        db("upgrade").output,
        db("check").output,
        db("current", "-v").output,
        db("upgrade", "base:head", "--sql").output,
        db("plugins", "--json").output,
        db("doctor").output,
        db("settings").output,
        db("--traceback", "upgrade", "nowhere", exit_code=1).output,
    ]
    assert shop.tables(server_url(url)) == {"alembic_version", "user"}

    bare = [run(shop, "alembic", "-c", "migrations/alembic.ini", *each) for each in (["downgrade", "-1"], ["current"])]

    assert shop.tables(server_url(url)) == {"alembic_version"}
    assert "first" in outputs[4]
    assert_kept(shop, *outputs, *(done.stdout + done.stderr for done in bare))


def server_url(url: str) -> str:
    """Give the URL with the server's own user, to look into the database."""
    kind = {"mysql": "mariadb"}.get(make_url(url).get_backend_name(), make_url(url).get_backend_name())
    return server(kind).url.set(database=make_url(url).database).render_as_string(hide_password=False)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_password_that_is_refused_is_not_shown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, new_database: Callable[[str], str], kind: str
) -> None:
    url = make_url(new_database("mariadb")).set(username="nobody_here", password=ODD)
    text_url = url.render_as_string(hide_password=False)
    monkeypatch.setenv("SHOP_URL", asynchronous(text_url) if kind == "async" else text_url)
    shop.configure(url="${SHOP_URL}")
    shop.db("init")

    refused = shop.db("--traceback", "current", exit_code=3)
    bare = run(shop, "alembic", "-c", "migrations/alembic.ini", "current", exit_code=255)

    assert "Error: the database 'default' (mysql+" in refused.output
    assert "nobody_here:***@127.0.0.1:3306" in refused.output
    assert_kept(shop, refused.output, bare.stdout + bare.stderr)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql:/ann:{ODD}@127.0.0.1/shop",
        f"postgresql+psycopg://ann:{ODD}@127.0.0.1:port/shop",
        f"nosuch://ann:{quote(ODD, safe='')}@127.0.0.1/shop",
        f"postgresql+nosuch://ann:{quote(ODD, safe='')}@127.0.0.1/shop",
        f"postgresql+psycopg://ann:{quote(ODD, safe='')}@127.0.0.1:1/shop",
        f"postgresql+psycopg://ann@127.0.0.1:1/shop?sslpassword={quote(ODD, safe='')}",
    ],
)
def test_a_url_that_cannot_be_used_is_not_shown(shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SHOP_URL", url)
    shop.configure(url="${SHOP_URL}")
    shop.db("init")

    refused = CliRunner().invoke(db_group, ["current"], catch_exceptions=False)

    assert refused.exit_code in (1, 3)
    assert len(refused.output.splitlines()) == 1
    assert refused.output.startswith("Error: ")
    assert_kept(shop, refused.output)
    assert os.environ["SHOP_URL"] == url


def test_a_secret_among_the_options_of_a_url_is_not_shown() -> None:
    url = f"postgresql+psycopg://ann:{quote(ODD, safe='')}@db/shop?sslmode=require&sslpassword={quote(ODD, safe='')}"

    database = Database("default", create_engine(url))

    shown = "postgresql+psycopg://ann:***@db/shop?sslmode=require&sslpassword=***"
    assert database.url == shown
    assert repr(database) == f"Database('default', '{shown}')"
