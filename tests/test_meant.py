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
