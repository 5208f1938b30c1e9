"""Projects and steps of single pages about tasks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Engine, make_url

from ellar_db.testing.project import MODELS
from tests.support.folders import MAKERS
from tests.support.folders import SEVERAL as BY_NAME
from tests.support.pages.reader import Reader, Step
from tests.support.pages.starts import (
    TWO,
    all_of,
    application,
    committed,
    in_git,
    on_server,
    replaced,
    revision,
    run,
    standalone,
    written,
)
from tests.support.servers import server, sync_engine
from tests.support.spares import execute, new_name

FOLDER = all_of(application(), run("ellar-db", "init"))
BOTH = application(
    {"default": "sqlite:///shop.db", "reports": "sqlite:///reports.db"},
    TWO,
    {"default": "shop.models:Base", "reports": "shop.models:Reports"},
)
SEVERAL = all_of(BOTH, run("ellar-db", "init", "--multi"))

USERS = "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(128)))"
NO_USERS = "op.drop_table('users')"

COLUMN = "\n    {name}: Mapped[{kind}] = mapped_column()\n"

AUDIT_TABLES = """
from sqlalchemy import Column, Integer, MetaData, Table

metadata = MetaData()
Table("audit_log", metadata, Column("id", Integer, primary_key=True))
"""

DRIFTED = (
    "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True), sa.Column('day', sa.Date)); "
    "op.create_index('ix_orders_day', 'orders', ['day']); "
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), "
    "sa.Column('name', sa.String(128), nullable=False))"
)

CODE = "they are code for an application of the reader's, such as that of tests/test_start_up.py"


def history_of_two_databases(reader: Reader) -> None:
    """Write the history of which the page has the picture."""
    for rev_id, parent, label, title in (
        ("19f0", None, None, "First tables"),
        ("2a7d", "19f0", None, "Add users"),
        ("3b8e", "2a7d", "crm", "Add customers"),
        ("4c9f", "2a7d", None, "Add orders"),
        ("5d1a", "4c9f", None, "Index orders"),
        ("6e2b", ("5d1a", "3b8e"), None, "Merge customers and orders"),
        ("71c0", "6e2b", None, "Add invoices"),
    ):
        text = f'"""{title}"""\nrevision = {rev_id!r}\ndown_revision = {parent!r}\nbranch_labels = {label!r}\n'
        reader.project.write(f"migrations/versions/{rev_id}.py", text)


ENUM = """
from sqlalchemy import Enum
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Enum("new", "paid", name="state"))
"""
CHECKED = ENUM.replace('name="state"', 'name="state", native_enum=False, create_constraint=True')
MIGRATED = all_of(run("ellar-db", "init"), run("ellar-db", "migrate"), run("ellar-db", "upgrade"))

ANN = "INSERT INTO users (id, name) VALUES (1, 'Ann')"
AGE = "\n    age: Mapped[int] = mapped_column()\n"
JOINED = "\n    joined: Mapped[str] = mapped_column()\n"
EMAIL = "\n    email = Column(String(64))\n"
NAMED = MODELS.replace("128", "40")
ORDERS = "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True), sa.Column('day', sa.Date))"
AGED = USERS.replace(", sa.Column('name'", ", sa.Column('age', sa.Integer), sa.Column('name'")
NOTED = "op.add_column('users', sa.Column('note', sa.String(20))); op.execute(\"UPDATE users SET note = ''\")"
MADE_ORDERS = "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True))"
BROKEN = f"{MADE_ORDERS}; op.create_index('ix_orders', 'order', ['id'])"


def two_on_a_server(reader: Reader) -> None:
    """Begin with two databases of a server, which the page shows under other names."""
    urls = {name: reader.database("postgresql") for name in ("default", "reports")}
    application(urls, TWO, {"default": "shop.models:Base", "reports": "shop.models:Reports"})(reader)
    for name, database in (("default", "shop"), ("reports", "reports")):
        reader.shown.names[f"postgresql+psycopg://shop:***@db/{database}"] = urls[name]
        reader.shown.names[f'database "{database}"'] = f'database "{make_url(urls[name]).database}"'


def first_is_gone(reader: Reader) -> None:
    """Let the first of the two databases not be there yet."""
    name = make_url(reader.shown.names["postgresql+psycopg://shop:***@db/shop"]).database
    execute(server("postgresql"), f"DROP DATABASE {name}")


def session(reader: Reader) -> None:
    """Let another session use the first database, until the end."""
    engine = sync_engine(reader.shown.names["postgresql+psycopg://shop:***@db/shop"])
    reader.exits.enter_context(engine.connect())


def tenants(reader: Reader) -> None:
    """Begin in an application whose databases are schemas of a server, and come from a plugin."""
    application()(reader)
    reader.project.write(
        "shop/root_module.py",
        "from ellar.common import Module\nfrom ellar.core import ModuleBase\n\nfrom ellar_db import EllarDBModule\n\n\n"
        "@Module(modules=[EllarDBModule])\nclass ApplicationModule(ModuleBase):\n    pass\n",
    )
    reader.env["DATABASE_URL"] = reader.database("postgresql")


def beside_tenants(reader: Reader) -> None:
    """Begin in an application that has two databases, and a group of tenants."""
    BOTH(reader)
    module = reader.project.path / "shop" / "root_module.py"
    more = "'acme': {'url': 'sqlite:///acme.db', 'group': 'tenants'}"
    text = module.read_text(encoding="utf-8").replace("sqlite:///reports.db'", f"sqlite:///reports.db', {more}")
    module.write_text(text.replace("'shop.models:Reports'", "'shop.models:Reports', 'acme': 'shop.models:Base'"))


def of_both(
    rev_id: str,
    parent: str | None,
    title: str,
    reports: str = "pass",
    names: Sequence[str] = ("default", "reports"),
) -> Step:
    """Write a revision for two databases."""
    bodies = "".join(
        f"\n\ndef {way}_{name}():\n    {reports if (way, name) == ('upgrade', 'reports') else 'pass'}\n"
        for way in ("upgrade", "downgrade")
        for name in names
    )
    head = f'"""{title}"""\nfrom alembic import op\n\nrevision = {rev_id!r}\ndown_revision = {parent!r}\n{BY_NAME}'
    return written(f"migrations/versions/{rev_id}_.py", head + bodies)


def two_branches(reader: Reader) -> None:
    """Begin on a branch that adds a revision, while main has another one."""
    all_of(
        FOLDER,
        revision("7d1e0a9f2c5b", None, title="Add users"),
        in_git(),
        run("git", "switch", "--quiet", "-c", "notes"),
        revision("9f2c5b7d1e0a", "7d1e0a9f2c5b", title="Add notes"),
        committed(),
        run("git", "switch", "--quiet", "main"),
        revision("4f46dc2c65c3", "7d1e0a9f2c5b", title="Add orders"),
        committed(),
        run("git", "switch", "--quiet", "notes"),
    )(reader)


def on_mariadb(reader: Reader) -> None:
    """Begin with a database of MariaDB, which the page calls shop."""
    url = reader.database("mariadb")
    application(url)(reader)
    reader.shown.names["shop.order"] = f"{make_url(url).database}.order"


undone = on_server("DROP TABLE orders")
mended = replaced("migrations/versions/0001_add_orders.py", "'order'", "'orders'")
broken = replaced("migrations/versions/0001_add_orders.py", "'orders', ['id']", "'order', ['id']")


NOT_NULL = "op.alter_column('users', 'age', nullable=False)"


def branch(*lines: str) -> Step:
    """Begin with a revision that origin/main doesn't have."""
    return all_of(
        application("postgresql"),
        run("ellar-db", "init"),
        revision("4f46dc2c65c3", None, AGED),
        in_git(),
        run("git", "update-ref", "refs/remotes/origin/main", "HEAD"),
        revision("9f2c5b7d1e0a", "4f46dc2c65c3", "\n    ".join(lines), "op.execute('SELECT 1')", "age"),
        committed(),
    )


