"""The picture of the floors, drawn from the contract that import-linter holds."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from docs.terminal_svg import DARK, LIGHT
from ellar_db.project.toml import parse_toml

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

ENTRIES = {"module": "ellar db ...", "cli": "ellar-db ...", "env": "alembic -c ..."}
"""The programs by the module with which they come in."""

BOX, HEIGHT, GAP, MARGIN, SIDE = 116, 26, 8, 14, 300
"""A box's width and height, the space between two, the edge, and the room for the programs, in pixels."""

FONT = "ui-sans-serif,system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"


def floors() -> list[list[str]]:
    """Return the packages and modules of each floor, the top first."""
    contracts = parse_toml(PYPROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return [layer.split(" : ") for layer in contracts[0]["layers"]]


def floors_picture() -> str:
    """Return the picture as SVG: a box for each, and the programs beside the floor on which they come in."""
    found = floors()
    width = 2 * MARGIN + max(map(len, found)) * (BOX + GAP) - GAP + SIDE
    height = 2 * MARGIN + len(found) * (HEIGHT + GAP) - GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img">',
        "<title>The floors of ellar_db</title>",
        f"<style>text{{font:13px {FONT};fill:{LIGHT['text']}}}.e{{fill:{LIGHT['faint']}}}"
        f".b{{fill:none;stroke:{LIGHT['faint']}}}.g{{fill:{LIGHT['ground']}}}",
        f"@media (prefers-color-scheme:dark){{text{{fill:{DARK['text']}}}.e{{fill:{DARK['faint']}}}"
        f".b{{stroke:{DARK['faint']}}}.g{{fill:{DARK['ground']}}}}}</style>",
        f'<rect class="g" width="{width}" height="{height}" rx="6"/>',
    ]
    for number, names in enumerate(found):
        lines += _row(names, MARGIN + number * (HEIGHT + GAP))
    return "\n".join([*lines, "</svg>", ""])


def _row(names: list[str], top: int) -> Iterator[str]:
    """Yield a floor."""
    for place, name in enumerate(names):
        left = MARGIN + place * (BOX + GAP)
        yield f'<rect class="b" x="{left}" y="{top}" width="{BOX}" height="{HEIGHT}" rx="4"/>'
        yield f'<text x="{left + BOX / 2:g}" y="{top + 18}" text-anchor="middle">{escape(name)}</text>'
    entries = [f"{name}: {ENTRIES[name]}" for name in names if name in ENTRIES]
    if entries:
        left = MARGIN + len(names) * (BOX + GAP) + GAP
        yield f'<text class="e" x="{left}" y="{top + 18}">{escape("; ".join(entries))}</text>'
