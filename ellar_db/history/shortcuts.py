"""The switch that turns all faster ways off."""

from __future__ import annotations

import os

SLOWLY = "ELLAR_DB_NO_SHORTCUTS"
"""The environment variable with which Alembic does everything that ellar_db would do in less time."""


def shortcuts() -> bool:
    """Return whether ellar_db may read and order revisions, and start processes, in faster ways than the usual ones."""
    return os.environ.get(SLOWLY, "") in ("", "0")
