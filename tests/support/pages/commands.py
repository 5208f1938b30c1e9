"""The commands of a block, as a reader types them, and what the page shows below each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.pages.markdown import Block

PROMPT = "$ "
ASSIGNED = re.compile(r"[A-Z_][A-Z0-9_]*=")
OPERATORS = ("&&", "||", "|", ">")


@dataclass
class Simple:
    """One program with its arguments.

    Args:
        words: The program and its arguments.
        env: The variables before it.
        target: The file to which its standard output goes, or nothing.
        piped: Whether its standard output is the input of the next one.
        goes_on: `&&` or `||` if the next one is run only then.
    """

    words: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    target: str = ""
    piped: bool = False
    goes_on: str = ""


@dataclass
class Command:
    """A line that is typed.

    Args:
        text: The line.
        shown: What the page shows below it, or nothing.
        line: The number of its line in the page.
    """

    text: str
    shown: str
    line: int

    def simple(self) -> list[Simple]:
        """Return the programs of the line, in order."""
        lexer = shlex.shlex(self.text, posix=True, punctuation_chars="|&>")
        lexer.whitespace_split = True
        found, into_file = [Simple()], False
        for word in lexer:
            now = found[-1]
            if word in OPERATORS:
                into_file = word == ">"
                now.piped, now.goes_on = word == "|", word if word in ("&&", "||") else ""
                if not into_file:
                    found.append(Simple())
            elif into_file:
                now.target, into_file = word, False
            elif not now.words and ASSIGNED.match(word):
                name, _, value = word.partition("=")
                now.env[name] = value
            else:
                now.words.append(word)
        return found


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a block.

    Each begins with `$ `; below it is what it prints. In a block without prompts, each line is a command.

    Args:
        block: A block that has commands.
    """
    lines = block.text.splitlines()
    prompted = any(line.startswith(PROMPT) for line in lines)
    found: list[Command] = []
    for number, line in enumerate(lines, block.line + 1):
        if line.startswith(PROMPT) or not prompted:
            found.append(Command(line.removeprefix(PROMPT), "", number))
        elif found and not found[-1].shown and found[-1].text.endswith("\\"):
            found[-1].text = f"{found[-1].text[:-1]}{line.removeprefix('> ').strip()}"
        else:
            assert found, f"line {number}: a block of commands begins with `$ `"
            found[-1].shown += f"{line}\n"
    yield from found
