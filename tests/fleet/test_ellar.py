"""Databases of one group in an Ellar application, which other processes build as well."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.marks import needs_ellar
from tests.support.processes import TIMEOUT
from tests.support.revisions import write_revision

pytestmark = needs_ellar

SETUP = """
EllarDBModule.setup(
    databases={f"shop{n}": {"url": f"sqlite:///shop{n}.db", "group": "shops"} for n in range(3)},
    metadata="shop.models:Base",
    migration_options={"directory": "migrations"},
)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    from tests.support.applications import MANAGE, PLAIN_MODELS, new_shop

    with new_shop(tmp_path) as made:
        made.create(SETUP, models=PLAIN_MODELS)
        made.write("manage.py", MANAGE)
        made.ellar("db", "init")
        write_revision(
            tmp_path / "migrations" / "versions", "one", None, "op.create_table('a', sa.Column('id', sa.Integer))"
        )
        yield tmp_path


@pytest.mark.long
@pytest.mark.parametrize("program", ["-m ellar_cli --project shop", "manage.py"])
def test_is_migrated_by_other_processes(shop: Path, program: str) -> None:
    if program == "manage.py":
        # the application is what manage.py names, and nothing else says
        (shop / "pyproject.toml").unlink()

    done = subprocess.run(
        [sys.executable, *program.split(), "db", "upgrade", "-j", "2"],
        cwd=shop,
        env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "3 databases: 3 migrated; " in done.stderr


@pytest.mark.long
def test_is_advised_by_other_processes_as_the_program_was_typed(shop: Path) -> None:
    for number in range(2):
        with closing(sqlite3.connect(shop / f"shop{number}.db")) as connection:
            connection.execute("CREATE TABLE alembic_version AS SELECT 'elsewhere' AS version_num")

    done = subprocess.run(
        [str(Path(sys.executable).with_name("ellar")), "db", "upgrade", "-j", "2", "--keep-going"],
        cwd=shop,
        env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert "`ellar db stamp --database shop0 --purge REVISION`" in done.stderr
    assert "ellar-db" not in done.stderr
