"""Commands on packages, which run before the application."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ellar_db.config.collection import collect_packages
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.packages import for_package
from ellar_db.config.reports.broken_files import without_ini
from ellar_db.config.reports.refusals import reported
from ellar_db.hooktypes import PackageMigrations
from ellar_db.runtime.offline import Script
from ellar_db.runtime.versions import behind
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config


log = logging.getLogger("ellar_db")

HEADS = {"head", "heads", "base:head", "base:heads", ":head", ":heads"}
"""Targets of an upgrade that mean all revisions."""


def with_packages(config: Config) -> list[Config]:
    """Return the configuration of each package, in order, and then the given one, which is the application's.

    Start-up code and tests use it to upgrade everything to its newest revision.

    Args:
        config: The configuration that `alembic_config` yielded.

    Example:
        from alembic import command
        from ellar_db import alembic_config, with_packages

        with alembic_config() as config:
            for part in with_packages(config):
                command.upgrade(part, "heads")
    """
    return [*(for_package(config, package) for package in _packages(config)), config]


def to_upgrade(config: Config, revision: str, *, sql: bool) -> Iterator[tuple[Config, str]]:
    """Yield what `upgrade` runs: the packages that aren't at their newest revision, then the application.

    A target other than the newest revision applies to the application only.

    Args:
        config: The command's configuration.
        revision: The target.
        sql: The databases aren't read, so every package takes part.
    """
    packages = _packages(config) if revision in HEADS else []
    script = None
    if sql and packages:
        several = len(config.attributes[DATABASES]) > 1
        script = Script(invocation_of(config).output, several=several, packages=True)
        change_invocation(config, script=script)
    given = [for_package(config, package) for package in packages]
    parts = given if sql else behind(given)
    for part in parts:
        package = invocation_of(part).package
        log.info("Package %s:", package and package.title)
        yield part, "heads"
    if parts:
        log.info("Application:")
    yield config, revision
    if script is not None:
        script.write(config)


def in_turn(config: Config, work: Callable[[Config], None]) -> None:
    """Process each package and then the application, under headings if there are packages.

    Args:
        config: The command's configuration.
        work: Called with the configuration of each part.

    Raises:
        DbError: The errors of all parts, after each has been processed.
    """
    packages = _packages(config)
    problems: list[DbError] = []
    for part in [*(for_package(config, package) for package in packages), config]:
        package = invocation_of(part).package
        if packages:
            config.print_stdout("Application:" if package is None else f"Package {package.title}:")
        try:
            with reported(), without_ini(part):
                work(part)
        except UnavailableError:
            raise
        except DbError as error:
            problems.append(error if package is None else DbError(f"package {package.name}: {error.message}"))
    if len(problems) == 1:
        # with its own exit code
        raise problems[0]
    if problems:
        raise DbError("; ".join(problem.message for problem in problems)) from problems[0].__cause__


def _packages(config: Config) -> list[PackageMigrations]:
    """Return the packages that take part in a command: none with `--package`, or if no database is configured."""
    invocation = invocation_of(config)
    if invocation.package is not None:
        return []
    packages = [package for package in collect_packages(invocation.manager).values() if package.databases]
    if invocation.chosen:
        there = config.attributes.get(DATABASES, ())
        packages = [
            package for package in packages if any(fnmatch.filter(there, pattern) for pattern in package.databases)
        ]
    if packages and DATABASES in config.attributes and not config.attributes[DATABASES]:
        names = ", ".join(package.title for package in packages)
        log.warning("no database is configured for ellar_db, so that the migrations of %s are left out", names)
        return []
    return packages
