"""ellar-db-ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.revisions import add
from tests.support.servers import asynchronous, sync_engine


@pytest.fixture
def kept(plain: Project, use: Callable[..., None]) -> Project:
    """A project with the package and two revisions, none applied."""
    plain.db("init")
    add(plain, "a1", None)
    add(plain, "b2", "a1")
    use("ellar-db-ledger")
    return plain


def columns(project: Project, package: str | None = None) -> dict[str, str]:
    found: list[dict[str, Any]] = json.loads(project.db("status", "--json").stdout)["databases"]
    return dict(next(each["columns"] for each in found if each["package"] == package))


@pytest.mark.parametrize("made", [str, asynchronous], ids=["sync", "async"])
def test_status_says_when_and_what_was_edited_since(
    kept: Project, any_database: str, made: Callable[[str], str]
) -> None:
    kept.configure(url=made(any_database))
    assert columns(kept) == {}
    kept.db("upgrade")

    found = columns(kept)

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC by .+@.+ in \d+\.\d s", found["last applied"])
    assert found["edited since"] == "-"
    file = kept.path / "migrations/versions/a1_.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert columns(kept)["edited since"] == "-"
    file.write_text(file.read_text() + "\n# later\n")
    assert columns(kept)["edited since"] == "a1"
    assert columns(kept, "ledger")["edited since"] == "-"
    kept.db("downgrade", "base", "--yes")
    assert columns(kept) == {}


def test_each_step_has_a_row(kept: Project) -> None:
    kept.db("upgrade")
    kept.db("downgrade", "--yes")
    kept.db("stamp", "b2")

    with sync_engine("sqlite:///app.db").connect() as connection:
        rows = connection.execute(text("SELECT package, revision, action, checksum <> '' FROM ledger ORDER BY id"))
        found = [tuple(row) for row in rows]

    assert found == [
        ("ledger", "0001", "upgrade", 1),
        ("", "a1", "upgrade", 1),
        ("", "b2", "upgrade", 1),
        ("", "b2", "downgrade", 1),
        ("", "b2", "stamp", 0),
    ]


def test_what_is_rolled_back_or_only_printed_has_none(kept: Project) -> None:
    kept.db("upgrade", "a1")
    kept.db("upgrade", "--package", "ledger")
    file = kept.path / "migrations/versions/b2_.py"
    file.write_text(file.read_text().replace("def downgrade", "    op.execute('nonsense')\n\n\ndef downgrade"))

    kept.db("upgrade", exit_code=1)
    kept.db("upgrade", "--sql")

    assert columns(kept) == {}


def test_its_models_are_what_its_revisions_make(kept: Project, any_database: str) -> None:
    kept.configure(url=any_database)
    kept.db("upgrade", "--package", "ledger")

    kept.db("check", "--package", "ledger")
