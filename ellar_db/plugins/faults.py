"""Problems with a plugin, each described in one line."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import walk_tb
from typing import Any

import pluggy

from ellar_db import hookspecs
from ellar_db.plugins.discovery import OPTIONAL_GROUP
from ellar_db.plugins.record import PROJECT, UNUSABLE, Plugin, leaving_out
from ellar_db.util.errors import DbError, PluginError, meant, summary
from ellar_db.util.files import shown
from ellar_db.version import __version__

CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200
"""Flags of a function's code, as defined in the module inspect."""

API_ATTRIBUTE = "ELLAR_DB_API"
"""The attribute with which a plugin names the version of the hooks that it was written for."""


OPTIONAL = frozenset(
    {
        "ellar_db_command_options",
        "ellar_db_committed",
        "ellar_db_failed",
        "ellar_db_register_commands",
        "ellar_db_revision_filename",
        "ellar_db_revision_id",
        "ellar_db_revision_written",
        "ellar_db_templates",
    }
)
"""The hooks that only add something, or learn what has happened. All others, and those to come, restrain or supply."""

TYPED = re.compile(r"[\w.:/-]+")
"""Names that need no quotes in a shell."""


class IncompatibleError(DbError):
    """A plugin was written for another version of the hooks."""


class SameModuleError(DbError):
    """A plugin is registered already under another name, so that nothing is missing.

    Args:
        name: That name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"it is the same module as the plugin {name}")


class NotOptionalError(DbError):
    """A plugin says that it only adds something, and does more.

    Args:
        what: What it does.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}, which must not be missing; its entry point belongs into the group {hookspecs.PROJECT}, "
            f"not into {OPTIONAL_GROUP}"
        )


