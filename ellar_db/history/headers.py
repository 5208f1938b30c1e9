"""What the head of a revision file says: its id, what it follows, and its title."""

from __future__ import annotations

from typing import NamedTuple


class UnclearError(Exception):
    """What a file or a folder says can't be known without running it: Alembic has to."""


class Header(NamedTuple):
    """The values that Alembic takes from a revision file.

    Args:
        revision: The id.
        down: The ids that it follows.
        labels: Its branch labels.
        depends: Ids, or labels, of the revisions that it depends on.
        doc: The whole docstring, empty without one.
    """

    revision: str
    down: tuple[str, ...]
    labels: tuple[str, ...]
    depends: tuple[str, ...]
    doc: str


NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
"""The variables of a revision file that Alembic reads, in the order of `Header`."""
