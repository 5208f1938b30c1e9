"""New revisions pass ruff, as they are written and as its formatter leaves them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ellar_db.testing import Project

pytestmark = pytest.mark.skipif(
    "ruff" not in sys.modules and importlib.util.find_spec("ruff") is None, reason="ruff isn't installed"
)

BASE = """
import datetime
import sqlalchemy as sa
from sqlalchemy import *
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
"""

MODELS = {
    "no changes but a table": "",
    "long lines": """
    a_column_with_a_very_long_name_that_does_not_fit = Column(String(length=200), nullable=False, comment="a" * 60)
    another_column_with_a_very_long_name = Column(ForeignKey("users.id", name="fk_with_a_very_long_name_indeed"))
""",
    "enums": """
    mood = Column(Enum("happy", "it's", 'say "hi"', name="mood"))
""",
    "server defaults": """
    quoted = Column(String(30), server_default='it\\'s "so"')
    lines = Column(Text, server_default="one\\ntwo")
    percent = Column(String(9), server_default=text("'100%'"))
    now = Column(DateTime, server_default=func.now())
    total = Column(Integer, Computed("id + 1"))
""",
    "checks and indexes": """
    age = Column(Integer, CheckConstraint("age > 0", name="ck_age"), index=True, unique=True)
    __table_args__ = (Index("ix_both", "id", "age"), UniqueConstraint("id", "age"), {"comment": "it's \\\\ a table"})
""",
    "types of a dialect": """
    data = Column(sqlite.JSON)
    number = Column(Numeric(10, 2))
    at = Column(DateTime(timezone=True))
    data2 = Column(JSON().with_variant(postgresql.JSONB(), "postgresql"))
    text2 = Column(Text().with_variant(mysql.LONGTEXT(), "mysql"))
""",
    "types of other packages": """
    from sqlalchemy_utils import EmailType, ChoiceType
    email = Column(EmailType)
    kind = Column(ChoiceType([("a", "b")]))
""",
}

EMPTY = BASE.replace(
    "    id: Mapped[int] = mapped_column(primary_key=True)\n", "    id: Mapped[int] = mapped_column(primary_key=True)\n"
)


def ruff(project: Project, *arguments: str) -> str:
    """Return what ruff says of the revisions, with its defaults."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", arguments[0], "--isolated", "--no-cache", *arguments[1:], "migrations/versions"],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def written(project: Project, models: str) -> None:
    """Write a revision that makes the table, one that changes it, and one that undoes that."""
    project.configure(models=BASE)
    project.db("migrate", "-m", "Add users")
    project.db("upgrade")
    project.configure(models=BASE + models)
    project.db("migrate", "-m", 'It\'s "changed"\nin two lines with a \\ in it')
    project.db("upgrade")
    project.configure(models=BASE)
    project.db("migrate")
    project.db("upgrade")
    project.db("downgrade", "--yes", "base")


