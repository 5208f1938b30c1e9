"""The record of each plugin."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from ellar_db.util.errors import PluginError, cause_of, summary, where_hint

T = TypeVar("T")

BUILT_IN, INSTALLED, PROJECT = "built-in", "installed", "project"

UNUSABLE = ("broken", "incompatible")
"""The states of a plugin that should be in use, and can't be."""

DISABLE = "ELLAR_DB_DISABLE_PLUGINS"
"""The environment variable that leaves plugins out."""


class Plugin:
    """The record of one plugin.

    Args:
        name: Its name in the manager, unique.
        kind: "built-in", "installed" or "project".
        distribution: The distribution that it comes from; for a project's own module, the module's name.
        entry_point: `name = module`, if it comes from an entry point.
        version: The distribution's version.
        state: "active", "disabled", "not allowed", "broken", "incompatible" or "missing" (required but not installed).
        error: Why it can't be used.
        where: The file and the line of that error, or an empty string.
        restrains: Whether commands that write or decide are refused if it can't be used. False for a plugin that says
            by its entry point that it only adds something.
        load_ms: How long its import and registration took, in milliseconds.
        hooks: The hooks that it implements.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        distribution: str,
        entry_point: str = "",
        version: str = "",
        state: str = "active",
        error: str = "",
        where: str = "",
        *,
        restrains: bool = True,
        load_ms: float = 0.0,
        hooks: Iterable[str] = (),
    ) -> None:
        # written out, as in all classes that every command makes: a dataclass would be compiled at each start
        self.name = name
        self.kind = kind
        self.distribution = distribution
        self.entry_point = entry_point
        self.version = version
        self.state = state
        self.error = error
        self.where = where
        self.restrains = restrains
        self.load_ms = load_ms
        self.hooks = list(hooks)

    @property
    def title(self) -> str:
        """The distribution and its version, as messages name the plugin."""
        return f"{self.distribution} {self.version}".strip()

    @property
    def short_name(self) -> str:
        """The entry point's name, used in place of the command's if the plugin can't be imported."""
        return self.entry_point.partition(" ")[0]

    def rivals(self, other: Plugin) -> bool:
        """Return whether neither plugin comes before the other: both are installed, from different distributions."""
        return self.kind == other.kind == INSTALLED and self.distribution != other.distribution

    def guarded(self, hook_name: str, work: Callable[..., T], *arguments: Any) -> T:
        """Call a function of the plugin, and name the plugin if it fails.

        Raises:
            PluginError: The function raised anything except KeyboardInterrupt or an exception of click or Alembic.
        """
        try:
            return work(*arguments)
        except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
            raise
        except BaseException as error:  # a plugin may raise anything, SystemExit too
            if type(error).__module__.startswith("alembic."):
                raise
            raise self.failure(hook_name, error) from error

    def listed(self, hook_name: str, answer: Any) -> list[Any]:
        """Return the items of an answer that is a list or another iterable.

        Raises:
            PluginError: The answer isn't one, or fails while it is iterated.
        """

        def items() -> list[Any]:
            if isinstance(answer, (str, bytes)) or not isinstance(answer, Iterable):
                raise TypeError(f"it gave {answer!r}, where a list belongs")
            return list(answer)

        return self.guarded(hook_name, items)

    def unwanted(self, hook_name: str, answer: Any) -> PluginError:
        """Return the error for a plugin that answered where no answer is wanted."""
        what = f"it returned {answer!r}, where no answer is wanted; to refuse, raise a click.ClickException"
        return self.failure(hook_name, TypeError(what))

    def failure(self, hook_name: str, error: BaseException) -> PluginError:
        """Return the error for a plugin that failed in a hook: the cause, and what to do."""
        if self.kind == BUILT_IN:
            # mostly the application's code, which built-in plugins ask for databases
            return PluginError(f"{self.name} failed in {hook_name}: {cause_of(error)}{where_hint()}")
        way = " (--traceback shows where)" if where_hint() else ""
        said = cause_of(error) if self.kind == PROJECT else summary(error)
        return PluginError(
            f"the plugin {self.title} failed in {hook_name}: {said}; mend it{way}, or leave it out with "
            f"{leaving_out(self.distribution)}"
        )


def recorded(records: Iterable[Plugin], name: str) -> Plugin:
    """Return the record of a registered plugin.

    Args:
        records: The records of all plugins.
        name: The plugin's name in the manager. One that an application registered itself gets a new record.
    """
    known = next((record for record in records if record.name == name), None)
    return known or Plugin(name, PROJECT, name)


def leaving_out(*distributions: str) -> str:
    """Return the setting of the environment variable that leaves plugins out, besides those that it names already.

    Example:
        >>> leaving_out("ellar-db-seed")
        'ELLAR_DB_DISABLE_PLUGINS=ellar-db-seed'
    """
    names = [*os.environ.get(DISABLE, "").replace(",", " ").split(), *distributions]
    return f"{DISABLE}={','.join(dict.fromkeys(names))}"
