"""What costs Alembic more than in proportion, without ellar_db: the numbers of the reports in `docs/upstream/`.

usage: python benchmarks/upstream.py [URL of an empty PostgreSQL database]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import HeadMaintainer, MigrationContext, RevisionStep
from alembic.script.revision import Revision, RevisionMap
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, event

SIZES = (1_000, 2_000, 4_000)


def revisions(number: int, *, branches: bool) -> RevisionMap:
    """Return the map of a history; after each four revisions, two lines begin, and join three later."""
    made = []
    for place in range(number):
        down: str | tuple[str, ...] | None = f"r{place - 1}" if place else None
        if branches and place % 10 == 4:
            down = f"r{place - 2}"
        elif branches and place % 10 == 7:
            down = (f"r{place - 1}", f"r{place - 4}")
        made.append(Revision(f"r{place}", down))
    return RevisionMap(lambda: made)


def heads_of_all(number: int) -> float:
    """Filter all revisions of a line down to its head, as `alembic current` does with all that is applied."""
    known = revisions(number, branches=False)
    every = [known.get_revision(f"r{place}") for place in range(number)]
    return seconds(lambda: known._filter_into_branch_heads(every))  # noqa: SLF001  # it is what the report is about


def history(number: int) -> float:
    """Walk a history with branches, as `alembic history` does."""
    known = revisions(number, branches=True)
    return seconds(lambda: list(known.iterate_revisions("heads", "base")))


def downgrade(number: int) -> float:
    """Update the heads at each step of a downgrade to base, without a database."""
    known = revisions(number, branches=False)
    every = list(known.iterate_revisions("heads", "base"))
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": Null()})
    heads = HeadMaintainer(context, [f"r{number - 1}"])

    for each in every:
        vars(each)["module"] = SimpleNamespace(upgrade=None, downgrade=None)

    def undo() -> None:
        for each in every:
            heads.update_to_step(RevisionStep(known, each, is_upgrade=False))

    return seconds(undo)


class Null:
    """A stream that keeps nothing."""

    def write(self, _: str) -> None:
        """Write nothing."""

    def flush(self) -> None:
        """Do nothing."""


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time that a function takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def statements(url: str, schemas: Sequence[str | None], tables: int) -> int:
    """Return how many statements comparing models with the same tables takes."""
    engine = create_engine(url)
    metadata = MetaData()
    for schema in schemas:
        for number in range(tables):
            Table(f"t{number}", metadata, Column("id", Integer, primary_key=True), schema=schema)
    with engine.begin() as connection:
        for schema in filter(None, schemas):
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        metadata.create_all(connection)
    ran = 0

    def count(*_: object) -> None:
        nonlocal ran
        ran += 1

    with engine.connect() as connection:
        event.listen(engine, "before_cursor_execute", count)
        compare_metadata(MigrationContext.configure(connection, opts={"include_schemas": len(schemas) > 1}), metadata)
        event.remove(engine, "before_cursor_execute", count)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        for schema in filter(None, schemas):
            connection.exec_driver_sql(f"DROP SCHEMA {schema}")
    engine.dispose()
    return ran


def main() -> None:
    """Print a line for each report."""
    for name, work in (("heads of all", heads_of_all), ("history", history), ("downgrade", downgrade)):
        times = ", ".join(f"{size:,}: {work(size):.2f} s" for size in SIZES)
        print(f"{name:14} {times}", flush=True)
    for url in sys.argv[1:]:
        one, several = statements(url, [None], 100), statements(url, ["a", "b", "c", "d"], 25)
        print(f"statements     100 tables in one schema: {one}, 25 in each of four: {several}")


if __name__ == "__main__":
    main()
