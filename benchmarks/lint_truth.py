"""Measure what the revisions of `lint_corpus/` do to programs that read and write the same tables meanwhile.

Each change runs through Alembic alone, twice: over tables of a few rows and over tables of many. Other connections
read one row and write one row of each table all the time. A change is dangerous if one of them once waits for long:
for a good part of the time that the change takes, and for longer the more rows there are. The least of up to three
tries decides, since a busy machine makes everybody wait.

    python benchmarks/lint_truth.py                      # all that isn't known yet
    python benchmarks/lint_truth.py --again index_plain  # one case, whatever is known
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, create_engine, pool, text
from sqlalchemy.exc import SQLAlchemyError

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.databases import SERVERS
from benchmarks.lint_corpus import CASES
from benchmarks.lint_corpus.case import MARIADB, POSTGRESQL, Case
from tests.support.servers import OwnPostgres

RESULTS = Path(__file__).parent / "lint_corpus" / "truth.json"

ROWS = {POSTGRESQL: 1_000_000, MARIADB: 300_000}
"""The number of rows of a table with many."""

FEW = 20
"""The number of rows of a table with few."""

LONG = 0.03
"""The seconds from which a wait is long."""

SHARE = 0.05
"""The share of the time that the change takes from which it is: what comes in parts makes nobody wait for the whole."""

TIMES = 4
"""How many times longer than with few rows it must be."""

SURE = 0.8
"""The seconds from which a wait isn't tried again."""

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

NUMBERS = {
    POSTGRESQL: "generate_series(1, :rows) AS n(g)",
    MARIADB: "(SELECT seq AS g FROM seq_1_to_2000000 WHERE seq <= :rows) n",
}
FILL = (
    "INSERT INTO users (id, name, email, age, score, note, code, created, seen, active, team_id) "
    "SELECT g, concat('name ', g), concat('u', g, '@example.org'), g % 90, g % 1000, repeat('n', 180), "
    "concat('', g), '2024-01-01', '2024-01-01', g % 2 = 0, g FROM {numbers}",
    "INSERT INTO orders (id, user_id, amount, status, placed, remark) "
    "SELECT g, g, g % 1000, CASE WHEN g % 2 = 0 THEN 'new' ELSE 'paid' END, '2024-01-01', repeat('r', 200) "
    "FROM {numbers}",
    "INSERT INTO teams (id, name) SELECT g, concat('team ', g) FROM {numbers}",
)
PLACES = {
    POSTGRESQL: "SELECT c.relname, c.relkind = 'm', "
    "EXISTS (SELECT FROM pg_index i WHERE indrelid = c.oid AND indisprimary) "
    "FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm') "
    "AND relname <> 'alembic_version'",
    MARIADB: "SELECT table_name, 0, 1 FROM information_schema.tables WHERE table_schema = database() "
    "AND table_name <> 'alembic_version'",
}


@dataclass(frozen=True)
class Place:
    """A table that other programs use.

    Args:
        name: Its name.
        is_view: It can only be read.
        has_key: It has a primary key, by which a row is found.
    """

    name: str
    is_view: bool
    has_key: bool


class Program(threading.Thread):
    """A program that reads or writes a row of one table, over and over.

    Args:
        engine: The database.
        statement: What it executes, with `:row` for the number of a row.
        rows: How many rows there are.
    """

    def __init__(self, engine: Engine, statement: str, rows: int) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self._statement = text(statement)
        self._numbered = ":row" in statement
        self._rows = rows
        self._end = threading.Event()
        self._connection = engine.connect()
        self._random = Random(statement)

    def run(self) -> None:
        while not self._end.is_set():
            values = {"row": self._random.randint(1, self._rows)} if self._numbered else {}
            begin = time.monotonic()
            try:
                self._connection.execute(self._statement, values)
                self._connection.commit()
            except SQLAlchemyError:
                self._connection.rollback()
            self.longest = max(self.longest, time.monotonic() - begin)
            self._end.wait(0.003)
        self._connection.close()

    def stop(self) -> float:
        """Stop, and return the longest wait."""
        self._end.set()
        self.join()
        return self.longest


