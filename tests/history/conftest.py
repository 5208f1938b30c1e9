"""What tests of histories share."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.script.revision import RevisionMap


@pytest.fixture
def in_the_order_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Alembic keep the order of dependencies, which it takes from a set."""
    original = RevisionMap._normalize_depends_on

    def normalize(self: Any, revisions: Any, map_: Any) -> None:
        original(self, revisions, map_)
        for each in revisions:
            kept = [one for one in each._resolved_dependencies if one in each._normalized_resolved_dependencies]
            each._normalized_resolved_dependencies = tuple(dict.fromkeys(kept))

    monkeypatch.setattr(RevisionMap, "_normalize_depends_on", normalize)
