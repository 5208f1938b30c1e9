"""The part of a run that takes place in another process, perhaps on another machine."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.invocation import Way, Work
from ellar_db.config.seam import alembic_config
from ellar_db.databases.database import Database
from ellar_db.fleet.attempt import attempt
from ellar_db.fleet.outcome import Outcome
from ellar_db.options import META, GroupOptions, Selection, group_options
from ellar_db.plugins.options import OVERRIDING, values
from ellar_db.project.application import application_name, naming_application
from ellar_db.util.errors import in_one_line, summary
from ellar_db.util.masking import masked
from ellar_db.util.termination import EXIT_CODE, TerminatedError, terminable

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from alembic.config import Config

_one_at_a_time = threading.Lock()

ENDING = threading.Event()
"""Set when the process that asked for the work is gone: nothing more is begun."""

_going: list[Connection] = []
"""What is at its end when nothing more is to be begun, since a database failed."""

_started_for_it = threading.Event()
"""Set in a process that does nothing else, and so ends when it is told to."""


@dataclass(frozen=True)
class Task:
    """A command, as values that can be pickled, from which another process repeats it for some databases.

    Args:
        name: The command: "upgrade", "downgrade", "stamp" or "ensure-version".
        folder: The project's folder.
        directory: The migrations folder, if the command line names one.
        package: The package whose migrations these are; empty for the application's own.
        x_arg: Values of `-x`.
        limits: Values of `Limits`, by name.
        group: The options before the command's name.
        params: The command's parameters, for plugins.
        overridden: Parameters of commands that a plugin has replaced.
        plugin_options: Values of options that plugins added.
        application: The application, as `application_name` has it.
        origin: The process that asks for the work.
        program: The program and its groups, as in `ellar db`, for messages that suggest the next command.
        keep_going: Go on with the others after one has failed.
        options: Alembic's options of the command.
        ways: Where each database is and is to be, if the target is relative to that.
    """

    name: str
    folder: str
    directory: str | None
    package: str
    x_arg: tuple[str, ...]
    limits: Mapping[str, Any]
    group: Mapping[str, Any]
    params: Mapping[str, Any]
    overridden: Mapping[str, Any]
    plugin_options: Mapping[str, Any]
    application: str
    origin: str
    program: Sequence[str]
    keep_going: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    ways: Mapping[str, Way] = field(default_factory=dict)

    @classmethod
    def of(
        cls, work: Work, package: str, limits: Mapping[str, Any], ways: Mapping[str, Way], *, keep_going: bool
    ) -> Task:
        """Return the task of the command that runs.

        Args:
            work: What it does.
            package: The package, or an empty string.
            limits: Its limits.
            ways: Where each database is and is to be, if the target is relative to that.
            keep_going: Go on with the others after one has failed.
        """
        ctx = click.get_current_context(silent=True)
        params = dict(ctx.params) if ctx else {}
        directory = params.get("directory")
        kept = {key: work.options[key] for key in ("destination_rev", "tag", "purge") if key in work.options}
        return cls(
            work.name,
            os.getcwd(),
            None if directory is None else str(directory),
            package,
            tuple(params.get("x_arg") or ()),
            dict(limits),
            group_options()._asdict(),
            {key: value for key, value in params.items() if _is_plain(value)},
            dict(ctx.meta.get(OVERRIDING, {})) if ctx else {},
            dict(values.get()),
            application_name(),
            _this_process(),
            _program(ctx),
            keep_going,
            kept,
            ways,
        )

    def for_some(self, names: Sequence[str]) -> Task:
        """Return the task with what some databases need: of thousands, the ways are too long to be sent each time.

        Args:
            names: Their names.
        """
        return replace(self, ways={name: self.ways[name] for name in names if name in self.ways})

    def run(self, names: Sequence[str], each: Collecting) -> None:
        """Run the command on some of the databases.

        Args:
            names: Their names.
            each: Gets what became of each.
        """
        from alembic import command

        destination = self.options.get("destination_rev")
        tag = self.options.get("tag")
        directory = None if self.directory is None else Path(self.directory)
        with (
            self._context(),
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            alembic_config(
                directory,
                x_arg=self.x_arg,
                limits=self.limits,
                package=self.package or None,
                chosen=Selection(tuple(names)),
                each=each,
                stdout=nowhere,
            ) as config,
        ):
            if self.name == "upgrade":
                command.upgrade(config, str(destination), tag=tag)
            elif self.name == "downgrade":
                command.downgrade(config, str(destination), tag=tag)
            elif self.name == "stamp":
                command.stamp(config, _listed(destination), tag=tag, purge=bool(self.options.get("purge")))
            else:
                command.ensure_version(config)

    @contextmanager
    def _context(self) -> Iterator[None]:
        """Enter the command's context, in which plugins find its options, and the project's folder."""
        before = os.getcwd()
        os.chdir(self.folder)
        token = values.set(dict(self.plugin_options))
        ctx: click.Context | None = None
        for name in self.program:
            ctx = click.Context(click.Group(name), info_name=name, parent=ctx)
        ctx = click.Context(click.Command(self.name), info_name=self.name, parent=ctx)
        # all of them have it in common
        ctx.meta[META] = GroupOptions(**self.group)
        ctx.meta[OVERRIDING] = dict(self.overridden)
        ctx.params.update(self.params)
        try:
            with ctx:
                naming_application(ctx, self.application)
                yield
        finally:
            values.reset(token)
            os.chdir(before)


class Collecting:
    """Runs the databases of a task one after the other, and keeps what became of each.

    Args:
        ways: Those of the task.
        keep_going: Go on with the others after one has failed.
    """

    asked = ""

    def __init__(self, ways: Mapping[str, Way], *, keep_going: bool) -> None:
        self.ways = ways
        self.outcomes: list[Outcome] = []
        self._keep_going = keep_going

    def __call__(self, config: Config, databases: Sequence[Database], work: Work) -> None:
        """Run them."""
        for database in databases:
            if ENDING.is_set() or any(each.poll() for each in _going):
                return
            self.outcomes.append(attempt(database, work, self.ways.get(database.name)))
            if self.outcomes[-1].state == "failed" and not self._keep_going:
                return


def work_on(task: Task, names: Sequence[str]) -> list[dict[str, Any]]:
    """Run a command on some databases, one at a time in this process; it may be repeated, as after a crash.

    Args:
        task: The command.
        names: The databases.

    Returns:
        What became of each, as `Outcome.values`.
    """
    each = Collecting(task.ways, keep_going=task.keep_going)
    told = ""
    if task.origin == _this_process():
        told = "the executor runs the work in threads of this process, where Alembic can do one thing at a time"
        return [Outcome(name, "failed", error=told).values for name in names]
    with _one_at_a_time:
        try:
            with terminable():
                task.run(names, each)
        except TerminatedError:
            if _started_for_it.is_set():
                # what it was doing is rolled back by now; a pool would go on after any exception
                os._exit(EXIT_CODE)
            raise
        except click.ClickException as error:
            told = masked(in_one_line(error.message))
        except Exception as error:  # of the project's own code; no exception may be lost on its way to another process
            told = masked(in_one_line(f"{type(error).__name__}: {summary(error)}"))
    known = {outcome.database for outcome in each.outcomes}
    rest = [name for name in names if name not in known]
    untold = [Outcome(name, "failed", error=told) if told else Outcome(name, "not begun") for name in rest]
    return [outcome.values for outcome in (*each.outcomes, *untold)]


def begin_for(end: Connection, going: Connection, environment: Mapping[str, str]) -> None:
    """Let this process work for another one, and end what it is doing once that asks for it, or is gone.

    Args:
        end: Is at its end then.
        going: Is at its end when nothing more is to be begun.
        environment: The environment variables of the process that asks for the work.
    """
    if os.environ != environment:
        # this process is a copy of one that was started earlier
        os.environ.clear()
        os.environ.update(environment)
    _going.append(going)
    parent = parent_process()
    _started_for_it.set()
    # that of the terminal is for the process that started this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        with suppress(EOFError, OSError):
            end.recv_bytes()
        ENDING.set()
        if _one_at_a_time.locked() and os.name != "nt":
            # what has been begun is rolled back, as by any SIGTERM
            os.kill(os.getpid(), signal.SIGTERM)
        if parent is not None:
            parent.join()
            with _one_at_a_time:
                os._exit(1)

    threading.Thread(target=watch, name="ellar_db end", daemon=True).start()


def _this_process() -> str:
    return f"{os.getpid()} {socket.gethostname()}"


def _program(ctx: click.Context | None) -> list[str]:
    """Return the names of the groups to which a command belongs, the program first."""
    names: list[str] = []
    while ctx is not None and ctx.parent is not None:
        ctx = ctx.parent
        names.insert(0, str(ctx.info_name))
    return names or ["ellar-db"]


def _is_plain(value: Any) -> bool:
    """Return whether a parameter's value can be sent to another process."""
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int, float, bool, Path))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
