"""Programs of other users, which only root can start."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.processes import Program, python

NOBODY, SOMEBODY = 65534, 65533
"""Two users without any rights of their own."""

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")

_SOURCE = r"""
import contextlib, importlib, os, pathlib, pkgutil, re, sys
# root's Python can be out of the reach of others, so all that is used is imported before, also what functions import
import encodings.idna, pwd, mako.codegen, mako.lookup, mako.runtime, mako.template
import ellar_db
names = [module.name for module in pkgutil.walk_packages(ellar_db.__path__, "ellar_db.")]
for file in pathlib.Path(ellar_db.__file__).parent.rglob("*.py"):
    lazy = re.findall(r"^\s+(?:from|import) (\w[\w.]*)", file.read_text(encoding="utf-8"), re.MULTILINE)
    names += [name for name in lazy if name.partition(".")[0] in sys.stdlib_module_names]
for name in dict.fromkeys(names):
    if not re.search("__main__|ellar_db.testing|ellar_db.module", name):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
os.setgroups([])
os.setgid({user})
os.setuid({user})
"""


def start_as(user: int, source: str, *arguments: str, cwd: Path) -> Program | subprocess.Popen[str]:
    """Start a program of another user, in which all modules of ellar_db are imported already.

    Args:
        user: The user's and the group's number.
        source: The program.
        arguments: Its arguments.
        cwd: The working directory, which the user must be able to enter.
    """
    # coverage's data can't be written by another user
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    program = _SOURCE.replace("{user}", str(user)) + source
    return python("-c", program, *arguments, cwd=cwd, env={**env, "HOME": str(cwd)})


def start_command_as(user: int, *command: str, cwd: Path) -> Program | subprocess.Popen[str]:
    """Start `ellar-db` as another user."""
    return start_as(user, "from ellar_db.cli import main\nsys.argv[0] = 'ellar-db'\nmain()\n", *command, cwd=cwd)


def run_as(user: int, command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `ellar-db` as another user."""
    program = start_command_as(user, *command, cwd=cwd)
    output, error = program.communicate()
    assert program.returncode is not None
    return subprocess.CompletedProcess(command, program.returncode, output, error)
