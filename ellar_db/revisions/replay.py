"""The history replayed on scratch databases, for a comparison without a database at the newest revision."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ellar_db.config.collection import collect_packages
from ellar_db.config.groups import representatives
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.packages import for_package
from ellar_db.databases.database import Databases
from ellar_db.scratch.databases import guarded, scratch_databases
from ellar_db.scratch.leftovers import scratch_folder
from ellar_db.util.click import replace_message
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


LOGGERS = ("alembic.runtime.migration", "ellar_db")
"""Loggers of what a run does."""

log = logging.getLogger("ellar_db")


@contextmanager
def replayed(config: Config, script: ScriptDirectory, urls: Sequence[str] = ()) -> Iterator[None]:
    """Replace the databases of a configuration by scratch databases at the newest revision.

    Meanwhile no other database can be connected to. Hooks of these runs see the purpose "scratch".

    Args:
        config: Alembic's configuration, changed in place.
        script: The migrations folder.
        urls: Where they are made, each `URL` or `NAME=URL`; by default where the application's are.

    Raises:
        DbError: A scratch database can't be made, env.py connects by itself, or a revision fails.
    """
    databases = representatives(config, config.attributes[DATABASES], invocation_of(config).chosen)
    with on_scratch(config, script, databases, urls):
        log.info(
            "Replaying the revisions on %s ...", "scratch databases" if len(databases) > 1 else "a scratch database"
        )
        _upgrade(config)
        yield


@contextmanager
def on_scratch(
    config: Config, script: ScriptDirectory, databases: Databases, urls: Sequence[str] = ()
) -> Iterator[Databases]:
    """Replace the databases of a configuration by scratch databases, which are empty.

    Meanwhile no other database can be connected to. Hooks of runs on these see the purpose "scratch".

    Args:
        config: Alembic's configuration; it has its own databases again at the end.
        script: The migrations folder.
        databases: Those of the application for which scratch databases are made.
        urls: Where they are made, each `URL` or `NAME=URL`; by default where the application's are.

    Yields:
        The scratch databases, under the names of the application's.

    Raises:
        DbError: A scratch database can't be made, or env.py connects by itself.
    """
    invocation = invocation_of(config)
    own = config.attributes[DATABASES]
    try:
        with (
            _told(),
            scratch_folder() as folder,
            scratch_databases(databases, _by_name(urls), folder, invocation.manager) as made,
            guarded(script.env_py_location),
        ):
            config.attributes[DATABASES] = made
            # no other process uses these databases
            change_invocation(config, limits={**invocation.limits, "lock": False})
            yield made
    finally:
        config.attributes[DATABASES] = own
        change_invocation(config, limits=invocation.limits)


def _upgrade(config: Config) -> None:
    from alembic import command

    invocation = invocation_of(config)
    packages = [] if invocation.package else collect_packages(invocation.manager).values()
    with silent():
        for part in [*(for_package(config, package) for package in packages if package.databases), config]:
            command.upgrade(part, "heads")


@contextmanager
def silent() -> Iterator[None]:
    """Show only warnings of the runs."""

    def warns(record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO

    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addFilter(warns)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(warns)


@contextmanager
def _told() -> Iterator[None]:
    """Name the option of the command in errors that name that of the pytest kit."""
    try:
        yield
    except DbError as error:
        replace_message(error, error.message.replace("--ellar-db-url", "--scratch-url"))
        raise


def _by_name(urls: Sequence[str]) -> Mapping[str, str]:
    found = {}
    for text in urls:
        match = re.fullmatch(r"(?:(\w[\w.-]*)=)?(.*)", text.strip(), re.DOTALL)
        name, url = match.groups() if match else (None, text)
        found[name or ""] = url
    return found
