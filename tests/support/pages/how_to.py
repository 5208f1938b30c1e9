"""How the pages about tasks are followed."""

from __future__ import annotations

from tests.support.pages.reader import Page, Reader
from tests.support.pages.starts import (
    TWO,
    added,
    all_of,
    anew,
    application,
    first,
    in_git,
    installed,
    nothing,
    on_server,
    replaced,
    revision,
    run,
    shown_as,
    standalone,
    statements,
    written,
)

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
    "docs/how-to/draw-the-history.md": Page(
        all_of(
            SEVERAL,
            history_of_two_databases,
            run("ellar-db", "stamp", "5d1a", "--database", "default"),
            run("ellar-db", "stamp", "6e2b", "--database", "reports"),
        ),
        [
            ("ellar db graph -r current", replaced("pyproject.toml", "[tool.ellar]", "[tool.ellar]")),
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
            )
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
            ("ellar db upgrade", anew(all_of(BOTH, run("ellar-db", "init"), run("ellar-db", "migrate")), "single")),
        ],
    ),
    "docs/how-to/start-up-and-tests.md": CODE,
    "docs/how-to/test-a-plugin.md": "they are tests, which tests/testing/test_pages.py runs",
    "docs/how-to/two-phase.md": "they are arguments of a module",
    "docs/how-to/types-of-packages.md": "they are a part of a revision",
    "docs/how-to/without-ellar.md": Page(
        all_of(written("shop/models.py", ""), lambda reader: None),
    ),
}
_ = (in_git, on_server, shown_as)
