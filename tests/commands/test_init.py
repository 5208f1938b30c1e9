"""`init`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ellar_db.testing import Project

GROUP = """
[tool.ellar-db]
metadata = "models:Base"

[tool.ellar-db.databases]
default = "sqlite:///shop.db"
a = {url = "sqlite:///a.db", group = "tenants"}
b = {url = "sqlite:///b.db", group = "tenants"}
"""

FILES = ["README", "alembic.ini", "env.py", "script.py.mako", "versions"]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_makes_the_folder_migrations(plain: Project) -> None:
    result = plain.db("init")

    assert result.output == (
        "Made migrations. Keep it under version control.\n"
        'Next: `ellar-db migrate -m "Initial migration."`, then `ellar-db upgrade`.\n'
    )
    assert names(plain.path / "migrations") == FILES
    assert (plain.path / "migrations/env.py").read_text() == "from ellar_db.env import run\n\nrun()\n"
    assert names(plain.path) == ["migrations", "models.py", "pyproject.toml"]


@pytest.mark.parametrize(
    "arguments", [("init", "-d", "db/changes"), ("-d", "db/changes", "init"), ("init", "db/changes")]
)
def test_makes_the_folder_that_is_named(plain: Project, arguments: tuple[str, ...]) -> None:
    result = plain.db(*arguments)

    assert result.stdout.startswith("Made db/changes. ")
    assert names(plain.path / "db/changes") == FILES
    assert not (plain.path / "migrations").exists()


def test_makes_the_folder_that_the_project_names(plain: Project) -> None:
    plain.configure(extra="directory = 'changes'")

    assert plain.db("init").stdout.startswith("Made changes. ")
    assert plain.db("migrate", "-m", "x").stdout.startswith("Wrote changes/versions/")


def test_a_folder_for_a_group_names_it(plain: Project) -> None:
    plain.write("pyproject.toml", GROUP)

    said = plain.db("init", "--group", "tenants").output

    assert said.startswith("Made migrations for the databases of the group tenants. Keep it under version control.\n")
    assert (plain.path / "migrations/env.py").read_text() == ('from ellar_db.env import run\n\nrun(group="tenants")\n')
    plain.db("migrate", "-m", "x")
    assert "2 databases: 2 migrated; " in plain.db("upgrade").stderr
    assert not (plain.path / "shop.db").exists()


def test_one_that_names_no_group_says_how_the_others_are_reached(plain: Project) -> None:
    plain.write("pyproject.toml", GROUP)
    plain.db("init")

    assert (
        "running on 'default' alone (--group, or run(group=...) in env.py, names others; there is: tenants).\n"
    ) in plain.db("upgrade").stderr


@pytest.mark.parametrize(
    ("options", "told", "code"),
    [
        (["--group", "a b"], "a group can't be named 'a b'", 1),
        (["--group", "a", "--multi"], "--multi is for databases that differ", 2),
        (["--group", "a", "--template", "multi"], "the template multi can't be for a group", 1),
        (["--group", "a", "--template", "generic"], "the template generic can't be for a group", 1),
    ],
)
def test_one_for_a_group_that_cannot_be(plain: Project, options: list[str], told: str, code: int) -> None:
    assert told in plain.db("init", *options, exit_code=code).stderr
    assert not (plain.path / "migrations").exists()


def test_refuses_two_folders(plain: Project) -> None:
    result = plain.db("init", "-d", "one", "two", exit_code=2)

    assert result.stderr.splitlines()[-1] == "Error: two folders are given, two and one"


@pytest.mark.parametrize("option", ["-m", "--multi", "--multiple", "--multidb"])
def test_makes_a_folder_for_several_databases(plain: Project, option: str) -> None:
    result = plain.db("init", option)

    assert result.stdout.startswith("Made migrations for several databases. ")
    assert (plain.path / "migrations/env.py").read_text() == ("from ellar_db.env import run\n\nrun(multiple=True)\n")
    assert "def upgrade_${name}()" in (plain.path / "migrations/script.py.mako").read_text()


@pytest.mark.parametrize("option", ["-t", "--template"])
@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("single", "run()"),
        ("multi", "run(multiple=True)"),
        ("generic", "engine_from_config"),
        ("async", "async_engine_from_config"),
        ("multidb", "Rudimentary multi-database"),
    ],
)
def test_uses_a_template_by_name(plain: Project, option: str, name: str, phrase: str) -> None:
    plain.db("init", option, name)

    folder = plain.path / "migrations"
    assert names(folder) == FILES
    assert phrase in (folder / "env.py").read_text() + (folder / "README").read_text()


@pytest.mark.parametrize(("template", "ini"), [("generic", "migrations/alembic.ini"), ("pyproject", "alembic.ini")])
def test_says_what_a_template_of_alembics_leaves_to_be_set(plain: Project, template: str, ini: str) -> None:
    (plain.path / "pyproject.toml").write_text("")

    said = plain.db("init", "-t", template).stdout

    assert f"First set sqlalchemy.url in {ini}, and target_metadata in migrations/env.py.\n" in said
    # what the lines say
    for name, old, new in (
        (ini, "driver://user:pass@localhost/dbname", "sqlite:///app.db"),
        (
            "migrations/env.py",
            "target_metadata = None",
            "from models import Base\ntarget_metadata = Base.metadata",
        ),
    ):
        file = plain.path / name
        file.write_text(file.read_text().replace(old, new))
    plain.db("migrate", "-m", "Initial migration.")
    plain.db("upgrade")
    assert len(plain.tables()) > 1


@pytest.mark.parametrize("template", ["single", "multi", "generic", "async", "multidb"])
def test_bare_alembic_finds_the_folder_wherever_it_is(plain: Project, template: str) -> None:
    plain.db("init", "-t", template, "-d", "below/theirs")
    (plain.path / "below").rename(plain.path / "moved")

    shown = plain.run("alembic", "-c", "moved/theirs/alembic.ini", "history").stdout
    made = plain.run("alembic", "-c", "moved/theirs/alembic.ini", "revision", "-m", "One", "--rev-id", "one").stdout

    assert shown == ""
    assert str(plain.path / "moved/theirs/versions/one_one.py") in made
    assert "script_location = %(here)s\n" in (plain.path / "moved/theirs/alembic.ini").read_text()


def test_uses_the_templates_of_alembic_that_write_to_pyproject_toml(plain: Project) -> None:
    plain.db("init", "-t", "pyproject")

    assert names(plain.path / "migrations") == [name for name in FILES if name != "alembic.ini"]
    assert (plain.path / "alembic.ini").is_file()
    pyproject = (plain.path / "pyproject.toml").read_text()
    assert pyproject.startswith("[tool.ellar-db]\n")
    assert "[tool.alembic]" in pyproject
    assert 'script_location = "%(here)s/migrations"' in pyproject


def test_uses_a_template_by_path(plain: Project) -> None:
    for name, text in {
        "env.py": "print('mine')\n",
        "script.py.mako": "",
        "alembic.ini.mako": "[alembic]\nscript_location = ${script_location}\n",
        "extra.txt": "more",
    }.items():
        plain.write(f"templates/mine/{name}", text)

    plain.db("init", "-t", "templates/mine")

    assert names(plain.path / "migrations") == ["alembic.ini", "env.py", "extra.txt", "script.py.mako", "versions"]
    assert plain.db("current").stdout == "mine\n"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "nonsense",
            "there is no template 'nonsense'; there are multi, single, async, generic, multidb, pyproject, "
            "pyproject_async, or give the path of a folder",
        ),
        ("half", "the template half lacks script.py.mako, alembic.ini.mako"),
    ],
)
def test_refuses_a_template_that_is_none(plain: Project, template: str, message: str) -> None:
    plain.write("half/env.py", "")

    assert plain.db("init", "-t", template, exit_code=1).stderr == f"Error: {message}\n"
    assert not (plain.path / "migrations").exists()


def test_refuses_two_templates(plain: Project) -> None:
    result = plain.db("init", "--multi", "-t", "generic", exit_code=2)

    assert result.stderr.splitlines()[-1] == (
        "Error: --multi is a template, and --template names one; give one of them"
    )


def test_makes_packages_of_the_folders(plain: Project) -> None:
    plain.db("init", "--package")

    assert (plain.path / "migrations/__init__.py").read_text() == ""
    assert (plain.path / "migrations/versions/__init__.py").read_text() == ""
    plain.db("migrate", "-m", "Add users")
    plain.db("upgrade")
    assert "users" in plain.tables()


def test_fills_an_empty_folder(plain: Project) -> None:
    (plain.path / "migrations").mkdir()

    plain.db("init")

    assert names(plain.path / "migrations") == FILES
