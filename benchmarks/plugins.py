"""What installed plugins add to `ellar-db --help`, beyond the import of their own modules.

usage: python benchmarks/plugins.py [PLUGINS [ROUNDS]]

Four programs run alternately: `ellar-db --help` without the plugins and with them, and a program that imports their
modules and one that doesn't. To Python the plugins look installed: a module each, and the metadata that entry points
are read from.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 10.0
"""Milliseconds that 50 plugins may add beyond their own imports."""

MODULE = "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_directory():\n    return None\n"


def install(site: Path, count: int) -> list[str]:
    """Write the plugins, and return the names of their modules."""
    names = [f"benchmark_plugin_{number:03}" for number in range(count)]
    for name in names:
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        distribution = name.replace("_", "-")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n\nA plugin.\n")
        (info / "entry_points.txt").write_text(f"[ellar_db]\n{name} = {name}\n")
        (site / f"{name}.py").write_text(MODULE)
    return names


def run(command: list[str], site: Path) -> float:
    """Run a program once.

    Returns:
        The milliseconds it took.
    """
    # without this, each run would compile every module
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(site)
    started = time.perf_counter()
    subprocess.run(command, env=environment, cwd=site, check=True, capture_output=True)
    return (time.perf_counter() - started) * 1000


def main() -> int:
    """Run the programs alternately and print the medians.

    Returns:
        1 if the goal was missed.
    """
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    with tempfile.TemporaryDirectory() as folder:
        site, bare = Path(folder) / "site", Path(folder) / "bare"
        site.mkdir()
        bare.mkdir()
        names = install(site, count)
        program = str(Path(sys.executable).with_name("ellar-db"))
        imports = "import ellar_db.hookspecs"
        turns = {
            "without": lambda: run([program, "--help"], bare),
            "with": lambda: run([program, "--help"], site),
            "empty": lambda: run([sys.executable, "-c", imports], site),
            "imports": lambda: run([sys.executable, "-c", f"{imports}, {', '.join(names)}"], site),
        }
        for turn in turns.values():
            turn()
        samples = [{name: turn() for name, turn in turns.items()} for _ in range(rounds)]
    added = statistics.median(sample["with"] - sample["without"] for sample in samples)
    own = statistics.median(sample["imports"] - sample["empty"] for sample in samples)
    beyond = added - own
    relative = statistics.median(sample["with"] / sample["without"] for sample in samples)
    print(f"{count} plugins, {rounds} rounds, medians of the differences within a round")
    print(f"added to `ellar-db --help`    {added:6.1f} ms  ({relative:.2f} of the time without)")
    print(f"their own imports             {own:6.1f} ms")
    print(f"beyond their own imports      {beyond:6.1f} ms  (goal for 50: {GOAL:.0f} ms)")
    return int(count <= 50 and beyond > GOAL)


if __name__ == "__main__":
    sys.exit(main())
