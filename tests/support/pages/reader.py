"""Who follows a page: writes its files and runs its commands, in order, in a folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from ellar_db.testing import Distributions, Project
from tests.support.pages.commands import Command, Simple, commands
from tests.support.pages.files import functions, merged
from tests.support.pages.markdown import Block, parsed
from tests.support.pages.shown import FAILED, Shown, answers
from tests.support.processes import ELLAR, FOREIGN, SCRIPTS, SUITE, TIMEOUT, Program

ON_TERMINAL = (
    "import os, sys; os.dup2(0, 1); os.dup2(0, 2); sys.argv[0] = {program!r}; from {module} import main; main()"
)

MODULES = {
    "alchemy": ["-m", "advanced_alchemy"],
    "flask": ["-m", "flask"],
    "pytest": ["-m", "pytest", "-p", "no:cacheprovider"],
    "python": [],
    "python3": [],
}
"""What is run for other programs of the environment."""

ENV = {
    "COLUMNS": "200",
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_MERGE_AUTOEDIT": "no",
    "PYTHONDONTWRITEBYTECODE": "1",
    # neither colours nor lines that are written anew
    "TERM": "dumb",
}

NOT_RUN = {
    "pip ": "the index isn't there for tests, and the environment is that of all tests",
    "python3 -m venv ": "the environment is that of the tests",
    ". .venv/bin/activate": "the environment is that of the tests",
    "make ": "it runs the tests or makes an environment; `make demo` has a test of its own",
    "docker ": "no images and no daemon are there for tests",
    "kubectl ": "no cluster is there for tests",
    "git push": "there is no remote repository",
    "git fetch": "there is no remote repository",
    "dask ": "it is a server that doesn't end; the plugin's own tests have a cluster",
    "source ": "it changes the reader's shell; tests/test_completion.py does so",
    "curl ": "it asks a server that runs",
    "uvicorn ": "it is a server that doesn't end",
    "ellar runserver": "it is a server that doesn't end",
}
"""What can't be run in a test, by how it begins, with the reason."""


T = TypeVar("T")

Step = Callable[["Reader"], None]


@dataclass(frozen=True)
class Page:
    """How to follow a page.

    Each key is how a block begins, or a command with what is shown below it.

    Args:
        start: What makes the project from which the page begins.
        steps: What the reader does without being told by a command, before a command or a block, in the page's order,
            and at most one before each.
        left: What isn't run or written, and why.
        files: Files that blocks are which the page doesn't name.
        typed: What is typed where the page doesn't show it.
        made: Files, as patterns, that commands have made and in which blocks of the page are.
        codes: The exit codes of commands that fail, and of which the page shows no error.
        long: Whether it takes seconds.
    """

    start: Step
    steps: Sequence[tuple[str, Step]] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    long: bool = False


