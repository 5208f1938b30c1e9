"""The arguments of one command, or of one block of an application's code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits, limits_of
from ellar_db.hooktypes import PackageMigrations
from ellar_db.options import Selection, renamed
from ellar_db.plugins.manager import PluginManager, get_plugin_manager
from ellar_db.util.errors import DbError, meant

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.migration import MigrationInfo, MigrationStep
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

DATABASES = "databases"
"""Key of the databases in `Config.attributes`. Plugins read it."""

KEY = "ellar_db"
"""Key of the invocation in `Config.attributes`."""


@dataclass
class Answers:
    """What was answered beforehand to the questions of `migrate`, and whether the rest may be asked.

    Args:
        renames: Values of `--rename`, as in `users.name:full_name`.
        fills: Values of `--fill`, as in `users.age=18`.
        ask: Ask about the rest, if there is a terminal.
        hint: Say what else may have been renamed, where nobody is asked.

    Example:
        >>> Answers(renames=["users.name:full_name"], ask=False).used
        set()
    """

    renames: Sequence[str] = ()
    fills: Sequence[str] = ()
    ask: bool = True
    hint: bool = True

    used: set[str] = field(default_factory=set)
    """The values that were for something in one of the databases."""

    dropped: dict[str, str] = field(default_factory=dict)
    """The tables and columns of all databases that are dropped: each name by all names that an option may use."""

    added: dict[str, str] = field(default_factory=dict)
    """The tables and columns of all databases that are added, in the same way."""

    fillable: set[str] = field(default_factory=set)
    """The columns of all databases that become NOT NULL."""

    def refuse_unused(self) -> None:
        """Refuse values for what isn't in any of the databases, once all are compared.

        Raises:
            DbError: There is such a value.
        """
        for value in self.renames:
            if value not in self.used:
                raise DbError(
                    f"--rename {value}: {self._why_not(*renamed(value))}; dropped: {_listed(self.dropped.values())}; "
                    f"added: {_listed(self.added.values())}"
                )
        for value in self.fills:
            if value not in self.used:
                column = value.partition("=")[0]
                raise DbError(
                    f"--fill {value}: {column} isn't a column that becomes NOT NULL and needs a value"
                    f"{meant(column, self.fillable)}; those that do: {_listed(self.fillable)}"
                )

    def _why_not(self, old: str, new: str) -> str:
        if old not in self.dropped:
            return f"{old} isn't dropped{meant(old, self.dropped)}"
        # a column is usually named without its table
        longer = f"{old.rpartition('.')[0]}.{new}"
        if new in self.added or longer in self.added:
            return "they aren't two tables of one schema, or two columns of one table"
        near = meant(longer, self.added) if "." in old and "." not in new else ""
        return f"{new} isn't added{near or meant(new, self.added)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "nothing"


class Way(NamedTuple):
    """From where to where a run was to bring a database.

    Args:
        before: The revisions at which it was.
        after: Those at which it was to be; the same if that isn't known.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]

    def rest(self, at: Collection[str]) -> bool:
        """Return whether a database still has all of the way before it.

        Args:
            at: The revisions at which it is.

        Raises:
            DbError: It is neither where the way begins nor where it ends.

        Example:
            >>> Way(("one",), ("two",)).rest(["two"])
            False
        """
        known = set(self.before) != set(self.after)
        if known and set(at) == set(self.after):
            return False
        if set(at) != set(self.before):
            told = f"it is at {_at(at)}, which is neither where the run began ({_at(self.before)}) nor where it was to"
            raise DbError(f"{told} end ({_at(self.after)})")
        return True


def _at(revisions: Collection[str]) -> str:
    return ", ".join(revisions) or "base"


class Ran(NamedTuple):
    """What a run has done on a database.

    Args:
        database: Its name.
        package: The package whose migrations ran; empty for the application's own.
        before: The revisions at which it was.
        after: Those at which it is.
        revisions: The ids of the revisions that were applied, undone or recorded, in order.
    """

    database: str
    package: str
    before: Sequence[str]
    after: Sequence[str]
    revisions: Sequence[str] = ()


