"""How the pages about tasks are followed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Engine, make_url

from ellar_db.testing.application import PLAIN_MODELS
from ellar_db.testing.project import MODELS
from tests.support.folders import MAKERS
from tests.support.folders import SEVERAL as BY_NAME
from tests.support.pages.reader import Page, Reader, Step
from tests.support.pages.starts import (
    TWO,
    added,
    all_of,
    anew,
    application,
    committed,
    first,
    in_git,
    installed,
    nothing,
    on_server,
    replaced,
    revision,
    run,
    standalone,
    statements,
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

SETTINGS = "settings that name what the reader has"
CODE = "they are code of an application, which test_start_up.py and others run"


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


HOW_TO: dict[str, Page | str] = {
    "docs/how-to/async.md": "they are arguments of a module",
    "docs/how-to/bring-migrations-along.md": Page(
        all_of(
            standalone(),
            run("ellar-db", "init"),
            written("ellar_db_audit/tables.py", AUDIT_TABLES),
            written("ellar_db_audit/versions/.keep", ""),
            written("pyproject.toml", '[project]\nname = "ellar-db-audit"\nversion = "1.0"\n'),
        ),
        [
            (
                "ellar-db migrate",
                all_of(
                    added("pyproject.toml", '[tool.ellar-db]\ndatabase = "sqlite:///app.db"\nmetadata = "models:Base"'),
                    lambda reader: reader.install.from_folder(reader.folder),
                ),
            )
        ],
        files={"[project.entry-points": "pyproject.toml"},
    ),
    "docs/how-to/check-databases.md": Page(
        all_of(FOLDER, revision("one", None, DRIFTED), run("ellar-db", "upgrade")),
        [
            (
                "ellar db check --drift",
                statements(
                    "ALTER TABLE orders ADD note TEXT",
                    "DROP INDEX ix_orders_day",
                    "DROP TABLE users",
                    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(64))",
                ),
            )
        ],
    ),
    "docs/how-to/completion.md": Page(nothing),
    "docs/how-to/data-migrations.md": Page(FOLDER),
    "docs/how-to/doctor.md": Page(without_rights),
    "docs/how-to/existing-folders.md": Page(
        of_flask,
        [
            ("ellar-db adopt --app shop:create_app", anew(all_of(of_flask, in_a_factory), "factory")),
            ("ellar-db adopt --app shop.db", anew(of_advanced_alchemy, "advanced")),
            ("ellar-db adopt\n", anew(foreign("generic"), "generic")),
            ("ellar-db -c alembic.ini adopt", anew(foreign("generic"), "named")),
            ("ellar-db adopt\n", anew(foreign("ellar-sql"), "ellar-sql")),
            ("ellar-db -d migrations", anew(foreign("generic"), "as-it-is")),
            ("ellar-db -c alembic.ini -c pyproject.toml", anew(foreign("pyproject"), "pyproject")),
            ("alembic -c", anew(all_of(FOLDER, first()), "bare")),
        ],
        typed={
            "ellar-db adopt --app": "y\n",
            "ellar-db adopt\n": "y\n",
            "ellar-db -c alembic.ini adopt": "y\n",
        },
    ),
    "docs/how-to/draw-the-history.md": Page(
        all_of(
            SEVERAL,
            history_of_two_databases,
            run("ellar-db", "stamp", "5d1a", "--database", "default"),
            run("ellar-db", "stamp", "6e2b", "--database", "reports"),
        ),
        [
            ("ellar db graph --package", installed("ellar-db-audit")),
        ],
        left={"ellar db graph --dot | dot": "Graphviz isn't installed everywhere; tests of `graph` read what it gets"},
    ),
    "docs/how-to/enums.md": Page(
        all_of(
            application("postgresql", ENUM),
            MIGRATED,
            replaced("shop/models.py", '"new", ', '"new", "packed", '),
        ),
        [
            (
                'ellar db migrate -m "Packed orders"\nWrote migrations/versions/1',
                anew(
                    all_of(
                        application("sqlite:///shop.db", CHECKED),
                        MIGRATED,
                        replaced("shop/models.py", '"new", ', '"new", "packed", '),
                    ),
                    "checked",
                ),
            ),
            (
                'ellar db migrate -m "No new orders"',
                anew(
                    all_of(
                        application("postgresql", ENUM.replace('"new", ', '"new", "packed", ')),
                        MIGRATED,
                        on_server("INSERT INTO orders (id, state) VALUES (1, 'new')"),
                        replaced("shop/models.py", '"new", ', ""),
                    ),
                    "removed",
                ),
            ),
        ],
    ),
    "docs/how-to/kinds-of-databases.md": "they are a plugin for another kind of database than there are here",
    "docs/how-to/many-machines.md": Page(
        nothing, left={"ellar db upgrade --jobs 16": "it needs a cluster; the plugin's own tests have one"}
    ),
    "docs/how-to/offline-sql.md": Page(
        all_of(FOLDER, first(USERS, NO_USERS)),
        [("ellar db upgrade --sql -o sql/", anew(all_of(SEVERAL, run("ellar-db", "migrate")), "several"))],
    ),
    "docs/how-to/override-a-command.md": "they are plugins, which tests/test_docs.py installs and runs",
    "docs/how-to/several-databases.md": Page(
        BOTH,
        [
            (
                "ellar db current",
                all_of(run("ellar-db", "migrate", "--rev-id", "4f46dc2c65c3"), run("ellar-db", "upgrade")),
            ),
            (
                "ellar db upgrade",
                anew(all_of(BOTH, run("ellar-db", "init"), first(title="Initial migration.")), "single"),
            ),
        ],
    ),
    "docs/how-to/create-and-drop-databases.md": Page(
        all_of(two_on_a_server, run("ellar-db", "init", "--multi"), run("ellar-db", "revision"), first_is_gone),
        [("ellar db drop --yes", all_of(run("ellar-db", "create"), session))],
    ),
    "docs/how-to/many-databases.md": Page(
        tenants,
        [("ellar db init", added("shop/tenants.py", "\n\ndef tenants(wanted):\n    return ['acme', 'bolt']\n"))],
        files={"[tool.ellar-db]": "pyproject.toml"},
    ),
    "docs/how-to/not-null-columns.md": Page(
        all_of(application(), MIGRATED, statements(ANN), added("shop/models.py", AGE)),
        [
            (
                "ellar db migrate --fill",
                anew(all_of(application(), MIGRATED, statements(ANN), added("shop/models.py", AGE + JOINED)), "filled"),
            )
        ],
    ),
    "docs/how-to/one-line-of-history.md": Page(
        two_branches,
        [
            (
                "ellar db rebase 9f2c5b7d1e0a",
                all_of(
                    run("ellar-db", "downgrade", "base"),
                    replaced("migrations/versions/9f2c5b7d1e0a_add_notes.py", "4f46dc2c65c3", "7d1e0a9f2c5b"),
                ),
            )
        ],
    ),
    "docs/how-to/output.md": Page(
        all_of(
            SEVERAL,
            of_both("4f46dc2c65c3", None, "Initial migration."),
            of_both("7d1e0a9f2c5b", "4f46dc2c65c3", "Add notes"),
        ),
        [
            (
                "ellar db upgrade\nDatabase default:\n  ok  7d1e",
                anew(
                    all_of(
                        SEVERAL,
                        of_both("4f46dc2c65c3", None, "Initial migration."),
                        run("ellar-db", "upgrade"),
                        of_both("7d1e0a9f2c5b", "4f46dc2c65c3", "Add notes", reports="op.execute('oops')"),
                    ),
                    "failing",
                ),
            ),
            ("ellar db -v", anew(all_of(FOLDER, first(title="Initial migration.")), "single")),
            ("ellar db --log-format", run("ellar-db", "downgrade", "base")),
        ],
        left={"ellar db upgrade\nWaiting": "another session has to hold the table while it runs, as in test_output.py"},
    ),
    "docs/how-to/plan.md": Page(
        all_of(
            FOLDER,
            revision("4f46dc2c65c3", None, AGED),
            run("ellar-db", "upgrade"),
            statements(*("INSERT INTO users (name, age) VALUES ('Ann', 1)",) * 1204),
            revision("7d1e0a9f2c5b", "4f46dc2c65c3", NOTED, "op.drop_column('users', 'note')", "add notes"),
            revision("9f2c5b7d1e0a", "7d1e0a9f2c5b", "op.drop_column('users', 'age')", title="drop age"),
        ),
        [("ellar db upgrade --dry-run", run("rm", "migrations/versions/9f2c5b7d1e0a_drop_age.py"))],
    ),
    "docs/how-to/rename-tables-and-columns.md": Page(
        all_of(application(models=NAMED), MIGRATED, replaced("shop/models.py", " name:", " full_name:")),
        [
            (
                "ellar db migrate --rename users.name",
                anew(
                    all_of(application(models=NAMED), MIGRATED, replaced("shop/models.py", " name:", " full_name:")),
                    "scripted",
                ),
            ),
            (
                "ellar db migrate --rename users:people",
                anew(
                    all_of(
                        application(models=NAMED),
                        MIGRATED,
                        replaced("shop/models.py", " name:", " full_name:"),
                        replaced("shop/models.py", '"users"', '"people"'),
                    ),
                    "people",
                ),
            ),
        ],
    ),
    "docs/how-to/repair.md": Page(
        all_of(on_mariadb, run("ellar-db", "init"), revision("0001", None, BROKEN, title="Add orders.")),
        [
            ("ellar db repair 0001 --reverted", all_of(undone, mended)),
            (
                "ellar db repair 0001 --applied",
                all_of(run("ellar-db", "downgrade", "base"), undone, broken, run("ellar-db", "upgrade", exit_code=1)),
            ),
        ],
        left={
            "ellar db upgrade\nError: an earlier run": "the program has to be killed before, as tests/faults does it"
        },
    ),
    "docs/how-to/review-a-revision.md": Page(
        all_of(
            application("postgresql", NAMED.replace("40", "50")),
            MIGRATED,
            on_server(ANN),
            replaced("shop/models.py", "50", "20"),
            added("shop/models.py", AGE),
        ),
        [
            ("ellar db lint --since-ref", anew(branch("op.alter_column('users', 'age', nullable=False)"), "linted")),
            (
                "ellar db lint --measure",
                anew(
                    branch(
                        "op.alter_column('users', 'age', nullable=False)\n    op.execute(\"UPDATE users SET age = age + 1\")"
                    ),
                    "measured",
                ),
            ),
        ],
    ),
    "docs/how-to/safe-runs.md": Page(
        all_of(FOLDER, first()),
        [("ellar db upgrade\nWarning", guarded)],
        codes={"ellar db repair": 1},
    ),
    "docs/how-to/squash-revisions.md": Page(
        all_of(FOLDER, line_of("1f0c", *(f"r{number}" for number in range(38)), "9f2c")),
        [
            ("ellar db squash 1f0c:9f2c", anew(all_of(FOLDER, titles_lost), "lost")),
            ("ellar db squash base:9f2c\nRunning the 4", anew(all_of(FOLDER, aging), "rows")),
            (
                "ellar db status",
                all_of(
                    run("ellar-db", "upgrade", "52ab"),
                    run("ellar-db", "squash", "base:9f2c", "--drop-data-steps", "--yes", "-m", "Users"),
                    revision("a3b4", "9f2c", ORDERS, "op.drop_table('orders')", "Add orders"),
                ),
            ),
            ("ellar db downgrade", run("ellar-db", "upgrade", "9f2c")),
        ],
    ),
    "docs/how-to/start-up-and-tests.md": CODE,
    "docs/how-to/status.md": Page(
        all_of(
            SEVERAL,
            of_both("4f46dc2c65c3", None, "Initial migration."),
            run("ellar-db", "upgrade", "--database", "default"),
        ),
        [("ellar db status --json", run("ellar-db", "downgrade", "--database", "reports", "base"))],
    ),
    "docs/how-to/test-migrations.md": Page(
        all_of(application(), MIGRATED),
        left={
            "# tests/conftest.py\nimport pytest\nfrom sqlalchemy": "it makes a table that the models here don't have",
            "pytest -v": "tests/testing/test_pages.py compares its lines, between those of pytest's own",
            "pytest --ellar-db-url": "it names a server of the reader's",
            "# migrations/versions": "its history is another one",
            "# tests/test_migrations.py": "its history is another one",
        },
    ),
    "docs/how-to/verify-revisions.md": Page(
        all_of(
            FOLDER,
            revision("1f0c", None, f"{USERS}; {ORDERS}", f"{NO_USERS}; op.drop_table('orders')", "add users"),
            revision("52ab", "1f0c", title="hash the passwords"),
            added("migrations/versions/52ab_hash_the_passwords.py", 'irreversible = "the passwords are gone"\n'),
            revision(
                "9f2c", "52ab", "op.create_index('ix_x', 'orders', ['day'])", "op.execute('SELECT 1')", "add orders"
            ),
            statements("VACUUM"),
        ),
    ),
    "docs/how-to/wait-for-a-database.md": Page(
        FOLDER,
        left={
            "ellar db wait\n": "a server has to begin to answer meanwhile, as in tests/commands/test_wait.py",
            "ellar db wait --for head": "it takes two minutes; tests/commands/test_wait.py waits less",
        },
    ),
    "docs/how-to/test-a-plugin.md": "they are tests, which tests/testing/test_pages.py runs",
    "docs/how-to/two-phase.md": "they are arguments of a module",
    "docs/how-to/types-of-packages.md": "they are a part of a revision",
    "docs/how-to/without-ellar.md": Page(
        written("shop/models.py", MODELS),
        [("ellar-db -c alembic.ini", anew(foreign("generic"), "alembic"))],
        files={"[tool.ellar-db]\ndirectory": "pyproject.toml"},
    ),
    "docs/how-to/write-a-plugin.md": Page(all_of(FOLDER, first())),
    "docs/how-to/write-a-revision-without-a-database.md": Page(
        all_of(application(models=PLAIN_MODELS), MIGRATED, added("shop/models.py", EMAIL)),
        [
            ("ellar db migrate --scratch-url postgresql", anew(scratch_on_servers, "servers")),
            (
                "ellar db migrate --scratch --dry-run",
                anew(all_of(application(models=PLAIN_MODELS), MIGRATED, added("shop/models.py", EMAIL)), "again"),
            ),
        ],
    ),
}