@pytest.fixture
def with_ruff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `init` find ruff."""
    monkeypatch.delitem(sys.modules, "ruff")


@pytest.mark.sampled
@pytest.mark.parametrize("models", MODELS.values(), ids=list(MODELS))
def test_revisions_pass_ruff_as_written(plain: Project, models: str) -> None:
    plain.db("init")
    written(plain, models)

    assert ruff(plain, "check") == ""
    assert ruff(plain, "check", "--select", "I,F401,W291,W293,E303") == ""


@pytest.mark.sampled
@pytest.mark.usefixtures("with_ruff")
@pytest.mark.parametrize("models", [MODELS["long lines"], MODELS["server defaults"], MODELS["enums"]])
def test_revisions_are_formatted_where_init_found_ruff(plain: Project, models: str) -> None:
    plain.db("init")
    written(plain, models)

    assert ruff(plain, "format", "--check") == ""
    assert ruff(plain, "check", "--select", "I,F,E4,E7,E9,W") == ""


def test_empty_revisions_and_merges_pass_too(plain: Project) -> None:
    plain.db("init")
    plain.db("revision", "--rev-id", "one")
    plain.db("revision", "--rev-id", "two", "--head", "base", "--splice", "--branch-label", "left")
    plain.db("revision", "--rev-id", "three", "--head", "one", "--depends-on", "two", "-m", "Three")
    plain.db("merge", "three", "two", "--rev-id", "four")

    assert ruff(plain, "check", "--select", "I,F,E4,E7,E9,W") == ""
    texts = {file.stem.partition("_")[0]: file.read_text() for file in plain.revisions()}
    assert "from alembic import op" in texts["one"]
    assert "import sqlalchemy as sa" in texts["one"]
    assert "import" not in texts["four"]
    plain.db("upgrade")


@pytest.mark.usefixtures("with_ruff")
def test_empty_revisions_and_merges_are_formatted(plain: Project) -> None:
    plain.db("init")
    plain.db("revision", "--rev-id", "one")
    plain.db("revision", "--rev-id", "two", "--head", "base", "--splice")
    plain.db("merge", "heads", "-m", "Both")

    assert ruff(plain, "format", "--check") == ""
    assert ruff(plain, "check") == ""


def several(project: Project) -> None:
    project.write("models.py", BASE + "\nother = MetaData()\nTable('rows', other, Column('id', Integer))\n")
    project.write(
        "pyproject.toml",
        "[tool.ellar-db]\nmetadata = {default = 'models:Base', reports = 'models:other'}\n[tool.ellar-db.databases]\n"
        "default = 'sqlite:///app.db'\nreports = 'sqlite:///reports.db'\n",
    )
    project.forget("models")
    project.db("init", "--multi")
    project.db("migrate")
    project.db("upgrade")
    project.change_models("Table('more', other, Column('id', Integer))\n")
    project.db("migrate")
    project.db("upgrade")
    project.db("revision", "-m", "Empty")


def test_a_folder_for_several_databases(plain: Project) -> None:
    several(plain)

    assert ruff(plain, "check", "--select", "I,F,E4,E7,E9,W291,W293") == ""


@pytest.mark.usefixtures("with_ruff")
def test_a_folder_for_several_databases_is_formatted(plain: Project) -> None:
    several(plain)

    assert ruff(plain, "format", "--check") == ""


@pytest.mark.usefixtures("with_ruff")
def test_bare_alembic_formats_them_too(plain: Project) -> None:
    plain.db("init")

    plain.run("alembic", "-c", "migrations/alembic.ini", "revision", "--autogenerate", "-m", "Add users")

    assert len(plain.revisions()) == 1
    assert ruff(plain, "format", "--check") == ""


class TestInit:
    @pytest.mark.usefixtures("with_ruff")
    def test_enables_the_hooks_where_ruff_is_installed(self, plain: Project) -> None:
        plain.db("init")

        ini = (plain.path / "migrations/alembic.ini").read_text()
        assert "\n[post_write_hooks]\nhooks = ruff_check, ruff_format\nruff_check.type = module\n" in ini

    def test_leaves_an_example_where_it_is_not(self, plain: Project) -> None:
        plain.db("init")

        ini = (plain.path / "migrations/alembic.ini").read_text()
        assert "\n# [post_write_hooks]\n# hooks = ruff_check, ruff_format\n" in ini

    @pytest.mark.parametrize(
        ("file", "text"), [("pyproject.toml", "[tool.ruff]\nline-length = 100\n"), ("ruff.toml", "line-length = 100\n")]
    )
    def test_uses_the_program_of_a_project_with_settings_for_it(
        self, plain: Project, file: str, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = plain.path / file
        path.write_text((path.read_text() if path.exists() else "") + "\n" + text)
        plain.db("init", "-d", "without")
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
        plain.db("init")

        ini = (plain.path / "migrations/alembic.ini").read_text()
        assert "\nruff_format.type = exec\nruff_format.executable = ruff\n" in ini
        plain.db("migrate", "-m", "Add users")
        assert ruff(plain, "format", "--check", "--line-length", "100") == ""

    @pytest.mark.usefixtures("with_ruff")
    def test_settings_of_the_project_apply(self, plain: Project) -> None:
        plain.write("ruff.toml", "[format]\nquote-style = 'single'\n")
        plain.db("init")

        result = plain.db("migrate", "-m", "Add users")

        assert "op.create_table(\n        'users'," in plain.revisions()[0].read_text()
        assert result.stdout.startswith("Wrote ")
        assert len(result.stdout.splitlines()) == 1

    @pytest.mark.usefixtures("with_ruff")
    def test_a_colleague_without_ruff_is_told_what_to_do(self, plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        plain.db("init")
        monkeypatch.setitem(sys.modules, "ruff", None)

        result = plain.db("migrate", exit_code=1)

        assert result.stderr.splitlines()[-1] == (
            "Error: the post-write hook 'ruff_check' can't be run: ruff isn't installed; install its program, or take "
            "the hook out of post_write_hooks"
        )
        assert plain.revisions() == []
