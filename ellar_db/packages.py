"""Migrations that packages bring along: what a plugin says of them, and in which order they run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ellar_db.databases import DEFAULT
from ellar_db.errors import DbError
from ellar_db.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from ellar_db.plugins import PluginManager
    from ellar_db.records import Plugin

PREFIX = "alembic_version_"
"""How the names of the packages' version tables begin."""

LENGTH = 63
"""Characters that the name of a table may have on each server."""


@dataclass(frozen=True)
class PackageMigrations:
    """The migrations of one package, which has tables of its own.

    Args:
        name: Letters, digits and underscores; commands address the package by it (`--package`).
        versions: The folder of the revisions inside the installed package.
        version_table: Where its revisions are recorded, by default `alembic_version_<name>`.
        metadata: Its tables. Autogenerate for the package compares them; the application's leaves them alone.
        after: The names of packages whose migrations come first.
        databases: The names of the databases on which it runs; the project may name others.
        source: The distribution and its version; ellar_db fills it in.

    Raises:
        TypeError: `after` or `databases` is no list, or `metadata` is none.
        ValueError: The name, or the version table's, can't be one.

    Example:
        >>> PackageMigrations("audit", Path("versions")).version_table
        'alembic_version_audit'
    """

    name: str
    versions: Path
    version_table: str = ""
    metadata: MetaData | Sequence[MetaData] | None = field(default=None, repr=False)
    after: Sequence[str] = ()
    databases: Sequence[str] = (DEFAULT,)
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.name):
            raise ValueError(f"a package can't be named {self.name!r}: use letters, digits and underscores")
        for name in ("after", "databases"):
            given = getattr(self, name)
            if isinstance(given, str) or not isinstance(given, Sequence):
                raise TypeError(f"{name} must be a list of names, not {given!r}")
        if not all(hasattr(one, "tables") for one in self.metadatas):
            raise TypeError(f"metadata must be a MetaData or a list of these, not {self.metadata!r}")
        object.__setattr__(self, "versions", Path(self.versions))
        object.__setattr__(self, "version_table", self.version_table or f"{PREFIX}{self.name}")
        if len(self.version_table) > LENGTH:
            raise ValueError(f"the version table's name {self.version_table!r} has more than {LENGTH} characters")

    @property
    def title(self) -> str:
        """The package as headings and messages name it.

        Example:
            >>> PackageMigrations("audit", Path("versions"), source="ellar-db-audit 1.0").title
            'audit (ellar-db-audit 1.0)'
        """
        return f"{self.name} ({self.source})" if self.source else self.name

    @property
    def metadatas(self) -> Sequence[MetaData]:
        """Its metadata as a list."""
        if self.metadata is None:
            return []
        return self.metadata if isinstance(self.metadata, Sequence) else [self.metadata]


def collect_packages(manager: PluginManager) -> dict[str, PackageMigrations]:
    """Ask the plugins for the migrations that they bring along, and put them in order.

    Args:
        manager: The plugins.

    Returns:
        The packages by name; each comes after those that it names.

    Raises:
        DbError: Two have one name or one version table, one comes after what isn't there, or a folder isn't there.
        PluginError: A plugin failed.
    """
    found: dict[str, PackageMigrations] = {}
    plugins: dict[str, Plugin] = {}
    for plugin, answer in manager.answers("ellar_db_migrations"):
        for given in plugin.listed("ellar_db_migrations", answer):
            package = _checked(given, plugin)
            for other in found.values():
                for what in ("name", "version_table"):
                    if getattr(other, what) == getattr(package, what):
                        both = f"{other.title} and {package.title}"
                        _refuse(plugin, f"the packages {both} have one {what.replace('_', ' ')}")
            found[package.name] = _placed(package, manager.settings)
            plugins[package.name] = plugin
    for package in found.values():
        for name in package.after:
            if name not in found:
                _refuse(
                    plugins[package.name],
                    f"the package {package.title} comes after the package {name!r}, which no plugin brings",
                )
    return _ordered(found, plugins)


def find_package(manager: PluginManager, name: str) -> PackageMigrations:
    """Give one package.

    Args:
        manager: The plugins.
        name: Its name, or that of its distribution where that brings one package.

    Raises:
        DbError: There is none of the name.
    """
    packages = collect_packages(manager)
    if name in packages:
        return packages[name]
    there = ", ".join(packages) or "none"
    raise DbError(f"no plugin brings migrations of a package {name!r}; there is: {there}")


def _checked(given: Any, plugin: Plugin) -> PackageMigrations:
    if not isinstance(given, PackageMigrations):
        _refuse(plugin, f"{plugin.title} gave {given!r} as migrations; it must be an ellar_db.PackageMigrations")
    if not given.versions.is_dir():
        _refuse(plugin, f"{plugin.title} names {given.versions} as its folder of revisions, and it isn't there")
    return replace(given, source=plugin.title)


def _placed(package: PackageMigrations, settings: Settings) -> PackageMigrations:
    """Let the project say on which databases a package runs."""
    chosen = settings.mapping("packages").get(package.name)
    if chosen is None:
        return package
    if not isinstance(chosen, list) or not all(isinstance(name, str) for name in chosen):
        raise DbError(
            f"[tool.ellar-db.packages] {package.name} must be a list of databases, not {chosen!r}; "
            f"mend it in {settings.path}"
        )
    return replace(package, databases=chosen)


def _ordered(packages: Mapping[str, PackageMigrations], plugins: Mapping[str, Plugin]) -> dict[str, PackageMigrations]:
    """Put packages after those that they name, and otherwise by name."""
    ordered: dict[str, PackageMigrations] = {}

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " -> ".join((*above[above.index(name) :], name))
            _refuse(plugins[name], f"the migrations of packages come after each other in a circle: {circle}")
        if name in ordered:
            return
        for other in sorted(packages[name].after):
            place(other, (*above, name))
        ordered[name] = packages[name]

    for name in sorted(packages):
        place(name, ())
    return ordered


def _refuse(plugin: Plugin, what: str) -> NoReturn:
    raise DbError(f"{what}; mend it, or leave it out with ELLAR_DB_DISABLE_PLUGINS={plugin.distribution}")
