"""Programs whose input and standard error are a terminal."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.processes import TIMEOUT, Program, python

terminal = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

PROGRAM = "import os, sys; os.dup2(0, 2); sys.argv[0] = 'ellar-db'; from ellar_db.cli import main; main()"

END_OF_INPUT = "\x04"


class Terminal:
    """The other end of the terminal of a running program.

    Args:
        ours: The terminal.
        program: The program.
    """

    def __init__(self, ours: int, program: Program | subprocess.Popen[str]) -> None:
        self.ours = ours
        self.program = program
        self.shown = ""

    def answer(self, question: str, keys: str) -> None:
        """Wait for a question, and type."""
        start = len(self.shown)
        while question not in self.shown[start:]:
            read = self._read()
            assert read, f"no {question!r} in {self.shown[start:]!r}"
        os.write(self.ours, keys.encode())

    def end(self) -> tuple[int, str, str]:
        """Wait for the end; give the exit code, what was written to standard output, and what the terminal shows."""
        while self._read():
            pass
        output, _ = self.program.communicate(timeout=TIMEOUT)
        assert self.program.returncode is not None
        return self.program.returncode, output, self.shown

    def _read(self) -> bool:
        try:
            if not select.select([self.ours], [], [], TIMEOUT)[0]:
                return False
            read = os.read(self.ours, 4096).decode(errors="replace")
        except OSError:
            # nobody has the other end any more
            return False
        self.shown += read.replace("\r\n", "\n")
        return bool(read)


@contextmanager
def all_on_terminal(
    command: Sequence[str], folder: Path, env: Mapping[str, str], *, columns: int | None = None
) -> Iterator[Terminal]:
    """Run a program whose input and output are a terminal, such as an interactive shell.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        env: More environment variables.
        columns: The width of the terminal; None if it doesn't tell.
    """
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    if columns is not None:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    try:
        # a session of its own, of which the terminal becomes the shell's
        start = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
        )
        program = subprocess.Popen(
            [sys.executable, "-c", start, *command],
            cwd=folder,
            env={**os.environ, **env, "TERM": "xterm", "ELLAR_DB_LOAD_PLUGINS": ""},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            text=True,
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    try:
        yield Terminal(ours, program)
    finally:
        program.kill()
        program.communicate(timeout=TIMEOUT)
        os.close(ours)


@contextmanager
def on_terminal(project: Project, *arguments: str) -> Iterator[Terminal]:
    """Run `ellar-db` on a terminal."""
    import pty

    ours, theirs = pty.openpty()
    try:
        env = {**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""}
        program = python("-c", PROGRAM, *arguments, cwd=project.path, env=env, stdin=theirs)
    finally:
        os.close(theirs)
    try:
        yield Terminal(ours, program)
    finally:
        program.kill()
        os.close(ours)
