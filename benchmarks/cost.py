"""The overhead of lock and journal: an upgrade of many small revisions, compared with bare Alembic.

Whole processes alternate, each on an empty database; the ratios of the medians count, for wall-clock and CPU time.
It fails if a goal is missed.

usage: python benchmarks/cost.py [--rounds 9] [--revisions 100] [--only sqlite,postgresql,mariadb]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from databases import KINDS, Scratch, scratch_databases

GOALS = {"sqlite": 1.0, "postgresql": 1.0, "mariadb": 1.05}
"""The ratio of CPU time, at most."""

OURS = (sys.executable, "-m", "ellar_db", "upgrade")
WITHOUT_LOCK = (*OURS, "--no-lock")
FOREIGN = (sys.executable, "-m", "ellar_db", "-c", "alembic.ini", "upgrade")
BARE = (sys.executable, "-m", "alembic", "upgrade", "head")

REVISION = '''"""Revision {number}."""

import sqlalchemy as sa
from alembic import op

revision = "{number:04}"
down_revision = {before!r}


def upgrade() -> None:
    op.create_table("table_{number}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.String(20)))


def downgrade() -> None:
    op.drop_table("table_{number}")
'''


@dataclass(frozen=True)
class Spent:
    """The times of one process, in seconds.

    Args:
        wall: Wall-clock time.
        cpu: CPU time; 0 if the system doesn't report it (Windows).
    """

    wall: float
    cpu: float


def run(command: Sequence[str], folder: Path, code: int = 0) -> Spent:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        code: The exit code that it should have.

    Raises:
        RuntimeError: It has another one.
    """
    # without this, each run would compile every module
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["ELLAR_DB_LOAD_PLUGINS"] = ""
    before = _children()
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    spent = Spent(time.perf_counter() - started, _children() - before)
    if done.returncode != code:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return spent


def _children() -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_revisions(versions: Path, count: int) -> None:
    """Write revisions of one table each."""
    for number in range(count):
        before = f"{number - 1:04}" if number else None
        file = versions / f"{number:04}.py"
        file.write_text(REVISION.format(number=number, before=before), encoding="utf-8")


def our_folder(folder: Path, url: str, revisions: int) -> Path:
    """Create a project of ellar_db."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f"[tool.ellar-db]\ndatabase = '{url}'\n", encoding="utf-8")
    run((sys.executable, "-m", "ellar_db", "init"), folder)
    write_revisions(folder / "migrations" / "versions", revisions)
    return folder


def bare_folder(folder: Path, url: str, revisions: int) -> Path:
    """Create a folder with `alembic init`."""
    folder.mkdir()
    run((sys.executable, "-m", "alembic", "init", "migrations"), folder)
    ini = folder / "alembic.ini"
    text = ini.read_text(encoding="utf-8").replace("driver://user:pass@localhost/dbname", url.replace("%", "%%"))
    ini.write_text(text, encoding="utf-8")
    write_revisions(folder / "migrations" / "versions", revisions)
    return folder


def measure(database: Scratch, sides: dict[str, tuple[Sequence[str], Path]], rounds: int) -> dict[str, list[Spent]]:
    """Run the sides alternately on an empty database, after one run each that compiles the modules."""
    spent: dict[str, list[Spent]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, (command, folder) in sides.items():
            database.empty()
            took = run(command, folder)
            if turn:
                spent[name].append(took)
    return spent


def main() -> int:
    """Print a line for each database and each of our sides.

    Returns:
        1 if the goal was missed, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--revisions", type=int, default=100)
    parser.add_argument("--only", default=",".join(KINDS))
    given = parser.parse_args()
    missed = False
    print(f"{'':12}{'':24}{'ours':>9}{'bare':>9}{'wall':>7}{'CPU':>7}{'goal':>7}")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        with scratch_databases(work, given.only.split(",")) as databases:
            for database in databases:
                ours = our_folder(work / f"ours-{database.kind}", database.url, given.revisions)
                bare = bare_folder(work / f"bare-{database.kind}", database.url, given.revisions)
                sides = {
                    "upgrade": (OURS, ours),
                    "bare": (BARE, bare),
                    "upgrade --no-lock": (WITHOUT_LOCK, ours),
                    "upgrade, Alembic's env": (FOREIGN, bare),
                }
                spent = measure(database, sides, given.rounds)
                for side in (name for name in sides if name != "bare"):
                    wall = [statistics.median(each.wall for each in spent[name]) for name in (side, "bare")]
                    cpu = [statistics.median(each.cpu for each in spent[name]) for name in (side, "bare")]
                    ratio, goal = wall[0] / wall[1], GOALS[database.kind]
                    missed |= bool(cpu[1]) and cpu[0] / cpu[1] > goal
                    on_cpu = f"{cpu[0] / cpu[1]:.2f}" if cpu[1] else ""
                    print(
                        f"{database.kind:12}{side:24}{wall[0]:7.3f} s{wall[1]:7.3f} s{ratio:7.2f}{on_cpu:>7}"
                        f"{goal:7.2f}",
                        flush=True,
                    )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
