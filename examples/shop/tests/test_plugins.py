"""The plugins of shop/db/, each in a project that the kit makes for one test."""

import pytest


@pytest.fixture
def project(ellar_db_project):
    ellar_db_project.configure(extra='plugins = ["shop.db.revisions", "shop.db.production"]')
    return ellar_db_project


def test_a_ticket_names_the_revision(db, project):
    db("init")

    db("migrate", "-m", "Add users.", "--ticket", "SHOP-12")

    [file] = project.revisions()
    assert file.name == "shop_12_add_users.py"


def test_what_is_no_ticket_is_refused(db, project):
    db("init")

    refused = db("migrate", "--ticket", "twelve", exit_code=2)

    assert "'twelve' is no ticket; write it as in SHOP-12" in refused.stderr
    assert project.revisions() == []


def set_environment(project, environment):
    with (project.path / "pyproject.toml").open("a") as file:
        file.write(f'\n[tool.shop]\nenvironment = "{environment}"\n')
    project.forget()


@pytest.mark.parametrize("environment", ["production", "PRODUCTION", "Production"])
def test_nothing_is_undone_in_production(db, project, environment):
    db("init")
    db("migrate", "-m", "Add users.")
    db("upgrade")
    set_environment(project, environment)

    refused = db("downgrade", "--yes", exit_code=1)

    assert "downgrade is refused in production" in refused.stderr
    assert "users" in project.tables()


@pytest.mark.parametrize("command", [["upgrade"], ["downgrade", "--yes"]])
def test_an_environment_that_nobody_knows_is_refused(db, project, command):
    db("init")
    db("migrate", "-m", "Add users.")
    db("upgrade")
    set_environment(project, "prod")

    refused = db(*command, exit_code=1)

    assert "SHOP_ENVIRONMENT is 'prod'; set it to development or production" in refused.stderr
