"""What a terminal shows: the part of a terminal that the program uses, without one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import groupby

SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b\][^\x07]*\x07")


@dataclass(frozen=True)
class Look:
    """How a sign looks.

    Args:
        colour: The number of the colour from 0, 8 to 15 for the bright ones; None for that of the terminal.
        bold: It is bold.
        dim: It is dim.
        underline: It is underlined.
        italic: It is italic.
        reverse: Its colours are exchanged.
    """

    colour: int | None = None
    bold: bool = False
    dim: bool = False
    underline: bool = False
    italic: bool = False
    reverse: bool = False


PLAIN = Look()

CODES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}
ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",)}


@dataclass
class Shown:
    """The lines that a terminal shows, however far it has scrolled.

    Args:
        width: Its columns.

    Raises:
        ValueError: In `feed`: a sequence that isn't known, which a picture would otherwise lack.

    Example:
        >>> shown = Shown(20)
        >>> shown.feed("[1/2] one" + chr(13) + "[2/2] two")
        >>> shown.lines
        ['[2/2] two']
    """

    width: int
    row: int = 0
    column: int = 0
    look: Look = PLAIN
    cells: list[list[tuple[str, Look]]] = field(default_factory=lambda: [[]])

    def feed(self, written: str) -> None:
        """Show what a program writes."""
        at = 0
        while at < len(written):
            found = SEQUENCE.match(written, at)
            if found:
                self._obey(found.group(1) or "", found.group(2) or "")
                at = found.end()
            else:
                self._sign(written[at])
                at += 1

    @property
    def lines(self) -> list[str]:
        """The text of the lines, without spaces at their ends; the empty ones at the end are left out."""
        texts = ["".join(sign for sign, _ in row).rstrip() for row in self.cells]
        while texts and not texts[-1]:
            texts.pop()
        return texts

    @property
    def runs(self) -> list[list[tuple[int, str, Look]]]:
        """Of each line, the parts that look alike, with the column where each begins."""
        found = []
        for row in self.cells[: len(self.lines)]:
            parts, column = [], 0
            for look, signs in groupby(row, key=lambda cell: cell[1]):
                text = "".join(sign for sign, _ in signs)
                parts.append((column, text, look))
                column += len(text)
            found.append(parts)
        return found

    def _sign(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self._down()
        elif sign == "\b":
            self.column = max(self.column - 1, 0)
        elif sign == "\t":
            self.column = min(self.column // 8 * 8 + 8, self.width - 1)
        elif sign == "\x1b":
            raise ValueError("an unknown sequence")
        elif sign >= " ":
            taken = 2 if unicodedata.east_asian_width(sign) in "WF" else 1
            if self.column + taken > self.width:
                self._down()
            row = self.cells[self.row]
            row.extend([(" ", PLAIN)] * (self.column + taken - len(row)))
            # of one that takes two columns, the second has nothing
            row[self.column : self.column + taken] = [(sign, self.look), ("", self.look)][:taken]
            self.column += taken

    def _down(self) -> None:
        self.row, self.column = self.row + 1, 0
        if self.row == len(self.cells):
            self.cells.append([])

    def _obey(self, numbers: str, command: str) -> None:
        if command == "m":
            for code in map(int, (numbers or "0").split(";")):
                self.look = _changed(self.look, code)
        elif command == "K":
            del self.cells[self.row][self.column :]
        elif command == "A":
            self.row = max(self.row - int(numbers or 1), 0)
        # modes, such as that of a hidden cursor or of marked pastes, and titles of windows show nothing
        elif command not in ("h", "l", ""):
            raise ValueError(f"the sequence {numbers}{command} is unknown")


def _changed(look: Look, code: int) -> Look:
    values = dict(vars(look))
    if code == 0:
        return PLAIN
    if code in CODES:
        values[CODES[code]] = True
    elif code in ENDS:
        values.update(dict.fromkeys(ENDS[code], False))
    elif 30 <= code <= 37 or 90 <= code <= 97:
        values["colour"] = code - 30 if code < 90 else code - 82
    elif code == 39:
        values["colour"] = None
    else:
        raise ValueError(f"the code {code} of a colour is unknown")
    return Look(**values)
