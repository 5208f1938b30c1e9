"""The lines of `ellar`, whose script asks `ellar-db`: what follows `ellar db` is answered here, all else by `ellar`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from click.shell_completion import split_arg_string

from ellar_db.cli.shells.scripts import ELLAR, PROGRAM, variable

OF_ELLAR = re.compile(rf"\s*(?:\S*/)?{ELLAR}\s+")


def passed_on() -> int | None:
    """Let `ellar` answer if the line is one of its own; from one of `ellar db`, take the first word away.

    Returns:
        The exit code of `ellar`, or None if the line is for `ellar-db`.
    """
    name = "COMP_LINE" if "COMP_LINE" in os.environ else "COMP_WORDS"
    line = os.environ.get(name, "")
    begin = OF_ELLAR.match(line)
    if begin is None:
        return None
    rest = line[begin.end() :]
    # zsh gives the whole line and the place of the word in it, the others what is before the cursor
    is_zsh = os.environ[variable(PROGRAM)].startswith("zsh")
    place = int(os.environ["COMP_CWORD"]) if is_zsh else 2
    if place > 1 and re.match(r"db\s", rest):
        os.environ[name] = rest
        if is_zsh:
            os.environ["COMP_CWORD"] = str(place - 1)
        return None
    return _ask_ellar(line)


def _ask_ellar(line: str) -> int:
    env = dict(os.environ)
    env[variable(ELLAR)] = env.pop(variable(PROGRAM))
    if env.pop("COMP_LINE", None) is not None:
        # as click's own script for bash asks
        words = split_arg_string(line)
        env |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - (not line[-1].isspace()))}
    beside = str(Path(sys.argv[0]).parent)
    program = shutil.which(ELLAR, path=os.pathsep.join([beside, env.get("PATH", os.defpath)]))
    return 0 if program is None else subprocess.run([program], env=env, check=False).returncode
