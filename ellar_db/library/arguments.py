"""The arguments that all functions have in common, and the configuration that is opened with them."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypedDict, TypeVar, cast

import click

from ellar_db.config.invocation import Answers, Each, Ran
from ellar_db.config.seam import alembic_config
from ellar_db.databases.database import Database, Databases
from ellar_db.databases.limits import LONGEST, is_seconds
from ellar_db.library.turns import turn
from ellar_db.options import Selection, wrong_revision
from ellar_db.project.folder import working_directory
from ellar_db.util.errors import DbError, in_one_line, meant
from ellar_db.util.masking import listener

if TYPE_CHECKING:
    from alembic.config import Config
    from ellar.app import App

log = logging.getLogger("ellar_db")

T = TypeVar("T")

WARNING = "Warning: "
"""How a line begins that a command prints as a warning."""


class Where(TypedDict, total=False):
    """What each function can be told: which application, databases and folder it is for.

    Without any, it finds them as the commands do: by the application whose context is open, or that the project names,
    and by `[tool.ellar-db]`.

    Args:
        app: The Ellar application, if none is open and the project doesn't name one.
        databases: The databases, in place of those that the application or the project has.
        directory: The migrations folder.
        only: Only databases with these names, or patterns such as `acme*`.
        groups: Only databases of these groups, or patterns.
        package: The migrations of this installed package, instead of the application's own.
        x_arg: Values of `-x` for env.py, each `name=value`.
    """

    app: App | None
    databases: Databases | Sequence[Database] | None
    directory: Path | str | None
    only: Sequence[str]
    groups: Sequence[str]
    package: str | None
    x_arg: Sequence[str]


class Limiting(Where, total=False):
    """What each function can be told that changes databases: besides, how long it may take.

    Each limit overrides that of the application and of `[tool.ellar-db]`; None leaves it to them.

    Args:
        lock: Let only one run at a time write.
        lock_timeout: Seconds to wait for that lock; 0 doesn't wait.
        connect_wait: Seconds to wait for a database that is starting.
        db_lock_timeout: Seconds that a statement may wait for a lock in the database.
        statement_timeout: Seconds that a statement may run.
    """

    lock: bool | None
    lock_timeout: float | None
    connect_wait: float | None
    db_lock_timeout: float | None
    statement_timeout: float | None


KINDS = {
    "str": "a text",
    "Path": "a path",
    "Mapping": "Databases",
    "Sequence": "a list of Database",
}
"""How messages name what an argument can be."""

LIMITS = tuple(name for name in Limiting.__annotations__ if name not in Where.__annotations__)


@contextmanager
def opened(
    function: Callable[..., object],
    where: Where | Limiting,
    *,
    databases: bool = True,
    limits: bool = False,
    autogenerate: bool = False,
    decides: bool = False,
    answers: Answers | None = None,
    each: Each | None = None,
    ran: Callable[[Ran], object] | None = None,
    rehearses: bool = False,
) -> Iterator[Config]:
    """Yield the configuration of a function, as the seam yields that of a command.

    Args:
        function: The function.
        where: The arguments that all functions have in common.
        databases: Whether it needs the databases.
        limits: Whether it takes the arguments of `Limiting` too.
        autogenerate: As in `alembic_config`; so are those below.
        decides: As there.
        answers: As there.
        each: As there.
        ran: As there.
        rehearses: As there.

    Raises:
        DbError: An argument can't be what it is, or what the block raises.
        TypeError: An argument isn't one of the function's.
    """
    known = Limiting if limits else Where
    _refuse_unknown(function.__name__, where, known.__annotations__)
    given = where.get("databases")
    if isinstance(given, str):
        raise DbError(f"databases must be Databases or a list of Database, not {given!r}")
    _check("databases", given, Mapping, Sequence)
    if isinstance(given, Mapping) and not isinstance(given, Databases):
        given = list(given.values())
    for name in LIMITS:
        _check_limit(name, where.get(name))
    directory, package = where.get("directory"), where.get("package")
    _check("directory", directory, str, Path)
    _check("package", package, str)
    chosen = Selection(texts("only", where.get("only", ())), texts("groups", where.get("groups", ())))
    with ExitStack() as stack:
        stack.enter_context(turn(function.__name__, cast("Limiting", where).get("lock_timeout"), runs_env=databases))
        stack.enter_context(_set(listener, _log))
        stack.enter_context(_db_errors_only())
        stack.enter_context(_importable(str(working_directory())))
        config = stack.enter_context(
            alembic_config(
                directory,
                x_arg=texts("x_arg", where.get("x_arg", ())),
                databases=databases if given is None or not databases else given,
                autogenerate=autogenerate,
                limits={name: where[name] for name in LIMITS if name in where} if limits else None,  # type: ignore[literal-required]  # those of Limiting
                stdout=cast("TextIO", _Log()),
                app=where.get("app"),
                package=package,
                decides=decides,
                answers=answers,
                chosen=chosen or None,
                each=each,
                ran=ran,
                rehearses=rehearses,
            )
        )
        yield config


def revision_named(given: str, what: str = "revision") -> str:
    """Return what an argument names as a revision.

    Args:
        given: The argument.
        what: Its name.

    Raises:
        DbError: It can't be a revision.
    """
    if not isinstance(given, str):
        raise DbError(f"{what} must be a text, not {given!r}")
    problem = wrong_revision(given)
    if problem:
        raise DbError(f"{what} is {given!r}: {problem}")
    return given


def text_of(what: str, given: str | None) -> str | None:
    """Return an argument that is a text, or None.

    Args:
        what: Its name.
        given: The argument.

    Raises:
        DbError: It is something else.
    """
    _check(what, given, str)
    return given


def texts(what: str, given: Iterable[str]) -> tuple[str, ...]:
    """Return an argument that is a list of texts.

    Args:
        what: Its name.
        given: The argument.

    Raises:
        DbError: It is something else, such as one text.
    """
    found = tuple(given) if isinstance(given, Collection) else None
    if found is None or isinstance(given, (str, bytes)) or not all(isinstance(each, str) for each in found):
        raise DbError(f"{what} must be a list of texts, not {given!r}")
    return found


def path_of(what: str, given: Path | str | None) -> Path | None:
    """Return an argument that is a path, or None.

    Args:
        what: Its name.
        given: The argument.

    Raises:
        DbError: It is something else.
    """
    _check(what, given, str, Path)
    return None if given is None else Path(given)


def flags(**given: object) -> None:
    """Refuse arguments that must be True or False and are something else.

    Args:
        given: The arguments by name.

    Raises:
        DbError: One of them is something else.
    """
    for name, value in given.items():
        if not isinstance(value, bool):
            raise DbError(f"{name} must be True or False, not {value!r}")


def seconds(what: str, given: object) -> float:
    """Return an argument that is a number of seconds.

    Args:
        what: Its name.
        given: The argument.

    Raises:
        DbError: It is something else, or below 0.
    """
    if not is_seconds(given):
        shown = "one too large" if isinstance(given, int) and given > LONGEST else repr(given)
        raise DbError(f"{what} must be a number of seconds, 0 or more, not {shown}")
    return cast("float", given)


def _check(what: str, given: object, *kinds: type) -> None:
    if given is not None and not isinstance(given, kinds):
        raise DbError(f"{what} must be {' or '.join(KINDS[kind.__name__] for kind in kinds)}, not {given!r}")


def _check_limit(name: str, given: object) -> None:
    if given is None:
        return
    if name == "lock":
        flags(lock=given)
    else:
        seconds(name, given)


def _refuse_unknown(function: str, given: Mapping[str, object], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{meant(name, known)}")


@contextmanager
def _set(variable: ContextVar[T], value: T) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


@contextmanager
def _importable(folder: str) -> Iterator[None]:
    """Let modules of the project be imported that settings name, as the program `ellar-db` does."""
    if {folder, ""} & set(sys.path):
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)


@contextmanager
def _db_errors_only() -> Iterator[None]:
    """Convert what is meant for a command line into the error that all functions have in common."""
    try:
        yield
    except DbError:
        raise
    except click.ClickException as error:
        raise DbError(error.message) from error


def _log(text: str) -> None:
    for line in text.splitlines():
        is_warning = line.startswith(WARNING)
        log.log(logging.WARNING if is_warning else logging.INFO, "%s", line.removeprefix(WARNING))


class _Log(io.TextIOBase):
    """Where Alembic prints: each line becomes one of the log."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self._rest = ""

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Log the lines that are complete."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                _log(in_one_line(line))
        return len(text)
