"""What is in a new revision, in words, and what to review in it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ellar_db.autogenerate.words import lines
from ellar_db.config.command_line import program

if TYPE_CHECKING:
    from alembic.operations.ops import UpgradeOps

log = logging.getLogger("ellar_db")


def tell_contents(compared: Sequence[UpgradeOps], package: str | None = None, *, written: bool = True) -> None:
    """Print to standard error what autogenerate wrote, one line per difference, and what to review; nothing if nothing.

    Args:
        compared: The operations of each database.
        package: The package that the revision is for, if it is for one.
        written: Whether there is a file that can be reviewed.
    """
    differences = lines(compared)
    for line in differences:
        log.info("  %s", line)
    if differences and written:
        option = "" if package is None else f" --package {package}"
        log.info("Review it before you run `%s upgrade%s`.", program(), option)
