"""The page and the charts of the stored results: `docs/performance.md`.

usage: python benchmarks/report.py

The charts need matplotlib.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
CHARTS = ROOT / "docs" / "performance"

TABLES = {
    "startup.json": "Starting",
    "histories.json": "Histories",
    "big_schemas.json": "Comparing models with a database",
    "fleets.json": "Many databases with the same tables",
}

NOTES = {
    "startup.json": (
        "`ellar db heads` is above its goal in some runs and below it in others (0.59 to 0.77): of what it takes, the "
        "modules of ellar_db are a sixteenth, and the rest is Ellar, ellar-cli, SQLAlchemy and the application. "
        "`ellar-db heads` beside `flask db` is 0.13 to 0.14; two thirds of it are Python, click and pluggy."
    ),
    "histories.json": (
        "`--help` is 0.18 to 0.19 and `heads` of 20 revisions 0.19 to 0.22, of which two thirds are the imports of "
        "click and pluggy. What was tried: commands, databases, JSON and patterns are imported or compiled where they "
        "are needed only, and the packages that are installed are read without importlib.metadata. `heads` and "
        "`history` of 10,000, cached, were 0.044 to 0.059 and 0.011 to 0.015: to look at each file's size and times, "
        "without which what was kept could be wrong, is most of what they do after their start. An upgrade on "
        "PostgreSQL was 0.86 to 0.95: the driver, the server's answers, SQLAlchemy's SQL and the revisions' own code "
        "are the same on both sides."
    ),
    "big_schemas.json": (
        "The `check` of 500 tables on the same host was 0.66 to 0.82 of Alembic's in several runs. The row below it "
        "leaves out what Alembic doesn't compare as `alembic init` sets it up (server defaults, CHECK constraints, "
        "options of keys and indexes, numbering). Each further table costs 0.6 of what it costs Alembic, as the growth "
        "below shows; what doesn't depend on their number takes as long as Alembic's: the imports of SQLAlchemy, of "
        "Alembic and of the models are the same. What was tried: sequences are asked for once, all schemas are read "
        "ahead, plugins are asked only where there are any, and Python looks for garbage less often. Besides, ours "
        "imports modules of its own, which takes 0.07 to 0.14 s."
    ),
    "fleets.json": (
        "At head, nearly all of ours is the imports that each program needs that migrates PostgreSQL with Alembic, "
        "which the row of the imports alone shows. New schemas are bound by the server, which makes the files of 1,500 "
        "tables and their indexes: the same SQL, sent by psycopg alone from two processes, takes 0.12 to 0.14. What "
        "was tried: on Linux the processes are copies of one that has imported what all need, so that twelve take no "
        "longer than two. One more revision takes ours 27 ms a schema and the loop 20, in one process: ours holds a "
        "lock by a session of its own and sees to it that it isn't lost, looks for interrupted runs and what they "
        "left, and notices a transaction that a revision ends. The loop does none of this. Several jobs make up for "
        "it. The memory is that of the largest process, which has the modules of ellar_db besides Alembic's."
    ),
}
"""What is to be known of results, and why goals are missed."""

GROWTH = {"growth.json": "revisions", "growth_of_schemas.json": "tables", "growth_of_fleets.json": "databases"}
"""Results of several sizes, and what they count."""

INTRODUCTION = """# Performance

Made by `make bench` from the results in `benchmarks/results/`. Whole processes alternate, ours and the peer's; the
ratio is the median of the pairs' ratios, of CPU time (user and system) unless it says wall-clock time. Alembic runs on
a folder of its own, created by `alembic init`. Seconds differ between machines and hours, ratios by a few hundredths. A
goal that is missed by no more than a tenth counts as met, since the machine is shared.
"""


def stored(name: str) -> Mapping[str, Any] | None:
    """Return the results of a file, or None."""
    file = RESULTS / name
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def table(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield "| work | beside | ours | peer | ratio | goal | memory |"
    yield "|---|---|---|---|---|---|---|"
    for each in results:
        goal = "" if each["goal"] is None else f"{each['goal']:.3g}"
        missed = each["goal"] is not None and each["ratio"] > each["goal"] * 1.1
        ours = f"{each['ours']:.2f} s{', wall' if each['by'] == 'wall' else ''}"
        ratio = f"**{each['ratio']:.3f}**" if missed else f"{each['ratio']:.3f}"
        yield (
            f"| {each['name']} | {each['peer']} | {ours} | {each['theirs']:.2f} s | {ratio} | {goal} "
            f"| {each['memory']:.2f} |"
        )


def draw(results: Sequence[Mapping[str, Any]], counted: str) -> Iterator[str]:
    """Draw a chart for each kind of work that was measured in several sizes, and yield the lines that show it."""
    import matplotlib.pyplot as plt

    CHARTS.mkdir(exist_ok=True)
    # the same picture for the same results
    plt.rcParams["svg.hashsalt"] = "ellar_db"
    for name in dict.fromkeys(each["name"].rsplit(", ", 1)[0] for each in results):
        shown = [each for each in results if each["name"].rsplit(", ", 1)[0] == name]
        points = sorted((each["size"], each["ours"], each["theirs"]) for each in shown)
        unit = "wall-clock seconds" if shown[0]["by"] == "wall" else "CPU seconds"
        sizes, ours, theirs = zip(*points, strict=True)
        figure, axes = plt.subplots(figsize=(6, 3.4))
        axes.plot(sizes, theirs, "o--", color="0.5", label="Alembic")
        axes.plot(sizes, ours, "o-", color="tab:blue", label="ellar_db")
        axes.set(xscale="log", yscale="log", xlabel=counted, ylabel=unit, title=name)
        axes.grid(alpha=0.3, which="both")
        axes.legend()
        file = CHARTS / f"{name.replace(', ', '-').replace(' ', '-')}.svg"
        figure.tight_layout()
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)
        yield f"![{name}: {unit} by the number of {counted}](performance/{file.name})"
        yield ""


def main() -> None:
    """Write the page."""
    lines = [INTRODUCTION]
    for name, title in TABLES.items():
        found = stored(name)
        if found is not None:
            versions = ", ".join(f"{package} {number}" for package, number in found["versions"].items())
            lines += [f"## {title}", "", f"{found['machine']}; {versions}.", "", *table(found["results"]), ""]
            lines += [*textwrap.wrap(NOTES[name], 120), ""] if name in NOTES else []
    lines += ["## How the cost grows", ""]
    for name, counted in GROWTH.items():
        found = stored(name)
        if found is not None:
            lines += [*draw(found["results"], counted), *table(found["results"]), ""]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
