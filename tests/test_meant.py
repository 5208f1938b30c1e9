"""A name that is mistyped: the message suggests the one that was probably meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.output import without_page
from tests.support.revisions import add

LISTED = "`ellar-db history` lists them; did you mean"


@pytest.fixture
def shop(plain: Project) -> Project:
    plain.db("init")
    add(plain, "a1b2c3d4", None, label="shop")
    return plain


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("upgade", "No such command 'upgade'; did you mean upgrade?"),
        ("ensure_versoin", "No such command 'ensure_versoin'; did you mean ensure-version?"),
        ("--quite heads", "No such option '--quite'; did you mean --quiet?"),
        ("upgrade --databse x", "No such option '--databse'; did you mean --database?"),
        ("current --database defalt", "there is: default; did you mean default?"),
        ("upgrade a1b2c3d5", f"{LISTED} a1b2c3d4?"),
        ("downgrade bsae", f"{LISTED} base?"),
        ("show haed", f"{LISTED} head?"),
        ("downgrade zero", f"{LISTED} base?"),
        ("history -r shpo:head", f"{LISTED} shop?"),
        ("stamp shp", f"{LISTED} shop?"),
        ("revision -m x --head shp@head", f"{LISTED} shop?"),
        ("merge shp", f"{LISTED} shop?"),
        ("plan shp", f"{LISTED} shop?"),
        ("init -t singel other", "or give the path of a folder; did you mean single?"),
        ("lint --explain DB1010", "lists them; did you mean DB101?"),
        ("check --history --scratch-url defalt=sqlite://", "there is default; did you mean default?"),
    ],
)
def test_the_name_that_was_meant_is_suggested_in_one_form(shop: Project, typed: str, told: str) -> None:
    result = shop.db(*typed.split(), exit_code=None)
    assert result.exit_code in (1, 2, 3)
    assert without_page(result.stderr.splitlines()[-1]).endswith(told)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("makemigrations", "No such command 'makemigrations'; it is `ellar-db migrate` here"),
        ("make-migration", "it is `ellar-db migrate` here"),
        ("showmigrations", "it is `ellar-db status` or `ellar-db history -i` here"),
        ("squashmigrations", "it is `ellar-db squash` here"),
        ("sqlmigrate shop 0001", "it is `ellar-db upgrade --sql PARENT:REVISION` here"),
        ("optimizemigration", "it is `ellar-db squash` here"),
        ("rollback", "it is `ellar-db downgrade` here"),
        ("autogenerate", "it is `ellar-db migrate` here"),
        ("-d migrations makemigrations", "it is `ellar-db -d migrations migrate` here"),
        ("migrate --fake", "No such option '--fake'; that is `ellar-db stamp` here"),
        ("migrate --fake-initial", "that is `ellar-db stamp` here"),
        ("migrate --check", "that is `ellar-db check` or `ellar-db status --exit-code` here"),
        ("migrate --empty", "that is `ellar-db revision` here"),
        ("migrate --plan", "that is `ellar-db plan` here"),
        ("migrate --merge", "that is `ellar-db merge` here"),
        ("-d migrations migrate --plan", "that is `ellar-db -d migrations plan` here"),
        ("upgrade --fake", "No such option '--fake'; that is `ellar-db stamp head` here"),
        ("upgrade a1b2 --fake", "(--fake); --fake is `ellar-db stamp a1b2` here"),
        ("upgrade --plan", "that is `ellar-db plan head` here"),
        ("upgrade --check", "that is `ellar-db status --exit-code` here"),
        ("downgrade --dry-run", "that is `ellar-db plan base` here"),
        ("downgrade base --dry-run", "--dry-run is `ellar-db plan base` here"),
        ("downgrade -1 --dry-run", "--dry-run is `ellar-db plan -1` here"),
        ("migrate shop 0001", "(shop 0001); it writes a revision; `ellar-db upgrade 0001` runs one"),
        ("migrate shop zero", "it writes a revision; `ellar-db downgrade base` undoes all"),
        ("migrate shop", "it writes a revision; `ellar-db upgrade` runs them"),
    ],
)
def test_the_names_of_other_programs_lead_to_ours(shop: Project, typed: str, told: str) -> None:
    line = shop.db(*typed.split(), exit_code=2).stderr.splitlines()[-1]
    assert line.startswith("Error: ")
    assert line.endswith(told)


def test_a_plugin_may_give_a_command_or_an_option_that_other_programs_have(
    shop: Project, install: Callable[..., Path]
) -> None:
    install(
        "ellar-db-habits",
        "import click\nfrom ellar_db import hookimpl\n"
        "@hookimpl\ndef ellar_db_register_commands():\n"
        "    yield click.Command('makemigrations', callback=lambda: click.echo('made'))\n"
        "@hookimpl\ndef ellar_db_command_options(command):\n"
        "    return [click.Option(['--fake'], is_flag=True)] if command.name == 'migrate' else []\n",
    )
    assert shop.db("makemigrations").stdout == "made\n"
    assert "No such option" not in shop.db("migrate", "--fake", exit_code=None).stderr


@pytest.mark.parametrize(
    ("typed", "told"),
    [("wxyz", "No such command 'wxyz'."), ("show wxyz", "`ellar-db history` lists them")],
)
def test_nothing_is_suggested_where_nothing_is_similar(shop: Project, typed: str, told: str) -> None:
    line = shop.db(*typed.split(), exit_code=None).stderr.splitlines()[-1]
    assert without_page(line).endswith(told)


def test_a_revision_of_a_database_that_the_folder_lacks_is_no_typing_mistake(shop: Project) -> None:
    shop.db("upgrade")
    shop.revisions()[0].unlink()
    add(shop, "a1b2c3d5", None)
    assert "did you mean" not in shop.db("upgrade", exit_code=1).stderr


def test_a_package_is_suggested(shop: Project, install: Callable[..., Path]) -> None:
    install(
        "ellar-db-audit",
        "from pathlib import Path\nfrom ellar_db import PackageMigrations, hookimpl\n"
        "@hookimpl\ndef ellar_db_migrations():\n    yield PackageMigrations('audit', Path(__file__).parent)\n",
    )
    assert shop.db("heads", "--package", "adit", exit_code=1).stderr.endswith("there is: audit; did you mean audit?\n")


def test_a_command_of_a_plugin_is_suggested(shop: Project, install: Callable[..., Path]) -> None:
    install(
        "ellar-db-seed",
        "import click\nfrom ellar_db import hookimpl\n"
        "@hookimpl\ndef ellar_db_register_commands():\n    yield click.Command('seed')\n",
    )
    assert shop.db("sed", exit_code=2).stderr.endswith("'sed'; did you mean seed?\n")


def test_a_command_in_the_settings_is_suggested(plain: Project) -> None:
    plain.configure(extra='[tool.ellar-db.commands]\nupgade = "ellar-db"')
    assert plain.db("--help").stderr.endswith("no plugin gives upgade; did you mean upgrade?\n")


def test_the_other_programs_suggest_too(shop: Project) -> None:
    for program in (["python", "-m", "ellar_db"], ["ellar-db"]):
        assert shop.run(*program, "upgade", exit_code=2).stderr.endswith("'upgade'; did you mean upgrade?\n")
