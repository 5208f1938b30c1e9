"""What became of each database in a run over many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["migrated", "unchanged", "failed", "not begun"]

DONE = ("migrated", "unchanged")
"""States in which a database is where the run was to bring it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one database.

    Args:
        database: Its name.
        state: "migrated"; "unchanged" if there was nothing to do; "failed"; "not begun" if the run ended before.
        before: The revisions at which it was, or None if that isn't known.
        after: The revisions at which it is.
        steps: How many revisions were applied, or undone.
        seconds: How long that took.
        error: Why it failed, in one line.
        warnings: What was said meanwhile.

    Example:
        >>> Outcome("acme", "unchanged", ("9f2c",), ("9f2c",)).document["to"]
        ['9f2c']
    """

    database: str
    state: State
    before: Sequence[str] | None = None
    after: Sequence[str] | None = None
    steps: int = 0
    seconds: float = 0.0
    error: str = ""
    warnings: Sequence[str] = ()

    @property
    def is_done(self) -> bool:
        """Whether it is where the run was to bring it."""
        return self.state in DONE

    @property
    def document(self) -> dict[str, Any]:
        """The outcome as `--json` has it."""
        return {
            "schema": 1,
            "database": self.database,
            "state": self.state,
            "from": None if self.before is None else list(self.before),
            "to": None if self.after is None else list(self.after),
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "error": self.error or None,
            "warnings": list(self.warnings),
        }

    @property
    def values(self) -> dict[str, Any]:
        """The outcome as values that can be pickled, and of which `of` makes it again."""
        return asdict(self)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Outcome:
        """Return an outcome that another process has sent.

        Args:
            values: Its `values`.
        """
        return cls(**values)
