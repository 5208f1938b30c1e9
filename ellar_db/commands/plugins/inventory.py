"""The data that `ellar db plugins` shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click

    from ellar_db.hooktypes import PackageMigrations
    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin


SOUND = ("active", "disabled", "not allowed")


def inventory(ctx: click.Context) -> Iterator[dict[str, Any]]:
    """Yield what is known about each plugin: the built-ins as one, Alembic's own plugins last."""
    yield from _ours(ctx)
    yield from _alembics()


def _ours(ctx: click.Context) -> Iterator[dict[str, Any]]:
    from ellar_db.cli.registry import registry_of
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.plugins.record import BUILT_IN, Plugin
    from ellar_db.plugins.requirements import unmet

    manager = get_plugin_manager()
    registry = registry_of(ctx)
    required = manager.settings.texts("required-plugins")
    missing = [
        Plugin(text, "required", text, state="missing", error=problem)
        for text, problem in unmet(required, manager.records)
    ]
    built_in = [record for record in manager.records if record.kind == BUILT_IN]
    together = Plugin(
        "ellar-db",
        BUILT_IN,
        "ellar-db",
        version=built_in[0].version,
        load_ms=sum(record.load_ms for record in built_in),
        hooks=sorted({hook for record in built_in for hook in record.hooks}),
    )
    for record in [together, *(record for record in manager.records if record.kind != BUILT_IN), *missing]:
        added: list[str] = []
        overridden: list[str] = []
        claimed: list[str] = []
        for name, claims in sorted(registry.claims.items()):
            givers = [together if plugin.kind == BUILT_IN else plugin for plugin, _ in claims.commands]
            if record not in givers:
                continue
            if claims.problem and record.kind != BUILT_IN:
                claimed.append(name)
            else:
                (added if givers[-1] is record else overridden).append(name)
        migrations, failure = _brought(manager, record)
        yield {
            "distribution": record.distribution,
            "version": record.version,
            "kind": record.kind,
            "entry_point": record.entry_point,
            "state": "broken" if failure else record.state,
            "error": failure or record.error,
            "hooks": record.hooks,
            "commands_added": added,
            "commands_overridden": overridden,
            "commands_claimed": claimed,
            "migrations": migrations,
            "load_ms": round(record.load_ms, 1),
        }


def _brought(manager: PluginManager, record: Plugin) -> tuple[list[str], str]:
    """Return the names of the packages whose migrations a plugin supplies, and its error, if any."""
    from ellar_db.util.errors import DbError

    try:
        return [
            str(getattr(given, "name", given))
            for plugin, answer in manager.answers("ellar_db_migrations", only=record)
            for given in plugin.listed("ellar_db_migrations", answer)
        ], ""
    except DbError as error:
        return [], error.message


def _alembics() -> Iterator[dict[str, Any]]:
    """Yield the entry points of Alembic's own group; a broken one breaks Alembic as a whole."""
    from ellar_db.plugins.alembic import alembic_culprits, alembic_entry_points, title

    entry_points = alembic_entry_points()
    culprits = alembic_culprits() if entry_points else {}
    for entry_point in entry_points:
        name = entry_point.dist.name if entry_point.dist else "?"
        error = culprits.get(title(entry_point), "")
        yield {
            "distribution": name,
            "version": entry_point.dist.version if entry_point.dist else "",
            "kind": "alembic",
            "entry_point": f"{entry_point.name} = {entry_point.value}",
            "state": "broken" if error else "active",
            "error": error,
            "hooks": [],
            "commands_added": [],
            "commands_overridden": [],
            "commands_claimed": [],
            "migrations": [],
            "load_ms": 0.0,
        }


def answering() -> dict[str, list[str]]:
    """Return the plugins that implement each hook, in call order; wrappers come first."""
    from ellar_db import hookspecs
    from ellar_db.plugins.manager import get_plugin_manager

    manager = get_plugin_manager()
    found = {}
    for name in vars(hookspecs):
        if not name.startswith(f"{hookspecs.PROJECT}_"):
            continue
        impls = list(reversed(getattr(manager.hook, name).get_hookimpls()))
        wrappers = [f"{impl.plugin_name} (wraps)" for impl in impls if impl.wrapper or impl.hookwrapper]
        found[name] = wrappers + [impl.plugin_name for impl in impls if not (impl.wrapper or impl.hookwrapper)]
    return found


