"""Migrations folders that other programs made, with those programs, and filled in as their users do.

Each has the tables `user` (and, on a second database, `entry`) in its models. `MAKERS` has all of them by name.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from ellar_db.testing import Project
from ellar_db.testing.application import ELLAR_SQL_MODELS, PLAIN_MODELS
from tests.support.processes import FOREIGN, run
from tests.support.servers import asynchronous, sync_engine

WHOLE = os.environ.get("ELLAR_DB_FOLDERS") == "all"
"""Whether tests take folders of all kinds, as `make folders` does, instead of those that differ most."""

NewDatabase = Callable[[str], str]

MODELS = f"""{PLAIN_MODELS}

class Log(DeclarativeBase):
    pass


class Entry(Log):
    __tablename__ = "entry"

    id = Column(Integer, primary_key=True)
"""
FLASK = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}
app.config["SQLALCHEMY_BINDS"] = {binds!r}
db = SQLAlchemy(app)
Migrate(app, db)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(128))
"""
FLASK_ENTRY = """

class Entry(db.Model):
    __bind_key__ = "log"

    id = db.Column(db.Integer, primary_key=True)
"""
AIOFLASK = """
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy.ext.asyncio import create_async_engine

from models import Base


class Database:
    metadata = Base.metadata
    engine = create_async_engine({url!r})


app = Flask(__name__)
db = Database()
Migrate(app, db)
"""
ADVANCED_ALCHEMY = """
from advanced_alchemy.base import orm_registry
from advanced_alchemy.config import {kind}, {alembic}
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    registry = orm_registry


class User(Base):
    __tablename__ = "user"

    id = Column(Integer, primary_key=True)
    name = Column(String(128))


config = {kind}(
    connection_string={url!r},
    metadata=Base.metadata,
    alembic_config={alembic}(script_location="migrations"),
)
"""
ELLAR_SQL_ROOT = """
from ellar.common import Module
from ellar.core import ModuleBase
from ellar_sql import EllarSQLModule


@Module(
    modules=[
        EllarSQLModule.setup(
            databases={databases!r},
            migration_options={{"directory": "migrations"}},
            models=["shop.models"],
            root_path={root!r},
        )
    ]
)
class ApplicationModule(ModuleBase):
    pass
"""
ELLAR_SQL_ENTRY = """

class Entry(model.Model):
    __database__ = "log"

    id = model.Column(model.Integer, primary_key=True)
"""
REVISION = '''"""{message}

Revision ID: {rev_id}
Revises: {parent}
Create Date: 2026-01-01 00:00:00

"""
from alembic import op
import sqlalchemy as sa

revision = {rev_id!r}
down_revision = {parent!r}
branch_labels = None
depends_on = None

'''
SEVERAL = """
def upgrade(engine_name):
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name):
    globals()["downgrade_%s" % engine_name]()
"""