class UnknownHookError(DbError):
    """A plugin implements a hook that doesn't exist.

    Args:
        name: The function's name.

    Example:
        >>> UnknownHookError("ellar_db_after_runs").message
        'there is no hook ellar_db_after_runs; did you mean ellar_db_after_run?'
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no hook {name}{meant(name, _specs())}")


def check_api(written_for: Any) -> None:
    """Refuse a plugin that was written for an incompatible version of the hooks.

    Args:
        written_for: A version as in "1.0", or None if the plugin names none.

    Raises:
        IncompatibleError: The first number differs, or the second is higher than ours.
        DbError: The value isn't a version.

    Example:
        >>> check_api("1.0")
    """
    if written_for is None:
        return
    numbers = str(written_for).split(".")
    if not isinstance(written_for, str) or len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        raise DbError(f'its {API_ATTRIBUTE} is {written_for!r}; write it as in "{hookspecs.API}"')
    theirs = tuple(map(int, numbers))
    ours = tuple(map(int, hookspecs.API.split(".")))
    if theirs > ours:
        raise IncompatibleError(
            f"it was written for version {written_for} of the hooks, and ellar-db {__version__} has {hookspecs.API}; "
            "update ellar-db"
        )
    if theirs[0] < ours[0]:
        raise IncompatibleError(
            f"it was written for version {written_for} of the hooks, and ellar-db {__version__} has {hookspecs.API}; "
            "update the plugin"
        )


def refuse_unmarked(plugin: object, manager: pluggy.PluginManager) -> None:
    """Refuse a plugin with a function that has the name of a hook and isn't marked as one, so that it is never called.

    Args:
        plugin: The plugin.
        manager: The manager that loads it.

    Raises:
        DbError: It has one; a check that never runs must not look like one that found nothing.
    """
    specs = _specs()
    for name in filter(specs.__contains__, dir(plugin)):
        found = getattr(plugin, name)
        if callable(found) and found is not specs[name] and manager.parse_hookimpl_opts(plugin, name) is None:
            raise DbError(f"its function {name} isn't marked with @hookimpl, and would never be called; mark it")


def refuse_unrunnable(hook_name: str, impl: pluggy.HookImpl) -> None:
    """Refuse a function whose call would do nothing: a coroutine, or a generator that would never be iterated.

    Args:
        hook_name: The hook.
        impl: Its implementation.

    Raises:
        DbError: The function is one; a check that never runs must not look like one that found nothing.
    """
    # by the flags, to avoid an import of inspect
    flags = getattr(getattr(impl.function, "__code__", None), "co_flags", 0)
    if flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        raise DbError(f"its {hook_name} is an async function, which nobody would await; make it a plain one")
    if flags & CO_GENERATOR and not (impl.wrapper or impl.hookwrapper):
        returned = str(getattr(hookspecs, hook_name).__annotations__.get("return", "")) if hook_name in _specs() else ""
        if not returned.startswith("Iterable"):
            raise DbError(f"its {hook_name} yields, and would never run; mark it with wrapper=True, or let it return")


def refuse_restraining(record: Plugin) -> None:
    """Refuse a plugin that says that it only adds something, and has a hook that restrains or supplies.

    Args:
        record: The plugin, with its hooks.

    Raises:
        NotOptionalError: It has one.
    """
    hook = next((hook for hook in record.hooks if hook not in OPTIONAL), None)
    if hook is not None and not record.restrains:
        raise NotOptionalError(f"it implements {hook}")


def refusal(records: Sequence[Plugin]) -> str:
    """Return why commands that write or decide are refused, and what to do; empty if no plugin is missing.

    Args:
        records: The plugins.

    Example:
        >>> refusal([Plugin("seed:seed", "installed", "seed", state="broken", error="ImportError: no x")])
        ''
    """
    missing = [record for record in records if record.state in UNUSABLE and record.restrains]
    if not missing:
        return ""
    causes = "; and ".join(f"{_titled(each)} can't be used: {_located(each)}" for each in missing)
    names = [each.distribution for each in missing]
    # what can't be typed isn't advised
    ways = f"go on without it: {leaving_out(*names)}" if all(map(TYPED.fullmatch, names)) else "take it out of plugins"
    return f"nothing is written or decided here, since {causes}; mend it, or {ways}"


def _titled(record: Plugin) -> str:
    return f"{record.distribution!r} (listed in plugins)" if record.kind == PROJECT else f"the plugin {record.title}"


def _located(record: Plugin) -> str:
    return record.error.rstrip(".") + (f" ({record.where})" if record.where else "")


def place(error: BaseException) -> str:
    """Return the file and the line in which a plugin's error began; empty if it isn't in the plugin's code.

    Args:
        error: The error, of which the innermost cause counts.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, SyntaxError):
        # its message has them
        return ""
    skipped = [Path(str(module.__file__)).parent for module in (hookspecs, pluggy, importlib)]
    found = ""
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_absolute() and not any(file.is_relative_to(folder) for folder in skipped):
            found = f"{shown(file)}, line {line}"
    return found


def cause(error: BaseException, manager: pluggy.PluginManager) -> str:
    """Return in one line why a plugin can't be used.

    Args:
        error: The error of its import, its registration or its answer.
        manager: The manager that loaded it.
    """
    if isinstance(error, pluggy.PluginValidationError):
        return _unknown_argument(error.plugin, manager) or " ".join(str(error).split())
    if isinstance(error, PluginError):
        return summary(error.__cause__ or error)
    if isinstance(error, DbError):
        return error.message
    if isinstance(error, SystemExit):
        return f"it left the program at import (SystemExit: {error.code})"
    return summary(error)


def _specs() -> dict[str, Callable[..., Any]]:
    return {name: spec for name, spec in vars(hookspecs).items() if name.startswith(f"{hookspecs.PROJECT}_")}


def _unknown_argument(plugin: Any, manager: pluggy.PluginManager) -> str:
    """Return which argument a plugin's function has and its hook doesn't, or an empty string."""
    from inspect import Parameter, signature

    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        spec = _specs().get(options.get("specname") or name) if options else None
        if spec is None:
            continue
        known = list(signature(spec).parameters)
        for argument, parameter in signature(getattr(plugin, name)).parameters.items():
            if argument not in known and parameter.default is Parameter.empty:
                has = f"it has {', '.join(known)}" if known else "it has none"
                return f"{name} has no argument {argument}{meant(argument, known) or f'; {has}'}"
    return ""