def problems(ctx: click.Context, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the problems of the plugins.

    Args:
        ctx: The command's context.
        rows: The rows of `inventory`.
    """
    from ellar_db.cli.overriding import all_params
    from ellar_db.cli.registry import RESCUES, registry_of
    from ellar_db.config.collection import collect_packages
    from ellar_db.plugins.discovery import not_installed, unknown_names
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.plugins.options import offered_options
    from ellar_db.plugins.record import BUILT_IN, INSTALLED
    from ellar_db.util.errors import DbError

    manager = get_plugin_manager()
    for row in rows:
        title = f"{row['distribution']} {row['version']}".strip()
        if row["state"] not in SOUND:
            yield f"{title} is {row['state']}: {row['error']}"
        for command in row["commands_claimed"]:
            yield f"{title} claims {command}, as another plugin does"
        if row["kind"] == INSTALLED and row["state"] == "active":
            yield from _unmet_needs(row)
    registry = registry_of(ctx)
    for claims in registry.claims.values():
        if claims.problem and claims.plugin.kind == BUILT_IN:
            yield claims.problem
        if claims.command.name not in RESCUES:
            yield from offered_options(claims.command, all_params(registry, claims.command), manager)[1]
    yield from _odd_choices(manager)
    for variable, name in unknown_names(manager.settings.texts("plugins")):
        yield f"{variable} names {name}, and no such plugin is there"
    allowed = manager.settings.texts("allowed-plugins")
    yield from not_installed(allowed, (row["distribution"] for row in rows if row["kind"] == INSTALLED))
    if all(row["state"] in SOUND for row in rows):
        # plugins that work alone may still conflict with each other
        try:
            packages = collect_packages(manager)
        except DbError as error:
            yield error.message
        else:
            yield from _misfits(manager, packages.values())


def _odd_choices(manager: PluginManager) -> Iterator[str]:
    """Yield the choices in `[tool.ellar-db.hooks]` that can't be used."""
    from ellar_db.hookspecs import PROJECT
    from ellar_db.plugins.requirements import CHOICES
    from ellar_db.util.errors import DbError

    for name in CHOICES:
        try:
            manager.chosen(f"{PROJECT}_{name}")
        except DbError as error:
            yield error.message


def _misfits(manager: PluginManager, packages: Iterable[PackageMigrations]) -> Iterator[str]:
    """Yield what plugins supply that can't be used with the application's databases, without connecting to any."""
    from ellar_db.config.collection import collect_databases
    from ellar_db.config.folder import migrations_directory
    from ellar_db.config.packages import databases_for
    from ellar_db.config.reports.refusals import reported
    from ellar_db.project.application import application_context
    from ellar_db.revisions.ownership import own_tables_only
    from ellar_db.runtime.context_options import ContextOptions
    from ellar_db.util.errors import DbError, UnavailableError

    try:
        with reported(), application_context(manager.settings):
            migrations_directory(manager)
            databases = collect_databases(manager)
            for database in databases.values():
                ContextOptions(manager).merged(database)
                own_tables_only(manager, database)
            for package in packages if databases else ():
                if package.databases:
                    databases_for(package, databases)
    except UnavailableError:
        # if the application doesn't start, that is no plugin's fault
        return
    except DbError as error:
        yield error.message


def _unmet_needs(row: dict[str, Any]) -> Iterator[str]:
    """Yield which other release of ellar-db a plugin's package requires; pip checks that only on installation."""
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    from ellar_db.version import __version__

    try:
        texts = requires(row["distribution"]) or []
    except PackageNotFoundError:
        return
    for text in texts:
        try:
            need = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(need.name) != "ellar-db" or (need.marker and not need.marker.evaluate({"extra": ""})):
            continue
        if not need.specifier.contains(__version__, prereleases=True):
            yield f"{row['distribution']} {row['version']} requires {text}, and ellar-db {__version__} is installed"