def guarded(reader: Reader) -> None:
    """Install a plugin that can't be imported."""
    file = reader.install("shop-guard", '"""Guard the shop."""\n\nimport geo\n')
    reader.shown.names["/app"] = str(file.parent)


def foreign(kind: str) -> Step:
    """Begin in a project of another program."""
    return lambda reader: MAKERS[kind](reader.project, reader.database) and None


def line_of(first: str, *others: str) -> Step:
    """Write revisions that follow each other, of which the first one makes the table."""
    parents = (first, *others)
    later = (revision(each, parent, title="Go on") for parent, each in zip(parents, others, strict=False))
    return all_of(revision(first, None, USERS, NO_USERS, "Add users"), *later)


TITLE = "sa.Column('title', sa.String(20))"
titles_lost = all_of(
    revision("1f0c", None, USERS.replace("sa.Column('name'", f"{TITLE}, sa.Column('name'"), NO_USERS),
    revision("r0", "1f0c", "op.drop_column('users', 'title')", f"op.add_column('users', {TITLE})"),
    revision("r1", "r0", f"op.add_column('users', {TITLE})", "op.drop_column('users', 'title')"),
    *(revision(f"r{number}", f"r{number - 1}") for number in range(2, 11)),
    revision("9f2c", "r10"),
)
aging = all_of(
    revision("1f0c", None, USERS, NO_USERS, "Add users"),
    revision(
        "52ab",
        "1f0c",
        "op.add_column('users', sa.Column('age', sa.Integer))",
        "op.drop_column('users', 'age')",
        "Add age",
    ),
    revision("7d1e", "52ab", "op.execute('UPDATE users SET age = 18')", title="Fill the age"),
    revision("9f2c", "7d1e", "op.create_index('ix', 'users', ['age'])", "op.drop_index('ix')", "Index the age"),
)


