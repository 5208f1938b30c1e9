"""The imports of new revisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mako.runtime import Context

from ellar_db.autogenerate.imports import import_lines


def lines(upgrades: str | None, imports: str = "", down_revision: Any = "a1") -> list[str]:
    given = {"down_revision": down_revision, "imports": imports}
    if upgrades is not None:
        given |= {"default_upgrades": upgrades, "default_downgrades": "pass"}
    return import_lines(Context(None, **given)).splitlines()


def test_only_what_is_used() -> None:
    assert lines("op.drop_table('a')") == ["from alembic import op", ""]
    assert lines("op.add_column('a', sa.Column('sa', sa.Text()))") == [
        "import sqlalchemy as sa",
        "from alembic import op",
        "",
    ]


def test_a_name_in_a_text_is_not_used() -> None:
    assert lines("op.execute('sa.text')") == ["from alembic import op", ""]


def test_sorted_in_sections_and_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src/tools.py").touch()

    assert lines(
        "op.f(sa, datetime, Decimal, mysql, postgresql, JSONB, ARRAY, shop, tools, geo, x)",
        "\n".join(
            [
                "import tools",
                "import shop.types",
                "import geo",
                "from sqlalchemy.dialects import postgresql",
                "from sqlalchemy.dialects import mysql",
                "from sqlalchemy.dialects.postgresql import JSONB",
                "from sqlalchemy.dialects.postgresql import ARRAY",
                "from decimal import Decimal",
                "import datetime",
                "from geo import y as x",
            ]
        ),
    ) == [
        "import datetime",
        "from decimal import Decimal",
        "",
        "import geo",
        "import sqlalchemy as sa",
        "from alembic import op",
        "from geo import y as x",
        "from sqlalchemy.dialects import mysql, postgresql",
        "from sqlalchemy.dialects.postgresql import ARRAY, JSONB",
        "",
        "import shop.types",
        "import tools",
        "",
    ]


def test_what_somebody_wants_is_kept_although_nothing_uses_it() -> None:
    assert lines("op.drop_table('a')", "import os\nimport re  # for later") == [
        "import os  # noqa: F401",
        "import re  # for later",
        "",
        "from alembic import op",
        "",
    ]


def test_types_within_types_are_imported() -> None:
    assert lines("op.f(postgresql.JSONB(astext_type=Text()))", "from sqlalchemy.dialects import postgresql") == [
        "from alembic import op",
        "from sqlalchemy import Text",
        "from sqlalchemy.dialects import postgresql",
        "",
    ]
    assert lines("op.f(Nobody(), None, ValueError)") == ["from alembic import op", ""]


def test_a_text_that_cannot_be_read_gets_all() -> None:
    assert lines("this is (no Python", "import os") == [
        "import os",
        "",
        "import sqlalchemy as sa",
        "from alembic import op",
        "",
    ]


def test_an_empty_revision_has_what_it_will_need_and_a_merge_nothing() -> None:
    assert lines(None) == ["import sqlalchemy as sa  # noqa: F401", "from alembic import op  # noqa: F401", ""]
    assert lines(None, down_revision=("a1", "a2")) == []
