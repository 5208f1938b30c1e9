"""How the pages of the example plugins are followed."""

from __future__ import annotations

from ellar_db.testing.project import MODELS
from tests.support.pages.reader import Page
from tests.support.pages.starts import (
    added,
    all_of,
    committed,
    in_git,
    installed,
    replaced,
    revision,
    run,
    standalone,
)

MADE = "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(128)))"
DROPPED = "op.drop_table('users')"
NOTES = """

class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
"""
NOTES_MADE = "op.create_table('notes', sa.Column('id', sa.Integer, primary_key=True))"
PROJECT = all_of(standalone(), run("ellar-db", "init"))

EXAMPLES: dict[str, Page | str] = {
    "plugins_example/ellar-db-audit/README.md": Page(
        all_of(PROJECT, revision("0001", None, MADE, DROPPED, "users"), installed("ellar-db-audit"))
    ),
    "plugins_example/ellar-db-backup/README.md": Page(
        all_of(
            PROJECT,
            revision("r1", None, MADE, DROPPED, "Add users"),
            installed("ellar-db-backup"),
            run("ellar-db", "upgrade"),
        ),
    ),
    "plugins_example/ellar-db-dask/README.md": Page(
        standalone(), left={"ellar db upgrade --jobs 16": "it needs a cluster; the plugin's own tests have one"}
    ),
    "plugins_example/ellar-db-ledger/README.md": Page(
        all_of(PROJECT, revision("0001", None, MADE, DROPPED, "users"), installed("ellar-db-ledger")),
        [("ellar-db status", added("migrations/versions/0001_users.py", "# edited\n"))],
    ),
    "plugins_example/ellar-db-protect/README.md": Page(
        all_of(
            standalone(models=f"{MODELS}{NOTES}"),
            run("ellar-db", "init"),
            revision("0001", None, f"{MADE}; {NOTES_MADE}", DROPPED, "users"),
            revision("0002", "0001", title="Fill in: names", name="0002_fill_in_names"),
            installed("ellar-db-protect", "ellar-db-sequential"),
            run("ellar-db", "upgrade"),
        ),
        [
            ("alembic -c", run("ellar-db", "upgrade")),
            ("ellar-db migrate", replaced("models.py", "class User(Base)", "class User")),
        ],
    ),
    "plugins_example/ellar-db-seed/README.md": Page(
        all_of(
            PROJECT,
            revision("0001", None, MADE, DROPPED, "users"),
            run("ellar-db", "upgrade"),
            installed("ellar-db-seed"),
        )
    ),
    "plugins_example/ellar-db-sequential/README.md": Page(
        all_of(PROJECT, installed("ellar-db-sequential")),
        [("ellar-db revision", run("ellar-db", "upgrade"))],
    ),
    "plugins_example/ellar-db-squawk/README.md": Page(
        PROJECT, left={"ellar-db lint": "squawk isn't installed for all tests; the plugin's own tests run it"}
    ),
    "plugins_example/ellar-db-timestamps/README.md": Page(
        all_of(PROJECT, in_git(), installed("ellar-db-timestamps")),
        [("git switch -c main", run("git", "branch", "-m", "main", "trunk")), ("ellar-db revision", committed())],
    ),
    "plugins_example/ellar-db-webhook/README.md": Page(
        all_of(
            PROJECT,
            revision("r1", None, MADE, DROPPED, "Add users"),
            installed("ellar-db-webhook"),
        ),
        left={"[tool.ellar-db-webhook]": "tests of the plugin have a server that listens"},
    ),
}
