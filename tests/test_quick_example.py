"""The quick example of the README: init, migrate, upgrade, and again after the models have changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.applications import (
    ELLAR_SQL_ADDITION,
    ELLAR_SQL_MODELS,
    PLAIN_ADDITION,
    PLAIN_MODELS,
    Shop,
    new_shop,
)
from tests.support.folders import WHOLE
from tests.support.output import timeless
from tests.support.processes import run
from tests.support.servers import asynchronous


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


CASES = [
    (kind, driver, way)
    for number, kind in enumerate(["sqlite", "postgresql", "mariadb"])
    for driver in ("sync", "async")
    for way in ("ellar-sql", "plain SQLAlchemy")
    # each pair of two; all three at once with `make folders`
    if WHOLE or ((driver == "sync") == (way == "ellar-sql")) == (number % 2 == 0)
]


@pytest.mark.sampled
@pytest.mark.parametrize(("kind", "driver", "way"), CASES)
def test_the_models_reach_the_database(
    shop: Shop, new_database: Callable[[str], str], kind: str, driver: str, way: str
) -> None:
    url = new_database(kind)
    url = asynchronous(url) if driver == "async" else url
    if way == "ellar-sql":
        shop.with_ellar_sql(url)
    else:
        shop.with_plain_sqlalchemy(url)

    made = shop.ellar("db", "init")

    assert made.stdout.endswith(
        "migrations. Keep it under version control.\n"
        'Next: `ellar db migrate -m "Initial migration."`, then `ellar db upgrade`.\n'
    )
    assert made.stderr == ""

    migrated = shop.ellar("db", "migrate", "-m", "Initial migration.")

    [first] = shop.revisions()
    assert first.name.endswith("_initial_migration.py")
    assert migrated.stderr == "  add table user\nReview it before you run `ellar db upgrade`.\n"
    assert shop.tables(url) <= {"alembic_version"}

    upgraded = shop.ellar("db", "upgrade")

    made_one = first.name.partition("_")[0]
    assert (upgraded.stdout, timeless(upgraded.stderr)) == (
        "",
        f"  ok  {made_one} Initial migration.  T s\n1 revision applied in T s; now at {made_one} (head).\n",
    )
    assert shop.tables(url) == {"alembic_version", "user"}
    assert shop.columns(url, "user") == ["id", "name"]

    shop.add_to_models(ELLAR_SQL_ADDITION if way == "ellar-sql" else PLAIN_ADDITION)
    pending = shop.ellar("db", "check", exit_code=1)
    shop.ellar("db", "migrate", "-m", "Add e-mail and items")
    shop.ellar("db", "upgrade")

    assert pending.stdout == "add table item\nadd column user.email VARCHAR(64)\n"
    assert pending.stderr.splitlines()[-1] == (
        "Error: the models have changes that aren't in any revision; `ellar db migrate` writes one"
    )
    assert shop.tables(url) == {"alembic_version", "user", "item"}
    assert shop.columns(url, "user") == ["id", "name", "email"]
    assert shop.ellar("db", "check").stdout == "No new upgrade operations detected.\n"

    nothing = shop.ellar("db", "migrate", "-m", "Nothing")

    assert nothing.stderr == "No changes in schema detected.\n"
    assert len(shop.revisions()) == 2


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("way", "kind"), [("ellar-sql", "sync"), ("plain SQLAlchemy", "async"), ("plain SQLAlchemy, manage.py", "sync")]
)
def test_in_a_project_made_with_ellar_new(
    project: Project, new_database: Callable[[str], str], way: str, kind: str
) -> None:
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    manage = way.endswith("manage.py")
    # of the three ways, one has each program start by itself, once
    alone = way == "ellar-sql"
    # the command copies the template of a project, and needs nothing of it
    (Project.run if alone else run)(project, "ellar", "new", "shop", *(["--plain"] if manage else []), env=path)
    shop = Shop(project.path / "shop")
    url = new_database("sqlite")
    url = asynchronous(url) if kind == "async" else url
    if way == "ellar-sql":
        models, addition = ELLAR_SQL_MODELS, ELLAR_SQL_ADDITION
        imports = "from ellar_sql import EllarSQLModule\nfrom ellar_db import EllarDBModule"
        modules = (
            f"EllarSQLModule.setup(databases={url!r}, migration_options={{'directory': 'migrations'}}, "
            "models=['shop.models']), EllarDBModule"
        )
    else:
        models, addition = PLAIN_MODELS, PLAIN_ADDITION
        imports = "from ellar_db import EllarDBModule"
        modules = f"EllarDBModule.setup(databases={url!r}, metadata='shop.models:Base')"
    shop.write("shop/models.py", models)
    root_module = shop.path / "shop" / "root_module.py"
    as_made = root_module.read_text()
    assert "modules=[HomeModule]" in as_made
    root_module.write_text(f"{imports}\n{as_made.replace('modules=[HomeModule]', f'modules=[HomeModule, {modules}]')}")
    program = ["python", "manage.py"] if manage else ["ellar"]

    started: set[str] = set()

    def db(*arguments: str, exit_code: int = 0) -> str:
        start = Project.run if alone and arguments[0] not in started else run
        started.add(arguments[0])
        done = start(shop, *program, "db", *arguments, exit_code=exit_code, env=path)
        assert "Traceback" not in done.stderr
        return done.stdout

    db("init")
    db("migrate", "-m", "Initial migration.")
    db("upgrade")
    assert shop.columns(url, "user") == ["id", "name"]
    models_file = shop.path / "shop" / "models.py"
    models_file.write_text(models_file.read_text() + addition)
    db("check", exit_code=1)
    db("migrate", "-m", "Add e-mail and items")
    db("upgrade")

    assert db("check") == "No new upgrade operations detected.\n"
    assert shop.tables(url) == {"alembic_version", "user", "item"}
    assert shop.columns(url, "user") == ["id", "name", "email"]
