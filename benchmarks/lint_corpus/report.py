"""The results of the linters as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

TITLES = {"postgresql": "PostgreSQL", "mariadb": "MariaDB"}

INTRODUCTION = """
# What `lint` sees

Made from `benchmarks/results/lint.json` by `make docs`. `benchmarks/lint_corpus/` has revisions that look dangerous and
are not, and the other way round: helpers, loops, blocks of code, proofs by CHECK, types that are widened. What each of
them does was measured without any linter: on tables of many rows ({many}), other connections read and write a row
of each table all the time, while Alembic alone applies the revision. It is dangerous if one of them waits for a good
part of the time that it takes, and for longer the more rows there are (`benchmarks/lint_truth.py`).

A linter misses a dangerous revision if none of its rules about programs that wait finds anything; it raises a false
alarm if one finds something in a harmless revision. Rules of the peers about other subjects, such as names and lost
columns, don't count, nor do notes. `make lint-corpus` compares them again.

The corpus was written by the authors of ellar_db, who mended both modes with it in view, so the figures say what is
known to be wrong rather than what to expect: of 45 revisions that were written last, `--measure` got 8 wrong before it
was mended. The peers were measured as they are.
"""


def wrong(said: Mapping[str, Sequence[str]], truth: Mapping[str, Any], kind: str, *, missed: bool) -> list[str]:
    """Return the cases that a linter misses, or of which it raises a false alarm.

    Args:
        said: What it says of each case.
        truth: What each case does.
        kind: The kind of database.
        missed: Which of both.
    """
    return [
        key.partition("/")[2]
        for key, codes in said.items()
        if key.startswith(f"{kind}/") and bool(truth[key]["dangerous"]) == missed and bool(codes) != missed
    ]


def page(results: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        results: What `lint.py` has stored.
    """
    many = " and ".join(f"{results['rows'][kind]:,} on {title}" for kind, title in TITLES.items())
    heading, *paragraphs = INTRODUCTION.strip().format(many=many).split("\n\n")
    parts = [heading, *(fill(paragraph, 120) for paragraph in paragraphs)]
    for kind, title in TITLES.items():
        parts += [f"## {title} {results['servers'][kind]}", "\n".join(_summary(results, kind))]
        parts.append("\n".join(_cases(results, kind)))
    return "\n\n".join(parts) + "\n"


def _summary(results: Mapping[str, Any], kind: str) -> Iterator[str]:
    truth = {key: value for key, value in results["truth"].items() if key.startswith(f"{kind}/")}
    dangerous = sum(value["dangerous"] for value in truth.values())
    yield f"| linter | missed, of {dangerous} dangerous | false alarms, of {len(truth) - dangerous} harmless |"
    yield "|---|---|---|"
    for name, said in results["said"].items():
        if any(key.startswith(f"{kind}/") for key in said):
            missed, false = (len(wrong(said, truth, kind, missed=which)) for which in (True, False))
            yield f"| {name} {results['versions'][name]} | {missed} | {false} |"


def _cases(results: Mapping[str, Any], kind: str) -> Iterator[str]:
    yield "| revision | longest wait to read, to write (s) | found by `lint` | by `lint --measure` | wrong about it |"
    yield "|---|---|---|---|---|"
    said = results["said"]
    for key, value in results["truth"].items():
        if not key.startswith(f"{kind}/"):
            continue
        others = [
            name
            for name, codes in said.items()
            if not name.startswith("ellar_db") and key in codes and bool(codes[key]) != value["dangerous"]
        ]
        own = [
            ", ".join(codes) + ("" if bool(codes) == value["dangerous"] else " (wrong)")
            for codes in (said[name].get(key, []) for name in ("ellar_db lint", "ellar_db lint --measure"))
        ]
        waits = f"{value['reads'][1]:.2f}, {value['writes'][1]:.2f}"
        shown = f"**{waits}**" if value["dangerous"] else waits
        name = key.partition("/")[2].replace("_", " ")
        yield f"| {name} | {shown} | {own[0]} | {own[1]} | {', '.join(others)} |"
