"""A terminal as SVG: text that can be read and searched, in the reader's colours, with nothing from another host."""

from __future__ import annotations

from html import escape

from tests.support.screens import Look, Shown

SIZE, ADVANCE, LINE, MARGIN = 14, 8.4, 19, 14

DARK = {
    "ground": "#0d1117",
    "edge": "#30363d",
    "text": "#e6edf3",
    "faint": "#9198a1",
    "c1": "#ff7b72",
    "c2": "#3fb950",
    "c3": "#d29922",
    "c4": "#58a6ff",
    "c5": "#bc8cff",
    "c6": "#39c5cf",
}
LIGHT = {
    "ground": "#ffffff",
    "edge": "#d1d9e0",
    "text": "#1f2328",
    "faint": "#59636e",
    "c1": "#cf222e",
    "c2": "#1a7f37",
    "c3": "#8a5a00",
    "c4": "#0969da",
    "c5": "#8250df",
    "c6": "#1b7c83",
}
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"


def drawn(shown: Shown, title: str) -> str:
    """Return a picture of what a terminal shows.

    A program that doesn't know the reader's colours shows the light ones.

    Args:
        shown: The terminal.
        title: What it is, for those who don't see it.
    """
    rows = shown.runs
    width = round(shown.width * ADVANCE + 2 * MARGIN)
    height = len(rows) * LINE + 2 * MARGIN - 4
    used = sorted({part for row in rows for _, _, look in row for part in _classes(look).split()})
    style = [f"text{{font:{SIZE}px {FONT};white-space:pre;fill:{LIGHT['text']}}}", _rules(LIGHT, used)]
    style += ["@media (prefers-color-scheme:dark){" + f"text{{fill:{DARK['text']}}}" + _rules(DARK, used) + "}"]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        "<style>",
        *style,
        "</style>",
        f'<rect class="g" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="6" fill="{LIGHT["ground"]}"/>',
    ]
    for number, row in enumerate(rows):
        lines += [_text(column, number, text, look) for column, text, look in row if text.strip()]
    return "\n".join([*lines, "</svg>", ""])


def _text(column: int, row: int, text: str, look: Look) -> str:
    """Return a part of a line, as wide as its columns whatever the font."""
    # a part that only spaces part from what follows is shorter than its columns
    start = len(text) - len(text.lstrip())
    shown = text.strip()
    x, y = MARGIN + (column + start) * ADVANCE, MARGIN + row * LINE + SIZE - 1
    classes = _classes(look)
    mark = f' class="{classes}"' if classes else ""
    return f'<text x="{x:g}" y="{y}" textLength="{len(shown) * ADVANCE:g}"{mark}>{escape(shown, quote=False)}</text>'


def _classes(look: Look) -> str:
    names = []
    if look.colour is not None and look.colour % 8 not in (0, 7):
        names.append(f"c{look.colour % 8}")
    if look.dim:
        names.append("d")
    return " ".join(names + ["b"] * look.bold + ["u"] * look.underline + ["i"] * look.italic)


def _rules(colours: dict[str, str], used: list[str]) -> str:
    forms = {"b": "font-weight:bold", "u": "text-decoration:underline", "i": "font-style:italic"}
    rules = [f".g{{fill:{colours['ground']};stroke:{colours['edge']}}}"]
    for name in used:
        rules.append(f".{name}{{{forms.get(name) or 'fill:' + colours['faint' if name == 'd' else name]}}}")
    return "".join(rules)