PACKAGES = "alembic 1.20.1, click 8.5.1, packaging 26.4, pluggy 1.7.0, psycopg 3.3.9, rich 15.0.0, sqlalchemy 2.1.9"
"""Those of the page, of which more are installed for tests."""


def without_rights(reader: Reader) -> None:
    """Begin with a database of PostgreSQL whose user may not make tables."""
    owned = make_url(reader.database("postgresql"))
    user = new_name()
    execute(server("postgresql"), f"CREATE ROLE {user} LOGIN PASSWORD 'secret'")
    reader.exits.callback(execute, server("postgresql"), f"DROP ROLE {user}")
    engine = sync_engine(owned.render_as_string(hide_password=False))
    reader.exits.callback(_execute_all, engine, f"DROP OWNED BY {user}")
    url = owned.set(username=user, password="secret")
    standalone(url.render_as_string(hide_password=False))(reader)
    reader.run("ellar-db", "init")
    ids = [*(f"r{number}" for number in range(8)), "2b9e6d1c4f80", "r8", "r9", "7c1f0b7d5a2e"]
    line_of(*ids)(reader)
    _execute_all(
        engine,
        "REVOKE CREATE ON SCHEMA public FROM public",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('2b9e6d1c4f80')",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version TO {user}",
    )
    printed = reader.run("ellar-db", "doctor", exit_code=1)
    packages, release = (re.search(f"{before}(.*)", printed)[1] for before in ("packages: ", "answers: "))
    assert {*re.findall(r"[\w-]+(?= )", PACKAGES)} <= {*re.findall(r"[\w-]+(?= )", packages)}
    reader.shown.names |= {PACKAGES: packages, "PostgreSQL 15.4": release}
    reader.shown.names |= {
        "postgresql+psycopg://shop:***@db/shop": url.render_as_string(),
        "TO shop": f"TO {user}",
        "/srv/shop": str(reader.folder),
    }


def _execute_all(engine: Engine, *sql: str) -> None:
    with engine.begin() as connection:
        for statement in sql:
            connection.exec_driver_sql(statement)


FLASK = """
import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("DATABASE_URL", "sqlite:///shop.db")
app.config["SQLALCHEMY_BINDS"] = {"log": os.environ.get("LOG_DATABASE_URL", "sqlite:///log.db")}
db = SQLAlchemy(app)
Migrate(app, db)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)


class Entry(db.Model):
    __bind_key__ = "log"

    id = db.Column(db.Integer, primary_key=True)
"""


def of_flask(reader: Reader) -> None:
    """Begin in a project of Flask-Migrate with two databases and twelve revisions."""
    reader.project.write("shop.py", FLASK)
    reader.env["FLASK_APP"] = "shop"
    reader.run("python", "-m", "flask", "db", "init", "--multidb")
    for number in range(12):
        of_both(f"r{number}", f"r{number - 1}" if number else None, "Go on", names=("", "log"))(reader)
    reader.shown.names["/home/ann/shop"] = str(reader.folder)


def in_a_factory(reader: Reader) -> None:
    """Let a function make the application."""
    file = reader.folder / "shop.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n\ndef create_app():\n    return app\n", encoding="utf-8")


def of_advanced_alchemy(reader: Reader) -> None:
    """Begin in a project of advanced-alchemy, whose configuration is in shop/db.py."""
    foreign("advanced-alchemy-sync")(reader)
    reader.project.write("shop/db.py", "from app import config\n")


def scratch_on_servers(reader: Reader) -> None:
    """Begin with a database of each kind of server."""
    databases = {"default": "postgresql", "reports": "mariadb"}
    application(databases, TWO, {"default": "shop.models:Base", "reports": "shop.models:Reports"})(reader)
    reader.run("ellar-db", "init", "--multi")
    for shown, kind in (
        ("postgresql+psycopg://me@localhost/postgres", "postgresql"),
        ("mysql+pymysql://root@localhost/mysql", "mariadb"),
    ):
        reader.shown.names[shown] = server(kind).url.render_as_string(hide_password=False)