class Reader:
    """Follows pages.

    Args:
        folder: An empty folder.
        new_database: The fixture of that name.
        install: The fixture `install_distribution`.
        exits: What is undone in the end.
    """

    def __init__(
        self, folder: Path, new_database: Callable[[str], str], install: Distributions, exits: ExitStack
    ) -> None:
        self.folder = folder
        self.top = folder
        self.database = new_database
        self.install = install
        self.exits = exits
        # the database of the application in which the reader is
        self.url = ""
        self.shown = Shown()
        self.env: dict[str, str] = {"HOME": str(folder.parent)}
        self._code = 0

    @property
    def project(self) -> Project:
        """The project in the folder where the reader is."""
        return Project(self.folder)

    def begin(self, name: str) -> None:
        """Go to an empty folder beside the former one."""
        self.folder = self.top.parent / name
        self.folder.mkdir()

    def run(self, *words: str, exit_code: int = 0) -> str:
        """Run a command that the page doesn't show, and return what it prints."""
        code, printed = self._run([Simple(list(words))], "")
        assert code == exit_code, f"{' '.join(words)}: exit {code}\n{printed}"
        return printed

    def follow(self, text: str, page: Page) -> None:
        """Do what a page says, and compare what is printed with what it shows.

        Args:
            text: The page.
            page: How to follow it.
        """
        page.start(self)
        steps = list(page.steps)
        used: set[str] = set()

        def found(keys: Mapping[str, T], beginning: str) -> T | None:
            key = next((key for key in keys if beginning.startswith(key)), None)
            used.update(() if key is None else (key,))
            return None if key is None else keys[key]

        def prepare(beginning: str) -> None:
            if steps and beginning.startswith(steps[0][0]):
                steps.pop(0)[1](self)

        for block in parsed(text):
            if not block.has_commands:
                prepare(block.text)
                if made := found(page.made, block.text):
                    self._compare(made, block)
                file = found(page.files, block.text) or block.file
                if file and found(page.left, block.text) is None:
                    self._write(file, block)
                continue
            for command in commands(block):
                beginning = f"{command.text}\n{command.shown}"
                prepare(beginning)
                if found(page.left, beginning) is None and not command.text.startswith(tuple(NOT_RUN)):
                    self._follow(command, found(page.typed, beginning) or "", found(page.codes, beginning))
        assert [key for key, _ in steps] == [], "steps of the page's entry that nothing in the page begins with"
        unused = {*page.left, *page.files, *page.typed, *page.made, *page.codes} - used
        assert unused == set(), "keys of the page's entry that nothing in the page begins with"

    def _write(self, name: str, block: Block) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text(encoding="utf-8") if file.is_file() else ""
        text = self.shown.typed(block.text)
        if file.name == "pyproject.toml":
            text = merged(before, text)
        elif block.is_added:
            text = f"{before}\n\n{text}"
        file.write_text(text, encoding="utf-8")

    def _compare(self, pattern: str, block: Block) -> None:
        [file] = self.folder.glob(pattern)
        text = file.read_text(encoding="utf-8")
        if not functions(block.text) <= functions(text):
            pytest.fail(f"line {block.line}: this isn't in {pattern}, which is\n{text}", pytrace=False)

    def _follow(self, command: Command, typed: str, code: int | None) -> None:
        if command.text == "echo $?":
            assert command.shown == f"{self._code}\n", f"line {command.line}: the exit code is {self._code}"
            return
        page, shown_typed = answers(command.shown)
        self._code, printed = self._run(
            Command(self.shown.typed(command.text), "", command.line).simple(), typed or shown_typed
        )
        expected = code == self._code if code is not None else bool(FAILED.search(command.shown)) == bool(self._code)
        if not expected:
            pytest.fail(f"line {command.line}: {command.text}: exit code {self._code}\n{printed}", pytrace=False)
        differences = self.shown.differences(page, printed) if command.shown else ""
        if differences:
            pytest.fail(f"line {command.line}: {command.text}\n{differences}", pytrace=False)

    def _run(self, line: Sequence[Simple], typed: str) -> tuple[int, str]:
        """Run the programs of a line; return the exit code and what a terminal shows."""
        code, shown, given = 0, "", ""
        goes_on = ""
        for simple in line:
            if (goes_on == "&&" and code) or (goes_on == "||" and not code):
                continue
            goes_on = simple.goes_on
            apart = simple.piped or simple.target
            if typed:
                code, written = self._typing(simple, typed)
            else:
                code, written, others = self._program(simple, given, merged=not apart)
                shown += others
            given = written if simple.piped else ""
            if simple.target:
                if simple.target != "/dev/null":
                    (self.folder / simple.target).write_text(written, encoding="utf-8")
            elif not simple.piped:
                shown += written
        return code, shown

    def _environment(self, simple: Simple) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        sites = [place for place in sys.path if place.startswith(str(self.top.parent)) or "plugins_example" in place]
        return {**kept, **ENV, "PATH": path, "PYTHONPATH": os.pathsep.join(sites), **self.env, **simple.env}

    def _modules(self, program: str) -> Sequence[str]:
        settings = self.folder / "pyproject.toml"
        if program == "pytest":
            return SUITE
        if program in ("alchemy", "flask"):
            return FOREIGN[MODULES[program][1]]
        within = settings.is_file() and "[tool.ellar]" in settings.read_text(encoding="utf-8")
        return ELLAR if within or program == "ellar" else ()

    def _program(self, simple: Simple, given: str, *, merged: bool) -> tuple[int, str, str]:
        first, *rest = simple.words
        env = self._environment(simple)
        if first == "cd":
            self.folder = self.folder / rest[0]
            return 0, "", ""
        if first == "export":
            self.env.update(word.split("=", 1) for word in rest)
            return 0, "", ""
        found = shutil.which(first, path=env["PATH"])
        if found is None:
            pytest.skip(f"{first} isn't installed")
        if first in SCRIPTS or first in MODULES:
            words = [*MODULES[first], *rest] if first in MODULES else simple.words
            modules = self._modules(first)
            program = Program(words, self.folder, env, stdin=bool(given), modules=modules, merged=merged)
            output, error = program.communicate(given or None, timeout=TIMEOUT)
            assert program.returncode is not None
            return program.returncode, output, error
        done = subprocess.run(
            [found, *rest],
            cwd=self.folder,
            env=env,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr or ""

    def _typing(self, simple: Simple, typed: str) -> tuple[int, str]:
        """Run a program on a terminal that doesn't show what is typed."""
        import pty
        import termios

        program, *rest = simple.words
        ours, theirs = pty.openpty()
        try:
            modes = termios.tcgetattr(theirs)
            modes[1] &= ~termios.OPOST
            modes[3] &= ~termios.ECHO
            termios.tcsetattr(theirs, termios.TCSANOW, modes)
            os.write(ours, typed.encode())
            source = ON_TERMINAL.format(program=program, module=SCRIPTS[program])
            env = self._environment(simple)
            running = Program(
                ["-c", source, *rest], self.folder, env, stdin=theirs, modules=self._modules(program), merged=True
            )
        finally:
            os.close(theirs)
        written = b""
        try:
            while read := os.read(ours, 65536):
                written += read
        except OSError:
            # nobody has the other end any more
            pass
        finally:
            os.close(ours)
        running.communicate(timeout=TIMEOUT)
        assert running.returncode is not None
        return running.returncode, re.sub("\r", "", written.decode())
