"""ellar-db-squawk."""

from __future__ import annotations

import json
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ellar_db.testing import Project

POSTGRESQL = "postgresql+psycopg://nobody@127.0.0.1:9/none"

REVISION = '''"""Change."""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None
irreversible = "a test"


def upgrade():
    op.add_column("users", sa.Column("age", sa.BigInteger, nullable=False))
    op.execute(
        "ALTER TABLE users\\n"
        "  RENAME COLUMN name TO title"
    )
    with op.get_context().autocommit_block():
        op.create_index("ix", "users", ["age"], postgresql_concurrently=True, if_not_exists=True)
'''


@pytest.fixture
def squawk() -> None:
    """Skip the test where squawk isn't installed."""
    if shutil.which("squawk", path=sysconfig.get_path("scripts")) is None:
        pytest.skip("squawk isn't installed: pip install squawk-cli")


@pytest.fixture
def revised(plain: Project, use: Callable[..., None]) -> Project:
    """A project with the package and a revision."""
    plain.configure(url=POSTGRESQL)
    plain.db("init")
    plain.write("migrations/versions/a1_.py", REVISION)
    use("ellar-db-squawk")
    return plain


def complaints(project: Project, exit_code: int = 1) -> list[tuple[Any, ...]]:
    found = json.loads(project.db("lint", "--all", "--json", exit_code=exit_code).stdout)["findings"]
    squawk = [each for each in found if each["code"] == "SQUAWK1"]
    return [(each["line"], each["message"].partition(":")[0]) for each in squawk]


@pytest.mark.usefixtures("squawk")
def test_its_complaints_have_the_lines_of_the_revision(revised: Project) -> None:
    found = complaints(revised)

    assert (12, "adding-required-field") in found
    assert (13, "renaming-column") in found
    assert {line for line, _ in found} <= {12, 13, 18}
    assert not any("transaction" in name or "concurrent" in name for _, name in found)


@pytest.mark.usefixtures("squawk")
def test_its_own_settings_count(revised: Project) -> None:
    revised.write(".squawk.toml", 'excluded_rules = ["renaming-column"]\n')

    assert (13, "renaming-column") not in complaints(revised)


@pytest.mark.usefixtures("squawk")
def test_a_reason_in_the_revision_counts(revised: Project) -> None:
    file = revised.path / "migrations/versions/a1_.py"
    file.write_text(REVISION.replace("    op.execute(", "    # ellar-db: SQUAWK1 nobody uses it\n    op.execute("))

    assert 14 not in {line for line, _ in complaints(revised)}


def test_only_postgresql_is_read(revised: Project) -> None:
    revised.configure(url="sqlite:///app.db")

    assert complaints(revised) == []


def test_without_squawk_it_says_what_to_install(revised: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    said = revised.db("lint", "--all", exit_code=1).stderr.splitlines()[-1]

    assert said.endswith("squawk isn't installed; install it: pip install squawk-cli")


def test_a_squawk_that_fails_is_told(revised: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "squawk"
    broken.write_text("#!/bin/sh\necho 'no such option' >&2\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: str(broken))

    said = revised.db("lint", "--all", exit_code=1).stderr.splitlines()[-1]

    assert said.endswith("squawk failed: no such option")
