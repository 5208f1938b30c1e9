"""Former import paths of modules and names: they still work, with a warning, until the release after the next."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

FORMER: dict[str, tuple[str, ...]] = {
    "alembic_plugins": ("plugins.alembic",),
    "alembic_settings": ("config.checks",),
    "application": ("project.application",),
    "authoring": ("commands.plugins.package",),
    "autogenerate": ("revisions.comparison",),
    "broken_files": ("config.reports.broken_files",),
    "cli": ("cli.group", "cli.program", "cli.errors"),
    "column_types": ("revisions.column_types",),
    "comparators": ("revisions.comparators",),
    "config": (
        "config.seam",
        "config.collection",
        "config.folder",
        "config.command_line",
        "config.reports.refusals",
        "config.invocation",
    ),
    "confirming": ("runtime.confirmation",),
    "connecting": ("databases.connections",),
    "console": ("cli.console",),
    "context_options": ("runtime.context_options",),
    "databases": (
        "databases.factory",
        "databases.database",
        "databases.options",
        "config.collection",
    ),
    "discovery": ("plugins.discovery",),
    "errors": ("util.errors",),
    "files": ("util.files",),
    "folders": ("config.folder",),
    "foreign_keys": ("dialects.foreign_keys",),
    "importing": ("project.importing",),
    "inventory": ("commands.plugins.inventory",),
    "invoking": ("cli.invoking",),
    "journal": ("guards.journal", "guards.entry"),
    "limits": ("databases.limits",),
    "locking": ("guards.locking", "hooktypes"),
    "locks": (
        "dialects.server_lock",
        "util.file_lock",
        "dialects.postgresql",
        "dialects.mysql",
        "dialects.sqlite",
    ),
    "losses": ("revisions.losses",),
    "naming": ("revisions.names", "hooktypes", "databases.database"),
    "offline": ("runtime.offline",),
    "overriding": ("cli.overriding",),
    "owning": ("revisions.ownership",),
    "package_runs": ("runtime.packages", "runtime.package_checks", "config.packages"),
    "packages": ("config.collection", "hooktypes"),
    "plugin_faults": ("plugins.faults",),
    "plugin_options": ("plugins.options",),
    "plugins": ("plugins.manager",),
    "records": ("plugins.record",),
    "registry": ("cli.registry",),
    "repairing": ("runtime.repair",),
    "revisions": ("revisions.writer", "revisions.names"),
    "running": ("runtime.run",),
    "scaffolding": ("revisions.scaffold",),
    "secrets": ("util.masking",),
    "settings": ("project.settings",),
    "sqlite": ("dialects.sqlite",),
    "tables": ("commands.plugins.tables",),
    "testing.reversing": ("inspection.trials.reversal",),
    "testing.schema": ("scratch.schema",),
    "testing.scratch": ("scratch.databases",),
    "testing.walking": ("inspection.trials.migrations",),
    "timeouts": ("guards.guard",),
    "tracing": ("plugins.tracing",),
    "two_phase": ("guards.two_phase",),
    "util.importing": ("project.importing",),
    "writing": ("revisions.files",),
}
"""The current modules of ellar_db for the names of each former module."""

ROOT = "ellar_db"


def formerly(module: str) -> Callable[[str], Any]:
    """Return a `__getattr__` for a former module, which finds names in their current modules.

    Args:
        module: The former module's name.
    """

    def find(name: str) -> Any:
        homes = FORMER[module.removeprefix(f"{ROOT}.")]
        for home in homes if not name.startswith("__") else ():
            found = getattr(import_module(f"{ROOT}.{home}"), name, FORMER)
            if found is not FORMER:
                warnings.warn(
                    f"{module}.{name} is now {ROOT}.{home}.{name}, and its former place will go away",
                    DeprecationWarning,
                    stacklevel=2,
                )
                return found
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find


class Finder:
    """Finds former modules that no longer exist, after all other finders have failed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a former module, or None."""
        package, _, former = name.partition(".")
        if package != ROOT or former not in FORMER:
            return None
        return ModuleSpec(name, self)  # type: ignore[arg-type]  # a loader by its methods

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return an empty module."""
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Make the module find its names in their current modules."""
        vars(module)["__getattr__"] = formerly(module.__name__)


def install() -> None:
    """Make the former modules importable."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())
