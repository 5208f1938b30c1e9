"""What `check` costs on large schemas of PostgreSQL without differences, near and far, beside Alembic.

usage: python benchmarks/big_schemas.py [--pairs 5] [--only WORD] [--json FILE] [--growth]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from databases import Scratch, scratch_databases
from pairs import ALEMBIC, OURS, Row, Side, cost_of, measure_all, options
from sqlalchemy import MetaData, make_url

MODELS = '''
from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, MetaData, Numeric, String, Table
from sqlalchemy import func

metadata = MetaData()


def make(metadata: MetaData, schemas: list, tables: int) -> None:
    """Make tables of six columns in each schema."""
    for schema in schemas:
        place = f"{schema}." if schema else ""
        for number in range(tables):
            columns = [
                Column("id", Integer, primary_key=True),
                Column("code", String(40), nullable=False, index=True),
                Column("note", String(200)),
                Column("price", Numeric(10, 2), server_default="0"),
                Column("at", DateTime, server_default=func.now()),
            ]
            if number:
                columns.append(Column("before_id", ForeignKey(f"{place}table_{number - 1}.id", name=f"fk_{number}")))
            Table(
                f"table_{number}", metadata, *columns, CheckConstraint("price >= 0", name=f"ck_{number}"),
                Index(f"ix_{number}", "at"), schema=schema,
            )


'''  # fmt: skip


ALIKE = "what both compare"
"""What a row says in which ours leaves out what Alembic doesn't compare, to show what that costs."""

LEAVING_OUT = """
import sys

from alembic.util import PriorityDispatchResult

from ellar_db.autogenerate import pipeline
from ellar_db.cli import main
from ellar_db.util.garbage import search_rarely


def leave(*_):
    return PriorityDispatchResult.STOP


search_rarely()
pipeline.comparator = lambda *_: lambda *_: PriorityDispatchResult.CONTINUE
pipeline.compare_indexes = pipeline.keep_foreign_keys = pipeline.comparator()
pipeline.compare_identity = leave
pipeline.steps = tuple
sys.argv = ["ellar-db", "check"]
main()
"""


def folders(work: Path, url: str, schemas: list[str | None], tables: int) -> tuple[Path, Path]:
    """Make a folder of ours and one of Alembic's, for the same models."""
    models = f"{MODELS}make(metadata, {schemas!r}, {tables})\n"
    ours, theirs = work / "ours", work / "theirs"
    for folder in (ours, theirs):
        folder.mkdir(parents=True)
        (folder / "models.py").write_text(models, encoding="utf-8")
    settings = f"[tool.ellar-db]\ndatabase = '{url}'\nmetadata = 'models:metadata'\n"
    (ours / "pyproject.toml").write_text(settings, encoding="utf-8")
    cost_of((*OURS, "init"), ours)
    cost_of((*ALEMBIC, "init", "migrations"), theirs)
    ini, env = theirs / "alembic.ini", theirs / "migrations" / "env.py"
    ini.write_text(
        ini.read_text(encoding="utf-8").replace("driver://user:pass@localhost/dbname", url.replace("%", "%%")),
        encoding="utf-8",
    )
    text = env.read_text(encoding="utf-8").replace(
        "target_metadata = None", "from models import metadata as target_metadata"
    )
    options = ", include_schemas=True" if any(schemas) else ""
    env.write_text(
        text.replace("target_metadata=target_metadata", f"target_metadata=target_metadata{options}"), encoding="utf-8"
    )
    return ours, theirs


def create(database: Scratch, schemas: list[str | None], tables: int) -> None:
    """Make the tables, in an empty database."""
    space: dict[str, object] = {}
    exec(f"{MODELS}make(metadata, {schemas!r}, {tables})\n", space)
    metadata = space["metadata"]
    assert isinstance(metadata, MetaData)
    database.empty()
    with database.engine.begin() as connection:
        for schema in filter(None, schemas):
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        metadata.create_all(connection)


@contextmanager
def away(url: str, milliseconds: float) -> Iterator[str]:
    """Yield the URL of a database through a proxy that adds round-trip time."""
    known = make_url(url)
    command = [sys.executable, str(Path(__file__).with_name("distance.py")), known.host or "127.0.0.1"]
    command += [str(known.port or 5432), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        port = int(proxy.stdout.readline())
        yield known.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        proxy.kill()


def checked(name: str, ours: Path, theirs: Path, goal: float | None, by: str = "cpu", size: int = 0) -> Row:
    """Return a row of two checks that find nothing."""
    command = (sys.executable, "-c", LEAVING_OUT) if ALIKE in name else (*OURS, "check")
    return Row(name, "alembic", Side(command, ours), Side((*ALEMBIC, "check"), theirs), goal, by, size)


def rows(work: Path, database: Scratch, *, grows: bool) -> Iterator[Row]:
    """Yield the rows of the table, or those of growing numbers of tables; the tables are made when a row is reached."""
    cases: list[tuple[str, list[str | None], int, float | None, float]] = [
        ("check, 500 tables, PostgreSQL", [None], 500, 0.60, 0.0),
        (f"check, 500 tables, PostgreSQL, {ALIKE}", [None], 500, None, 0.0),
        ("check, 5 schemas of 60 tables", ["a", "b", "c", "d", "e"], 60, 0.50, 0.0),
        ("check, 1,000 tables, PostgreSQL at 10 ms", [None], 1_000, 0.30, 10.0),
    ]
    if grows:
        sizes = (100, 250, 500, 1_000)
        cases = [(f"check of tables in PostgreSQL, {size:,}", [None], size, None, 0.0) for size in sizes]
    for number, (title, schemas, tables, goal, distance) in enumerate(cases):
        create(database, schemas, tables)
        with away(database.url, distance) as url:
            ours, theirs = folders(work / str(number), url if distance else database.url, schemas, tables)
            yield checked(title, ours, theirs, goal, "wall" if distance else "cpu", tables)


def main() -> int:
    """Print a line for each row.

    Returns:
        1 if a goal was missed, else 0.
    """
    parser = options(__doc__)
    parser.add_argument("--growth", action="store_true", help="measure how the cost grows with the tables, instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_databases(Path(name), ["postgresql"]) as databases:
        work = Path(name)
        return measure_all((row for each in databases for row in rows(work, each, grows=given.growth)), given)


if __name__ == "__main__":
    sys.exit(main())
