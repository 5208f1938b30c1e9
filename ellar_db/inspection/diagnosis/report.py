"""All checks in their order, each by itself: what is broken never hides the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.config.collection import collect_databases
from ellar_db.config.command_line import program
from ellar_db.config.folder import DIRECTORY, configured
from ellar_db.config.invocation import DATABASES
from ellar_db.config.seam import alembic_config
from ellar_db.databases.database import Database, Databases
from ellar_db.databases.selection import listed, selected
from ellar_db.inspection.diagnosis import databases, folder, packages, standing
from ellar_db.inspection.diagnosis import settings as own_settings
from ellar_db.inspection.diagnosis.finding import Finding, guarded
from ellar_db.options import START, Selection
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.application import application_context, open_injector
from ellar_db.project.settings import Settings
from ellar_db.scratch.leftovers import left_behind
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config

MOST = 10
"""How many databases are looked at, so that the answer comes in time where there are thousands."""


@dataclass(frozen=True)
class Request:
    """What is to be diagnosed.

    Args:
        directory: The migrations folder that is named on the command line.
        x_arg: Values of `-x` for env.py.
        chosen: The databases.
        seconds: How long a look at a database may take.
        plugins: Returns what is wrong with the plugins, and how many take part.
    """

    directory: Path | None
    x_arg: Sequence[str]
    chosen: Selection
    seconds: float
    plugins: Callable[[], tuple[Sequence[str], Sequence[str]]]


def diagnose(request: Request) -> Iterator[Finding]:
    """Yield what is in order and what isn't, as it is found out.

    Args:
        request: What is to be diagnosed.
    """
    yield from guarded("python", packages.check_python, plain=True)
    yield from guarded("packages", packages.check_packages, plain=True)
    read: list[Settings] = []
    yield from guarded(own_settings.SUBJECT, partial(_settings, read), plain=True)
    if read:
        with ExitStack() as stack:
            yield from _Project(request, read[0], stack).findings()
    else:
        yield Finding("look", "plugins", "the application, plugins and databases aren't looked at without the settings")
        yield from guarded(folder.SUBJECT, partial(folder.check_env_py, request.directory or Path(DIRECTORY)))
    yield from guarded("leftovers", _leftovers, plain=True)


def _settings(read: list[Settings]) -> Iterator[Finding]:
    settings = own_settings.read()
    # the manager makes the variables of files those of the environment, and checks types
    get_plugin_manager()
    read.append(settings)
    ctx = click.get_current_context(silent=True)
    start = ctx.meta.get(START) if ctx is not None else None
    yield from own_settings.check_settings(settings, start or Path.cwd())


class _Project:
    """A project whose settings can be read.

    Args:
        request: What is to be diagnosed.
        settings: The settings.
        stack: Closes what is opened.
    """

    def __init__(self, request: Request, settings: Settings, stack: ExitStack) -> None:
        self.request = request
        self.settings = settings
        self.stack = stack
        self.manager = get_plugin_manager()
        self.started = False
        self.config: Config | None = None
        self.foreign = False
        self.known: list[Database] | None = None
        self.answering: list[Database] = []

    def findings(self) -> Iterator[Finding]:
        """Yield what is found out."""
        said = set()
        for subject, check in (
            ("application", self._application),
            (folder.SUBJECT, self._folder),
            ("databases", self._databases),
            ("revisions", self._revisions),
        ):
            for each in guarded(subject, check):
                said.add(each.message)
                yield each
        # what is wrong with a database may be in the way of a plugin too
        yield from (each for each in guarded("plugins", self._plugins, plain=True) if each.message not in said)
        for database in (self.known or ())[:MOST]:
            look = partial(databases.check_database, database, self.manager, self.request.seconds, self.answering)
            yield from guarded(databases.subject_of(database), look)
        yield from guarded("databases", self._standing)

    def _application(self) -> Iterator[Finding]:
        running = open_injector() is not None
        self.stack.enter_context(application_context(self.settings))
        self.started = True
        if open_injector() is None:
            yield Finding("ok", "application", "no application of Ellar is named, and none is needed")
        else:
            named = self.settings.text("application") or "that of [tool.ellar]"
            yield Finding("ok", "application", "it runs" if running else f"{named} starts")

    def _databases(self) -> Iterator[Finding]:
        found = collect_databases(self.manager, self.request.chosen.names)
        self.known = selected(self.request.chosen, found.values())
        if self.known:
            yield Finding("ok", "databases", listed([database.name for database in self.known]))
            without = [database.name for database in self.known if database.metadata is None]
            if without:
                yield Finding(
                    "ok",
                    "databases",
                    f"{listed(without)} without models, so that migrate and check have nothing to compare",
                    "metadata=... for EllarDBModule.setup, or metadata in [tool.ellar-db]",
                )
        elif not self.started:
            yield Finding("look", "databases", "those of the application aren't known as long as it doesn't start")
        elif self.foreign:
            yield Finding("ok", "databases", "none is configured for ellar-db; env.py says which there are")
        else:
            yield Finding(
                "look",
                "databases",
                "none is configured",
                "EllarDBModule.setup(databases=...) in the application, ellar-sql's EllarSQLModule, or "
                "database in [tool.ellar-db]",
            )

    def _folder(self) -> Iterator[Finding]:
        if self.started:
            asked = alembic_config(self.request.directory, x_arg=self.request.x_arg, databases=False)
            config = self.stack.enter_context(asked)
        else:
            named = self.request.directory is not None or "directory" in self.settings.given
            try:
                config = configured(self.manager, self.request.directory)
            except DbError:
                if named:
                    raise
                # the application may name one, or none may be made yet
                yield Finding("look", folder.SUBJECT, "not known as long as the application doesn't start")
                return
        location = Path(folder.script_of(config).dir)
        self.config, self.foreign = config, folder.is_foreign(location)
        yield from folder.check_env_py(location)

    def _revisions(self) -> Iterator[Finding]:
        if self.config is None:
            return iter(())
        # which models somebody else's env.py compares, only that knows
        have_models = not self.known or any(each.metadata is not None for each in self.known)
        return folder.check_revisions(self.config, have_models=have_models)

    def _plugins(self) -> Iterator[Finding]:
        taking_part, problems = self.request.plugins()
        yield Finding("ok", "plugins", ", ".join(taking_part) or "none besides ellar-db's own")
        for problem in problems:
            yield Finding("broken", "plugins", problem, f"`{program()} plugins --check`")

    def _standing(self) -> Iterator[Finding]:
        if self.known is None or self.config is None:
            return
        if len(self.known) > MOST:
            more = f"{len(self.known) - MOST:,} more aren't looked at"
            yield Finding("look", "databases", more, f"`{program()} status`, or --database NAME")
        absent = folder.absent_file(self.config, self.manager) if self.foreign and not self.known else None
        if absent is not None:
            # to run env.py would make it
            yield Finding("look", "databases", f"{absent} isn't there yet", f"`{program()} upgrade`")
        elif self.started and (self.answering or (self.foreign and not self.known)):
            self.config.attributes[DATABASES] = Databases(self.answering)
            yield from standing.check_standing(self.config, self.request.seconds)


def _leftovers() -> Iterator[Finding]:
    left = left_behind()
    if left:
        yield Finding(
            "look",
            "leftovers",
            f"{len(left)} scratch database{'s' if len(left) > 1 else ''} of killed runs; the next command that needs a "
            "scratch database drops them",
            f"`{program()} verify`",
        )
