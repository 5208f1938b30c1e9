"""Find the plugin whose code raised an exception."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from ellar_db.plugins.record import BUILT_IN, Plugin, recorded

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager

OURS = "ellar_db"
"""ellar_db's own package, whose code belongs to no plugin."""


def hook_raised(manager: PluginManager, hook_name: str, error: BaseException) -> Plugin | None:
    """Return the plugin whose hook raised the error, or None.

    Args:
        manager: The plugins.
        hook_name: The hook.
        error: What it raised.
    """
    plugins = {
        impl.function.__code__: recorded(manager.records, impl.plugin_name)
        for impl in getattr(manager.hook, hook_name).get_hookimpls()
        if hasattr(impl.function, "__code__")
    }
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = plugins.get(frame.f_code, found)
    if found is None and isinstance(error, RuntimeError):
        # a wrapper that yields never, or twice: pluggy's own error, which has only the wrapper's location
        places = {f"{code.co_filename}:{code.co_firstlineno}": plugin for code, plugin in plugins.items()}
        found = next((plugin for place, plugin in places.items() if place in str(error)), None)
    return found


def code_raised(manager: PluginManager, error: BaseException) -> Plugin | None:
    """Return the plugin whose code raised an error, or None if the code is ellar_db's or another package's.

    Args:
        manager: The plugins.
        error: The error.
    """
    modules = {
        (record.entry_point.partition("= ")[2] or record.name).partition(":")[0]: record
        for record in manager.records
        if record.kind != BUILT_IN
    }
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if module in modules:
            found = modules[module]
        elif module.partition(".")[0] == OURS:
            found = None
    return found