@dataclass(frozen=True)
class Work:
    """What a command does on each database of a group.

    Args:
        name: The command: "upgrade", "downgrade", "stamp", "ensure-version".
        options: Alembic's options of it, such as `destination_rev` and `tag`.
        script: The folder.
        run: Does it on one database, in this process, and returns the steps that were applied; on a database for which
            a way is given, only if it has that before it.
        plan: Returns the steps from revisions of a database to the target; None if the command has no target.
    """

    name: str
    options: Mapping[str, Any]
    script: ScriptDirectory
    run: Callable[[Database, Way | None], Sequence[MigrationInfo]]
    plan: Callable[[tuple[str, ...]], Sequence[MigrationStep]] | None


class Each(Protocol):
    """Does what a folder is for on each database of a group."""

    @property
    def asked(self) -> str:
        """The options of the command line that are for databases of a group, as given; empty without any."""

    def __call__(self, config: Config, databases: Sequence[Database], work: Work) -> None:
        """Do it.

        Args:
            config: The command's configuration.
            databases: The databases.
            work: What is to be done.
        """


@dataclass(frozen=True)
class Invocation:
    """The arguments of `alembic_config`, for all code that takes part in the command.

    Args:
        manager: The plugins.
        package: The package whose migrations these are, or None for the application's own.
        labels: Print each database's name before its output, if there are several.
        output: Where the SQL of offline mode goes: a file, a folder, or None for standard output.
        limits: Values of `Limits` by name, as set on the command line.
        settling: The run resolves an interrupted one, and so isn't refused because of it.
        script: The `Script` that collects the SQL of several runs, of packages and the application.
        ahead: Called with the configuration and the databases on which the folder runs, before anything happens to
            them; for an env.py that isn't ours, with one database after the other and the connection to it.
        findings: Collects what the rules of `lint/` find, for a command that tells it after the file is written; None
            if it is told before.
        duplicates: Search for duplicates where something becomes unique (`--probe-duplicates`).
        answers: Answers to the questions of a comparison, and whether it may ask; None neither asks nor hints.
        found: Called with Alembic's `UpgradeOps` of each database that was compared, once env.py has ended.
        shows: A revision is only shown, and not written.
        rehearses: What the command does is rolled back (`--dry-run`).
        looks: The command only asks where the databases are, and says so itself.
        chosen: The databases that the command is for, if it isn't for all.
        each: Runs what the folder does on each database of a group; None does so one after the other.
        ran: Called with what was done on each database, once a run has succeeded.
        home: Where a run of a package is recorded: the application's migrations folder, or, without one, the project's
            folder; None where no package was asked for.
    """

    manager: PluginManager
    package: PackageMigrations | None = None
    labels: bool = False
    output: Path | str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    settling: bool = False
    script: Any = None
    ahead: Callable[[Config, Sequence[Database], Connection | None], None] | None = None
    findings: Any = None
    duplicates: bool = False
    answers: Answers | None = None
    found: Callable[[Sequence[UpgradeOps]], object] | None = None
    shows: bool = False
    rehearses: bool = False
    looks: bool = False
    chosen: Selection | None = None
    each: Each | None = None
    ran: Callable[[Ran], object] | None = None
    home: Path | None = None

    def limits_of(self, database: Database) -> Limits:
        """Return the limits of a database in this invocation.

        Raises:
            DbError: A value isn't a number of seconds.
        """
        return limits_of(database, self.manager.settings, self.limits)


def invocation_of(config: Config) -> Invocation:
    """Return the invocation of a configuration; a default one if bare Alembic created it.

    Args:
        config: Alembic's configuration.
    """
    found = config.attributes.get(KEY)
    return found if isinstance(found, Invocation) else Invocation(get_plugin_manager())


def change_invocation(config: Config, **changes: Any) -> None:
    """Change values of a configuration's invocation.

    Args:
        config: Alembic's configuration.
        changes: The new values, by the names of `Invocation`.
    """
    config.attributes[KEY] = replace(invocation_of(config), **changes)
