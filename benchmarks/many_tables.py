"""What `migrate` costs on a large schema: 300 tables, of which 60 differ from the database, compared with Alembic.

Whole processes alternate. Each writes one revision, which is deleted before the next; the ratios of the medians count.
It fails if a goal is missed.

usage: python benchmarks/many_tables.py [--rounds 5] [--tables 300] [--only sqlite,postgresql,mariadb]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cost import Spent, run
from databases import KINDS, Scratch, scratch_databases
from sqlalchemy import MetaData

GOAL = 1.0
"""The ratio of CPU time, at most."""

MIGRATE = (sys.executable, "-m", "ellar_db", "migrate")
CHECK = (sys.executable, "-m", "ellar_db", "check")
BARE = (sys.executable, "-m", "alembic", "revision", "--autogenerate")
BARE_CHECK = (sys.executable, "-m", "alembic", "check")

MODELS = '''
from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, MetaData, Numeric, String, Table
from sqlalchemy import func

metadata = MetaData()


def make(metadata: MetaData, tables: int, changed: bool) -> None:
    """Make tables; a fifth of them in one of six ways otherwise once they are changed."""
    for number in range(tables):
        way = number // 5 % 6 if changed and number % 5 == 0 else None
        columns = [
            Column("id", Integer, primary_key=True),
            Column("code", String(80 if way == 0 else 40), nullable=False, index=True),
            Column("note", String(200), nullable=way == 1),
            Column("price", Numeric(12 if way == 2 else 10, 2), server_default="0"),
            Column("at", DateTime, server_default=func.now()),
        ]
        if number:
            columns.append(Column("before_id", ForeignKey(f"table_{number - 1}.id", name=f"fk_{number}")))
        if way == 3:
            columns.append(Column("more", String(20)))
        table = Table(
            f"table_{number}", metadata, *columns, CheckConstraint("price >= 0", name=f"ck_{number}"),
            Index(f"ix_{number}", "at", unique=way == 4),
        )
        if way == 5:
            Index(f"ix_more_{number}", table.c.note)


'''  # fmt: skip


def models(tables: int, *, changed: bool) -> str:
    """Return the source of models."""
    return f"{MODELS}make(metadata, {tables}, {changed})\n"


def former(tables: int) -> MetaData:
    """Return the models as the database has them."""
    space: dict[str, object] = {}
    exec(models(tables, changed=False), space)
    metadata = space["metadata"]
    assert isinstance(metadata, MetaData)
    return metadata


def our_folder(folder: Path, url: str, tables: int) -> Path:
    """Create a project of ellar_db."""
    folder.mkdir()
    (folder / "models.py").write_text(models(tables, changed=True), encoding="utf-8")
    settings = f"[tool.ellar-db]\ndatabase = '{url}'\nmetadata = 'models:metadata'\n"
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    run((sys.executable, "-m", "ellar_db", "init"), folder)
    without_hooks(folder / "migrations" / "alembic.ini")
    return folder


def bare_folder(folder: Path, url: str, tables: int, options: str = "") -> Path:
    """Create a folder with `alembic init`, with options for `context.configure`."""
    folder.mkdir()
    (folder / "models.py").write_text(models(tables, changed=True), encoding="utf-8")
    run((sys.executable, "-m", "alembic", "init", "migrations"), folder)
    ini, env = folder / "alembic.ini", folder / "migrations" / "env.py"
    text = ini.read_text(encoding="utf-8").replace("driver://user:pass@localhost/dbname", url.replace("%", "%%"))
    ini.write_text(text, encoding="utf-8")
    text = env.read_text(encoding="utf-8").replace(
        "target_metadata = None", "from models import metadata as target_metadata"
    )
    text = text.replace("target_metadata=target_metadata", f"target_metadata=target_metadata{options}")
    env.write_text(text, encoding="utf-8")
    return folder


def without_hooks(ini: Path) -> None:
    """Leave the revision as it is written: ruff would be a process of its own."""
    text = ini.read_text(encoding="utf-8")
    ini.write_text(text.replace("\nhooks = ", "\n# hooks = "), encoding="utf-8")


def measure(sides: dict[str, tuple[Sequence[str], Path, int]], rounds: int) -> dict[str, list[Spent]]:
    """Run the sides alternately, after one run each that compiles the modules."""
    spent: dict[str, list[Spent]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, (command, folder, code) in sides.items():
            took = run(command, folder, code)
            for file in (folder / "migrations" / "versions").glob("*.py"):
                file.unlink()
            if turn:
                spent[name].append(took)
    return spent


def compared(database: Scratch, work: Path, tables: int, rounds: int) -> bool:
    """Print the lines of one kind of database; return whether a goal was missed."""
    former(tables).create_all(database.engine)
    ours = our_folder(work / f"ours-{database.kind}", database.url, tables)
    bare = bare_folder(work / f"bare-{database.kind}", database.url, tables)
    more = bare_folder(work / f"more-{database.kind}", database.url, tables, ", compare_server_default=True")
    spent = measure(
        {
            "migrate": (MIGRATE, ours, 0),
            "bare": (BARE, bare, 0),
            "bare, with defaults": (BARE, more, 0),
            "check": (CHECK, ours, 1),
            "bare check": (BARE_CHECK, bare, 255),
            "bare check, with defaults": (BARE_CHECK, more, 255),
        },
        rounds,
    )
    missed = False
    for mine, peers in (
        ("migrate", ("bare", "bare, with defaults")),
        ("check", ("bare check", "bare check, with defaults")),
    ):
        for peer in peers:
            wall = [statistics.median(each.wall for each in spent[name]) for name in (mine, peer)]
            cpu = [statistics.median(each.cpu for each in spent[name]) for name in (mine, peer)]
            ratio = cpu[0] / cpu[1] if cpu[1] else 0.0
            missed |= ratio > GOAL
            print(
                f"{database.kind:12}{mine:9}{peer:27}{wall[0]:7.3f} s{wall[1]:7.3f} s{wall[0] / wall[1]:7.2f}"
                f"{ratio:7.2f}{GOAL:7.2f}",
                flush=True,
            )
    return missed


def main() -> int:
    """Print a line for each database and peer.

    Returns:
        1 if the goal was missed, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--only", default=",".join(KINDS))
    given = parser.parse_args()
    missed = False
    print(f"{'':12}{'ours':9}{'peer':27}{'ours':>9}{'peer':>9}{'wall':>7}{'CPU':>7}{'goal':>7}")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        with scratch_databases(work, given.only.split(",")) as databases:
            for database in databases:
                missed |= compared(database, work, given.tables, given.rounds)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
