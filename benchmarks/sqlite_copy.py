"""The time of batch operations on a large SQLite table, compared with Alembic's own copy.

Both run in this process, alternating, each on a new file, and Alembic's with the same transaction and the same checks
of foreign keys, so that only the copy differs. The ratios of the medians count. It fails if the goal is missed.

usage: python benchmarks/sqlite_copy.py [--rounds 5] [--rows 500000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.operations import BatchOperations, Operations
from alembic.runtime.migration import MigrationContext

from ellar_db.dialects.sqlite import SQLite, all_or_nothing

GOAL = 2.0

TABLE = """
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL, age INTEGER, joined DATE, settings TEXT, score FLOAT,
    PRIMARY KEY (id)
)
"""

CHANGES: dict[str, Callable[[BatchOperations], Any]] = {
    "NOT NULL and a default": lambda batch: batch.alter_column("age", nullable=False, server_default="1"),
    "a dropped column": lambda batch: batch.drop_column("settings"),
    "Integer to String": lambda batch: batch.alter_column("age", type_=sa.String(5)),
    "Date to DateTime": lambda batch: batch.alter_column("joined", type_=sa.DateTime()),
    "Float to String": lambda batch: batch.alter_column("score", type_=sa.String(30)),
    "Text to JSON": lambda batch: batch.alter_column("settings", type_=sa.JSON()),
}


def seconds(file: Path, rows: int, change: Callable[[BatchOperations], Any], *, ours: bool) -> tuple[float, float]:
    """Return how long a batch operation takes: wall-clock and CPU time.

    Args:
        file: A file that isn't there yet.
        rows: How many rows there are.
        change: What is changed.
        ours: Whether the copy is ellar_db's.
    """
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute(TABLE)
        driver.execute("CREATE INDEX ix_users_name ON users (name)")
        values = (
            (number, f"name {number}", number % 77, "2024-01-02", '{"a": [1]}', number / 7) for number in range(rows)
        )
        driver.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", values)
        driver.commit()
        begun = time.perf_counter(), time.process_time()
        guard = SQLite().guard(connection) if ours else all_or_nothing(connection)
        with guard, connection.begin():
            operations = Operations(MigrationContext.configure(connection))
            with operations.batch_alter_table("users") as batch:
                change(batch)
        spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
    engine.dispose()
    return spent


def ratio(spent: dict[bool, list[tuple[float, float]]], part: int) -> float:
    """Return the ratio of the medians of ellar_db and Alembic.

    Args:
        spent: The times, by whether they are ellar_db's.
        part: Which of the times.
    """
    ours, alembic = (statistics.median(times[part] for times in spent[each]) for each in (True, False))
    return ours / alembic


def main() -> int:
    """Print the ratios; return 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=500_000)
    given = parser.parse_args()
    missed = False
    for title, change in CHANGES.items():
        spent: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        for _ in range(given.rounds):
            for ours in (False, True):
                with tempfile.TemporaryDirectory() as folder:
                    spent[ours].append(seconds(Path(folder, "app.db"), given.rows, change, ours=ours))
        wall, cpu = (ratio(spent, part) for part in (0, 1))
        missed = missed or wall > GOAL
        print(f"{title:24} wall-clock {wall:.2f}   CPU {cpu:.2f}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
