"""Resolve the interrupted runs that the journal has recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ellar_db.config.command_line import program
from ellar_db.config.invocation import DATABASES, change_invocation
from ellar_db.config.squashed.history import history_for
from ellar_db.databases.database import Database, Databases
from ellar_db.guards.entry import Entry, EntryTable
from ellar_db.runtime.packages import with_packages
from ellar_db.runtime.run import RunState
from ellar_db.runtime.watch import watch_of
from ellar_db.util.alembic import ancestors
from ellar_db.util.errors import DbError
from ellar_db.util.masking import say

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, MigrationStep
    from alembic.script import ScriptDirectory


@dataclass(frozen=True)
class Unfinished:
    """The journal entry of an interrupted run.

    Args:
        config: The configuration of the application or of the package that ran.
        database: The database.
        entry: The entry.
    """

    config: Config
    database: Database
    entry: Entry


def settle(config: Config, revision: str | None, applied: bool | None) -> None:
    """Record whether a revision is applied, and delete its journal entry; or show the entry.

    Args:
        config: Alembic's configuration.
        revision: The revision, or None for the one in the entry.
        applied: Whether it is applied now; None shows the entry.

    Raises:
        DbError: There is no entry, it names another revision, entries name several, or `applied` is None.
    """
    parts = with_packages(config)
    found = [one for part in parts for one in _unfinished(part)]
    if not found:
        raise DbError("there is nothing to repair: no run was cut short")
    meant = [one for one in found if revision in (None, one.entry.revision)]
    if not meant:
        there = " and ".join(f"on the database {one.database.name!r} it is {one.entry.revision}" for one in found)
        raise DbError(f"{there} that did not end, not {revision}")
    if applied is None:
        stories = " ".join(f"Database {one.database.name!r}: {one.entry.story}" for one in meant)
        repair = f"{program()} repair{_choice(meant)}"
        raise DbError(f"{stories} Say `{repair} --applied` or `{repair} --reverted`")
    revisions = sorted({one.entry.revision for one in meant})
    if len(revisions) > 1:
        raise DbError(
            f"{', '.join(revisions)} did not end; say of each "
            f"`{program()} repair{_choice(meant)} REVISION --applied` or --reverted"
        )
    for one in meant:
        _record(one, applied)
        say(f"{one.database.name}: {one.entry.revision} is {'applied' if applied else 'not applied'}.")


def _choice(found: Sequence[Unfinished]) -> str:
    """Return the option with which `repair` is about one database of a group, with a space before it."""
    choices = {one.database.choice for one in found}
    return choices.pop() if len(choices) == 1 else " --database NAME"


def _unfinished(config: Config) -> list[Unfinished]:
    """Return the journal entries of the databases that a folder's env.py configures.

    They are read under the lock: the entry of a run in progress must not be mistaken for that of an interrupted one.
    """
    found: list[Unfinished] = []

    def read(state: RunState, _: tuple[str, ...]) -> list[MigrationStep]:
        assert state.connection is not None
        entry = EntryTable(state.connection, state.options).read()
        if entry is not None:
            found.append(Unfinished(config, state.database, entry))
        return []

    _run_environment(config, read, dont_mutate=True)
    return found


def _record(one: Unfinished, applied: bool) -> None:
    """Change the version table as the revision would have, and delete the journal entry with it."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(one.config)
    given = one.config.attributes.get(DATABASES)
    if given:
        # the other databases may be in another state
        chosen = [each for each in given.values() if each.name == one.database.name]
        one.config.attributes[DATABASES] = Databases(chosen) if chosen else given

    def settle(state: RunState, heads: tuple[str, ...]) -> list[MigrationStep]:
        if state.database.name != one.database.name or state.connection is None:
            return []
        entries = EntryTable(state.connection, state.options)
        if entries.read() != one.entry:
            see = f"`{program()} repair{one.database.choice}`"
            raise DbError(f"the entry of {one.entry.revision} has changed meanwhile; see {see}")
        own = history_for(script, [one.entry.revision, *heads])
        steps = _steps(own, one.entry.revision, heads, applied)
        external = state.connection.in_nested_transaction() or state.is_external
        entries.remove()
        if not steps and not external:
            state.connection.commit()
        return steps

    _run_environment(one.config, settle, destination_rev=one.entry.revision)
    one.config.attributes[DATABASES] = given


def _run_environment(
    config: Config, work: Callable[[RunState, tuple[str, ...]], list[MigrationStep]], **options: Any
) -> None:
    """Run a folder's env.py with a plan of one's own, which is called for each database."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)

    def plan(heads: tuple[str, ...], context: MigrationContext) -> list[MigrationStep]:
        watch = watch_of(environment)
        assert watch is not None
        return work(next(state for state in watch.states if state.context is context), heads)

    change_invocation(config, settling=True)
    try:
        environment = EnvironmentContext(config, script, fn=plan, **options)
        with environment:
            script.run_env()
    finally:
        change_invocation(config, settling=False)


def _steps(script: ScriptDirectory, revision: str, heads: tuple[str, ...], applied: bool) -> list[MigrationStep]:
    """Return the step that is missing in the version table, if any."""
    from alembic.runtime.migration import MigrationInfo, RevisionStep

    class Recorded(RevisionStep):
        """A revision's step that only changes the version table."""

        def __init__(self) -> None:
            super().__init__(script.revision_map, script.get_revision(revision), applied)
            self.migration_fn = stamp_revision

        @property
        def info(self) -> MigrationInfo:
            info = super().info
            info.is_stamp = True
            return info

    there = revision in ancestors(script, heads)
    missing = not there if applied else revision in heads
    return [Recorded()] if missing else []


def stamp_revision(**_: Any) -> None:
    """Do nothing: the revision was completed or undone by hand."""
