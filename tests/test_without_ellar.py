"""The core needs no Ellar; what needs it says in one line what to install."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project
from tests.support.marks import needs_ellar
from tests.support.processes import run

PARTS = ("ellar", "ellar_cli", "ellar_sql", "injector", "pydantic", "starlette", "uvicorn")
"""What the extras `ellar` and `ellar-sql` bring, and nothing else may ask for."""

INSTALL = 'isn\'t installed; install it with pip install "ellar-db[ellar]"'

KIT = """
import pytest

pytest_plugins = ["ellar_db.testing"]


def test_a_project(db, ellar_db_project):
    db("init")
    db("migrate", "-m", "First")
    db("upgrade")

    assert "users" in ellar_db_project.tables()


def test_an_application(ellar_db_application):
    pass


def test_the_program_ellar(ellar_db_project):
    ellar_db_project.ellar("db", "heads")
"""


ANEW = "[sys.modules.pop(name) for name in list(sys.modules) if name.partition('.')[0] in ('ellar_db', *{0!r})]"


def without(*names: str, main: str = "from ellar_db.cli import main; sys.argv[0] = 'ellar-db'; main()") -> list[str]:
    """Give a command line for Python in which these packages can't be imported, and nothing of ours has been."""
    return ["-c", f"import sys; {ANEW.format(names)}; sys.modules.update(dict.fromkeys({names!r})); {main}"]


def pytest_without(*names: str) -> list[str]:
    return without(*names, main="import pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider']))")


def test_the_program_migrates(plain: Project) -> None:
    for arguments in (["init"], ["migrate", "-m", "x"], ["upgrade"], ["plugins", "--check"]):
        run(plain, *without(*PARTS), *arguments)

    assert plain.tables() == {"alembic_version", "users"}


def test_an_alembic_folder_migrates(project: Project) -> None:
    project.run("alembic", "init", "schema")
    ini = project.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))

    run(project, *without(*PARTS), "revision", "--rev-id", "first")
    run(project, *without(*PARTS), "upgrade")

    assert run(project, *without(*PARTS), "current").stdout == "first (head)\n"


def test_the_module_says_what_to_install(project: Project) -> None:
    done = run(project, *without(*PARTS, main="from ellar_db import EllarDBModule"), exit_code=1)

    assert done.stderr.splitlines()[-1] == (
        f"ellar_db.util.errors.NotInstalledError: EllarDBModule needs ellar, which {INSTALL}"
    )
    # one traceback, without that of the import behind it
    assert done.stderr.count("Traceback") == 1


def test_the_modules_error_is_an_import_error(project: Project) -> None:
    attempt = "\ntry:\n    import ellar_db.module\nexcept ImportError:\n    print('optional')"

    assert run(project, *without(*PARTS, main=attempt)).stdout == "optional\n"


@pytest.mark.parametrize(
    ("missing", "settings", "message"),
    [
        (("ellar_cli",), "[tool.ellar]\n", "the application of [tool.ellar] in pyproject.toml needs ellar-cli, which "),
        # where ellar-cli isn't installed either, that one is missed first
        pytest.param(
            ("ellar",),
            "[tool.ellar]\n",
            "the application of [tool.ellar] in pyproject.toml needs ellar, which ",
            marks=needs_ellar,
        ),
        (
            PARTS,
            "[tool.ellar-db]\napplication = 'shop:app'\n",
            "[tool.ellar-db] application = 'shop:app' needs ellar, which ",
        ),
    ],
)
def test_an_application_is_one_line(project: Project, missing: tuple[str, ...], settings: str, message: str) -> None:
    project.write("pyproject.toml", settings)

    # by itself, since what starts programs in an Ellar project has imported Ellar
    done = project.run(
        "python", *without(*missing), "init", exit_code=3, env={"ELLAR_CONFIG_MODULE": "shop.config:Config"}
    )

    assert (done.stdout, done.stderr) == ("", f"Error: {message}{INSTALL}\n")


def test_the_configuration_of_an_application_alone_is_no_application(plain: Project) -> None:
    run(plain, *without(*PARTS), "init", env={"ELLAR_CONFIG_MODULE": "shop.config:Config"})

    assert (plain.path / "migrations" / "env.py").is_file()


def test_the_kit_for_tests_works_but_for_applications(project: Project) -> None:
    project.write("test_kit.py", KIT)

    done = run(project, *pytest_without(*PARTS), exit_code=1)

    assert done.stdout.splitlines()[-1].startswith("1 failed, 1 passed, 1 error in ")
    assert f"NotInstalledError: an application for tests needs ellar, which {INSTALL}" in done.stdout
    assert f"NotInstalledError: the program `ellar` needs ellar-cli, which {INSTALL}" in done.stdout


def test_the_ready_tests_run(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "First")
    plain.write("conftest.py", 'pytest_plugins = ["ellar_db.testing.migrations"]\n')

    done = run(plain, *pytest_without(*PARTS))

    assert " passed" in done.stdout


def test_the_ready_tests_of_an_application_say_what_to_install(plain: Project) -> None:
    plain.configure(extra="[tool.ellar]\n")
    plain.write("conftest.py", 'pytest_plugins = ["ellar_db.testing.migrations"]\n')

    done = plain.run("python", *pytest_without(*PARTS), exit_code=1)

    assert f"the application of [tool.ellar] in pyproject.toml needs ellar-cli, which {INSTALL}" in done.stdout
    assert "Traceback" not in done.stdout
