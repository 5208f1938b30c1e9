"""Folders for one database, or for several, that become folders for a group."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project
from tests.support.fleets import history, provide, visits

TWO = "[tool.ellar-db.databases]\ndefault = 'sqlite:///files/t0.db'\nt1 = 'sqlite:///files/t1.db'\n"


def grouped(project: Project) -> None:
    provide(
        project,
        {name: (f"sqlite:///files/t{n}.db", {"group": "all"}) for n, name in enumerate(("default", "t1", "t2"))},
    )


@pytest.fixture
def several(project: Project) -> Project:
    """A folder for two databases with the same tables, at its newest revision."""
    (project.path / "files").mkdir()
    project.write("pyproject.toml", TWO)
    project.db("init", "--multi")
    for number, body in enumerate(("op.create_table('a', sa.Column('id', sa.Integer))", "op.drop_table('a')")):
        project.db("revision", "--rev-id", f"r{number}", "-m", "x")
        file = next(path for path in project.revisions() if path.stem.startswith(f"r{number}"))
        text = file.read_text()
        for name in ("default", "t1"):
            text = text.replace(
                f"def upgrade_{name}() -> None:\n    pass", f"def upgrade_{name}() -> None:\n    {body}  # kept"
            )
        file.write_text(f"import sqlalchemy as sa\nfrom alembic import op\n{text}")
    project.db("upgrade")
    return project


def test_several_bodies_become_one(several: Project) -> None:
    said = several.db("adopt", "--group", "all", "--yes").stdout

    text = several.revisions()[0].read_text()
    assert text.endswith(
        "def upgrade() -> None:\n    op.create_table('a', sa.Column('id', sa.Integer))  # kept\n\n\n"
        "def downgrade() -> None:\n    pass\n"
    )
    assert said.endswith("migrations is for the group all: give its databases group='all'.\n")
    grouped(several)
    done = several.db("upgrade").stderr
    assert "3 databases: 1 migrated, 2 already there; " in done
    several.db("revision", "-m", "third")
    assert "def upgrade() -> None:" in several.revisions()[-1].read_text()


def test_a_folder_for_one_database_needs_only_the_group(project: Project) -> None:
    (project.path / "files").mkdir()
    project.configure(url="sqlite:///files/t0.db")
    history(project, "one")
    project.db("upgrade")

    project.db("adopt", "--group", "all", "--yes")

    grouped(project)
    project.db("upgrade")
    assert visits(project, "t0") == visits(project, "t2") == ["one"]


def test_nothing_changes_where_bodies_differ(several: Project) -> None:
    file = several.revisions()[0]
    file.write_text(file.read_text().replace("op.create_table('a'", "op.create_table('b'", 1))
    before = {path: path.read_text() for path in several.path.rglob("migrations/**/*.py")}

    said = several.db("adopt", "--group", "all", "--yes", exit_code=1).stderr

    assert "does something else in upgrade_t1() than in upgrade_default()" in said
    assert {path: path.read_text() for path in several.path.rglob("migrations/**/*.py")} == before


def test_nothing_changes_where_a_database_came_later(several: Project) -> None:
    several.write("pyproject.toml", f"{TWO}t2 = 'sqlite:///files/t2.db'\n")
    several.forget()
    several.db("revision", "--rev-id", "r2", "-m", "x")

    said = several.db("adopt", "--group", "all", "--yes", exit_code=1).stderr

    assert "does something else in upgrade_t2() than in upgrade_default()" in said


@pytest.mark.parametrize(
    ("options", "told", "code"),
    [
        (["--group", "a b"], "a group can't be named 'a b'", 1),
        (["--group", "a", "--replace-env"], "--group is for a folder of ellar_db's", 2),
        (["--group", "a"], "no terminal to ask on; say --yes", 1),
    ],
)
def test_what_it_cannot_do_is_said(several: Project, options: list[str], told: str, code: int) -> None:
    assert told in several.db("adopt", *options, exit_code=code).stderr


def test_a_template_and_an_env_py_of_ones_own_are_left(several: Project) -> None:
    mako = several.path / "migrations" / "script.py.mako"
    mako.write_text(mako.read_text() + "\n# ours\n")
    assert "isn't as init --multi writes it" in several.db("adopt", "--group", "a", "--yes", exit_code=1).stderr

    env = several.path / "migrations" / "env.py"
    env.write_text("from ellar_db.env import run\n\nrun(\n    multiple=True\n)\n")
    assert "doesn't call run() in a line of its own" in several.db("adopt", "--group", "a", "--yes", exit_code=1).stderr


def test_a_dry_run_changes_nothing(several: Project) -> None:
    before = several.revisions()[0].read_text()

    said = several.db("adopt", "--group", "a", "--dry-run").stdout

    assert "migrations/env.py is for the group a (copy: " in said
    assert several.revisions()[0].read_text() == before
