"""Whether what the models say is what a database gets: features of models, on each kind of database.

For each feature and database: `created`, `migrate` and `upgrade` from nothing give the same schema as `create_all`;
`quiet`, `check` then finds nothing; `changed`, a change of the feature is seen, and its upgrade gives the same schema
as `create_all` of the new models; `rows`, all rows are there afterwards, with the right values; `back`, `downgrade`
gives the former schema back. Schemas are compared by what the server says (`measure/schemas.py`).

usage: python benchmarks/fidelity.py [--only PATTERN] [--databases sqlite,mariadb] [--peers ellar_db,Alembic]
                                     [--jobs 2] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.corpus import FEATURES  # noqa: E402
from benchmarks.measure.report import behind, merged, stored, summary_lines  # noqa: E402
from benchmarks.measure.sides import PROGRAMS  # noqa: E402

SERVERS = {
    "postgresql": ("ELLAR_DB_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ELLAR_DB_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql"),
}
KINDS = ("sqlite", *SERVERS)
CHUNK = 25
"""How many features a process measures: what a program keeps in its process can't spread further."""


def main() -> int:
    """Measure, and print what holds.

    Returns:
        0, or 1 if a part of the law holds less often with ellar_db than with a peer on the same features.
    """
    arguments = parsed()
    kinds = [kind for kind in arguments.databases.split(",") if answers(kind)]
    programs = [program for program in PROGRAMS if not arguments.peers or program.name in arguments.peers.split(",")]
    for program in programs:
        if program.missing:
            print(f"left out: {program.name}, {program.distribution} isn't installed", file=sys.stderr)
    chunks = []
    for kind in kinds:
        for number, program in enumerate(PROGRAMS):
            if program not in programs or program.missing:
                continue
            keys = [
                key
                for key, feature in FEATURES.items()
                if program.takes(feature, kind) and fnmatchcase(key.lower(), f"*{arguments.only.lower()}*")
            ]
            chunks += [(kind, number, keys[start : start + CHUNK]) for start in range(0, len(keys), CHUNK)]
    cells = measured(chunks, arguments.jobs)
    document = stored(versions(kinds, programs), cells)
    if arguments.json:
        file = Path(arguments.json)
        if file.exists():
            document = merged(json.loads(file.read_text(encoding="utf-8")), document)
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for line in summary_lines(document):
        print(line)
    return int(bool(behind(document)))


def parsed() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help="features whose name has this pattern in it")
    parser.add_argument("--databases", default=",".join(KINDS))
    parser.add_argument("--peers", default="", help="names of programs, ours included; default: all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", default="", help="write the cells to this file; other cells in it are kept")
    return parser.parse_args()


def measured(chunks: Sequence[tuple[str, int, list[str]]], jobs: int) -> list[dict[str, Any]]:
    """Measure chunks in processes of their own, and return their cells."""
    cells: list[dict[str, Any]] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        futures = {pool.submit(measure_chunk, *chunk): chunk for chunk in chunks}
        for done, future in enumerate(as_completed(futures), start=1):
            try:
                cells += future.result()
            except Exception as error:
                kind, program, keys = futures[future]
                print(f"not measured, {PROGRAMS[program].name} on {kind}, {', '.join(keys)}: {error}", file=sys.stderr)
            print(
                f"{done} of {len(chunks)} parts", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True
            )
    return cells


def measure_chunk(kind: str, program: int, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Measure some features with one program on a database that is made for them; return the cells."""
    os.environ["ELLAR_DB_LOAD_PLUGINS"] = ""
    # Alembic prints the name of each file that it writes
    sys.stdout = open(os.devnull, "w", encoding="utf-8")
    # PyMySQL reads all certificates of the system for each connection, which takes longer than many a cell
    os.environ.setdefault("SSL_CERT_FILE", str(ROOT / "tests" / "support" / "certificates.pem"))
    name = f"ellar_db_fidelity_{uuid.uuid4().hex[:8]}"
    os.environ["ELLAR_DB_FIDELITY_SCHEMA"] = f"{name}_" if kind == "mariadb" else ""

    from benchmarks.measure.law import measure
    from benchmarks.measure.targets import Target

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        with database(kind, name, folder) as url:
            schemas = sorted({f"{name}_{each}" for key in keys for each in FEATURES[key].schemas})
            target = Target(kind, url, schemas if kind == "mariadb" else ())
            try:
                side = PROGRAMS[program].side(folder, target)
                return [measure(FEATURES[key], side, PROGRAMS[program].name).as_json() for key in keys]
            finally:
                target.empty()


@contextmanager
def database(kind: str, name: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a new database, which is dropped at the end.

    On MariaDB its user can reach no others: a program that compares all schemas would drop their tables.
    """
    from sqlalchemy import create_engine, pool

    if kind not in SERVERS:
        yield f"sqlite:///{(folder / name).as_posix()}.db"
        return
    server = create_engine(server_url(kind), isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    own = server.url.set(database=name)
    make, drop = [f"CREATE DATABASE {name}"], [f"DROP DATABASE {name} WITH (FORCE)"]
    if kind == "mariadb":
        pattern = name.replace("_", "\\_")
        make += [f"CREATE USER {name} IDENTIFIED BY 'a'", f"GRANT ALL ON `{pattern}%`.* TO {name}"]
        drop = [f"DROP DATABASE {name}", f"DROP USER {name}"]
        own = own.set(username=name, password="a")
    _execute(server, make)
    try:
        yield own.render_as_string(hide_password=False)
    finally:
        _execute(server, drop)


def _execute(server: Engine, statements: Sequence[str]) -> None:
    with server.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def server_url(kind: str) -> str:
    """Return the URL of a server's own database."""
    variable, default = SERVERS[kind]
    return os.environ.get(variable, default)


def answers(kind: str) -> bool:
    """Return whether a kind of database can be measured; print a line if not."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    if kind not in SERVERS:
        return True
    engine = create_engine(server_url(kind))
    try:
        with engine.connect():
            return True
    except DBAPIError as error:
        print(f"left out: {kind}, no server at {engine.url!r} (set {SERVERS[kind][0]}): {error.orig}", file=sys.stderr)
        return False


def versions(kinds: Sequence[str], programs: Sequence[Any]) -> dict[str, str]:
    """Return what was measured, and with what."""
    import sqlite3
    from importlib.metadata import version

    from sqlalchemy import create_engine, text

    found = {"Python": sys.version.split()[0], "SQLAlchemy": version("sqlalchemy")}
    found |= {program.name: "not installed" if program.missing else program.version for program in programs}
    for kind in kinds:
        if kind not in SERVERS:
            found[kind] = sqlite3.sqlite_version
            continue
        with create_engine(server_url(kind)).connect() as connection:
            query = "SHOW server_version" if kind == "postgresql" else "SELECT version()"
            found[kind] = str(connection.execute(text(query)).scalar()).split()[0]
    return found


if __name__ == "__main__":
    sys.exit(main())
