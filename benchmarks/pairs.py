"""Pairs of whole processes, ours and a peer's, which alternate; the medians of the ratios count."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

OURS = (sys.executable, "-m", "ellar_db")
ALEMBIC = (sys.executable, "-m", "alembic")


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Args:
        wall: Wall-clock time in seconds.
        cpu: CPU time in seconds, user and system.
        memory: Peak memory in megabytes; 0 if the system doesn't say (Windows).
    """

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Side:
    """A program of a pair.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        code: The exit code that it should have.
        before: Called before each run, which isn't measured.
        variables: Environment variables in addition to those of this process.
    """

    command: Sequence[str]
    folder: Path
    code: int = 0
    before: Callable[[], object] = bool
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> Cost:
        """Run the program to its end.

        Raises:
            RuntimeError: It has another exit code.
        """
        self.before()
        return cost_of(self.command, self.folder, self.code, self.variables)


@dataclass(frozen=True)
class Row:
    """A row of the table: work that both sides do.

    Args:
        name: The work.
        peer: The peer's name.
        ours: Our side.
        theirs: The peer's.
        goal: The ratio that must not be exceeded.
        by: What the ratio is of: "cpu", or "wall" where waiting is the cost.
        size: How much there is of what the row is about, for charts.
    """

    name: str
    peer: str
    ours: Side
    theirs: Side
    goal: float | None = None
    by: str = "cpu"
    size: int = 0


@dataclass(frozen=True)
class Result:
    """What a row came to.

    Args:
        name: The work.
        peer: The peer's name.
        by: What the ratio is of.
        goal: The ratio that must not be exceeded.
        size: As in the row.
        ratio: The median of the ratios of each pair.
        memory: The ratio of the medians of the peak memory.
        ours: The median of our times, in seconds.
        theirs: The median of the peer's times, in seconds.
        pairs: The number of pairs.
    """

    name: str
    peer: str
    by: str
    goal: float | None
    size: int
    ratio: float
    memory: float
    ours: float
    theirs: float
    pairs: int

    @property
    def missed(self) -> bool:
        """Whether the goal was missed by more than the tenth that counts as passed."""
        return self.goal is not None and self.ratio > self.goal * 1.1


def cost_of(command: Sequence[str], folder: Path, code: int = 0, variables: Mapping[str, str] | None = None) -> Cost:
    """Run a program to its end and return what it took.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        code: The exit code that it should have.
        variables: Environment variables in addition to those of this process.

    Raises:
        RuntimeError: It has another exit code.
    """
    # without this, each run would compile every module
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"ELLAR_DB_LOAD_PLUGINS": "", **(variables or {})}
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "output"
        runner = _runner()
        assert runner.stdin is not None
        assert runner.stdout is not None
        print(json.dumps([list(command), str(folder), environment, str(output)]), file=runner.stdin, flush=True)
        ended, wall, cpu, memory = json.loads(runner.stdout.readline())
        if ended != code:
            said = output.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} in {folder} ended with {ended}:\n{said}")
    return Cost(wall, cpu, memory)


@cache
def _runner() -> subprocess.Popen[str]:
    """Return the program that runs the others; it ends with this one."""
    file = Path(__file__).with_name("runner.py")
    return subprocess.Popen(
        [sys.executable, "-S", "-E", str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def measured(row: Row, pairs: int, *, warm: bool = True) -> Result:
    """Run the two sides of a row in turn.

    Args:
        row: The row.
        pairs: The number of pairs.
        warm: Run each side once before, which compiles modules and fills caches.
    """
    if warm:
        row.ours.run()
        row.theirs.run()
    found = [(row.ours.run(), row.theirs.run()) for _ in range(pairs)]
    times = [(getattr(ours, row.by), getattr(theirs, row.by)) for ours, theirs in found]
    memory = [statistics.median(each) for each in zip(*((a.memory, b.memory) for a, b in found), strict=True)]
    return Result(
        row.name,
        row.peer,
        row.by,
        row.goal,
        row.size,
        ratio=statistics.median(ours / theirs for ours, theirs in times if theirs) if times[0][1] else 0.0,
        memory=memory[0] / memory[1] if memory[1] else 0.0,
        ours=statistics.median(ours for ours, _ in times),
        theirs=statistics.median(theirs for _, theirs in times),
        pairs=pairs,
    )


def measure_all(rows: Iterable[Row], given: argparse.Namespace) -> int:
    """Measure rows, print a line for each, and store what they came to.

    Args:
        rows: The rows; what a row needs is made when it is reached.
        given: The command line, as parsed by `options`.

    Returns:
        1 if a goal was missed, else 0.
    """
    found: list[Result] = []
    print(HEADING)
    for row in rows:
        if given.only in row.name:
            found.append(measured(row, given.pairs))
            print(line(found[-1]), flush=True)
    store(given.json, found)
    return int(any(each.missed for each in found))


def store(file: Path | None, results: Sequence[Any], keys: Sequence[str] = ("name", "peer", "size")) -> None:
    """Write results with the machine and the versions; those of other work that the file has are kept.

    Args:
        file: The file, in JSON; None writes nothing.
        results: The results, which are dataclasses.
        keys: The fields by which a result takes the place of a stored one.
    """
    if file is None:
        return
    known = json.loads(file.read_text(encoding="utf-8"))["results"] if file.exists() else []
    new = {tuple(getattr(each, key) for key in keys) for each in results}
    kept = [each for each in known if tuple(each[key] for key in keys) not in new]
    stored = {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "versions": {
            "Python": platform.python_version(),
            **{name: version(name) for name in ("ellar-db", "alembic", "sqlalchemy")},
        },
        "results": [*kept, *map(asdict, results)],
    }
    file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def options(about: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks of pairs have.

    Args:
        about: The docstring of the benchmark.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=Path)
    return parser


HEADING = f"{'work':46}{'beside':26}{'ours':>9}{'peer':>9}{'ratio':>8}{'goal':>7}{'memory':>8}"


def line(result: Result) -> str:
    """Return a result in one line of a table."""
    goal = "" if result.goal is None else f"{result.goal:.3g}"
    mark = "" if not result.missed else "  missed"
    return (
        f"{result.name:46}{result.peer:26}{result.ours:8.3f}s{result.theirs:8.3f}s{result.ratio:8.3f}{goal:>7}"
        f"{result.memory:8.2f}{' wall' if result.by == 'wall' else ''}{mark}"
    )