class Server:
    """A server on which changes are tried.

    Args:
        kind: The kind of database.
        url: The URL of a database on it.
    """

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
        self.name = f"lint_truth_{uuid.uuid4().hex[:8]}"
        self._made: list[str] = []

    @property
    def version(self) -> str:
        """The server's version."""
        with self.engine.connect() as connection:
            return ".".join(map(str, connection.dialect.server_version_info or ()))

    def database(self, name: str) -> Engine:
        """Return an engine for a database."""
        return create_engine(self.engine.url.set(database=name), poolclass=pool.NullPool)

    def _execute(self, *statements: str) -> None:
        with self.engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def template(self, rows: int, folder: Path) -> str:
        """Return the name of a database with the tables of all cases and their rows."""
        name = f"{self.name}_{rows}"
        if name not in self._made:
            self._execute(f"CREATE DATABASE {name}")
            self._made.append(name)
            engine = self.database(name)
            upgrade(engine, folder, "tables")
            with engine.begin() as connection:
                for statement in FILL:
                    connection.execute(text(statement.format(numbers=NUMBERS[self.kind])), {"rows": rows})
            if self.kind == POSTGRESQL:
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM ANALYZE")
        return name

    @contextmanager
    def copy(self, template: str) -> Iterator[Engine]:
        """Yield a copy of a database."""
        name = f"{self.name}_copy"
        self._execute(f"DROP DATABASE IF EXISTS {name}")
        if self.kind == POSTGRESQL:
            self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        else:
            self._execute(f"CREATE DATABASE {name}")
            for table in ("users", "orders", "teams", "alembic_version"):
                self._execute(
                    f"CREATE TABLE {name}.{table} LIKE {template}.{table}",
                    f"INSERT INTO {name}.{table} SELECT * FROM {template}.{table}",
                )
        try:
            yield self.database(name)
        finally:
            self._execute(f"DROP DATABASE {name}{' WITH (FORCE)' if self.kind == POSTGRESQL else ''}")

    def close(self) -> None:
        """Drop what was made."""
        for name in self._made:
            self._execute(f"DROP DATABASE {name}")


def upgrade(engine: Engine, folder: Path, revision: str) -> None:
    """Apply revisions with Alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("sqlalchemy.url", engine.url.render_as_string(hide_password=False).replace("%", "%%"))
    command.upgrade(config, revision)


def programs(engine: Engine, kind: str, rows: int) -> tuple[list[Program], list[Program]]:
    """Return the programs that read, and those that write."""
    with engine.connect() as connection:
        places = [Place(name, bool(view), bool(key)) for name, view, key in connection.execute(text(PLACES[kind]))]
    reading, writing = [], []
    for place in places:
        reading.append(Program(engine, f"SELECT * FROM {place.name} LIMIT 1", rows))
        if not place.is_view:
            written = f"UPDATE {place.name} SET id = id WHERE id = :row"
            if not place.has_key:
                written = f"INSERT INTO {place.name} SELECT * FROM {place.name} LIMIT 1"
            writing.append(Program(engine, written, rows))
    return reading, writing


def waits(server: Server, case: Case, folder: Path, rows: int) -> tuple[float, float, float]:
    """Return the longest wait of a program that reads and of one that writes, and how long the change takes."""
    with server.copy(server.template(rows, folder)) as engine:
        upgrade(engine, folder, "before")
        with engine.begin() as connection:
            for statement in filter(None, case.fill.split("; ")):
                connection.execute(text(statement), {"rows": rows})
        settle(server, engine)
        reading, writing = programs(engine, case.kind, rows)
        for program in (*reading, *writing):
            program.start()
        time.sleep(0.1)
        begin = time.monotonic()
        try:
            upgrade(engine, folder, "change")
        finally:
            took = time.monotonic() - begin
            time.sleep(0.02)
            found = [max((program.stop() for program in group), default=0.0) for group in (reading, writing)]
        return found[0], found[1], took


def settle(server: Server, engine: Engine) -> None:
    """Let the server write what it has to, so that it doesn't do that meanwhile."""
    if server.kind == POSTGRESQL:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CHECKPOINT")


