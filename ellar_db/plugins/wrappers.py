"""Call a function inside of the plugins' wrappers of a hook."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager


def wrapped(manager: PluginManager, hook_name: str, work: Callable[[], None], **arguments: Any) -> None:
    """Call a function inside of the wrappers of a hook.

    What the function raises is raised whatever the wrappers do: none of them can hide that a run failed.

    Args:
        manager: The plugins.
        hook_name: The hook.
        work: The function.
        arguments: The hook's arguments.

    Raises:
        PluginError: A wrapper failed.
    """
    caller = getattr(manager.hook, hook_name)
    if not caller.get_hookimpls():
        work()
        return
    ended: list[BaseException | None] = []

    def innermost() -> None:
        try:
            work()
        except BaseException as error:
            ended.append(error)
            raise
        ended.append(None)

    with manager.active():
        # each wrapper names its plugin in its own errors
        caller.call_extra([innermost], arguments)
    if ended[0] is not None:
        raise ended[0]
