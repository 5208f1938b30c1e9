"""Start-up times of whole processes compared with the peers: each pair alternates, and the ratio of the medians counts.

usage: python benchmarks/startup.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
"""
ELLAR_SQL_MODELS = """
from ellar_sql import model


class User(model.Model):
    id = model.Column(model.Integer, primary_key=True)
    name = model.Column(model.String(128))
"""
OURS = """
from ellar.common import Module
from ellar.core import ModuleBase

from ellar_db import EllarDBModule
from shop.models import Base


@Module(modules=[EllarDBModule.setup(databases="sqlite:///app.db", metadata=Base.metadata)])
class ApplicationModule(ModuleBase):
    pass
"""
THEIRS = """
from ellar.common import Module
from ellar.core import ModuleBase
from ellar_sql import EllarSQLModule


@Module(
    modules=[
        EllarSQLModule.setup(
            databases="sqlite:///app.db", migration_options={"directory": "migrations"}, models=["shop.models"]
        )
    ]
)
class ApplicationModule(ModuleBase):
    pass
"""
STANDALONE = """
[tool.ellar-db]
database = "sqlite:///app.db"
metadata = "models:Base"
"""


@dataclass(frozen=True)
class Side:
    """One program of a pair.

    Args:
        command: The program, of this Python's environment, and its arguments.
        folder: The folder in which it runs.
    """

    command: tuple[str, ...]
    folder: Path

    def run(self) -> float:
        """Run it once.

        Returns:
            The seconds it took.

        Raises:
            RuntimeError: It failed.
        """
        program = str(Path(sys.executable).parent / self.command[0])
        # without this, each run would compile every module
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        started = time.perf_counter()
        done = subprocess.run(
            [program, *self.command[1:]], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        spent = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(f"{' '.join(self.command)} in {self.folder} failed:\n{done.stdout}{done.stderr}")
        return spent


@dataclass(frozen=True)
class Pair:
    """Two programs that do the same.

    Args:
        ours: This package's.
        theirs: The peer's.
        goal: The target ratio, or None.
    """

    ours: Side
    theirs: Side
    goal: float | None = None

    def measure(self, rounds: int) -> tuple[float, float]:
        """Run both alternately, after one run each that compiles the modules.

        Returns:
            The medians in seconds, ours first.
        """
        self.ours.run()
        self.theirs.run()
        times = [(self.ours.run(), self.theirs.run()) for _ in range(rounds)]
        ours, theirs = zip(*times, strict=True)
        return statistics.median(ours), statistics.median(theirs)


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.lstrip("\n"), encoding="utf-8")
    return folder


def ellar_project(folder: Path, root_module: str, models: str) -> Path:
    """Write an Ellar project as created by `ellar new`, with one model and a migrations folder."""
    quickstart = Path(__file__).parent.parent / "examples" / "quickstart"
    kept = ["pyproject.toml", "shop/__init__.py", "shop/server.py", "shop/config.py"]
    files = {name: (quickstart / name).read_text(encoding="utf-8") for name in kept}
    write(folder, {**files, "shop/root_module.py": root_module, "shop/models.py": models})
    Side(("ellar", "db", "init"), folder).run()
    return folder


def standalone_project(folder: Path) -> Path:
    """Write a project without Ellar, with a migrations folder that bare Alembic can use too."""
    write(folder, {"pyproject.toml": STANDALONE, "models.py": MODELS})
    Side(("ellar-db", "init"), folder).run()
    return folder


def pairs(work: Path) -> list[Pair]:
    """Return the pairs to compare."""
    plain = standalone_project(work / "plain")
    ours = ellar_project(work / "ours", OURS, MODELS)
    theirs = ellar_project(work / "theirs", THEIRS, ELLAR_SQL_MODELS)
    alembic = ("alembic", "-c", "migrations/alembic.ini")
    return [
        Pair(Side(("ellar-db", "--help"), plain), Side(("alembic", "--help"), plain), 0.35),
        Pair(Side(("ellar-db", "heads"), plain), Side((*alembic, "heads"), plain)),
        Pair(Side(("ellar", "db", "--help"), ours), Side(("ellar", "db", "--help"), theirs), 0.8),
        Pair(Side(("ellar", "db", "heads"), ours), Side(("ellar", "db", "heads"), theirs)),
    ]


def main() -> int:
    """Print a line for each pair.

    Returns:
        1 if a goal was missed, else 0.
    """
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    titles = ["ellar-db / alembic", "ellar-db / alembic", "EllarDBModule / ellar-sql", "EllarDBModule / ellar-sql"]
    missed = False
    print(f"{'':28}{'command':18}{'ours':>9}{'theirs':>9}{'ratio':>8}{'goal':>7}")
    with tempfile.TemporaryDirectory() as work:
        for title, pair in zip(titles, pairs(Path(work)), strict=True):
            ours, theirs = pair.measure(rounds)
            ratio = ours / theirs
            goal = "" if pair.goal is None else f"{pair.goal:.2f}"
            missed |= pair.goal is not None and ratio > pair.goal
            command = " ".join(pair.ours.command)
            print(f"{title:28}{command:18}{ours:7.3f} s{theirs:7.3f} s{ratio:8.2f}{goal:>7}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
