"""Problems with a plugin, each described in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

from ellar_db import hookspecs
from ellar_db.util.errors import DbError, PluginError, meant, summary
from ellar_db.version import __version__

CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200
"""Flags of a function's code, as defined in the module inspect."""

API_ATTRIBUTE = "ELLAR_DB_API"
"""The attribute with which a plugin names the version of the hooks that it was written for."""


class IncompatibleError(DbError):
    """A plugin was written for another version of the hooks."""


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
