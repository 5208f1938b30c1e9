"""Migrations folders whose revisions have ids that a test can name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ellar_db.testing import Project
from tests.support.revisions import add, without_models, write_revision


@pytest.fixture
def branched(plain: Project) -> Project:
    """A folder where left and right (labelled east) go out from first, none applied."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first")
    add(plain, "right", "first", label="east")
    return plain


@pytest.fixture
def write(plain: Project) -> Callable[..., None]:
    """Write revisions into a folder, each after the last one."""
    without_models(plain)
    plain.db("init")
    known: list[str] = []

    def write(rev_id: str, up: str, down: str = "pass") -> None:
        write_revision(plain.path / "migrations/versions", rev_id, known[-1] if known else None, up, down)
        known.append(rev_id)

    return write
