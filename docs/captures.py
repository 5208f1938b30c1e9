"""Runs of the real program on a terminal, each in a folder of its own, of which the pictures are made."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

from tests.support.screens import Shown
from tests.support.terminals import Terminal, all_on_terminal

ROOT = Path(__file__).parent.parent
SERVER = os.environ.get("ELLAR_DB_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")

REVISION = '''"""{title}"""
import sqlalchemy as sa
from alembic import op

revision = {own!r}
down_revision = {down!r}
branch_labels = {label!r}
depends_on = None


def upgrade({engine}):
    {up}


def downgrade({engine}):
    {back}
'''

NAME = 'sa.Column("name", sa.String(50))'
ID = 'sa.Column("id", sa.Integer, primary_key=True)'

Row = tuple[str, Any, str | None, str, str, str]

HISTORY: tuple[Row, ...] = (
    ("19f0", None, None, "First tables", f'op.create_table("shops", {ID}, {NAME})', 'op.drop_table("shops")'),
    ("2a7d", "19f0", None, "Add users", f'op.create_table("users", {ID}, {NAME})', 'op.drop_table("users")'),
    ("3b8e", "2a7d", "crm", "Add customers", f'op.create_table("customers", {ID})', 'op.drop_table("customers")'),
    ("4c9f", "2a7d", None, "Add orders", f'op.create_table("orders", {ID}, {NAME})', 'op.drop_table("orders")'),
    (
        "5d1a",
        "4c9f",
        None,
        "Index orders",
        'op.create_index("ix_orders_name", "orders", ["name"])',
        'op.drop_index("ix_orders_name", "orders")',
    ),
    ("6e2b", ("5d1a", "3b8e"), None, "Merge customers and orders", "pass", "pass"),
    (
        "71c0",
        "6e2b",
        None,
        "Add e-mail addresses",
        'op.add_column("users", sa.Column("email", sa.String(80), nullable=False))',
        "pass",
    ),
)

MODELS = """
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    {column} = Column(String(128))
"""

STEPS = ("0.02", "0.01", "0.03", "0.01", "0.02")
"""Seconds of steps, in turn: they differ from run to run, and the pictures shall not."""


class Session:
    """A terminal in which commands run one after the other.

    Args:
        folder: The project.
        columns: The width of the terminal.
    """

    def __init__(self, folder: Path, columns: int) -> None:
        self.folder = folder
        self.shown = Shown(columns)
        self._ids: dict[str, str] = {}
        self._steps = 0

    def run(
        self,
        command: str,
        answers: Sequence[tuple[str, str]] = (),
        *,
        is_shown: bool = True,
        during: Callable[[Terminal], None] | None = None,
        until: str = "",
    ) -> str:
        """Run a command.

        Args:
            command: As it is typed, with words that need no quotes; `_` in quotes stands for a space.
            answers: Questions, and what is typed then.
            is_shown: Show it.
            during: Called when it has begun.
            until: Show only what there is when this line is there, the last one that is written anew.
        """
        program, *arguments = (word.strip('"').replace("_", " ") for word in command.split())
        words = [str(Path(sys.executable).with_name(program)), *arguments]
        # what the person has set must not be seen
        env = {"HOME": str(self.folder), "PYTHONWARNINGS": "ignore"}
        with all_on_terminal(words, self.folder, env, columns=self.shown.width) as running:
            if during is not None:
                during(running)
            for question, keys in answers:
                running.answer(question, keys)
            _, _, said = running.end()
        if is_shown:
            self.prompt(command.replace("_", " "))
            if until:
                said = said[: said.index("\r", said.index(until))]
            self.shown.feed(self.settled(said))
            if until:
                self.shown.feed("\n")
        return said

    def prompt(self, command: str) -> None:
        """Show a command as it is typed."""
        self.shown.feed(f"\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m\n")

    def note(self, text: str) -> None:
        """Show when something is seen."""
        self.shown.feed(f"\x1b[2m# {text}\x1b[0m\n")

    def settled(self, said: str) -> str:
        """Return what was said with the same ids, times, numbers of processes and folders in each run."""
        said = said.replace(str(self.folder), "/srv/shop")
        said = re.sub(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])", lambda found: self._id(found.group()), said)
        said = re.sub(r"\b\d+(\.\d+)? s (in all|undone)", r"2.4 s \2", said)
        said = re.sub(r"(  |, )\d+\.\d\d s\b", lambda found: f"{found.group(1)}{self._step()} s", said)
        said = re.sub(r"(\d{3} revisions \w+)? in \d+\.\d+ s\b", _whole, said)
        said = re.sub(r"(the slowest was \w+) \(\d+\.\d\d s\)", r"\1 (0.34 s)", said)
        said = re.sub(r"\bsession \d+ ", "session 4711 ", said)
        said = re.sub(r"\bprocess \d+ on \S+ \(backend \d+\)", r"process 4242 on web-1 (backend 4711)", said)
        said = re.sub(r"\bsince \d\d:\d\d:\d\d", "since 12:03:11", said)
        said = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", lambda found: "2026-03-02 12:03:11"[: len(found[0])], said)
        return re.sub(r", \d+ a second", ", 12 a second", said)

    def _id(self, own: str) -> str:
        return self._ids.setdefault(own, sha256(f"picture {len(self._ids)}".encode()).hexdigest()[:12])

    def _step(self) -> str:
        self._steps += 1
        return STEPS[self._steps % len(STEPS)]


def _whole(found: re.Match[str]) -> str:
    """Return the time of a whole run, a longer one of hundreds of revisions."""
    return f"{found[1]} in 1.87 s" if found[1] else " in 0.14 s"


def revision(folder: Path, row: Row, *, multi: bool = False) -> None:
    """Write a revision."""
    own, down, label, title, up, back = row
    engine = "engine_name" if multi else ""
    text = REVISION.format(own=own, down=down, label=label, title=title, up=up, back=back, engine=engine)
    file = folder / "migrations" / "versions" / f"{own}_{title.lower().replace(' ', '_')}.py"
    file.write_text(text, encoding="utf-8")


def configure(folder: Path, text: str) -> None:
    """Write the settings of a project."""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def quick(at: Session) -> None:
    """The quick example: init, migrate, upgrade."""
    copytree(ROOT / "examples" / "quickstart", at.folder, dirs_exist_ok=True)
    at.run("ellar db init")
    at.run('ellar db migrate -m "Initial_migration."')
    at.run("ellar db upgrade")
    at.run("ellar db current")


def shop(at: Session) -> None:
    """Make a project with a history and two databases, each somewhere in it."""
    configure(at.folder, '[tool.ellar-db.databases]\ndefault = "sqlite:///shop.db"\nreports = "sqlite:///reports.db"\n')
    at.run("ellar-db init --multi", is_shown=False)
    for row in HISTORY:
        revision(at.folder, row, multi=True)
    at.run("ellar-db upgrade 5d1a --database default", is_shown=False)
    at.run("ellar-db upgrade 6e2b --database reports", is_shown=False)


def on_shop(*commands: str) -> Callable[[Session], None]:
    """Return a run of commands on the shop's two databases."""

    def session(at: Session) -> None:
        shop(at)
        for command in commands:
            at.run(command)

    return session


