"""Applications that can't be loaded: one line with the innermost cause, its file and line, whatever asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.applications import ELLAR_SQL_MODELS, PLAIN_MODELS, PYPROJECT, Shop, new_shop
from tests.support.output import without_page
from tests.support.processes import run

PROGRAMS = ["ellar-db", "ellar db"]
HINT = "; --traceback (before the command) shows where"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


def cause(shop: Shop, program: str, *, exit_code: int = 3) -> str:
    """Run a command that needs the application, and return its error without what names the application."""
    done = run(shop, *program.split(), "check", exit_code=exit_code)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("Error: the application ")
    return without_page(done.stderr).partition(": ")[2].partition(": ")[2].rstrip().removesuffix(HINT)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("models", "told"),
    [
        ("undefined", "NameError: name 'undefined' is not defined (shop/models.py, line 1)"),
        ("x = 1\nimport nowhere", "ModuleNotFoundError: No module named 'nowhere' (shop/models.py, line 2)"),
        ("import sys\nsys.exit(4)", "SystemExit: 4 (shop/models.py, line 2)"),
        ("raise GeneratorExit('\x1b[2J')", "GeneratorExit: \\x1b[2J (shop/models.py, line 1)"),
        ("def (", "SyntaxError: invalid syntax (shop/models.py, line 1)"),
    ],
)
def test_models_that_cannot_be_imported(shop: Shop, program: str, models: str, told: str) -> None:
    shop.with_ellar_sql("sqlite:///app.db", models=models)

    assert cause(shop, program) == told


@pytest.mark.parametrize("program", [*PROGRAMS, "ellar --project shop db"])
def test_models_of_plain_sqlalchemy_that_cannot_be_imported(shop: Shop, program: str) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db", models=f"{PLAIN_MODELS.strip()}\n\n\nundefined\n")

    assert cause(shop, program) == "NameError: name 'undefined' is not defined (shop/models.py, line 16)"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("setup", "told", "advice"),
    [
        (
            "databases='sqlite:///app.db', models=['shop.model']",
            "ModuleNotFoundError: No module named 'shop.model'",
            "",
        ),
        (
            "databases='postgres://ann:s3cret@host/shop'",
            "NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
            "; write postgresql://",
        ),
        (
            "databases='mysql://ann:s3cret@host/shop'",
            "ModuleNotFoundError: No module named 'MySQLdb'",
            '; pip install mysqlclient, or write mysql+pymysql:// and pip install "ellar-db[mysql]"',
        ),
        (
            "databases='oracle+oracledb://ann:s3cret@host/shop'",
            "ModuleNotFoundError: No module named 'oracledb'",
            "; install it with pip",
        ),
    ],
)
def test_what_ellar_sql_cannot_use(shop: Shop, program: str, setup: str, told: str, advice: str) -> None:
    shop.create(f"EllarDBModule, EllarSQLModule.setup({setup}, migration_options={{}})", models=ELLAR_SQL_MODELS)

    assert cause(shop, program) == f"{told} (shop/root_module.py, line 8){advice}"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("sqlalchemy.create_engine('pgsql://host/shop')", "; write postgresql://"),
        ("sqlalchemy.create_engine('nonsense')", "; set the database's URL, or correct it; write it as dialect+"),
        ("{}['url']", "KeyError: 'url' (shop/models.py, line 2)"),
    ],
)
def test_an_engine_that_the_models_make(shop: Shop, statement: str, told: str) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db", models=f"import sqlalchemy\n{statement}\n")

    assert told in cause(shop, "ellar-db")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_path_that_leads_nowhere(shop: Shop, program: str) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db")
    server = shop.path / "shop/server.py"
    server.write_text(server.read_text().replace("root_module:", "rot_module:"))

    assert cause(shop, program) == "ModuleNotFoundError: No module named 'shop.rot_module' (shop/server.py, line 9)"

    shop.write("pyproject.toml", PYPROJECT.replace("shop.server", "shop.serve"))
    assert cause(shop, program) == "ModuleNotFoundError: No module named 'shop.serve'"


def test_a_root_module_that_ellar_cannot_find_is_told_by_ellar_db(shop: Shop) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db")
    shop.write("pyproject.toml", PYPROJECT.replace("ApplicationModule", "Nothing"))

    assert cause(shop, "ellar db") == "AttributeError: module 'shop.root_module' has no attribute 'Nothing'"


def test_manage_py(shop: Shop) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db", models="undefined", manage=True)

    assert cause(shop, "python manage.py db") == "NameError: name 'undefined' is not defined (shop/models.py, line 1)"


def test_the_traceback_is_shown_on_request(shop: Shop) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db", models="undefined")

    for words, env in ((["--traceback", "check"], {}), (["check"], {"ELLAR_DB_TRACEBACK": "1"})):
        done = run(shop, "ellar", "db", *words, exit_code=3, env=env)
        assert "Traceback (most recent call last):" in done.stderr
        assert done.stderr.splitlines()[-1].startswith("Error: the application can't be loaded: NameError: ")


@pytest.mark.parametrize("words", [["doctor"], ["-d", "check", "doctor", "--json"]])
def test_doctor_of_the_other_program_looks_at_the_rest(shop: Shop, words: list[str]) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db", models="undefined")

    said = run(shop, "ellar", "db", *words, exit_code=3).stderr.splitlines()[-1]

    assert "(shop/models.py, line 1); `ellar-db doctor` looks at the rest; " in said
    told = run(shop, "ellar-db", "doctor", exit_code=1).stdout
    assert "look    folder: not known as long as the application doesn't start" in told
    assert "doctor" not in run(shop, "ellar", "db", "show", "doctor", exit_code=3).stderr


@pytest.mark.parametrize("words", [["create-module", "db"], ["--help"], ["tick"]])
def test_other_commands_keep_their_traceback(shop: Shop, words: list[str]) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db", models="undefined")

    done = run(shop, "ellar", *words, exit_code=1)

    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "Error: the application" not in done.stderr


def test_an_error_of_another_command_named_alike_is_left_alone(shop: Shop) -> None:
    shop.create(
        "Clock, EllarDBModule",
        imports="""
        import click

        @click.command()
        @click.argument("name")
        def tick(name) -> None:
            raise ValueError(name)

        @Module(commands=[tick])
        class Clock(ModuleBase):
            pass
        """,
    )

    assert run(shop, "ellar", "tick", "db", exit_code=1).stderr.endswith("ValueError: db\n")


def test_settings_of_ellar_that_are_incomplete(shop: Shop) -> None:
    shop.with_plain_sqlalchemy("sqlite:///app.db")
    shop.write("pyproject.toml", PYPROJECT.replace("root-module", "root"))

    refused = shop.db("check", exit_code=1)

    assert refused.stderr.startswith("Error: [tool.ellar] of pyproject.toml can't be used: ")
    assert "root-module; Field required" in refused.stderr
    assert refused.stderr.count("\n") == 1
