"""The options of `context.configure`: where they come from, their precedence, and which are invalid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.plugins.discovery import normal_name
from ellar_db.plugins.record import INSTALLED
from ellar_db.plugins.requirements import rivalry
from ellar_db.util.errors import DbError, meant, summary
from ellar_db.util.masking import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ellar_db.databases.database import Database
    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin


HOOK = "ellar_db_context_options"

DEFAULTS: Mapping[str, Any] = {"compare_type": True, "compare_server_default": True, "render_as_batch": True}
"""Keyword arguments that apply unless the application or a plugin overrides them."""

COMPOSED = ("include_object", "include_name", "process_revision_directives", "on_version_apply", "render_item")
"""Callbacks that are chained instead of overridden."""

NAMES = (
    "version_table",
    "version_table_schema",
    "upgrade_token",
    "downgrade_token",
    "alembic_module_prefix",
    "sqlalchemy_module_prefix",
    "user_module_prefix",
)
"""Options whose value is a string."""

COMMANDS = {"as_sql": "--sql", "starting_rev": "--sql A:B", "tag": "--tag"}
"""Options that only the command line may set, and how."""

UNLISTED = frozenset({"version_table", "version_table_schema", "version_table_pk"})
"""Options that Alembic reads although its `configure` doesn't list them."""

LIKENESS = 0.8
"""Similarity, from 0 to 1, at which an unknown name counts as a typo; extensions have options of their own."""


class ContextOptions:
    """The options of each database: the defaults, overridden by the application's, overridden by the plugins'.

    Args:
        manager: The plugins.
    """

    def __init__(self, manager: PluginManager) -> None:
        self.manager = manager
        self._doubted: set[str] = set()
        self._asked: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {}

    def of(self, database: Database) -> dict[str, Any]:
        """Return the options for a database without the callbacks; `merged` then doesn't ask the plugins again.

        Raises:
            DbError: The application gives an invalid option.
            PluginError: A plugin gives an invalid option, or fails.
        """
        if database.name not in self._asked:
            self._asked[database.name] = self._merge(database)
        return self._asked[database.name][0]

    def merged(self, database: Database) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        """Return the options for a database, and separately the callbacks that are chained.

        Args:
            database: The database.

        Raises:
            DbError: The application gives an invalid option.
            PluginError: A plugin gives an invalid option, or fails.
        """
        self.of(database)
        return self._asked.pop(database.name)

    def _merge(self, database: Database) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        self._doubt(database.options, f"the options of the database {database.name!r} have")
        problem = _problem(database.options)
        if problem:
            raise DbError(f"in the options of the database {database.name!r}, {problem}")
        layers = [DEFAULTS, database.options]
        for plugin, layer in reversed(self._given(database)):
            problem = _problem(layer)
            if problem:
                raise plugin.failure(HOOK, TypeError(problem))
            self._doubt(layer, f"the plugin {plugin.title} gives the option")
            layers.append(layer)
        options: dict[str, Any] = {}
        composed: dict[str, list[Any]] = {key: [] for key in COMPOSED}
        for layer in layers:
            options.update({key: value for key, value in layer.items() if key not in COMPOSED})
            for key in COMPOSED:
                composed[key] += _functions(layer.get(key))
        if database.package:
            # values that a plugin sets for the application aren't meant for a package
            options.update(target_metadata=database.metadata, version_table=database.options["version_table"])
        return options, composed

    def _given(self, database: Database) -> list[tuple[Plugin, dict[Any, Any]]]:
        """Return the options of each plugin, those with the highest precedence first.

        Raises:
            DbError: Two installed plugins give different values for one option, and the project chooses neither.
        """
        answers = self.manager.answers(HOOK, database=database)
        given: list[tuple[Plugin, dict[Any, Any]]]
        given = [(plugin, plugin.guarded(HOOK, dict, answer)) for plugin, answer in answers]
        chosen = self.manager.chosen(HOOK)
        # the chosen plugin comes first of the installed ones
        installed = [each for each in given if each[0].kind == INSTALLED]
        installed.sort(key=lambda each: normal_name(each[0].distribution) != chosen)
        _refuse_rivals(installed, chosen)
        ordered = iter(installed)
        return [next(ordered) if each[0].kind == INSTALLED else each for each in given]

    def _doubt(self, layer: Mapping[Any, Any], whose: str) -> None:
        """Warn once about a name that looks like a misspelled option; other unknown names are passed to Alembic."""
        unknown = [key for key in layer if isinstance(key, str) and key not in _known()]
        for key in unknown:
            near = meant(key, _known(), LIKENESS)
            if near and key not in self._doubted:
                self._doubted.add(key)
                say(f"Warning: {whose} {key}, which Alembic doesn't know{near}", err=True)


def _refuse_rivals(layers: Iterable[tuple[Plugin, Mapping[Any, Any]]], chosen: str | None) -> None:
    first: dict[Any, tuple[Plugin, Any]] = {}
    for plugin, layer in layers:
        for key in layer.keys() - set(COMPOSED):
            other, value = first.setdefault(key, (plugin, layer[key]))
            if other.rivals(plugin) and value != layer[key] and normal_name(other.distribution) != chosen:
                raise DbError(rivalry(HOOK, other, plugin, f"the option {key}"))


@contextmanager
def configuring(database: Database) -> Iterator[None]:
    """Name the database in the error if Alembic can't be configured with its options.

    Args:
        database: The database.

    Raises:
        DbError: Alembic raised an exception that isn't its own.
    """
    try:
        yield
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise DbError(
            f"Alembic can't be configured for the database {database.name!r} with its options: {summary(error)}; "
            "mend them, where the application or a plugin gives them"
        ) from error


@cache
def _known() -> frozenset[str]:
    """Return the names of the options of `context.configure`."""
    from inspect import Parameter, signature

    from alembic.runtime.environment import EnvironmentContext

    _, *parameters = signature(EnvironmentContext.configure).parameters.values()
    return UNLISTED.union(each.name for each in parameters if each.kind is not Parameter.VAR_KEYWORD)


def _functions(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple)):
        return value
    return [] if value is None else [value]


def _problem(layer: Mapping[Any, Any]) -> str:
    """Return what is invalid in some options, or an empty string."""
    for key, value in layer.items():
        if not isinstance(key, str):
            return f"{key!r} stands where the name of an option belongs"
        if key in COMMANDS and value:
            return f"{key} is the command's to say, by {COMMANDS[key]}"
        if key == "version_table" and not value:
            return f"version_table is {value!r}, which names no table"
        if key in NAMES and value is not None and not isinstance(value, str):
            return f"{key} is {value!r}, which is no text"
        if key == "target_metadata" and not all(hasattr(one, "tables") for one in _functions(value)):
            return f"{key} is {value!r}, which is neither a MetaData nor a list of these"
        if key == "autogenerate_plugins" and (isinstance(value, str) or not isinstance(value, Sequence)):
            return f"{key} is {value!r}, which is no list of names"
        if key in COMPOSED and not all(function is None or callable(function) for function in _functions(value)):
            return f"{key} is {value!r}, which can't be called"
    return ""
