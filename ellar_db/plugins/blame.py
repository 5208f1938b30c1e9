"""Which plugin raised an exception."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

from ellar_db.plugins.record import BUILT_IN, Plugin

if TYPE_CHECKING:
    import pluggy

OURS = "ellar_db"
"""ellar_db's own package, whose code belongs to no plugin."""


UNANSWERED = ("ellar_db_run", "ellar_db_step")
"""Hooks whose wrappers have nothing to answer."""


def name_in_errors(impl: pluggy.HookImpl, plugin: Plugin, hook_name: str) -> None:
    """Let the errors of a wrapper name its plugin.

    A wrapper surrounds the calls of other plugins, or a whole command, so the caller can't know whose error it gets.

    Args:
        impl: The wrapper, which is changed.
        plugin: Its plugin.
        hook_name: The hook.
    """
    function: Callable[..., Any] = impl.function

    def wrapper(*arguments: Any) -> Generator[None, Any, Any]:
        steps = plugin.guarded(hook_name, function, *arguments)
        plugin.guarded(hook_name, _begin, steps)
        try:
            result = yield
        except BaseException as raised:  # whatever the wrapped call raised
            return _ended(plugin, hook_name, steps, steps.throw, raised, raised)
        # the result of an old-style wrapper's call may be an exception
        return _ended(plugin, hook_name, steps, steps.send, result, getattr(result, "exception", None))

    # pluggy has no other place in which an implementation's own errors are seen; the public attribute is typed as final
    object.__setattr__(impl, "function", wrapper)


def _begin(steps: Generator[None, Any, Any]) -> None:
    try:
        next(steps)
    except StopIteration:
        raise RuntimeError("it must yield once, and did not") from None


def _ended(
    plugin: Plugin,
    hook_name: str,
    steps: Generator[None, Any, Any],
    resume: Callable[[Any], Any],
    given: Any,
    others: BaseException | None,
) -> Any:
    """Run the rest of a wrapper, and return what it returns.

    Args:
        plugin: The wrapper's plugin.
        hook_name: The hook.
        steps: The wrapper.
        resume: The method that resumes it.
        given: What it gets at its `yield`.
        others: The exception that it got, which isn't its own.
    """
    try:
        resume(given)
    except StopIteration as end:
        if isinstance(given, list) and not isinstance(end.value, list):
            what = f"it returned {end.value!r}; it must return what its yield gave, or another list"
            raise plugin.failure(hook_name, TypeError(what)) from None
        # what was wrapped may have failed, and that error counts
        if hook_name in UNANSWERED and end.value is not None and others is None:
            raise plugin.unwanted(hook_name, end.value) from None
        return end.value
    except BaseException as error:
        # Python itself wraps a StopIteration that passes a generator
        if error is others or (isinstance(others, StopIteration) and error.__cause__ is others):
            raise
        plugin.guarded(hook_name, _raise, error)
    steps.close()
    raise plugin.failure(hook_name, RuntimeError("it must yield once, and did again"))


def _raise(error: BaseException) -> None:
    raise error


def code_raised(records: Iterable[Plugin], error: BaseException, owner: Plugin | None) -> Plugin | None:
    """Return the plugin whose code raised an error, or None if the code is ellar_db's or another package's.

    Args:
        records: The plugins.
        error: The error.
        owner: The plugin whose command was about to run, which counts if the code isn't that of another plugin.
    """
    modules: dict[str, list[Plugin]] = {}
    for record in records:
        if record.kind != BUILT_IN:
            module = (record.entry_point.partition("= ")[2] or record.name).partition(":")[0]
            modules.setdefault(module, []).append(record)
    found: list[Plugin] = []
    ours = False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        ours = module.partition(".")[0] == OURS
        while module and module not in modules:
            # of a plugin that is a package, any module
            module = module.rpartition(".")[0]
        found = [] if ours else modules.get(module, found)
    if ours or owner in found or not found:
        return None if ours or owner is None or owner.kind == BUILT_IN else owner
    return found[-1]
