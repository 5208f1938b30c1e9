"""Show where the databases are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ellar_db.config.command_line import program
from ellar_db.config.invocation import change_invocation, invocation_of
from ellar_db.config.position import Position, position_in, unknown_here
from ellar_db.runtime.versions import is_newest
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext


def show_current(config: Config, *, check_heads: bool = False, verbose: bool = False) -> None:
    """Print the revisions of all databases, as Alembic's `current` does for those that the folder has.

    Alembic stops at the first database with a revision that the folder doesn't have, and doesn't count a head as
    applied if only a revision that depends on it is in the version table.

    Args:
        config: Alembic's configuration.
        check_heads: Refuse databases that aren't at the newest revision.
        verbose: Print all that is known of each revision.

    Raises:
        DbError: A database has a revision that the folder doesn't have, or isn't at the newest; each is named.
    """
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    problems: list[str] = []

    def show(heads: tuple[str, ...], context: MigrationContext) -> list[None]:
        position = position_in(context, heads, "current")
        if verbose:
            assert context.connection is not None
            config.print_stdout("Current revision(s) for %s:", context.connection.engine.url.render_as_string())
        if position.unknown:
            problems.append(unknown_here(position, program()))
        elif check_heads and not is_newest(script, heads):
            problems.append(_behind(position))
            return []
        known = tuple(head for head in heads if head not in position.unknown)
        for revision in sorted(script.get_all_current(known), key=lambda each: each.revision):
            config.print_stdout(revision.cmd_format(verbose))
        for revision_id in position.unknown:
            config.print_stdout("%s (unknown here)", revision_id)
        return []

    with EnvironmentContext(config, script, fn=show, dont_mutate=True):
        script.run_env()
    if problems:
        raise DbError("; ".join(problems))


def refuse_unknown(config: Config) -> None:
    """Refuse databases with a revision that the folder doesn't have.

    Args:
        config: Alembic's configuration.

    Raises:
        DbError: A database has one; each is named.
    """
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    problems: list[str] = []

    def look(heads: tuple[str, ...], context: MigrationContext) -> list[None]:
        position = position_in(context, heads, "history")
        if position.unknown:
            problems.append(unknown_here(position, program()))
        return []

    labels = invocation_of(config).labels
    change_invocation(config, labels=False)
    with EnvironmentContext(config, script, fn=look, dont_mutate=True):
        script.run_env()
    change_invocation(config, labels=labels)
    if problems:
        raise DbError("; ".join(problems))


def _behind(position: Position) -> str:
    newest = " heads" if position.newest == "heads" else ""
    return (
        f"Database is not on all head revisions: {position.database} is at {position.at}; "
        f"`{program()} upgrade{position.option}{newest}` runs the others"
    )
