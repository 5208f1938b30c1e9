"""The pictures that a command's configuration asks for: of each package, and of the application."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.history import warn_of
from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.config.reports.refusals import reported
from ellar_db.drawing.picture import Node, Picture, listed, pictured
from ellar_db.history.folder import History
from ellar_db.history.headers import UnclearError
from ellar_db.history.shortcuts import shortcuts
from ellar_db.inspection.standing import Standing, standings
from ellar_db.project.origins import OURS, origin_of
from ellar_db.runtime.packages import with_packages
from ellar_db.util.alembic import version_folders
from ellar_db.util.errors import DbError, UnavailableError
from ellar_db.util.masking import say
from ellar_db.util.scripts import own_labels

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

CURRENT = "current"
"""The revision of the database, in a range."""


def pictures_of(config: Config, rev_range: str | None, *, offline: bool = False) -> list[Picture]:
    """Return the pictures of all packages and the application; with a range, of the application or the chosen package.

    What is wrong with a database is told, and its mark left out.

    Args:
        config: The command's configuration.
        rev_range: The range, as in `history -r`.
        offline: Ask no database.

    Raises:
        DbError: A folder can't be read, or the range leads nowhere.
        UnavailableError: The range begins or ends at a database that can't be reached.
    """
    parts = with_packages(config) if rev_range is None else [config]
    told: dict[str, None] = {}
    found = []
    for part in parts:
        with reported():
            found.append(_picture(part, rev_range, told, titled=len(parts) > 1, offline=offline))
    for problem in told:
        say(f"Warning: {problem}", err=True)
    return found


def _picture(config: Config, rev_range: str | None, told: dict[str, None], *, titled: bool, offline: bool) -> Picture:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    package = invocation_of(config).package
    nodes = _nodes(script)
    databases, problems = ([], []) if offline else _asked(config, script)
    told.update(dict.fromkeys(problems))
    marks = _marks(databases)
    if rev_range is not None:
        within = _within(script, rev_range, databases, problems)
        nodes = [node for node in nodes if node.revision in within]
        marks.pop("", None)
    title = f"Package {package.title}" if package else "Application"
    return Picture(nodes, title if titled else "", marks)


def _asked(config: Config, script: ScriptDirectory) -> tuple[list[Standing], list[str]]:
    """Return where databases stand, and what is wrong with the others."""
    if not config.attributes.get(DATABASES) and origin_of(Path(script.env_py_location)) is OURS:
        return [], []
    try:
        found = standings(config, whole=False)
    except DbError as error:
        return [], [error.message]
    problems = _problems([each for each in found if each.error])
    for each in found:
        if each.unknown:
            problems.append(
                f"the database {each.database!r} is at {', '.join(each.unknown)}, which the folder doesn't have"
            )
    return [each for each in found if not each.error], problems


def _problems(failed: Sequence[Standing]) -> list[str]:
    """Return what is wrong with databases that can't be asked, a line for all of a server."""
    servers: dict[object, list[Standing]] = {}
    for each in failed:
        address = each.origin.address if each.origin is not None else None
        servers.setdefault((address.host, address.port) if address and address.host else each.database, []).append(each)
    problems = []
    for first, *others in servers.values():
        names = listed([each.database for each in others])
        problems.append(f"{first.error}; nor can others on this server be asked: {names}" if others else first.error)
    return problems


def _marks(databases: Sequence[Standing]) -> dict[str, list[str]]:
    """Return the names of the databases at each revision, in the order of the databases."""
    marks: dict[str, list[str]] = {}
    for database in databases:
        for each in database.revisions or [""]:
            marks.setdefault(each, []).append(database.database)
    return marks


def _within(
    script: ScriptDirectory, rev_range: str, databases: Sequence[Standing], problems: Sequence[str]
) -> set[str]:
    """Return the ids of the revisions in a range."""
    # as Alembic's `history` does
    start, end = rev_range.strip().split(":")
    at: Sequence[str] = ()
    if CURRENT in (start, end):
        at = _current(databases, problems)
        if end == CURRENT and not at:
            return set()
    lower = (at if start == CURRENT else start) or "base"
    upper = (at if end == CURRENT else end) or "heads"
    # Alembic takes several ids too
    return {each.revision for each in script.walk_revisions(lower, upper)}  # type: ignore[arg-type]


def _current(databases: Sequence[Standing], problems: Sequence[str]) -> Sequence[str]:
    """Return the revisions of the only database."""
    if problems:
        raise UnavailableError(f"a range can't have `current`, since {problems[0]}")
    if len(databases) == 1:
        return databases[0].revisions
    if databases:
        names = listed([each.database for each in databases])
        raise DbError(f"`current` could mean the revision of each database ({names}); choose one with --database")
    raise DbError("a range can't have `current` with --offline or without a database; name a revision")


def _nodes(script: ScriptDirectory) -> list[Node]:
    """Return all revisions of a folder, read without running them where that is possible."""
    if shortcuts() and not script.sourceless:
        folders, recursive = version_folders(script), script.recursive_version_locations
        try:
            return pictured(History(folders, recursive=recursive, refused=warn_of))
        except UnclearError:
            pass
    return _as_alembic_knows(script)


def _as_alembic_knows(script: ScriptDirectory) -> list[Node]:
    from alembic.util import to_tuple

    found = []
    needed: set[str] = set()
    for each in script.walk_revisions():
        down = tuple(dict.fromkeys(to_tuple(each.down_revision, default=())))
        named = [one.revision for one in script.get_revisions(to_tuple(each.dependencies, default=()))]
        depends = tuple(one for one in dict.fromkeys(named) if one not in down)
        needed.update(depends)
        found.append(
            Node(each.revision, down, depends, own_labels(each), each.longdoc, str(each.path), len(each.nextrev))
        )
    return [node._replace(effective=not node.following and node.revision in needed) for node in found]