def measured(server: Server, case: Case) -> dict[str, Any]:
    """Return what a change does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "env.py").write_text(ENV)
        case.write(folder / "versions")
        few = waits(server, case, folder, FEW)
        many = waits(server, case, folder, ROWS[case.kind])
        tries = 1
        while is_long(many, few) and max(many[:2]) < SURE and tries < 3:
            again = waits(server, case, folder, ROWS[case.kind])
            many = min(many, again, key=lambda each: max(each[:2]))
            tries += 1
    found = {
        "reads": [round(few[0], 3), round(many[0], 3)],
        "writes": [round(few[1], 3), round(many[1], 3)],
        "took": [round(few[2], 3), round(many[2], 3)],
        "tries": tries,
        "of": fingerprint(case),
    }
    return {"dangerous": is_dangerous(found), **found}


def is_dangerous(found: Mapping[str, Any]) -> bool:
    """Return whether what was measured is dangerous."""
    few, many = ([found[key][i] for key in ("reads", "writes", "took")] for i in (0, 1))
    return is_long(many, few)


def is_long(many: Sequence[float], few: Sequence[float]) -> bool:
    """Return whether a wait is long, and longer with many rows."""
    least = max(LONG, SHARE * many[2])
    return any(many[i] >= max(least, TIMES * few[i]) for i in (0, 1))


def fingerprint(case: Case) -> str:
    """Return what is different if a case is."""
    return hashlib.sha256(repr(case).encode()).hexdigest()[:12]


@contextmanager
def opened(kinds: Sequence[str]) -> Iterator[dict[str, Server]]:
    """Yield the servers: a PostgreSQL of its own that nobody else uses, and the MariaDB that is there."""
    import os

    made = {}
    with OwnPostgres(shared_buffers="2GB", max_wal_size="8GB", checkpoint_timeout="30min", autovacuum="off") as own:
        variable, default = SERVERS[MARIADB]
        urls = {POSTGRESQL: own.url, MARIADB: os.environ.get(variable, default)}
        try:
            for kind in kinds:
                made[kind] = Server(kind, urls[kind])
            yield made
        finally:
            for server in made.values():
                server.close()


def main() -> int:
    """Measure the cases that aren't known yet, and store each at once."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--again", action="append", default=[], metavar="NAME", help="a case, whatever is known")
    parser.add_argument("--kind", choices=(POSTGRESQL, MARIADB), help="only one kind of database")
    given = parser.parse_args()
    known: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"servers": {}, "cases": {}}
    cases = {f"{case.kind}/{case.name}": case for case in CASES}
    known["rows"] = {"few": FEW, **ROWS}
    known["cases"] = {key: known["cases"][key] for key in cases if key in known["cases"]}
    for found in known["cases"].values():
        found["dangerous"] = is_dangerous(found)
    RESULTS.write_text(json.dumps(known, indent=1) + "\n")

    def is_wanted(key: str, case: Case) -> bool:
        if given.kind not in (None, case.kind):
            return False
        if given.again:
            return case.name in given.again
        return known["cases"].get(key, {}).get("of") != fingerprint(case)

    wanted = {key: case for key, case in cases.items() if is_wanted(key, case)}
    failed = 0
    with opened(sorted({case.kind for case in wanted.values()})) as servers:
        known["servers"] |= {kind: server.version for kind, server in servers.items()}
        for key, case in wanted.items():
            try:
                found = measured(servers[case.kind], case)
            except Exception as error:
                failed += 1
                print(f"{key}: FAILED {type(error).__name__}: {str(error).partition(chr(10))[0]}", flush=True)
                continue
            print(key, {name: value for name, value in found.items() if name != "of"}, flush=True)
            known["cases"][key] = found
            known["cases"] = {name: known["cases"][name] for name in cases if name in known["cases"]}
            RESULTS.write_text(json.dumps(known, indent=1) + "\n")
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main())
