"""What the shells need to complete command lines of a program: scripts, and where they look for them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.shell_completion import BashComplete, CompletionItem, ShellComplete, get_completion_class, split_arg_string

from ellar_db.util.errors import DbError
from ellar_db.util.files import made_folder, write_whole

PROGRAM = "ellar-db"

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
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
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
        return ShellComplete.source(self)

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


class Place(NamedTuple):
    """Where a shell looks for the script of a program.

    Args:
        file: The file.
        next: What is left to do by hand.
    """

    file: Path
    next: str


def script_for(shell: str, command: click.Command, program: str) -> str:
    """Return the script with which a shell completes command lines of a program.

    Args:
        shell: `bash`, `zsh` or `fish`.
        command: The command that the program runs.
        program: The program's name.
    """
    # the script of another program must ask as that program answers, which click alone makes
    found = Bash if shell == "bash" and program == PROGRAM else get_completion_class(shell)
    assert found is not None
    return found(command, {}, program, variable(program)).source()


def variable(program: str) -> str:
    """Return the environment variable by which the script asks the program.

    Example:
        >>> variable("ellar-db")
        '_ELLAR_DB_COMPLETE'
    """
    return f"_{program}_COMPLETE".replace("-", "_").replace(".", "_").upper()


def place_for(shell: str, program: str) -> Place:
    """Return where a shell looks for the script of a program.

    Args:
        shell: `bash`, `zsh` or `fish`.
        program: The program's name.
    """
    home = Path.home()
    if shell == "fish":
        folder = _folder("XDG_CONFIG_HOME", home / ".config") / "fish" / "completions"
        return Place(folder / f"{program}.fish", "New shells use it.")
    if shell == "zsh":
        folder = _folder("ZDOTDIR", home) / ".zfunc"
        file = folder.with_name(".zshrc")
        told = f"Put into {file}, if it isn't there: fpath=({folder} $fpath); autoload -U compinit; compinit"
        return Place(folder / f"_{program}", told)
    data = _folder("XDG_DATA_HOME", home / ".local" / "share") / "bash-completion"
    file = _folder("BASH_COMPLETION_USER_DIR", data) / "completions" / program
    return Place(file, f"New shells use it if bash-completion is installed; if not, put into ~/.bashrc: source {file}")


def _folder(variable: str, default: Path) -> Path:
    named = Path(os.environ.get(variable) or default)
    return named if named.is_absolute() else default


def install(place: Place, script: str, program: str) -> bool:
    """Write a script to where the shell looks for it.

    Args:
        place: Where.
        script: The script.
        program: The program, whose own file may be replaced.

    Returns:
        Whether something was written; not if it was the same before.

    Raises:
        DbError: There is a link, or a file that isn't a script of this program; or it can't be written.
    """
    file = place.file
    home = Path.home()
    links = (each for each in (file, *file.parents) if each.is_symlink() and each.is_relative_to(home) and each != home)
    link = next(links, None)
    if link is not None:
        raise DbError(
            f"{link} is a symbolic link, and no link is followed; print the script, and put it there yourself"
        )
    try:
        if file.exists():
            there = file.read_text(encoding="utf-8", errors="replace")
            if there == script:
                return False
            if variable(program) not in there:
                raise DbError(f"{file} already exists and isn't from {program}; move it away first")
        with made_folder(file.parent):
            write_whole(file, script)
    except OSError as error:
        raise DbError(f"{file} can't be written: {error.strerror}") from error
    return True
