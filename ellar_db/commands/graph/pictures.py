"""The pictures that a command's configuration asks for: of each package, and of the application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ellar_db.config.history import warn_of
from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.config.reports.refusals import reported
from ellar_db.drawing.picture import Node, Picture, listed, pictured
from ellar_db.history.folder import History
from ellar_db.history.headers import UnclearError
from ellar_db.history.shortcuts import shortcuts
from ellar_db.inspection.whereabouts import Whereabouts, whereabouts_of
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


def pictures_of(config: Config, rev_range: str | None) -> list[Picture]:
    """Return the pictures of all packages and the application; with a range, of the application or the chosen package.

    What is wrong with a database is told, and its mark left out.

    Args:
        config: The command's configuration.
        rev_range: The range, as in `history -r`.

    Raises:
        DbError: A folder can't be read, or the range leads nowhere.
        UnavailableError: The range begins or ends at a database that can't be reached.
    """
    parts = with_packages(config) if rev_range is None else [config]
    told: dict[str, None] = {}
    found = []
    for part in parts:
        with reported():
            found.append(_picture(part, rev_range, told, titled=len(parts) > 1))
    for problem in told:
        say(f"Warning: {problem}", err=True)
    return found


def _picture(config: Config, rev_range: str | None, told: dict[str, None], *, titled: bool) -> Picture:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    invocation = invocation_of(config)
    package = invocation.package
    databases = list(config.attributes.get(DATABASES, {}).values())
    places = whereabouts_of(databases, invocation) if databases else Whereabouts({}, [])
    told.update(dict.fromkeys(places.problems))
    nodes = _nodes(script)
    known = {node.revision for node in nodes}
    for name, heads in places.at.items():
        gone = [each for each in heads if each not in known]
        if gone:
            told[f"the database {name!r} is at {', '.join(gone)}, which the folder doesn't have"] = None
    marks = _marks(places.at)
    if rev_range is not None:
        within = _within(script, rev_range, places)
        nodes = [node for node in nodes if node.revision in within]
        marks.pop("", None)
    title = f"Package {package.title}" if package else "Application"
    return Picture(nodes, title if titled else "", marks)


def _marks(at: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the names of the databases at each revision, in the order of the databases."""
    marks: dict[str, list[str]] = {}
    for name, heads in at.items():
        for each in heads or [""]:
            marks.setdefault(each, []).append(name)
    return marks


def _within(script: ScriptDirectory, rev_range: str, found: Whereabouts) -> set[str]:
    """Return the ids of the revisions in a range."""
    # as Alembic's `history` does
    start, end = rev_range.strip().split(":")
    at: tuple[str, ...] = ()
    if CURRENT in (start, end):
        at = _current(found)
        if end == CURRENT and not at:
            return set()
    lower = (at if start == CURRENT else start) or "base"
    upper = (at if end == CURRENT else end) or "heads"
    # Alembic takes several ids too
    return {each.revision for each in script.walk_revisions(lower, upper)}  # type: ignore[arg-type]


def _current(found: Whereabouts) -> tuple[str, ...]:
    """Return the revisions of the only database."""
    if found.problems:
        raise UnavailableError(f"a range can't have `current`, since {found.problems[0]}")
    if len(found.at) == 1:
        return tuple(next(iter(found.at.values())))
    if found.at:
        names = listed(list(found.at))
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
