"""What migrating many databases with the same tables costs, beside what teams do with Alembic: a loop, a process each.

usage: python benchmarks/fleets.py [--pairs 5] [--only WORD] [--json FILE] [--growth] [--most 2000]
    [--most-schemas 500]

Alembic's env.py is that of the recipe for tenants in its documentation: `-x tenant=NAME` sets the search path.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from databases import Scratch, scratch_databases
from histories import write_history
from pairs import ALEMBIC, OURS, Row, Side, cost_of, measure_all, options

ENV = """from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

tenant = context.get_x_argument(as_dictionary=True)["tenant"]
url = context.config.get_main_option("sqlalchemy.url")
if url.startswith("sqlite"):
    url = url.replace("TENANT", tenant)
engine = create_engine(url, poolclass=NullPool)
with engine.connect() as connection:
    if not url.startswith("sqlite"):
        connection.execute(text(f'SET search_path TO "{tenant}"'))
        connection.commit()
        connection.dialect.default_schema_name = tenant
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""

LOOP = """import sys
from argparse import Namespace

from alembic import command
from alembic.config import Config

for number in range(int(sys.argv[1])):
    config = Config("alembic.ini", cmd_opts=Namespace(x=[f"tenant=t{number}"]))
    command.upgrade(config, "head")
"""

EACH = """import subprocess
import sys

for number in range(int(sys.argv[1])):
    subprocess.run([sys.executable, "-m", "alembic", "-x", f"tenant=t{number}", "upgrade", "head"], check=True)
"""

IMPORTS = "import alembic.command, psycopg, sqlalchemy.dialects.postgresql.psycopg"
"""What each program that migrates PostgreSQL with Alembic imports before it does anything."""

TENANTS = """from sqlalchemy import MetaData

from ellar_db import Database
from ellar_db.hookspecs import hookimpl

metadata = MetaData()


@hookimpl
def ellar_db_databases():
    for number in range({number}):
        name = f"t{{number}}"
        if {url!r}.startswith("sqlite"):
            yield Database(name, {url!r}.replace("TENANT", name), metadata, group="tenants")
        else:
            yield Database(name, {url!r}, metadata, schema=name, group="tenants")
"""


def folders(work: Path, url: str, revisions: int, tenants: int) -> tuple[Path, Path]:
    """Make a project of ours and a folder of Alembic's, with the same revisions."""
    ours, theirs = work / "ours", work / "theirs"
    for folder in (ours, theirs):
        folder.mkdir(parents=True)
        if url.startswith("sqlite"):
            (folder / "files").mkdir()
    (ours / "pyproject.toml").write_text('[tool.ellar-db]\nplugins = ["tenants"]\n', encoding="utf-8")
    (ours / "tenants.py").write_text(TENANTS.format(number=tenants, url=url), encoding="utf-8")
    cost_of((*OURS, "init"), ours)
    write_history(ours / "migrations" / "versions", revisions)
    cost_of((*ALEMBIC, "init", "migrations"), theirs)
    (theirs / "migrations" / "env.py").write_text(ENV, encoding="utf-8")
    ini = theirs / "alembic.ini"
    ini.write_text(
        ini.read_text(encoding="utf-8").replace("driver://user:pass@localhost/dbname", url.replace("%", "%%")),
        encoding="utf-8",
    )
    write_history(theirs / "migrations" / "versions", revisions)
    (theirs / "loop.py").write_text(LOOP, encoding="utf-8")
    (theirs / "each.py").write_text(EACH, encoding="utf-8")
    return ours, theirs


def make_schemas(database: Scratch, number: int) -> None:
    """Make empty schemas."""
    database.empty()
    with database.engine.begin() as connection:
        for each in range(number):
            connection.exec_driver_sql(f"CREATE SCHEMA t{each}")


def no_files(folder: Path) -> None:
    """Remove the files of the databases."""
    for file in (folder / "files").iterdir():
        file.unlink()