@dataclass(frozen=True)
class ForeignFolder:
    """A migrations folder that another program made, and how to run commands on it.

    Args:
        kind: Its name in `MAKERS`.
        project: The project around it, whose folder is the working directory.
        urls: The databases by the name that the functions of its revisions have: `upgrade_<name>()`; a folder for one
            database has `upgrade()`, and the name "default" here.
        program: The program that made the folder, before the command.
        options: Options of `ellar-db` before the command; None if the folder can't run in it as it is.
        several: It is for several databases.
        directory: Its path in the project.
        version_table: The name of its version table.
        titles: What the program calls commands, where Alembic calls them differently.
        flags: Options of the program after certain commands.
    """

    kind: str
    project: Project
    urls: Mapping[str, str]
    program: Sequence[str]
    options: Sequence[str] | None
    several: bool = False
    directory: str = "migrations"
    version_table: str = "alembic_version"
    titles: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The folder."""
        return self.project.path / self.directory

    def bare(
        self, command: str, *arguments: str, exit_code: int | None = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Alembic's, spelt as by Alembic, with the program that made the folder."""
        named = self.titles.get(command, command)
        flags = self.flags.get(command, ())
        return run(self.project, *self.program, named, *flags, *arguments, exit_code=exit_code, env=env)

    def ours(
        self, command: str, *arguments: str, exit_code: int | None = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command with `ellar-db`, on the folder as it is."""
        assert self.options is not None, f"{self.kind} needs the program that made it"
        return run(self.project, "ellar-db", *self.options, command, *arguments, exit_code=exit_code, env=env)

    def adopted(
        self, command: str, *arguments: str, exit_code: int | None = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command with `ellar-db`, once the folder is ellar_db's."""
        modules = FOREIGN.get(self.program[1], ()) if self.program[0] == "-m" else ()
        return run(self.project, "ellar-db", command, *arguments, exit_code=exit_code, env=env, modules=modules)

    def write(
        self,
        rev_id: str,
        parent: str | None,
        upgrade: str | Mapping[str, str] = "pass",
        downgrade: str | Mapping[str, str] = "pass",
        *,
        message: str = "By hand",
    ) -> Path:
        """Write a revision file.

        Args:
            rev_id: Its id.
            parent: The id of the one before it.
            upgrade: What `upgrade()` does, on one line; in a folder for several databases what each does, by name.
            downgrade: The same for `downgrade()`.
            message: Its message.
        """
        text = REVISION.format(rev_id=rev_id, parent=parent, message=message)
        bodies = {"upgrade": upgrade, "downgrade": downgrade}
        if self.several:
            text += SEVERAL
        for name, body in bodies.items():
            for database in self.urls if self.several else ("",):
                line = body if isinstance(body, str) else body.get(database, "pass")
                text += f"\n\ndef {name}{f'_{database}' if self.several else ''}():\n    {line}\n"
        return self.project.write(f"{self.directory}/versions/{rev_id}_.py", text)

    def schema(self) -> dict[str, dict[str, list[str]]]:
        """Return the columns of all tables, by database and table, without the tables of Alembic and ellar_db."""
        found = {}
        for name, url in self.urls.items():
            engine = sync_engine(url)
            try:
                inspector = inspect(engine)
                found[name] = {
                    table: [column["name"] for column in inspector.get_columns(table)]
                    for table in sorted(inspector.get_table_names())
                    if table not in (self.version_table, "ellar_db_journal")
                }
            finally:
                engine.dispose()
        return found

    def heads(self, table: str | None = None) -> dict[str, list[str]]:
        """Return the revisions in the version tables, by database; none where there is no such table."""
        table = table or self.version_table
        found = {}
        for name, url in self.urls.items():
            engine = sync_engine(url)
            try:
                with engine.connect() as connection:
                    there = table in inspect(connection).get_table_names()
                    rows = connection.exec_driver_sql(f"SELECT version_num FROM {table}") if there else ()
                    found[name] = sorted(row[0] for row in rows)
            finally:
                engine.dispose()
        return found

    def files(self) -> dict[str, str]:
        """Return the text of each file in the project but its databases, by its path."""
        return {
            file.relative_to(self.project.path).as_posix(): file.read_text(encoding="utf-8")
            for file in sorted(self.project.path.rglob("*"))
            if file.is_file() and file.suffix not in (".db", ".pyc") and file.name != ".revisions"
        }


def alembic_folder(template: str, project: Project, new_database: NewDatabase, kind: str = "sqlite") -> ForeignFolder:
    """Make a folder by `alembic init`.

    Args:
        template: Alembic's template.
        project: The project, in whose folder it is made.
        new_database: The fixture.
        kind: The kind of database.
    """
    project.write("models.py", MODELS)
    run(project, "alembic", "init", "-t", template, "migrations")
    several = template == "multidb"
    urls = {name: new_database(kind) for name in (("engine1", "engine2") if several else ("default",))}
    ini = project.path / "alembic.ini"
    text = ini.read_text(encoding="utf-8")
    for name, placeholder in zip(reversed(urls), ("dbname2", "dbname") if several else ("dbname",), strict=True):
        url = asynchronous(urls[name]) if "async" in template else urls[name]
        text = text.replace(f"driver://user:pass@localhost/{placeholder}", url.replace("%", "%%"))
    ini.write_text(text, encoding="utf-8")
    env = project.path / "migrations" / "env.py"
    metadata = "{'engine1': Base.metadata, 'engine2': Log.metadata}" if several else "Base.metadata"
    imports = "from models import Base, Log" if several else "from models import Base"
    blank = "target_metadata = {}" if several else "target_metadata = None"
    source = env.read_text(encoding="utf-8")
    assert blank in source
    env.write_text(source.replace(blank, f"{imports}\ntarget_metadata = {metadata}"), encoding="utf-8")
    files = ("-c", "alembic.ini", "-c", "pyproject.toml") if "pyproject" in template else ("-c", "alembic.ini")
    return ForeignFolder(template, project, urls, ("alembic",), files, several)


def flask_folder(template: str, project: Project, new_database: NewDatabase, kind: str = "sqlite") -> ForeignFolder:
    """Make a folder by `flask db init`.

    Args:
        template: Flask-Migrate's template: flask, flask-multidb or aioflask.
        project: The project, in whose folder it is made.
        new_database: The fixture.
        kind: The kind of database.
    """
    several = template == "flask-multidb"
    urls = {"" if several else "default": new_database(kind)}
    if several:
        urls["log"] = new_database(kind)
    main, *others = urls.values()
    if template == "aioflask":
        project.write("models.py", MODELS)
        project.write("app.py", AIOFLASK.format(url=asynchronous(main)))
    else:
        models = FLASK.format(url=main, binds={"log": others[0]} if several else {})
        project.write("app.py", models + (FLASK_ENTRY if several else ""))
    program = ("-m", "flask", "db")
    run(project, *program, "init", "-t", template)
    return ForeignFolder(template, project, urls, program, None, several)


def ellar_sql_folder(several: bool, project: Project, new_database: NewDatabase, kind: str = "sqlite") -> ForeignFolder:
    """Make a folder by ellar-sql's own `ellar db init`, in an application without EllarDBModule, or skip without it.

    Args:
        several: `--multiple`, for two databases.
        project: The project, in whose folder it is made.
        new_database: The fixture.
        kind: The kind of database, with "+async" for an async driver.
    """
    from ellar_db.testing.application import PYPROJECT, SERVER

    if importlib.util.find_spec("ellar_sql") is None:
        pytest.skip("ellar-sql isn't installed")
    server, _, driver = kind.partition("+")
    urls = {name: new_database(server) for name in (("default", "log") if several else ("default",))}
    databases = {name: asynchronous(url) if driver else url for name, url in urls.items()}
    project.write("pyproject.toml", PYPROJECT)
    project.write("shop/__init__.py", "")
    project.write(
        "shop/config.py",
        "from ellar.core import ConfigDefaultTypesMixin\n\n\n"
        "class DevelopmentConfig(ConfigDefaultTypesMixin):\n    DEBUG = True\n",
    )
    project.write("shop/server.py", SERVER)
    project.write("shop/models.py", ELLAR_SQL_MODELS + (ELLAR_SQL_ENTRY if several else ""))
    project.write("shop/root_module.py", ELLAR_SQL_ROOT.format(databases=databases, root=str(project.path)))
    run(project, "ellar", "db", "init", *(("--multiple",) if several else ()))
    name = "ellar-sql-multiple" if several else "ellar-sql"
    return ForeignFolder(name, project, urls, ("ellar", "db"), (), several)


def advanced_alchemy_folder(
    is_async: bool, project: Project, new_database: NewDatabase, kind: str = "sqlite"
) -> ForeignFolder:
    """Make a folder by `alchemy init`, or skip where advanced-alchemy isn't installed.

    Args:
        is_async: With an async engine.
        project: The project, in whose folder it is made.
        new_database: The fixture.
        kind: The kind of database.
    """
    if importlib.util.find_spec("advanced_alchemy") is None:
        pytest.skip("advanced-alchemy isn't installed beside the rest")
    url = new_database(kind)
    sort = "Async" if is_async else "Sync"
    source = ADVANCED_ALCHEMY.format(
        kind=f"SQLAlchemy{sort}Config", alembic=f"Alembic{sort}Config", url=asynchronous(url) if is_async else url
    )
    project.write("app.py", source)
    program = ("-m", "advanced_alchemy", "--config", "app.config")
    run(project, *program, "init", "--no-prompt", "migrations")
    return ForeignFolder(
        f"advanced-alchemy-{sort.lower()}",
        project,
        {"default": url},
        program,
        None,
        version_table="alembic_versions",
        titles={"current": "show-current-revision", "revision": "make-migrations"},
        flags={name: ("--no-prompt",) for name in ("upgrade", "downgrade", "revision", "stamp")},
    )


Maker = Callable[..., ForeignFolder]


def _of(make: Callable[..., ForeignFolder], variant: Any) -> Maker:
    def made(project: Project, new_database: NewDatabase, kind: str = "sqlite") -> ForeignFolder:
        project.path.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make(variant, project, new_database, kind)

    return made


ALEMBIC = ("generic", "async", "multidb", "pyproject", "pyproject_async")
"""Alembic's own templates."""

MAKERS: dict[str, Maker] = {
    **{template: _of(alembic_folder, template) for template in ALEMBIC},
    **{template: _of(flask_folder, template) for template in ("flask", "flask-multidb", "aioflask")},
    "ellar-sql": _of(ellar_sql_folder, False),
    "ellar-sql-multiple": _of(ellar_sql_folder, True),
    "advanced-alchemy-sync": _of(advanced_alchemy_folder, False),
    "advanced-alchemy-async": _of(advanced_alchemy_folder, True),
}
