"""Check revision files when they are loaded, before anything runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ellar_db.config.command_line import program
from ellar_db.config.squashed.history import planned_for
from ellar_db.history.shortcuts import shortcuts
from ellar_db.util.alembic import before_script, version_folders
from ellar_db.util.errors import DbError
from ellar_db.util.files import shown
from ellar_db.util.scripts import heads_in_one_pass, planning_with, revisions_from_headers, revisions_in_one_pass

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from ellar_db.history.graph import Graph
    from ellar_db.util.scripts import Values

FUNCTION = re.compile(r"(up|down)grade(_\w+)?")
"""Names of the functions that Alembic calls, or a revision for several databases for each of them."""

NEVER_RUN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""Flags of functions whose call only makes an object."""

SHOWN = 60
"""Maximum length of a value in a message."""

_checking: ContextVar[bool] = ContextVar("ellar_db_checks_revisions", default=False)


@contextmanager
def checked_revisions() -> Iterator[None]:
    """Check each revision file that Alembic runs while the context lasts, and let it run only those that it needs.

    Raises:
        DbError: A file has a value that Alembic can't use, or a function that wouldn't do anything.
    """
    if _checking.get():
        yield
        return
    token = _checking.set(True)
    try:
        with ExitStack() as stack:
            stack.enter_context(before_script(check_revision))
            stack.enter_context(planning_with(planned_for))
            if shortcuts():
                from ellar_db.history.order import newest_first

                stack.enter_context(revisions_from_headers(_known))
                stack.enter_context(revisions_in_one_pass(newest_first))
                stack.enter_context(heads_in_one_pass())
            yield
    finally:
        _checking.reset(token)


def _known(
    folders: Sequence[Path], recursive: bool, run: Callable[[str], Values]
) -> tuple[Sequence[str], Graph] | None:
    """Return the files in folders with what is known of them, None if Alembic has something to say about them."""
    from ellar_db.history.folder import History
    from ellar_db.history.headers import Header, UnclearError

    try:
        history = History(folders, recursive=recursive, run=lambda path: Header(*run(path)))
        return history.paths, history.graph
    except UnclearError:
        return None


def check_revision(module: ModuleType, file: Path) -> None:
    """Refuse values of a revision file on which Alembic would fail later, or not do what is written.

    Args:
        module: The imported file.
        file: Its path.

    Raises:
        DbError: A value has the wrong type, or a function would not be run when it is called.
    """
    values = vars(module)
    problem = (
        _of_text(values, "revision")
        or next(
            (found for name in ("down_revision", "depends_on", "branch_labels") if (found := _of_names(values, name))),
            "",
        )
        or ("" if isinstance(values.get("__doc__"), (str, type(None))) else "__doc__ is no text")
        or next((found for name in values if _is_run(name) and (found := _of_function(values, name))), "")
    )
    if problem:
        raise DbError(f"{shown(file)}: {problem}")


def _is_run(name: str) -> bool:
    return "grade" in name and FUNCTION.fullmatch(name) is not None


def _of_text(values: dict[str, Any], name: str) -> str:
    value = values.get(name, "-")
    if isinstance(value, str) and value:
        return "" if value.isprintable() else f"{name} is {_short(value)}; no id has such characters"
    comma = "; remove the comma behind it" if isinstance(value, tuple) and len(value) == 1 else ""
    return f"{name} is {_short(value)}, where a text belongs{comma}"


def _of_names(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    listed = value if isinstance(value, (tuple, list, set, frozenset)) else [] if value is None else [value]
    if all(isinstance(each, str) and each and each.isprintable() for each in listed):
        return ""
    return f"{name} is {_short(value)}; write None, a text, or a tuple of texts"


def _of_function(values: dict[str, Any], name: str) -> str:
    value = values[name]
    if _is_plain(value):
        return ""
    if value is None and name == "downgrade":
        # some mark so what can't be undone; only a downgrade fails then
        return ""
    if not inspect.isroutine(value):
        # a longer name may be anything
        return f"{name} is {_short(value)}, where a function belongs" if name in ("upgrade", "downgrade") else ""
    kind = _never_run(value)
    return f"{name}() is {kind}, so that nothing in it would be run; write it as a plain function" if kind else ""


def _is_plain(value: Any) -> bool:
    """Return whether a value is a function of which nobody says that it is more: a call runs what is in it."""
    return type(value) is FunctionType and not value.__code__.co_flags & NEVER_RUN and not value.__dict__


def _never_run(function: Any) -> str:
    """Return what a function is if a call would only make an object that nobody runs, or an empty string."""
    if inspect.iscoroutinefunction(function):
        return "async"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return "a generator, since it has a yield"
    return ""


def refuse_missing(script: ScriptDirectory) -> None:
    """Refuse a folder that has lost its revisions: without them, nothing would be done, as if all were done already.

    Args:
        script: The migrations folder.

    Raises:
        DbError: None of the folders of revisions is there.
    """
    folders = version_folders(script)
    if not any(folder.is_dir() for folder in folders):
        raise DbError(
            f"the folder of revisions {shown(folders[0])} isn't there; get it back from version control, or write the "
            f"first revision with `{program()} migrate`"
        )


def no_revisions(script: ScriptDirectory) -> str:
    """Return that a folder has no revisions and how to write one, or an empty string if it has some.

    Args:
        script: The migrations folder.
    """
    if script.get_heads():
        return ""
    folders = " and ".join(str(shown(folder)) for folder in version_folders(script))
    return f"There are no revisions in {folders}; `{program()} migrate` writes the first."


def run_fully(function: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a revision's function that fails if its call only makes an object that nobody runs.

    Args:
        function: The function, such as a lambda that calls an async one; None where there is none.
    """

    def run(*args: Any, **kwargs: Any) -> None:
        if function is None:
            raise TypeError("it is None: the revision can't be undone")
        made = function(*args, **kwargs)
        if made is None:
            return
        if inspect.isawaitable(made) or inspect.isgenerator(made) or inspect.isasyncgen(made):
            if inspect.iscoroutine(made) or inspect.isgenerator(made):
                made.close()
            raise TypeError(f"it gave a {type(made).__name__}, which nobody runs; run it in the function itself")

    # Alembic shows its name
    run.__name__ = getattr(function, "__name__", "downgrade")
    return run


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
