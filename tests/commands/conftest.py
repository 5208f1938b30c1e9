"""Migrations folders whose revisions have ids that a test can name."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project
from tests.support.revisions import add


@pytest.fixture
def branched(plain: Project) -> Project:
    """A folder where left and right (labelled east) go out from first, none applied."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first")
    add(plain, "right", "first", label="east")
    return plain
