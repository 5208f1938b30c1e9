"""ELLAR_DB_TRACE_PLUGINS=1: print each hook call on stderr, with its plugins, answer and duration."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ellar_db.util.masking import masked

if TYPE_CHECKING:
    import pluggy


LENGTH = 100


def trace(manager: pluggy.PluginManager) -> None:
    """Print a line for each hook call of a manager.

    A line has the hook, its arguments, the answer, the plugins called and the time in milliseconds, that of what is
    wrapped included. Each argument and each answer is truncated to 100 characters.
    """
    started: list[float] = []

    def before(hook_name: str, hook_impls: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        started.append(time.perf_counter())

    def after(outcome: Any, hook_name: str, hook_impls: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        if not outcome.exception:
            # a generator runs only when it is iterated
            outcome.force_result(_whole(outcome.get_result()))
        spent = (time.perf_counter() - started.pop()) * 1000
        arguments = ", ".join(f"{name}={_shown(value)}" for name, value in kwargs.items())
        answer = f"raised {type(outcome.exception).__name__}" if outcome.exception else _shown(outcome.get_result())
        asked = ", ".join(_named(hook_impls)) or "nobody"
        click.echo(f"trace: {hook_name}({arguments}) -> {answer} from {asked} in {spent:.1f} ms", err=True)

    manager.add_hookcall_monitoring(before, after)


def _named(impls: Sequence[Any]) -> Iterator[str]:
    """Yield the names of the plugins in the order in which they are called; the wrappers are outside of the others."""
    for impl in reversed(impls):
        # without a plugin: what the wrappers are around
        if impl.plugin is not None:
            yield f"{impl.plugin_name} (wrapper)" if impl.wrapper or impl.hookwrapper else impl.plugin_name


def _whole(answer: Any) -> Any:
    if isinstance(answer, Generator):
        return list(answer)
    return [_whole(one) for one in answer] if type(answer) is list else answer


def _shown(value: Any) -> str:
    text = " ".join(masked(repr(value)).split())
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 3]}..."
