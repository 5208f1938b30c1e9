"""Projects from which pages begin, and what their readers do between commands."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

from sqlalchemy import make_url

from ellar_db.testing import Application
from ellar_db.testing.project import MODELS
from tests.support.pages import ROOT
from tests.support.pages.reader import Reader, Step
from tests.support.revisions import BODY
from tests.support.servers import server, sync_engine
from tests.support.spares import execute as execute_on

TWO = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Reports(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)


class Report(Reports):
    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(primary_key=True)
"""

APPLICATION = """
from ellar.common import Module
from ellar.core import ModuleBase

from ellar_db import EllarDBModule


@Module(modules=[EllarDBModule.setup(databases={databases!r}, metadata={metadata!r})])
class ApplicationModule(ModuleBase):
    pass
"""


def nothing(reader: Reader) -> None:
    """Begin in an empty folder."""


def all_of(*steps: Step) -> Step:
    """Do several things, one after the other."""

    def do(reader: Reader) -> None:
        for step in steps:
            step(reader)

    return do


def run(*words: str, exit_code: int = 0) -> Step:
    """Run a command."""
    return lambda reader: reader.run(*words, exit_code=exit_code) and None


def quickstart(reader: Reader) -> None:
    """Begin in the project of the quick example."""
    shutil.copytree(ROOT / "examples" / "quickstart", reader.folder, dirs_exist_ok=True)


ARTICLE = """

class Article(model.Model):
    id = model.Column(model.Integer, primary_key=True)
    title = model.Column(model.String(200), nullable=False)
"""


def repository(reader: Reader) -> None:
    """Begin in a clone, of which the page needs the shop."""
    left = shutil.ignore_patterns("__pycache__", "*.db")
    shutil.copytree(ROOT / "examples" / "shop", reader.folder / "examples" / "shop", ignore=left)


def tutorial(reader: Reader) -> None:
    """Begin in the project in which the tutorial ends."""
    quickstart(reader)
    reader.run("ellar", "db", "init")
    reader.run("ellar", "db", "migrate", "-m", "Initial migration.")
    added("shop/models.py", ARTICLE)(reader)
    reader.run("ellar", "db", "upgrade")
    reader.run("ellar", "db", "migrate", "-m", "Add articles.")
    reader.run("ellar", "db", "upgrade")


def new_shop(reader: Reader) -> None:
    """Begin in a project made with `ellar new shop`."""
    reader.run("ellar", "new", "shop")
    reader.folder = reader.folder / "shop"


def application(
    databases: str | Mapping[str, str] = "sqlite:///shop.db",
    models: str = MODELS,
    metadata: str | Mapping[str, str] = "shop.models:Base",
) -> Step:
    """Begin in an Ellar application with plain SQLAlchemy, and its migrations in the folder `migrations`.

    Args:
        databases: The databases; a kind of server, such as "postgresql", stands for a new database there.
        models: The source of shop/models.py.
        metadata: The metadata of EllarDBModule.setup.
    """

    def begin(reader: Reader) -> None:
        made = (
            _url(reader, databases)
            if isinstance(databases, str)
            else {name: _url(reader, url) for name, url in databases.items()}
        )
        reader.url = made if isinstance(made, str) else made["default"]
        shop = Application(reader.folder)
        shop.with_plain_sqlalchemy("sqlite://")
        shop.write("shop/models.py", models)
        shop.write("shop/root_module.py", APPLICATION.format(databases=made, metadata=metadata))

    return begin


def standalone(url: str = "sqlite:///app.db", models: str = MODELS, extra: str = "") -> Step:
    """Begin in a project for `ellar-db`, with models.py and one database.

    Args:
        url: The database's URL, or a kind of server for a new database there.
        models: The source of models.py.
        extra: More lines of `[tool.ellar-db]`.
    """
    return lambda reader: reader.project.configure(url=_url(reader, url), models=models, extra=extra)


def _url(reader: Reader, url: str) -> str:
    return reader.database(url) if url in ("postgresql", "mariadb") else url


def not_there(url: str, kind: str = "postgresql") -> Step:
    """Let the page's URL be that of a database which isn't there yet.

    Args:
        url: What the page shows.
        kind: The kind of server.
    """

    def remove(reader: Reader) -> None:
        made = make_url(reader.database(kind))
        execute_on(server(kind), f"DROP DATABASE {made.database}")
        # without its password it is shown too
        for shown in (make_url(url).render_as_string(), url):
            reader.shown.names[shown] = made.render_as_string(hide_password=False)

    return remove


def written(name: str, text: str) -> Step:
    """Write a file."""
    return lambda reader: reader.project.write(name, text) and None


def added(name: str, text: str) -> Step:
    """Add lines to a file."""

    def add(reader: Reader) -> None:
        with (reader.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return add


def replaced(name: str, before: str, after: str) -> Step:
    """Put text in place of other text of a file."""

    def replace(reader: Reader) -> None:
        file = reader.folder / name
        text = file.read_text(encoding="utf-8")
        assert before in text, f"{name} has no {before!r}: {text}"
        file.write_text(text.replace(before, after), encoding="utf-8")

    return replace


def revision(
    rev_id: str, parent: str | None, up: str = "pass", down: str = "pass", title: str = "", name: str = ""
) -> Step:
    """Write a revision.

    Args:
        rev_id: Its id.
        parent: What it follows.
        up: What its upgrade does, in one line.
        down: What its downgrade does, in one line.
        title: The first line of its docstring.
        name: The name of its file, by default the id's and the title's.
    """
    name = name or f"{rev_id}_{title.lower().strip('.').replace(' ', '_')}"
    body = BODY.format(rev_id=rev_id, parent=parent, up=up, down=down)
    return written(f"migrations/versions/{name}.py", f'"""{title}"""\n{body}')


def statements(*sql: str, file: str = "shop.db") -> Step:
    """Execute statements on a SQLite file."""

    def execute(reader: Reader) -> None:
        with closing(sqlite3.connect(reader.folder / file)) as connection, connection:
            for statement in sql:
                connection.execute(statement)

    return execute


def on_server(*sql: str) -> Step:
    """Execute statements on the application's database."""

    def execute(reader: Reader) -> None:
        with sync_engine(reader.url).begin() as connection:
            for statement in sql:
                connection.exec_driver_sql(statement)

    return execute


def anew(start: Step, name: str) -> Step:
    """Go on in another project, which a part of the page is about."""

    def begin(reader: Reader) -> None:
        reader.begin(name)
        start(reader)

    return begin


def installed(*names: str) -> Step:
    """Install example plugins, as pip would."""

    def install(reader: Reader) -> None:
        for name in names:
            reader.install.from_folder(ROOT / "plugins_example" / name)

    return install


def folder_shown_as(path: str) -> Step:
    """Let the page show the project's folder under another path."""

    def show(reader: Reader) -> None:
        reader.shown.names[path] = str(reader.folder)

    return show


def in_git(*more: Callable[[Reader], None]) -> Step:
    """Put all files under version control, on the branch main."""
    return all_of(
        run("git", "init", "--quiet", "--initial-branch", "main"),
        run("git", "add", "."),
        run("git", "commit", "--quiet", "-m", "Begin"),
        *more,
    )


def committed(message: str = "Go on") -> Step:
    """Commit all changes."""
    return all_of(run("git", "add", "."), run("git", "commit", "--quiet", "-m", message))


first = partial(revision, "4f46dc2c65c3", None)
