"""Each page about a trouble: the trouble is provoked, the error names the page, and its advice leads out of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ellar_db.cli import troubles
from ellar_db.testing import Project
from tests.support.revisions import add
from tests.support.servers import sync_engine

BODY = """
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = {revision!r}
down_revision = {parent!r}


def upgrade():
    {body}


def downgrade():
    pass
"""
BROKEN_PLUGIN = "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_before_run(run, nonsense):\n    pass\n"


class Shop:
    """A project in trouble.

    Args:
        project: The project.
        new_database: Makes a database on a server, and returns its URL.
        install: Installs a plugin.
        held_elsewhere: Holds the lock of a database in another process.
        monkeypatch: Sets environment variables.
    """

    def __init__(self, project: Project, **tools: Any) -> None:
        self.project = project
        self.tools = tools
        self.db = project.db

    def on(self, kind: str) -> str:
        url = str(self.tools["new_database"](kind))
        self.project.configure(url=url)
        return url

    def body(self, body: str, revision: str = "r1", parent: str | None = None) -> None:
        self.project.write(
            f"migrations/versions/{revision}.py", BODY.format(revision=revision, parent=parent, body=body)
        )

    def sql(self, url: str, *statements: str) -> None:
        with sync_engine(url).begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def fails(self, code: str, *command: str) -> None:
        told = self.db(*command, exit_code=None)
        assert told.exit_code in (1, 3), told.output
        assert told.stderr.splitlines()[-1].endswith(f" [ellar-db explain {code}]")


@pytest.fixture
def shop(
    plain: Project,
    new_database: Callable[[str], str],
    install: Callable[..., Path],
    held_elsewhere: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    plain.db("init")
    return Shop(
        plain, new_database=new_database, install=install, held_elsewhere=held_elsewhere, monkeypatch=monkeypatch
    )


def several_heads(shop: Shop) -> None:
    for name, parent in (("r1", None), ("r2", "r1"), ("r3", "r1")):
        add(shop.project, name, parent)
    shop.fails("E01", "upgrade")
    shop.db("heads")
    shop.db("merge", "-m", "Join.")
    shop.db("upgrade")


def not_up_to_date(shop: Shop) -> None:
    add(shop.project, "r1", None)
    shop.fails("E02", "migrate", "-m", "x")
    shop.db("upgrade")
    shop.db("migrate", "-m", "x")


def unknown_revision(shop: Shop) -> None:
    add(shop.project, "r1", None)
    shop.fails("E03", "upgrade", "nowhere")
    shop.db("history")
    shop.db("current")
    shop.db("upgrade")
    shop.project.revisions()[0].unlink()
    add(shop.project, "r2", None)
    shop.fails("E03", "upgrade")
    shop.db("stamp", "--purge", "r2")
    shop.db("upgrade")


def duplicate_ids(shop: Shop) -> None:
    add(shop.project, "r1", None)
    copied = shop.project.path / "migrations" / "versions" / "copied.py"
    copied.write_text(shop.project.revisions()[0].read_text())
    shop.fails("E04", "upgrade")
    copied.unlink()
    shop.db("upgrade")


def tables_exist(shop: Shop) -> None:
    add(shop.project, "r1", None)
    shop.sql("sqlite:///app.db", "CREATE TABLE t_r1 (id INTEGER PRIMARY KEY)")
    shop.fails("E05", "upgrade")
    shop.db("stamp", "head")
    shop.db("check", exit_code=1)
    shop.db("upgrade")


def no_metadata(shop: Shop) -> None:
    shop.project.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n")
    shop.project.forget()
    shop.fails("E06", "migrate", "-m", "x")
    shop.project.configure()
    shop.db("migrate", "-m", "x")


def unreachable(shop: Shop) -> None:
    add(shop.project, "r1", None)
    url = shop.on("postgresql")
    shop.project.configure(url=f"{url}_absent")
    shop.fails("E07", "upgrade")
    shop.db("create")
    shop.db("wait")
    shop.db("upgrade")
    shop.db("drop", "--yes")


def wrong_url(shop: Shop) -> None:
    add(shop.project, "r1", None)
    url = shop.on("postgresql")
    shop.project.configure(url=url.replace("postgresql+psycopg://", "postgres://"))
    shop.fails("E08", "upgrade")
    shop.project.configure(url=url)
    shop.db("upgrade")


def sqlite_constraint(shop: Shop) -> None:
    shop.sql("sqlite:///app.db", "CREATE TABLE users (name TEXT)")
    shop.body("op.create_unique_constraint('u', 'users', ['name'])")
    shop.fails("E09", "upgrade")
    shop.body("with op.batch_alter_table('users') as batch: batch.create_unique_constraint('u', ['name'])")
    shop.db("upgrade")


def enum_exists(shop: Shop) -> None:
    shop.sql(shop.on("postgresql"), "CREATE TYPE mood AS ENUM ('good')")
    shop.body("op.create_table('t', sa.Column('mood', sa.Enum('good', name='mood')))")
    shop.fails("E10", "upgrade")
    shop.body("op.create_table('t', sa.Column('mood', postgresql.ENUM('good', name='mood', create_type=False)))")
    shop.db("upgrade")


def long_id(shop: Shop) -> None:
    url = shop.on("postgresql")
    shop.db("ensure-version")
    shop.body("pass", "r" * 40)
    shop.fails("E11", "upgrade")
    shop.sql(url, "ALTER TABLE alembic_version ALTER COLUMN version_num TYPE VARCHAR(128)")
    shop.db("upgrade")


def not_null(shop: Shop) -> None:
    shop.sql(shop.on("postgresql"), "CREATE TABLE users (id INTEGER)", "INSERT INTO users VALUES (1)")
    shop.body("op.add_column('users', sa.Column('age', sa.Integer(), nullable=False))")
    shop.fails("E12", "upgrade")
    shop.body(
        "op.add_column('users', sa.Column('age', sa.Integer())); op.execute('UPDATE users SET age = 18'); "
        "op.alter_column('users', 'age', nullable=False)"
    )
    shop.db("upgrade")


def locked(shop: Shop) -> None:
    add(shop.project, "r1", None)
    holder = shop.tools["held_elsewhere"](f"sqlite:///{shop.project.path / 'app.db'}")
    shop.fails("E13", "upgrade", "--lock-timeout", "0")
    assert "being migrated by process" in shop.db("status", exit_code=None).output
    holder.kill()
    holder.communicate()
    shop.db("upgrade", "--lock-timeout", "60")


def interrupted(shop: Shop) -> None:
    shop.on("mariadb")
    shop.body("op.create_table('half', sa.Column('id', sa.Integer)); op.execute('nonsense')")
    shop.fails("E14", "upgrade")
    shop.db("repair", exit_code=None)
    shop.db("repair", "r1", "--applied")
    shop.db("upgrade")


def no_folder(shop: Shop) -> None:
    (shop.project.path / "migrations").rename(shop.project.path / "elsewhere")
    shop.fails("E15", "upgrade")
    shop.db("upgrade", "-d", "elsewhere")
    shop.db("init")
    shop.db("upgrade")


def no_database(shop: Shop) -> None:
    add(shop.project, "r1", None)
    shop.project.write("pyproject.toml", "[tool.ellar-db]\n")
    shop.project.forget()
    shop.fails("E16", "upgrade")
    shop.project.configure()
    shop.db("upgrade")


def no_application(shop: Shop) -> None:
    file = shop.project.path / "pyproject.toml"
    settings = file.read_text()
    file.write_text("[tool.ellar-db]\napplication = 'shop_app:app'\n")
    shop.project.write("shop_app.py", "import a_missing_package\n")
    shop.project.forget("shop_app")
    shop.fails("E17", "upgrade")
    file.write_text(settings)
    shop.project.forget()
    shop.db("upgrade")


def broken_plugin(shop: Shop) -> None:
    shop.tools["install"]("ellar-db-guard", BROKEN_PLUGIN)
    shop.fails("E18", "upgrade")
    assert "ellar-db-guard" in shop.db("plugins").stdout
    shop.tools["monkeypatch"].setenv("ELLAR_DB_DISABLE_PLUGINS", "ellar-db-guard")
    shop.project.forget()
    shop.db("upgrade")


def not_permitted(shop: Shop) -> None:
    add(shop.project, "r1", None)
    url = shop.on("postgresql")
    user = f"help_{shop.project.path.name[-12:]}".replace("-", "_").lower()
    shop.sql(url, f"CREATE ROLE {user} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        shop.project.configure(url=re.sub(r"//[^@]*@", f"//{user}@", url))
        shop.fails("E19", "upgrade")
        shop.sql(url, f"GRANT CREATE, USAGE ON SCHEMA public TO {user}")
        shop.db("upgrade")
    finally:
        shop.sql(url, f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def pooled(shop: Shop) -> None:
    shop.on("postgresql")
    shop.body("op.execute('DEALLOCATE nothing')")
    # as a server says it to a driver whose statements another session has
    shop.fails("E20", "upgrade")
    shop.body("pass")
    shop.db("upgrade")


def offline(shop: Shop) -> None:
    shop.body("op.get_bind().execute(sa.text('SELECT 1')).all()")
    shop.fails("E21", "upgrade", "--sql")
    shop.body("context.is_offline_mode() or op.get_bind().execute(sa.text('SELECT 1')).all()")
    shop.db("upgrade", "--sql")
    shop.db("upgrade")


def equal_values(shop: Shop) -> None:
    users = (
        "CREATE TABLE users (id INTEGER, email VARCHAR(20))",
        "INSERT INTO users VALUES (1, 'a'), (2, 'a'), (3, 'b')",
    )
    shop.sql(shop.on("postgresql"), *users)
    shop.body("op.create_unique_constraint('one', 'users', ['email'])")
    shop.fails("E22", "upgrade")
    shop.body(
        "op.execute('UPDATE users SET email = NULL WHERE id NOT IN '"
        "'(SELECT kept.id FROM (SELECT min(id) AS id FROM users GROUP BY email) AS kept)'); "
        "op.create_unique_constraint('one', 'users', ['email'])"
    )
    shop.db("upgrade")


TROUBLES = {
    "E01": several_heads,
    "E02": not_up_to_date,
    "E03": unknown_revision,
    "E04": duplicate_ids,
    "E05": tables_exist,
    "E06": no_metadata,
    "E07": unreachable,
    "E08": wrong_url,
    "E09": sqlite_constraint,
    "E10": enum_exists,
    "E11": long_id,
    "E12": not_null,
    "E13": locked,
    "E14": interrupted,
    "E15": no_folder,
    "E16": no_database,
    "E17": no_application,
    "E18": broken_plugin,
    "E19": not_permitted,
    "E20": pooled,
    "E21": offline,
    "E22": equal_values,
}


@pytest.mark.sampled
@pytest.mark.parametrize("code", TROUBLES)
def test_the_error_names_its_page_and_the_advice_leads_out(shop: Shop, code: str) -> None:
    TROUBLES[code](shop)


INDEX = "op.create_index('one', 'users', ['email'], unique=True)"
CONSTRAINT = "op.create_unique_constraint('one', 'users', ['email'])"
ROW = "op.execute(\"INSERT INTO users VALUES (1, 'c')\")"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *[(kind, body) for kind in ("sqlite", "postgresql", "mariadb") for body in (INDEX, ROW)],
        *[(kind, CONSTRAINT) for kind in ("postgresql", "mariadb")],
    ],
)
def test_equal_values_on_each_kind_of_database(shop: Shop, kind: str, body: str) -> None:
    users = "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(20))"
    shop.sql(shop.on(kind), users, "INSERT INTO users VALUES (1, 'a'), (2, 'a')")
    shop.body(body)

    shop.fails("E22", "upgrade")


def test_a_revision_that_another_run_has_recorded_is_no_equal_value() -> None:
    told = "the upgrade failed: UNIQUE constraint failed: alembic_version.version_num"
    assert troubles.with_page(told) == told


def test_each_page_has_its_sign_and_its_trouble() -> None:
    assert list(troubles.titles()) == sorted(troubles.SIGNS) == list(TROUBLES)


def test_the_pages_are_listed_and_printed_without_a_project(project: Project) -> None:
    listed = project.db("explain").stdout.splitlines()
    assert listed[0] == "E01  Several heads"
    assert len(listed) == len(TROUBLES)
    shown = project.db("explain", "e02").stdout
    assert shown.startswith("# E02: The database isn't at the newest revision\n")
    assert "\nellar-db upgrade\n" in shown


def test_an_unknown_code(project: Project) -> None:
    told = "Error: there is no page E002; `ellar-db explain` lists them; did you mean E02?\n"
    assert project.db("explain", "E002", exit_code=1).stderr == told


def test_codes_are_completed(project: Project) -> None:
    from click.shell_completion import ShellComplete

    from ellar_db.cli import db

    found = ShellComplete(db, {}, "ellar-db", "").get_completions(["explain"], "E01")
    assert [(item.value, item.help) for item in found] == [("E01", "Several heads")]


def test_the_pages_list_is_complete() -> None:
    table = (troubles.PLACES[1] / "README.md").read_text()
    for code, title in troubles.titles().items():
        assert f"| [{code}]({code}.md) | {title} |" in table


def test_commands_on_the_pages_exist(project: Project) -> None:
    for code in TROUBLES:
        for command in re.findall(r"ellar(?:-| )db(?: --traceback)? ([a-z-]+)", troubles.page(code)):
            project.db(command, "--help")
