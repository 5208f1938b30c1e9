"""Results as a file, as tables, and as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.corpus import ALL, FEATURES, GROUPS, Feature
from benchmarks.measure.parts import PARTS
from benchmarks.measure.sides import PROGRAMS

OURS = "ellar_db"
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
REASON = 300
PEERS_REASON = 80
"""How many characters of a reason are stored, of ours and of a peer's."""
SHOWN = 160
"""How many characters of a reason the page shows; the stored results have the others."""

Cell = Mapping[str, Any]
Document = Mapping[str, Any]


def stored(versions: Mapping[str, str], cells: Sequence[Cell]) -> dict[str, Any]:
    """Return results as a document: by program, database and feature, what misses and what `migrate` said."""
    results: dict[str, dict[str, dict[str, Any]]] = {}
    order = {key: number for number, key in enumerate(FEATURES)}
    programs = {program.name: number for number, program in enumerate(PROGRAMS)}
    for cell in sorted(
        cells, key=lambda each: (programs[each["program"]], ALL.index(each["database"]), order[each["feature"]])
    ):
        longest = REASON if cell["program"] == OURS else PEERS_REASON
        misses = {part: " ".join(reason.split())[:longest] for part, reason in cell["misses"].items()}
        found: dict[str, Any] = {"misses": misses} if misses else {}
        if misses and cell["said"] and cell["program"] == OURS:
            found["said"] = " ".join(cell["said"].split())[:longest]
        results.setdefault(cell["program"], {}).setdefault(cell["database"], {})[cell["feature"]] = found
    return {"schema": 1, "versions": dict(versions), "results": results}


def merged(before: Document, now: Document) -> dict[str, Any]:
    """Return results with those of another run added, which count where both have a cell."""
    versions = {**before["versions"], **now["versions"]}
    order = [program.name for program in PROGRAMS]
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for program in sorted({*before["results"], *now["results"]}, key=order.index):
        for kind in ALL:
            old = before["results"].get(program, {}).get(kind, {})
            cells = {**old, **now["results"].get(program, {}).get(kind, {})}
            # features that are in the corpus no longer, or not on this kind of database, go
            known = {key: cells[key] for key in FEATURES if key in cells and kind in FEATURES[key].databases}
            if known:
                results.setdefault(program, {})[kind] = known
    return {"schema": 1, "versions": versions, "results": results}


def counted(cells: Mapping[str, Cell], part: str) -> tuple[int, int]:
    """Return how many cells of a column hold, and how many there are."""
    those = [cell for key, cell in cells.items() if key in FEATURES and (part != "rows" or FEATURES[key].rows)]
    return sum(part not in cell.get("misses", {}) for cell in those), len(those)


def shares(document: Document) -> Iterator[str]:
    """Yield the table of what holds, by database and program."""
    results = document["results"]
    yield f"| database | program | features | {' | '.join(PARTS)} | all |"
    yield f"|---|---|---|{'---|' * (len(PARTS) + 1)}"
    for kind in ALL:
        for program in results:
            if cells := results[program].get(kind):
                counts = [counted(cells, part) for part in PARTS]
                held, of = sum(count[0] for count in counts), sum(count[1] for count in counts)
                columns = " | ".join(str(each[0]) for each in counts)
                rows = f" ({counts[3][1]} with rows)" if counts[3][1] != len(cells) else ""
                yield f"| {TITLES[kind]} | {program} | {len(cells)}{rows} | {columns} | {100 * held / of:.1f} % |"


def misses(document: Document, shown: Callable[[str], str] = str) -> Iterator[str]:
    """Yield what doesn't hold with ellar_db, by database, each with its reasons.

    Args:
        document: The results.
        shown: Returns a text of a program as it is shown.
    """
    for kind, cells in document["results"].get(OURS, {}).items():
        missed = {key: cell for key, cell in cells.items() if cell.get("misses") and key in FEATURES}
        yield f"{TITLES[kind]}: {len(missed)} of {len(cells)} features"
        yield ""
        for key, cell in missed.items():
            said = f"; `migrate` says: {shown(cell['said'])}" if cell.get("said") else ""
            yield f"- {shown(key)}{said}"
            reasons: dict[str, list[str]] = {}
            for part, reason in cell["misses"].items():
                reasons.setdefault(reason, []).append(part)
            for reason, parts in reasons.items():
                yield f"    - {', '.join(parts)}: {shown(reason)}"
        yield ""


