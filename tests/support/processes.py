"""Programs in processes of their own, which start at once.

A new Python takes longer to import SQLAlchemy and Alembic than to do what a test is after. So a server imports them
once and forks for each program. Such a process can be killed, signalled and waited for as any other. A test of how a
program starts, of what it imports above all, needs `subprocess`.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ellar_db.testing import Project

TIMEOUT = 300
"""Seconds after which a program is taken for one that never ends, on however slow a machine."""

PRELOADED = (
    "alembic.autogenerate alembic.command alembic.config alembic.context alembic.op aiomysql aiosqlite asyncpg "
    "click psycopg pymysql sqlalchemy.dialects.mysql.aiomysql sqlalchemy.dialects.mysql.pymysql "
    "sqlalchemy.dialects.postgresql.asyncpg sqlalchemy.dialects.postgresql.psycopg "
    "sqlalchemy.dialects.sqlite.aiosqlite sqlalchemy.dialects.sqlite.pysqlite sqlalchemy.ext.asyncio sqlalchemy.orm"
).split()

ELLAR = ("ellar.app", "ellar_cli.cli", "ellar_sql")
"""What another server imports too, for programs in an Ellar project; elsewhere it would change what these do."""

FOREIGN = {
    "flask": ("flask.cli", "flask_migrate", "flask_sqlalchemy"),
    "advanced_alchemy": ("advanced_alchemy.alembic.commands", "advanced_alchemy.cli", "advanced_alchemy.config"),
}
"""What the servers for other programs import, by the program."""

SUITE = ("_pytest.legacypath", "_pytest.pytester", "pytest")
"""What the server for pytest imports."""

SERVER = "serve"
"""The name of a program that is a server too, with its socket as its input."""

SCRIPTS = {"alembic": "alembic.config", "ellar": "ellar_cli.cli", "ellar-db": "ellar_db.cli"}
"""Console scripts, each the function `main` of a module."""


class Program:
    """A running program, with the part of `subprocess.Popen` that tests use.

    Args:
        arguments: `-m` and a module, `-c` and source, a file, or one of SCRIPTS, each with its own arguments.
        cwd: The working directory.
        env: All environment variables.
        stdin: Give the program a pipe as its input, or a file by its number, rather than nothing.
        modules: What else is to be imported already.
        merged: Give all that the program writes as its standard output, in the order in which it is written.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        *,
        stdin: bool | int = False,
        modules: Sequence[str] = (),
        merged: bool = False,
    ) -> None:
        self.returncode: int | None = None
        ours, theirs = socket.socketpair()
        output, error = os.pipe(), os.pipe()
        if stdin is True:
            source = os.pipe()
        else:
            source = (os.dup(stdin) if stdin else os.open(os.devnull, os.O_RDONLY), -1)
        server = _inherited or _server(tuple(modules))
        if merged:
            os.dup2(output[1], error[1])
        given = [theirs.fileno(), source[0], output[1], error[1], server.fileno()]
        socket.send_fds(server, [b"."], given)
        theirs.close()
        for descriptor in given[1:4]:
            os.close(descriptor)
        self.stdin: IO[str] | None = open(source[1], "w", encoding="utf-8") if stdin is True else None
        self.stdout: IO[str] = open(output[0], encoding="utf-8")
        self.stderr: IO[str] = open(error[0], encoding="utf-8")
        self._status = ours.makefile("rwb", buffering=0)
        ours.close()
        request = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "env": dict(env)})
        self._status.write(request.encode() + b"\n")
        self.pid = int(self._status.readline())
        self._waiting = threading.Thread(target=self._reap, daemon=True)
        self._waiting.start()

    def _reap(self) -> None:
        self.returncode = int(self._status.readline())
        self._status.close()

    def poll(self) -> int | None:
        """Return the exit code, or None while the program runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, once the program has ended."""
        self._waiting.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return self.returncode

    def communicate(self, text: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """Write all of the input, and return what the program wrote to its outputs until its end."""
        read: dict[str, str] = {}
        readers = [
            threading.Thread(target=lambda name=name, file=file: read.update({name: file.read()}), daemon=True)
            for name, file in (("stdout", self.stdout), ("stderr", self.stderr))
            if not file.closed
        ]
        for reader in readers:
            reader.start()
        if self.stdin is not None and not self.stdin.closed:
            try:
                self.stdin.write(text or "")
                self.stdin.close()
            except BrokenPipeError:
                pass
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        self.stdout.close()
        self.stderr.close()
        return read.get("stdout", ""), read.get("stderr", "")

    def send_signal(self, number: int) -> None:
        """Send a signal to the program, unless it has ended."""
        if self.returncode is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        """End the program as by `kill -9`."""
        self.send_signal(signal.SIGKILL)


def python(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bool | int = False,
    modules: Sequence[str] = (),
    **options: Any,
) -> Program | subprocess.Popen[str]:
    """Start a Python program.

    Args:
        arguments: Those of `python`: `-m` or `-c`, and what follows.
        cwd: The working directory.
        env: All environment variables, by default those of this process.
        stdin: Give the program a pipe as its input, or a file by its number.
        modules: What else is to be imported already.
        options: Further options of `subprocess.Popen`, which then starts a new Python.
    """
    env = os.environ if env is None else env
    if hasattr(os, "fork") and not options:
        return Program(arguments, cwd, env, stdin=stdin, modules=modules)
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE if stdin is True else stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(
    project: Project,
    *command: str,
    exit_code: int | None = 0,
    env: Mapping[str, str] | None = None,
    modules: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run `alembic`, `ellar-db`, `ellar` or `python manage.py` as `Project.run` does, and check the exit code.

    Args:
        project: The project.
        command: The program and its arguments.
        exit_code: The expected exit code; None accepts any.
        env: Environment variables in addition to those of the test.
        modules: What else is to be imported already.
    """
    if not hasattr(os, "fork"):
        from ellar_db.testing import Project

        return Project.run(project, *command, exit_code=exit_code, env=dict(env or {}))
    settings = project.path / "pyproject.toml"
    ellar = settings.is_file() and "[tool.ellar]" in settings.read_text(encoding="utf-8")
    arguments = command[1:] if command[0] == "python" else command
    modules = modules or FOREIGN.get(command[1] if command[0] == "-m" else "", ())
    program = Program(
        arguments,
        project.path,
        {**os.environ, "PYTHONPATH": "", **(env or {})},
        modules=ELLAR if ellar or command[0] in ("ellar", "python") else modules,
    )
    output, error = program.communicate(timeout=TIMEOUT)
    assert program.returncode is not None
    done = subprocess.CompletedProcess(command, program.returncode, output, error)
    if exit_code not in (None, done.returncode):
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


_inherited: socket.socket | None = None
"""In a program, the server that it comes from, for those that it starts itself."""


def _run_module(arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Do what `subprocess.run` does, at once if a program runs a Python module on text."""
    if arguments[:2] != [sys.executable, "-m"] or options.keys() - RUN or not options.get("text"):
        return _original_run(arguments, **options)
    given = options.get("input")
    program = Program(arguments[1:], Path.cwd(), options.get("env") or os.environ, stdin=given is not None)
    output, error = program.communicate(given)
    assert program.returncode is not None
    return subprocess.CompletedProcess(arguments, program.returncode, output, error)


_original_run = subprocess.run

RUN = {"input", "env", "capture_output", "text", "encoding", "errors", "check"}
"""The options of `subprocess.run` that make no difference to a program which is forked."""


@functools.cache
def _server(modules: tuple[str, ...]) -> socket.socket:
    """Start a server of this process, which ends with it, and in which modules are imported.

    One that has more modules comes from the one without, as any program does.
    """
    ours, theirs = socket.socketpair()
    # what measures coverage begins in each program, not in the server; the suite itself runs what a module does when it
    # is imported, since it imports all of ours
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTHONPATH"))}
    server: Program | subprocess.Popen[bytes]
    if modules:
        server = Program([SERVER, *modules], Path("/"), env, stdin=theirs.fileno())
    else:
        command = [sys.executable, __file__, str(theirs.fileno())]
        server = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd="/", env=env)
    theirs.close()

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


def _serve(control: socket.socket) -> Callable[[], None]:
    """Fork for each program; return, in the new process, what runs it."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 5)
        if not message:
            os._exit(0)
        if os.fork():
            for descriptor in descriptors:
                os.close(descriptor)
            _collect()
            continue
        control.close()
        status = socket.socket(fileno=descriptors[0])
        with status.makefile("rwb", buffering=0) as file:
            request = json.loads(file.readline())
            pid = os.fork()
            if pid:
                for descriptor in descriptors[1:]:
                    os.close(descriptor)
                file.write(b"%d\n" % pid)
                _, ended = os.waitpid(pid, 0)
                file.write(b"%d\n" % os.waitstatus_to_exitcode(ended))
                os._exit(0)
        status.close()
        for number, descriptor in enumerate(descriptors[1:4]):
            os.dup2(descriptor, number)
            os.close(descriptor)
        global _inherited
        _inherited = socket.socket(fileno=descriptors[4])
        return functools.partial(_become, **request)


def our_modules() -> Iterator[str]:
    """Yield all modules of ellar_db that a program may use."""
    import pkgutil

    import ellar_db

    for package in (module for module in pkgutil.iter_modules(ellar_db.__path__, "ellar_db.") if module.ispkg):
        if package.name != "ellar_db.testing":
            path = importlib.import_module(package.name).__path__
            yield from (module.name for module in pkgutil.walk_packages(path, f"{package.name}."))
    yield "ellar_db.env"


def import_all(*names: str) -> None:
    """Import modules, as far as they are installed: not every installation has all drivers."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            try:
                importlib.import_module(name)
            except ImportError:
                pass


def _collect() -> None:
    """Let go of the processes that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _become(arguments: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
    """Run a program in this process, as a new Python would."""
    import runpy
    import types

    subprocess.run = _run_module
    # a suite that runs in the background ignores it, and what it starts would too
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    if any(name.startswith("COVERAGE_PROCESS_") for name in env):
        import coverage

        coverage.process_startup()
    first, *rest = arguments
    if first == SERVER:
        _begin(os.dup(0), rest)
        return
    sys.path[:0] = list(filter(None, env.get("PYTHONPATH", "").split(os.pathsep)))
    importlib.invalidate_caches()
    # which Python reads when it starts
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE")) or sys.dont_write_bytecode
    sys.argv = list(arguments)
    if first in SCRIPTS:
        sys.exit(importlib.import_module(SCRIPTS[first]).main())
    if first.endswith(".py"):
        sys.path.insert(0, cwd)
        runpy.run_path(first, run_name="__main__")
        return
    program, sys.argv = rest[0], [first, *rest[1:]]
    sys.path.insert(0, cwd if first == "-m" else "")
    if first == "-m":
        if program == "pytest":
            # which rewrites the assertions in modules that aren't imported yet
            for name in [name for name in sys.modules if name.partition(".")[0] == "ellar_db"]:
                del sys.modules[name]
        sys.modules.pop(program, None)
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(program, "<string>", "exec"), main.__dict__)


def _begin(descriptor: int, modules: Sequence[str]) -> None:
    """Serve, with these modules imported; return at the end of a program."""
    import_all(*modules)
    # the collector of a new process leaves alone what is shared with this one, which it would otherwise copy
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=descriptor) as control:
        run = _serve(control)
    run()


def _end(code: Any) -> None:
    """End the process as Python does, but leave its modules as they are: to empty them takes longer than most programs.

    Args:
        code: The argument of `sys.exit`.
    """
    if not isinstance(code, int | None):
        sys.exit(code)
    # there is no public name for what Python does at its end
    threading._shutdown()  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    # errors in destructors are shown
    gc.collect()
    for file in (sys.stdout, sys.stderr):
        try:
            if file is not None:
                file.flush()
        except (OSError, ValueError):  # a pipe that nobody reads, or a closed file
            sys.exit(code)
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    del sys.path[0]
    code: Any = 0
    try:
        _begin(int(sys.argv[1]), [*PRELOADED, *our_modules()])
    except SystemExit as ended:
        code = ended.code
    _end(code)
