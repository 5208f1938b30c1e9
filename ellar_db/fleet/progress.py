"""What a run over many databases says while it goes on, and at its end."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from ellar_db.fleet.outcome import Outcome
from ellar_db.options import JSON, group_options
from ellar_db.output.screen import Screen
from ellar_db.output.style import BAD, WARNING, bar, styled
from ellar_db.util.masking import listener, masked

log = logging.getLogger("ellar_db")

FEW = 25
"""Up to how many databases each has a line of its own."""

OFTEN, RARELY = 0.2, 10.0
"""Seconds between two lines about the progress, on a terminal and elsewhere."""

LONG = 60
"""From how many characters on a reason for which another database failed too isn't repeated."""

SHOWN = 20
"""How many failures are listed at the end."""


class Progress:
    """The messages of a run, on standard error; with `--json`, a line for each database on standard output.

    Args:
        total: The number of databases.
        json: Whether the lines are wanted.
    """

    def __init__(self, total: int, *, json: bool) -> None:
        self.total = total
        self.outcomes: list[Outcome] = []
        self._json = json
        self._reasons: dict[str, str] = {}
        self.is_quiet = group_options().quiet
        self._screen = Screen()
        # a function that an application calls has no terminal
        self.logs = group_options().log_format == JSON or listener.get() is not None
        self._live = self._screen.is_live and not self.is_quiet and not self.logs
        self._began = self._said = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Tell about a database.

        Args:
            outcome: What became of it.
        """
        self.outcomes.append(outcome)
        if self._json:
            # in a word of the document itself, a password that is such a word would be masked too
            known = replace(
                outcome, error=masked(outcome.error), warnings=[masked(warning) for warning in outcome.warnings]
            )
            click.echo(json.dumps(known.document, ensure_ascii=False))
        if self.is_quiet:
            return
        for warning in outcome.warnings:
            self._say(f"{outcome.database}: {warning}", mark="Warning: ", style=WARNING)
        if outcome.state == "failed":
            self._say(self._failure(outcome), mark=f"{outcome.database}: ", style=BAD)
        elif self.total <= FEW and outcome.state == "migrated":
            way = _at(outcome.after) if outcome.before is None else f"{_at(outcome.before)} -> {_at(outcome.after)}"
            number = f"{steps(outcome.steps)}, " if outcome.steps else ""
            self._say(f"{outcome.database}: {way} ({number}{outcome.seconds:.2f} s)")
        self._tick()

    def finish(self, *, interrupted: bool = False) -> None:
        """Tell how the run ended.

        Args:
            interrupted: It didn't come to its end, so that some may have been begun that haven't told what became of
                them.
        """
        self._screen.clear()
        if self.is_quiet:
            return
        counts: Counter[str] = Counter(outcome.state for outcome in self.outcomes)
        counts["not begun"] += self.total - len(self.outcomes)
        rest = "not done" if interrupted else "not begun"
        names = {"migrated": "migrated", "unchanged": "already there", "failed": "failed", "not begun": rest}
        told = ", ".join(f"{counts[state]:,} {name}" for state, name in names.items() if counts[state])
        moved = [outcome for outcome in self.outcomes if outcome.state in ("migrated", "failed")]
        slowest = max(moved, key=lambda outcome: outcome.seconds, default=None)
        slow = f"; the slowest was {slowest.database} ({slowest.seconds:.2f} s)" if slowest and len(moved) > 1 else ""
        what = "1 database" if self.total == 1 else f"{self.total:,} databases"
        self._say(f"{what}: {told or 'nothing to do'}; {time.monotonic() - self._began:.1f} s in all{slow}.")

    def _failure(self, outcome: Outcome) -> str:
        """Return why a database failed; on a terminal, of one that failed as another did only that."""
        without_name = outcome.error.replace(outcome.database, "")
        first = self._reasons.setdefault(without_name, outcome.database)
        is_known = self._live and first != outcome.database and len(outcome.error) > LONG
        return f"failed as {first} did" if is_known else f"failed: {outcome.error}"

    def _tick(self) -> None:
        now = time.monotonic()
        if self.total <= 1 or now - self._said < (OFTEN if self._live else RARELY):
            return
        self._said = now
        done = len(self.outcomes)
        failed = sum(outcome.state == "failed" for outcome in self.outcomes)
        trouble = f", {failed:,} failed" if failed else ""
        line = f"{done:,} of {self.total:,} databases, {done / max(now - self._began, 0.001):.0f} a second{trouble}"
        if self._live:
            self._screen.rewrite(f"{bar(done, self.total, sys.stderr)} {line}")
        else:
            self._say(line)

    def _say(self, line: str, *, mark: str = "", style: Mapping[str, Any] | None = None) -> None:
        """Print a line, with a mark before it in a style of its own."""
        if self.logs:
            log.log(logging.WARNING if mark else logging.INFO, "%s%s", "" if style is WARNING else mark, line)
        else:
            self._screen.line(styled(mark, **(style or {})), styled(line))


def steps(number: int) -> str:
    """Return how many revisions were applied, or undone.

    Example:
        >>> steps(1), steps(2)
        ('1 revision', '2 revisions')
    """
    return "1 revision" if number == 1 else f"{number:,} revisions"


def _at(revisions: Sequence[str] | None) -> str:
    return ", ".join(revisions or ()) or "base"


def failures(outcomes: Sequence[Outcome]) -> str:
    """Return what failed, for the error of the whole run.

    Args:
        outcomes: What became of the databases.

    Example:
        >>> failures([Outcome("acme", "failed", error="it is locked")])
        'acme: it is locked'
    """
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    told = "; ".join(f"{outcome.database}: {outcome.error}" for outcome in failed[:SHOWN])
    more = len(failed) - SHOWN
    return f"{told}; and {more:,} more" if more > 0 else told
