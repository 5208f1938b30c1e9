"""The scripts with which shells complete command lines of a program, and how they ask it."""

from __future__ import annotations

import os
import shlex
from typing import Any

import click
from click.shell_completion import BashComplete, CompletionItem, ShellComplete, get_completion_class, split_arg_string

PROGRAM = "ellar-db"

ELLAR = "ellar"
"""The program that has the commands as `ellar db`, and imports the application for each completion."""

ASKED = "@asked@"

BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' kind value
    COMPREPLY=()
    while IFS=',' read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete @asked@ 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Completion in bash, which splits words at `:`, `@` and `=`, as in `shop@head`, and inserts what it gets as it is.

    The script passes the line up to the cursor, and the characters at which words are split.
    """

    source_template = BASH

    def source(self) -> str:
        """Return the script, without starting a bash to ask for its version."""
        # with the command as it was typed, its neighbour in the same environment is asked
        asked = '"${1%ellar}ellar-db"' if self.prog_name == ELLAR else '"$1"'
        return ShellComplete.source(self).replace(ASKED, asked)

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the beginning of the one that is completed."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        # an open quote or an escaped space is no end
        begun = words and split_arg_string(f"{line}.")[1:] != [*words, "."]
        return (words[:-1], words[-1]) if begun else (words, "")

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return an item without what bash takes for words before it, safe to be run by the shell."""
        _, incomplete = self.get_completion_args()
        breaks = set(os.environ.get("COMP_WORDBREAKS", "")) - set("\"' \t\n")
        # a word that begins at an @ has it
        ends = (place + (each != "@") for place, each in enumerate(incomplete) if each in breaks)
        kept = max(ends, default=0)
        value = str(item.value)
        return f"{item.type},{shlex.quote(value[kept:]) if item.type == 'plain' and value[kept:] else value}"


def script_for(shell: str, command: click.Command, program: str) -> str:
    """Return the script with which a shell completes command lines of a program.

    That of `ellar` asks `ellar-db`, which needs no application to know what follows `ellar db`.

    Args:
        shell: `bash`, `zsh` or `fish`.
        command: The command that the program runs.
        program: The program's name.
    """
    by_click = get_completion_class(shell)
    assert by_click is not None
    if program not in (PROGRAM, ELLAR):
        # it must ask as that program answers, which click alone makes
        return by_click(command, {}, program, variable(program)).source()
    if shell == "bash":
        return Bash(command, {}, program, variable(PROGRAM)).source()
    script = by_click(command, {}, program, variable(PROGRAM)).source()
    return script if program == PROGRAM else _asking_ours(script)


def _asking_ours(script: str) -> str:
    """Return a script of click's for `ellar` that asks `ellar-db`, in the one line that names the variable."""
    lines = script.splitlines(keepends=True)
    [place] = [place for place, line in enumerate(lines) if variable(PROGRAM) in line]
    before, _, after = lines[place].rpartition(f" {ELLAR}")
    lines[place] = f"{before} {PROGRAM}{after}"
    return "".join(lines)


def variable(program: str) -> str:
    """Return the environment variable by which the script asks the program.

    Example:
        >>> variable("ellar-db")
        '_ELLAR_DB_COMPLETE'
    """
    return f"_{program}_COMPLETE".replace("-", "_").replace(".", "_").upper()


def is_script_of(program: str, text: str) -> bool:
    """Return whether a text is a script that completes a program, of this release or an earlier one.

    Args:
        program: The program's name.
        text: The text.
    """
    return variable(program) in text or (program == ELLAR and variable(PROGRAM) in text)