def rows(work: Path, server: Scratch | None) -> Iterator[Row]:
    """Yield the rows of the table."""
    if server is None:
        print("PostgreSQL doesn't answer: rows of schemas are left out", file=sys.stderr)
        return
    ours, theirs = folders(work / "head", server.url, 30, 200)
    make_schemas(server, 200)
    cost_of((*OURS, "upgrade"), ours)
    loop = (sys.executable, "loop.py", "200")
    yield Row(
        "200 schemas at head, PostgreSQL", "a loop of command.upgrade", Side((*OURS, "upgrade"), ours),
        Side(loop, theirs), 0.05,
    )  # fmt: skip
    yield Row(
        "200 schemas at head, PostgreSQL: the imports alone", "a loop of command.upgrade",
        Side((sys.executable, "-c", IMPORTS), ours), Side(loop, theirs),
    )  # fmt: skip
    yield one_more(work, server, 200)
    yield one_more(work, server, 200, jobs=2)
    ours, theirs = folders(work / "new", server.url, 30, 50)
    anew = partial(make_schemas, server, 50)
    theirs_each = Side((sys.executable, "each.py", "50"), theirs, before=anew)
    name = "50 new schemas, 30 revisions, PostgreSQL"
    for title, jobs, goal in ((name, 2, 0.12), (f"{name}, 12 jobs", 12, None)):
        yield Row(
            title, "an alembic process each",
            Side((*OURS, "upgrade", "--jobs", str(jobs)), ours, before=anew), theirs_each, goal, "wall",
        )  # fmt: skip


def one_more(work: Path, server: Scratch, number: int, jobs: int = 1) -> Row:
    """Return the row of a new revision, the last of three, in schemas that have the tables of the others."""
    folder = work / f"schemas-{number}-{jobs}"
    ours, theirs = folders(folder, server.url, 3, number)
    make_schemas(server, number)
    cost_of((*OURS, "upgrade", "--jobs", "2"), ours)
    back = partial(cost_of, (*OURS, "downgrade", "--yes", "--jobs", "2", "--", "-1"), ours)
    at_once = ("--jobs", str(jobs)) if jobs > 1 else ()
    return Row(
        f"a new revision, schemas of PostgreSQL{f' and {jobs} jobs' if jobs > 1 else ''}, {number:,}",
        "a loop of command.upgrade", Side((*OURS, "upgrade", *at_once), ours, before=back),
        Side((sys.executable, "loop.py", str(number)), theirs, before=back), None, "wall", number,
    )  # fmt: skip


def growth(work: Path, most: int) -> Iterator[Row]:
    """Yield rows of growing numbers of SQLite files."""
    number = 10
    while number <= most:
        folder = work / f"files-{number}"
        for goal, title in ((None, "new SQLite files, 3 revisions, tenants"), (None, "SQLite files at head, tenants")):
            shutil.rmtree(folder, ignore_errors=True)
            ours, theirs = folders(folder, "sqlite:///files/TENANT.db", 3, number)
            new = title.startswith("new")
            loop = (sys.executable, "loop.py", str(number))
            if not new:
                cost_of((*OURS, "upgrade"), ours)
                cost_of(loop, theirs)
            yield Row(
                f"{title}, {number:,}", "a loop of command.upgrade",
                Side((*OURS, "upgrade"), ours, before=partial(no_files, ours) if new else bool),
                Side(loop, theirs, before=partial(no_files, theirs) if new else bool),
                goal, size=number,
            )  # fmt: skip
        number *= 10 if number * 10 <= most else 2 if number * 2 <= most else most + 1


def growth_of_schemas(work: Path, server: Scratch, most: int) -> Iterator[Row]:
    """Yield rows of growing numbers of schemas."""
    for number in (each for each in (10, 100, 500, 2_000) if each <= most):
        yield one_more(work, server, number)


def main() -> int:
    """Print a line for each row.

    Returns:
        1 if a goal was missed, else 0.
    """
    parser = options(__doc__)
    parser.add_argument("--growth", action="store_true", help="measure how costs grow, instead")
    parser.add_argument("--most", type=int, default=2_000, help="the largest number of databases")
    parser.add_argument("--most-schemas", type=int, default=500, help="the largest number of schemas")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_databases(Path(name), ["postgresql"]) as servers:
        work, server = Path(name), next(iter(servers), None)
        wanted = rows(work, server)
        if given.growth:
            of_schemas = () if server is None else growth_of_schemas(work, server, given.most_schemas)
            wanted = chain(growth(work, given.most), of_schemas)
        return measure_all(wanted, given)


if __name__ == "__main__":
    sys.exit(main())