def failing(at: Session) -> None:
    """A revision that fails in the middle of a run on two databases."""
    shop(at)
    up = "op.execute(\"UPDATE orders SET state = 'paid'\") if engine_name == 'reports' else None"
    revision(at.folder, ("71c0", "6e2b", None, "Add e-mail addresses", "pass", "pass"), multi=True)
    revision(at.folder, ("83d4", "71c0", None, "Pay old orders", up, "pass"), multi=True)
    at.run("ellar-db upgrade")


def half_done(at: Session) -> None:
    """A revision that fails after another one has committed by itself."""
    configure(at.folder, '[tool.ellar-db]\ndatabase = "sqlite:///shop.db"\n')
    at.run("ellar-db init", is_shown=False)
    revision(at.folder, HISTORY[0])
    revision(at.folder, HISTORY[1])
    commits = "op.execute(\"INSERT INTO users (name) VALUES ('admin')\"); op.get_bind().commit()"
    revision(at.folder, ("4c9f", "2a7d", None, "Add the first user", commits, "pass"))
    revision(at.folder, ("5d1a", "4c9f", None, "Pay old orders", 'op.execute("UPDATE orders SET paid = 1")', "pass"))
    at.run("ellar-db upgrade")
    at.run("ellar-db status")


@contextmanager
def postgresql(at: Session) -> Iterator[Any]:
    """A project on a PostgreSQL database of its own, which has a table and one more revision for it."""
    from sqlalchemy import NullPool, create_engine, make_url, text

    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"ellar_db_pictures_{os.getpid()}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        url = make_url(SERVER).set(database=name)
        configure(at.folder, f'[tool.ellar-db]\ndatabase = "{url.render_as_string(hide_password=False)}"\n')
        at.run("ellar-db init", is_shown=False)
        revision(at.folder, ("4c9f", None, None, "Add orders", f'op.create_table("orders", {ID})', "pass"))
        at.run("ellar-db upgrade", is_shown=False)
        revision(at.folder, ("5d1a", "4c9f", None, "Name orders", f'op.add_column("orders", {NAME})', "pass"))
        with closing(
            create_engine(url, poolclass=NullPool, connect_args={"application_name": "shop web"}).connect()
        ) as it:
            yield it
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def wait_for_session(at: Session) -> None:
    """A statement of a revision that waits for another session."""
    from sqlalchemy import text

    with postgresql(at) as other:
        other.execute(text("SELECT * FROM orders WHERE id = 1"))

        def release(running: Terminal) -> None:
            running.answer("Waiting on", "")
            other.rollback()

        at.run("ellar-db upgrade", during=release)


def wait_for_run(at: Session) -> None:
    """A run that waits for another run, which has the lock."""
    with postgresql(at):
        up = "import pathlib, time\n    while not pathlib.Path('go').exists(): time.sleep(0.05)"
        revision(at.folder, ("5d1a", "4c9f", None, "Name orders", up, "pass"))
        first = [str(Path(sys.executable).with_name("ellar-db")), "upgrade"]
        with all_on_terminal(first, at.folder, {}, columns=at.shown.width) as holder:
            holder.answer("5d1a", "")

            def release(running: Terminal) -> None:
                running.answer("migrated by", "")
                (at.folder / "go").touch()
                holder.end()

            at.run("ellar-db upgrade", during=release)


