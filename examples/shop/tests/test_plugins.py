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


def test_nothing_is_undone_in_production(db, project):
    db("init")
    db("migrate", "-m", "Add users.")
    db("upgrade")
    with (project.path / "pyproject.toml").open("a") as file:
        file.write('\n[tool.shop]\nenvironment = "production"\n')
    project.forget()

    refused = db("downgrade", "--yes", exit_code=1)

    assert "downgrade is refused in production" in refused.stderr
    assert "users" in project.tables()