def behind(document: Document) -> list[str]:
    """Return the columns in which a peer holds more often than ellar_db, in words."""
    found = []
    results = document["results"]
    for kind, ours in results.get(OURS, {}).items():
        for part in PARTS:
            for program in results:
                # what a peer doesn't take isn't counted for us either
                peers = results[program].get(kind, {})
                same = {key: cell for key, cell in ours.items() if key in peers}
                theirs, own = counted(peers, part)[0], counted(same, part)[0]
                if theirs > own:
                    found.append(f"{TITLES[kind]}, {part}: {program} {theirs}, {OURS} {own}")
    return found


def summary_lines(document: Document) -> Iterator[str]:
    """Yield the tables and the misses."""
    yield ", ".join(f"{name}: {version}" for name, version in document["versions"].items())
    yield ""
    yield from shares(document)
    yield ""
    yield from misses(document)
    for line in behind(document):
        yield f"behind a peer: {line}"


# The page

INTRODUCTION = """# What `migrate` sees

Made by `make docs` from the corpus in `benchmarks/corpus/` and the results in `benchmarks/results/fidelity.json`, which
`make fidelity` writes. Each row is a feature of models and a change of it, measured on real databases with ellar_db's
defaults. Schemas are compared by what the server itself says; `benchmarks/measure/schemas.py` has the few differences
that aren't counted.

| part | what must hold |
|---|---|
{parts}

## Results

Features for which each part holds, with {versions}:

{shares}

"Alembic" is a folder of `alembic init` as it is. "Alembic with all options" has `compare_server_default`,
`render_as_batch` on SQLite, `include_schemas` where models name a schema, and the plugin
`alembic.ext.checkconstraint_byname`; the lines with + add a package to it. A package is only measured where it says
that it can do something: {claims}.

## Features

In a column: "all" if each part holds, else the parts that don't; "-" where a kind of database doesn't have the feature.
"""


def page(document: Document) -> str:
    """Return the page of what `migrate` sees."""
    versions = dict(document["versions"])
    left_out = [name for name, version in versions.items() if version == "not installed"]
    lines = [
        INTRODUCTION.format(
            parts="\n".join(f"| {part} | {meaning} |" for part, meaning in PARTS.items()),
            versions=", ".join(
                f"{TITLES.get(name, name)} {version}" if " " not in version else version
                for name, version in versions.items()
                if name not in (OURS, "Alembic with all options", *left_out)
            ),
            shares="\n".join(shares(document)),
            claims="sqlalchemy-declarative-extensions at schemas"
            + (f". Not installed: {', '.join(left_out)}" if left_out else ""),
        )
    ]
    ours = document["results"].get(OURS, {})
    for group, features in GROUPS.items():
        lines += [f"### {group}", "", "| feature | change | SQLite | PostgreSQL | MariaDB |", "|---|---|---|---|---|"]
        lines += [row(feature, ours) for feature in features]
        lines.append("")
    lines += ["## What doesn't hold", ""]
    lines += ["What `migrate` said is given where it said anything but what it found.", ""]
    lines += misses(document, lambda text: _as_text(text if len(text) < SHOWN else f"{text[:SHOWN]} ..."))
    return "\n".join(lines).rstrip() + "\n"


def row(feature: Feature, ours: Mapping[str, Mapping[str, Cell]]) -> str:
    """Return a feature's row."""
    columns = [held(feature, kind, ours.get(kind, {}).get(feature.key)) for kind in ALL]
    typed = f" (`{' '.join(_quoted(each) for each in feature.arguments)}`)" if feature.arguments else ""
    return f"| {_as_text(feature.name)} | {_as_text(feature.change)}{typed} | {' | '.join(columns)} |"


def held(feature: Feature, kind: str, cell: Cell | None) -> str:
    """Return what holds of a feature on a kind of database."""
    if kind not in feature.databases:
        return "-"
    if cell is None:
        return "not measured"
    missed = [part for part in PARTS if part in cell.get("misses", {}) and (part != "rows" or feature.rows)]
    return f"not {', '.join(missed)}" if missed else "all"


def _quoted(argument: str) -> str:
    return f'"{argument}"' if set(argument) & set(" '") else argument


def _as_text(text: str) -> str:
    """Return text that Markdown shows as it is."""
    for sign in "\\`*_<>|":
        text = text.replace(sign, f"\\{sign}")
    return text
