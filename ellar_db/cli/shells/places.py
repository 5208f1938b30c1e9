"""Where the shells look for the scripts of programs, and the writing of one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ellar_db.cli.shells.scripts import is_script_of
from ellar_db.util.errors import DbError
from ellar_db.util.files import made_folder, write_whole


class Place(NamedTuple):
    """Where a shell looks for the script of a program.

    Args:
        file: The file.
        next: What is left to do by hand.
    """

    file: Path
    next: str


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
            if not is_script_of(program, there):
                raise DbError(f"{file} already exists and isn't from {program}; move it away first")
        with made_folder(file.parent):
            write_whole(file, script)
    except OSError as error:
        raise DbError(f"{file} can't be written: {error.strerror}") from error
    return True
