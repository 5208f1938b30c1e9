"""The steps of a run as records of the log: which revision was applied, how long it took, and how all of it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from ellar_db.output.style import counted, duration, listed

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo

STEPS = "ellar_db.run"
"""The logger of the steps."""

log = logging.getLogger(STEPS)

watchers: list[Callable[[Step], object]] = []
"""Called with each step that begins: a terminal shows it, and no log wants it."""

UNTITLED = "empty message"
"""What Alembic writes for the message of a revision that was given none."""

VERBS = {"upgrade": "applied", "downgrade": "undone"}
"""What a command has done with revisions; all others only record them."""


class Step(NamedTuple):
    """One revision of a run on a database, in `record.step` of the log.

    Args:
        database: The database's name.
        revision: The revision's id; `base` if all are taken out of the record.
        title: The first line of its message.
        number: Which step it is, from 1.
        total: How many steps there are on this database.
        named: Whether the run has several databases.
        state: Where it stands.
        seconds: How long it took.
    """

    database: str
    revision: str
    title: str
    number: int
    total: int
    named: bool = False
    state: Literal["running", "ok", "failed"] = "running"
    seconds: float = 0.0

    def __str__(self) -> str:
        took = "" if self.state == "running" else f" in {duration(self.seconds)}"
        on = f" on {self.database}" if self.named else ""
        return f"{' '.join(filter(None, [self.revision, self.title]))}{on}: {self.state}{took}"


class StepLog:
    """Logs the steps of a run on one database.

    Args:
        database: The database's name.
        named: Whether the run has several.
    """

    def __init__(self, database: str, *, named: bool) -> None:
        self._database = database
        self._named = named
        self._step: Step | None = None
        self._began = 0.0

    def begin(self, info: MigrationInfo, number: int, total: int) -> None:
        """Tell the watchers that a step begins; only its end is logged.

        Args:
            info: The step.
            number: Which it is, from 1.
            total: How many there are.
        """
        revision = info.up_revision_id if not info.is_stamp else ", ".join(info.destination_revision_ids)
        script = info.revision_map.get_revision(revision) if revision and ", " not in revision else None
        lines = str(getattr(script, "doc", None) or "").strip().splitlines()
        # a message of several lines begins with its title
        title = lines[0] if lines and lines[0] != UNTITLED else ""
        self._began = time.monotonic()
        self._step = Step(self._database, revision or "base", title, number, total, self._named)
        for watcher in watchers:
            watcher(self._step)

    def end(self, state: Literal["ok", "failed"]) -> None:
        """Log how a step ended, if one has begun.

        Args:
            state: How.
        """
        if self._step is None:
            return
        done = self._step._replace(state=state, seconds=time.monotonic() - self._began)
        self._step = None
        log.log(logging.INFO if state == "ok" else logging.ERROR, "%s", done, extra={"step": done})


class End(NamedTuple):
    """Where a database is after a run that has succeeded.

    Args:
        database: Its name.
        revisions: The ids of the revisions that were applied, undone or recorded.
        at: The revisions at which it is.
        is_newest: Whether these are the newest of the folder.
    """

    database: str
    revisions: Sequence[str]
    at: Sequence[str]
    is_newest: bool

    @property
    def place(self) -> str:
        """The revisions at which it is, in words."""
        mark = (" (heads)" if len(self.at) > 1 else " (head)") if self.is_newest and self.at else ""
        return f"{' and '.join(sorted(self.at)) or 'base'}{mark}"


def told(command: str, ends: Sequence[End], seconds: float) -> str:
    """Return the last line of a run.

    Args:
        command: Its name: "upgrade", "downgrade", "stamp".
        ends: Where each database is.
        seconds: How long it took.

    Example:
        >>> told("upgrade", [End("default", ["1a", "2b"], ["2b"], True)], 1.4)
        '2 revisions applied in 1.40 s; now at 2b (head)'
        >>> told("upgrade", [End("default", [], ["2b"], True)], 0.1)
        'Already up to date (2b)'
    """
    changed = [end for end in ends if end.revisions]
    if not changed:
        return _unchanged(command, ends)
    number = len(dict.fromkeys(revision for end in changed for revision in end.revisions))
    verb = VERBS.get(command)
    done = f"{counted(number, 'revision')} {verb}" if verb else "Recorded"
    if len(ends) == 1:
        return f"{done} in {duration(seconds)}; now at {ends[0].place}"
    on = {"applied": "to", "undone": "on"}.get(verb or "", "on")
    return f"{done} {on} {counted(len(changed), 'database')} in {duration(seconds)}; {_places(ends)}"


def _unchanged(command: str, ends: Sequence[End]) -> str:
    is_newest = all(end.is_newest for end in ends) and command == "upgrade"
    done = "Already up to date" if is_newest else "Nothing to do"
    if len({end.place for end in ends}) > 1:
        return f"{done}: {_places(ends)}"
    at = (ends[0].place if ends else "base").partition(" (")[0]
    return f"{done} ({at})" if is_newest else f"{done}: already at {at}"


def _places(ends: Sequence[End]) -> str:
    """Return where databases are, those at one place together."""
    places: dict[str, list[str]] = {}
    for end in ends:
        places.setdefault(end.place, []).append(end.database)
    several = [f"{listed(names)} {'are' if len(names) > 1 else 'is'} at {place}" for place, names in places.items()]
    return "; ".join(several)