def many(at: Session) -> None:
    """A run of 300 revisions, in its middle and at its end."""
    configure(at.folder, '[tool.ellar-db]\ndatabase = "sqlite:///shop.db"\n')
    at.run("ellar-db init", is_shown=False)
    for number in range(1, 301):
        down = f"{number - 1:04}" if number > 1 else None
        up = f'op.create_table("report_{number}", {ID})'
        revision(at.folder, (f"{number:04}", down, None, f"Add report {number}", up, "pass"))
    said = at.run("ellar-db upgrade", is_shown=False)
    at.note("while it runs")
    at.prompt("ellar-db upgrade")
    at.shown.feed(at.settled(said[: said.index("\r", said.index("[137/300]"))]) + "\n\n")
    at.note("at its end")
    at.prompt("ellar-db upgrade")
    at.shown.feed(at.settled(said))


FLEET = """
from ellar_db import Database, hookimpl


@hookimpl
def ellar_db_databases(wanted):
    for number in range(1, 41):
        yield Database(f"shop_{number:02}", f"sqlite:///shop_{number:02}.db", group="shops")
"""


def fleet(at: Session) -> None:
    """A run on 40 databases, of which two fail, in its middle and at its end."""
    configure(at.folder, '[tool.ellar-db]\nplugins = ["shops"]\n')
    (at.folder / "shops.py").write_text(FLEET, encoding="utf-8")
    at.run("ellar-db init --group shops", is_shown=False)
    # long enough on one database that the line below is written after it
    slow = "op.get_bind().engine.url.database.endswith('shop_17.db') and __import__('time').sleep(0.3)"
    revision(at.folder, ("19f0", None, None, "First tables", f"{slow}\n    {HISTORY[0][4]}", "pass"))
    for name in ("shop_09", "shop_31"):
        with closing(sqlite3.connect(at.folder / f"{name}.db")) as file:
            file.execute("CREATE TABLE shops (id INTEGER)")
    command = "ellar-db upgrade --create --keep-going"
    said = at.run(command.replace("_", " "), is_shown=False)
    at.note("while it runs")
    at.prompt(command)
    at.shown.feed(at.settled(said[: said.index("\r", said.index("17 of 40"))]) + "\n\n")
    at.note("at its end")
    at.prompt(command)
    at.shown.feed(at.settled(said))


def question(at: Session) -> None:
    """The question before a downgrade that drops tables with rows."""
    configure(at.folder, '[tool.ellar-db]\ndatabase = "sqlite:///shop.db"\n')
    at.run("ellar-db init", is_shown=False)
    for row in (HISTORY[0], HISTORY[1], HISTORY[3]):
        revision(at.folder, row)
    at.run("ellar-db upgrade", is_shown=False)
    with closing(sqlite3.connect(at.folder / "shop.db")) as file, file:
        file.executemany("INSERT INTO orders (name) VALUES (?)", [("order",)] * 1250)
        file.executemany("INSERT INTO users (name) VALUES (?)", [("user",)] * 37)
    at.run("ellar-db downgrade 19f0", [("?", "n\n")])


def rename(at: Session) -> None:
    """The question whether a column was renamed."""
    configure(at.folder, '[tool.ellar-db]\ndatabase = "sqlite:///shop.db"\nmetadata = "models:Base"\n')
    (at.folder / "models.py").write_text(MODELS.format(column="name"), encoding="utf-8")
    at.run("ellar-db init", is_shown=False)
    at.run('ellar-db migrate -m "Add_users"', is_shown=False)
    at.run("ellar-db upgrade", is_shown=False)
    (at.folder / "models.py").write_text(MODELS.format(column="full_name"), encoding="utf-8")
    at.run('ellar-db migrate -m "Rename_the_name"', [("?", "y\n")])


def plain_help(at: Session) -> None:
    """The help."""
    at.run("ellar-db --help")


CAPTURES: dict[str, Callable[[Session], None]] = {
    "quick-example": quick,
    "failure": failing,
    "half-done": half_done,
    "wait-for-session": wait_for_session,
    "wait-for-run": wait_for_run,
    "many-revisions": many,
    "many-databases": fleet,
    "status": on_shop("ellar-db status"),
    "doctor": on_shop("ellar-db doctor"),
    "downgrade": question,
    "rename": rename,
    "plan": on_shop("ellar-db plan --database default"),
    "lint": on_shop("ellar-db lint --all"),
    "verify": on_shop("ellar-db verify --all --database default"),
    "graph": on_shop("ellar-db graph"),
    "help": plain_help,
}


def captured(name: str, columns: int, folder: Path) -> Shown:
    """Return what a terminal shows of a run.

    Args:
        name: One of CAPTURES.
        columns: The width of the terminal.
        folder: An empty folder, for the project.
    """
    session = Session(folder, columns)
    CAPTURES[name](session)
    return session.shown
