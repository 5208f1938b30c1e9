"""Alembic's configuration for the migrations of a package."""

from __future__ import annotations

import fnmatch
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.databases.database import Databases
from ellar_db.databases.selection import listed
from ellar_db.hooktypes import PackageMigrations
from ellar_db.options import Selection
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config


ENVIRONMENT = Path(__file__).parent.with_name("templates") / "single"
"""The folder with the env.py and the revision template of packages."""

FILTERS = ("include_object", "include_name", "process_revision_directives")
"""Options that select the application's own objects, and so don't apply to a package."""


def package_config(package: PackageMigrations) -> Config:
    """Return Alembic's configuration for a package's folder, without databases yet.

    Args:
        package: The package.
    """
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    # folders may have any name: percent signs are doubled, and no separator splits the one folder
    config.set_main_option("script_location", str(ENVIRONMENT).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(package.versions.absolute()).replace("%", "%%"))
    return config


def home_of(config: Config) -> Path:
    """Return where runs of packages are recorded: the application's migrations folder, or without one the project's.

    The folder with the env.py of packages is that of all projects.

    Args:
        config: The application's configuration.
    """
    home = Path(config.get_main_option("script_location") or "")
    # a command runs in the project's folder
    return home if (home / "env.py").is_file() else Path()


def for_package(config: Config, package: PackageMigrations) -> Config:
    """Return the configuration of a package that corresponds to a command's configuration.

    Args:
        config: The command's configuration.
        package: The package.

    Raises:
        DbError: The package runs on an unknown database or on none, or uses the application's version table.
    """
    made = package_config(package)
    made.stdout, made.output_buffer, made.cmd_opts = config.stdout, config.output_buffer, config.cmd_opts
    made.attributes.update(config.attributes)
    change_invocation(made, package=package, ahead=None, home=invocation_of(config).home or home_of(config))
    if DATABASES in config.attributes:
        chosen = invocation_of(config).chosen
        made.attributes[DATABASES] = databases_for(package, config.attributes[DATABASES], chosen)
    return made


def databases_for(package: PackageMigrations, databases: Databases, chosen: Selection | None = None) -> Databases:
    """Return the databases on which a package runs, with its own metadata and version table.

    Args:
        package: The package, whose `databases` are names or patterns of names.
        databases: All databases that the command is for.
        chosen: Which these are, if not all: those of the package that aren't chosen are left out.

    Raises:
        DbError: The package names an unknown database or none, or uses the application's version table.
    """
    if not package.databases:
        raise DbError(f"[tool.ellar-db.packages] says that the package {package.name} runs on no database")
    named = {pattern: fnmatch.filter(databases, pattern) for pattern in package.databases}
    missing = [pattern for pattern, names in named.items() if not names]
    if missing and not chosen:
        there = listed(list(databases))
        raise DbError(
            f"the package {package.title} runs on the database {missing[0]!r}, which isn't configured; there is: "
            f"{there}. Name others in pyproject.toml, [tool.ellar-db.packages] {package.name} = [...]"
        )
    placed = []
    for database in (databases[name] for name in dict.fromkeys(name for names in named.values() for name in names)):
        if database.options.get("version_table", "alembic_version") == package.version_table:
            raise DbError(
                f"the package {package.title} uses the version table {package.version_table}, which is the "
                "application's own"
            )
        options = {key: value for key, value in database.options.items() if key not in FILTERS}
        options["version_table"] = package.version_table
        placed.append(replace(database, metadata=package.metadata, options=options, package=package.name))
    return Databases(placed)


def check_editable(package: PackageMigrations, *, autogenerate: bool) -> None:
    """Refuse to write a revision to an installed package, or to autogenerate one without metadata.

    Args:
        package: The package.
        autogenerate: Whether its tables will be compared.

    Raises:
        DbError: It is installed and not editable, or it has no metadata to compare.
    """
    if autogenerate and package.metadata is None:
        raise DbError(
            f"the package {package.title} gives no metadata, and so there is nothing to compare the database with; "
            "give metadata=... to PackageMigrations"
        )
    if {"site-packages", "dist-packages"} & set(package.versions.absolute().parts):
        raise DbError(
            f"the package {package.title} is installed in {package.versions}, where a revision would be lost with the "
            "next installation; install its sources with pip install --editable"
        )
