"""Cells as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.corpus import FEATURES
from benchmarks.measure.law import PARTS

OURS = "ellar_db"


def counted(cells: Sequence[Mapping[str, Any]], part: str) -> tuple[int, int]:
    """Return how many cells of a column hold, and how many there are."""
    those = [cell for cell in cells if part != "rows" or FEATURES[cell["feature"]].rows]
    return sum(part not in cell["misses"] for cell in those), len(those)


def summary_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables and the misses, as Markdown."""
    cells = document["cells"]
    yield ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    yield ""
    yield f"| database | program | features | {' | '.join(PARTS)} | all |"
    yield f"|---|---|---|{'---|' * (len(PARTS) + 1)}"
    for kind in dict.fromkeys(cell["database"] for cell in cells):
        for program in sorted({cell["program"] for cell in cells}, key=lambda name: (name != OURS, name)):
            those = [cell for cell in cells if (cell["database"], cell["program"]) == (kind, program)]
            if those:
                yield row(kind, program, those)
    yield ""
    misses = [cell for cell in cells if cell["program"] == OURS and cell["misses"]]
    yield f"{len(misses)} features miss with {OURS}:"
    for cell in sorted(misses, key=lambda cell: (cell["database"], list(FEATURES).index(cell["feature"]))):
        said = " ".join(cell["said"].split())
        yield f"- {cell['database']}, {cell['feature']}" + (f" [said: {said[:200]}]" if said else " [silent]")
        reasons: dict[str, list[str]] = {}
        for part, reason in cell["misses"].items():
            reasons.setdefault(reason, []).append(part)
        for reason, parts in reasons.items():
            yield f"    - {', '.join(parts)}: {' '.join(reason.split())[:600]}"


def row(kind: str, program: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """Return a row of the table of shares."""
    counts = [counted(cells, part) for part in PARTS]
    held, of = sum(count[0] for count in counts), sum(count[1] for count in counts)
    shares = " | ".join(f"{each[0]} of {each[1]}" for each in counts)
    return f"| {kind} | {program} | {len(cells)} | {shares} | {100 * held / of:.1f} % |"
