"""Packages and code of the project that fail while the models are compared: they are named."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from ellar_db.testing import Project
from ellar_db.testing.project import MODELS
from tests.support.processes import run

TRIGGER = """
from alembic_utils.pg_trigger import PGTrigger
from alembic_utils.replaceable_entity import register_entities

table = 'public."Odd table"'
definition = f"BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION nowhere()"
register_entities([PGTrigger("public", "kept", table, definition)])
"""
COMPARATOR = """
from alembic.autogenerate import comparators

def work(connection):
    {body}

@comparators.dispatch_for("schema")
def compare(context, operations, schemas):
    work(context.connection)
"""
ADVICE = "; update it, report it to its authors, or do without it; --traceback (before the command) shows where\n"


@pytest.mark.parametrize("command", ["check", "migrate"])
def test_a_real_one(project: Project, new_database: Callable[[str], str], command: str) -> None:
    pytest.importorskip("alembic_utils")
    project.configure(url=new_database("postgresql"), models=MODELS + TRIGGER)
    project.db("init")

    done = run(project, "ellar-db", command, exit_code=1)

    assert done.stderr.splitlines()[-1].startswith(
        f"Error: the package alembic_utils {version('alembic-utils')} failed in the comparison with the models: "
    )
    assert done.stderr.endswith(ADVICE)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("raise AssertionError('x')", "AssertionError: x"),
        ("import json; json.loads('x')", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        (
            "connection.exec_driver_sql('select nope')",
            "OperationalError: (sqlite3.OperationalError) no such column: nope; the statement was select nope",
        ),
        ("open('/no/such/file')", "FileNotFoundError: [Errno 2] No such file or directory: '/no/such/file'"),
    ],
)
def test_an_installed_package(
    plain: Project, install: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, body: str, told: str
) -> None:
    plain.db("init")
    plain.change_models("import shop_compare\n")
    elsewhere = install("shop-compare", COMPARATOR.format(body=body), version="2.5").parent
    folder = tmp_path_factory.mktemp("installed")
    for file in elsewhere.glob("shop_compare*"):
        file.rename(folder / file.name)

    done = run(plain, "ellar-db", "check", exit_code=1, env={"PYTHONPATH": str(folder), "ELLAR_DB_LOAD_PLUGINS": ""})

    assert (
        done.stderr == f"Error: the package shop-compare 2.5 failed in the comparison with the models: {told}{ADVICE}"
    )


def test_code_of_the_project(plain: Project) -> None:
    plain.db("init")
    plain.write("compare.py", COMPARATOR.format(body="raise KeyError('x')"))
    plain.change_models("import compare\n")

    done = run(plain, "ellar-db", "check", exit_code=1)

    assert done.stderr == (
        "Error: code of the project failed in the comparison with the models: KeyError: 'x' (compare.py, line 4); "
        "--traceback (before the command) shows where\n"
    )


def test_the_database_itself_is_not_mistaken_for_a_package(plain: Project) -> None:
    plain.db("init")
    plain.configure(url="sqlite:///no/such/folder/app.db")

    assert "can't be reached" in run(plain, "ellar-db", "check", exit_code=3).stderr
