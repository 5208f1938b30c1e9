"""What a project says about rules: severities, waivers, the release that runs; and the rules of plugins."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ellar_db.testing import Project
from tests.support.documents import document
from tests.support.revisions import add

REVISION = '''"""Second."""

import sqlalchemy as sa
from alembic import op

revision = "second"
down_revision = "first"


def upgrade():
    op.drop_column("t_first", "id")


def downgrade():
    op.add_column("t_first", sa.Column("id", sa.Integer))
'''


@pytest.fixture
def written(project: Project) -> Project:
    """A folder with two revisions, none applied, of which the second drops a column."""
    project.configure()
    project.db("init")
    add(project, "first", None)
    write(project, REVISION)
    return project


def write(project: Project, text: str) -> None:
    project.write("migrations/versions/second_.py", text)


def lint(project: Project, *options: str, exit_code: int = 1) -> dict[str, Any]:
    return document(project, "lint", "--since", "first", *options, schema="lint", exit_code=exit_code)


def codes(project: Project, *options: str, exit_code: int = 1) -> list[str]:
    return [each["code"] for each in lint(project, *options, exit_code=exit_code)["findings"]]


def test_a_severity_of_the_project_counts(written: Project) -> None:
    written.configure(extra="lint = {severity = {DB102 = 'note'}}")
    assert [each["severity"] for each in lint(written, exit_code=0)["findings"]] == ["note"]

    written.configure(extra="lint = {severity = {DB102 = 'error'}}")
    assert [each["severity"] for each in lint(written)["findings"]] == ["error"]


@pytest.mark.parametrize(
    ("waiver", "passes"),
    [
        ("code = 'DB102'", True),
        ("code = 'DB102', revision = 'second'", True),
        ("code = 'DB102', table = 't_first'", True),
        ("code = 'DB102', revision = 'first'", False),
        ("code = 'DB102', table = 'other'", False),
        ("code = 'DB101'", False),
    ],
)
def test_a_waiver_of_the_project_counts(written: Project, waiver: str, passes: bool) -> None:
    written.configure(extra=f"lint = {{waivers = [{{reason = 'nothing reads it', {waiver}}}]}}")

    found = lint(written, exit_code=0 if passes else 1)

    assert [each["code"] for each in found["waived" if passes else "findings"]] == ["DB102"]


class TestReleases:
    """DB501 and DB502, which ask Git whether the release that runs has the name."""

    def git(self, project: Project, *arguments: str) -> None:
        who = ["-c", "user.name=ann", "-c", "user.email=ann@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=project.path, check=True, capture_output=True)

    @pytest.fixture
    def released(self, written: Project) -> Project:
        """A release whose models name the column `at`, and not `old`."""
        written.write("models.py", "import sqlalchemy as sa\nBase = sa.MetaData()\ncolumns = ['at']\n")
        self.git(written, "init", "-q", "-b", "main")
        self.git(written, "add", "--all")
        self.git(written, "commit", "-q", "-m", "release")
        written.write("models.py", "import sqlalchemy as sa\nBase = sa.MetaData()\n")
        return written

    def test_a_column_that_the_release_names(self, released: Project) -> None:
        write(released, REVISION.replace('drop_column("t_first", "id")', 'drop_column("t_first", "at")'))

        [named] = [each for each in lint_since(released) if each["code"] == "DB502"]

        assert named["message"] == "is dropped, while the release that runs names in models.py it"
        assert (named["line"], named["column"]) == (11, "at")

    def test_a_column_that_only_revisions_name(self, released: Project) -> None:
        write(released, REVISION.replace('drop_column("t_first", "id")', 'drop_column("t_first", "old")'))

        assert [each["code"] for each in lint_since(released)] == ["DB102"]

    def test_names_are_whole_words(self, released: Project) -> None:
        write(released, REVISION.replace('drop_column("t_first", "id")', 'drop_column("t_first", "col")'))

        assert [each["code"] for each in lint_since(released)] == ["DB102"]

    @pytest.mark.parametrize(("column", "expected"), [("at", ["DB501"]), ("old", [])])
    def test_a_renamed_column(self, released: Project, column: str, expected: list[str]) -> None:
        rename = f'op.alter_column("t_first", "{column}", new_column_name="new")'
        write(released, REVISION.replace('op.drop_column("t_first", "id")', rename))

        assert [each["code"] for each in lint_since(released, exit_code=len(expected))] == expected

    def test_the_release_of_the_settings(self, released: Project) -> None:
        self.git(released, "tag", "v1")
        released.configure(extra="lint = {release = 'v1'}")
        write(released, REVISION.replace('drop_column("t_first", "id")', 'drop_column("t_first", "at")'))

        assert codes(released) == ["DB102", "DB502"]

    def test_a_release_that_git_does_not_know(self, released: Project) -> None:
        released.configure(extra="lint = {release = 'v9'}")

        said = released.db("lint", "--all", exit_code=3).stderr

        assert said.splitlines()[-1] == "Error: git knows no commit 'v9'"


def lint_since(project: Project, exit_code: int = 1) -> list[dict[str, Any]]:
    found = document(project, "lint", "--since-ref", "main", schema="lint", exit_code=exit_code)["findings"]
    return [dict(each) for each in found]


DOWNGRADE = REVISION[REVISION.index("def downgrade") :]


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        ("def downgrade():\n    pass\n", ["DB102", "DB601"]),
        ("def downgrade():\n    pass  # ellar-db: DB601 nobody had it\n", ["DB102"]),
        ("# ellar-db: DB601 nobody had it\ndef downgrade():\n    pass\n", ["DB102"]),
        ('def downgrade():\n    """Undo."""\n    # ellar-db: DB601 nobody had it\n    pass\n', ["DB102"]),
        ("def downgrade():\n    pass  # ellar-db: DB601\n", ["DB102", "DB601"]),
        ("def downgrade():\n    pass  # ellar-db: DB102 nobody had it\n", ["DB102", "DB601"]),
        ("", ["DB102", "DB601"]),
        ('irreversible = "gone"\n', ["DB102"]),
        ('def downgrade():\n    raise NotImplementedError("gone")\n', ["DB102"]),
        ('def downgrade():\n    op.drop_table("t_first")\n', ["DB102", "DB602"]),
        ('def downgrade():\n    op.execute("ALTER TABLE t_first DROP COLUMN name")\n', ["DB102", "DB602"]),
        ('def downgrade():\n    op.drop_column(compute(), "x")\n', ["DB102"]),
    ],
)
def test_what_is_said_of_downgrades(written: Project, downgrade: str, expected: list[str]) -> None:
    write(written, REVISION.replace(DOWNGRADE, downgrade))

    assert codes(written) == expected


def test_a_downgrade_may_drop_what_the_upgrade_made(written: Project) -> None:
    text = REVISION.replace('op.drop_column("t_first", "id")', 'op.add_column("t_first", sa.Column("n", sa.Integer))')
    write(written, text.replace(DOWNGRADE, 'def downgrade():\n    op.drop_column("t_first", "n")\n'))

    assert codes(written, exit_code=0) == []


@pytest.mark.parametrize(
    "make",
    [
        'sa.Enum("a", "b", name="kind").create(op.get_bind(), checkfirst=True)',
        'sa.Table("t_first", sa.MetaData(), sa.Column("x", sa.Integer)).create(op.get_bind())',
        "sa.MetaData().create_all(op.get_bind())",
        'assert op.get_bind().execute(sa.text("SELECT count(*) FROM t_first")).scalar_one() == 0',
        'assert op.get_bind().execute(sa.text("SELECT id FROM t_first")).fetchmany(5) == []',
        'assert op.get_bind().engine.name == "sqlite"; op.get_bind().close()',
    ],
)
def test_what_a_connection_makes_is_read(written: Project, make: str) -> None:
    body = f'    {make}\n    op.add_column("t_first", sa.Column("n", sa.Integer))'
    text = REVISION.replace('    op.drop_column("t_first", "id")', body)
    write(written, text.replace(DOWNGRADE, 'def downgrade():\n    op.drop_column("t_first", "n")\n'))

    said = written.db("lint", "--all", exit_code=None).output

    assert "not all can be told" not in said
    assert "DB602" not in said


def test_of_a_revision_that_cannot_be_read_no_downgrade_is_judged(written: Project) -> None:
    text = REVISION.replace('    op.drop_column("t_first", "id")', '    next(iter([]))\n    op.create_table("t")')
    write(written, text.replace(DOWNGRADE, 'def downgrade():\n    op.drop_table("t")\n'))

    found = document(written, "lint", "--all", schema="lint")

    assert ([each["revision"] for each in found["unread"]], found["findings"]) == (["second"], [])


def test_a_downgrade_may_drop_what_a_batch_made(written: Project) -> None:
    batch = """    with op.batch_alter_table("t_first") as batch_op:
        batch_op.add_column(sa.Column("n", sa.Integer))
        batch_op.alter_column("id", existing_type=sa.Integer, existing_nullable=False, nullable=False)"""
    text = REVISION.replace('    op.drop_column("t_first", "id")', batch)
    back = "    with op.batch_alter_table('t_first') as batch_op:\n        batch_op.drop_column('n')\n"
    write(written, text.replace(DOWNGRADE, f"def downgrade():\n{back}"))

    assert {"DB602", "DB202"}.isdisjoint(codes(written, exit_code=None))


def test_several_heads_are_told(written: Project) -> None:
    add(written, "third", "first")

    found = document(written, "lint", "--all", schema="lint", exit_code=1)["findings"]

    told = [(each["revision"], each["message"]) for each in found if each["code"] == "DB605"]
    assert sorted(told) == [
        ("second", "is a head beside third, so that `upgrade` doesn't know which one is meant"),
        ("third", "is a head beside second, so that `upgrade` doesn't know which one is meant"),
    ]


def test_heads_with_labels_of_their_own_are_meant_to_stay(written: Project) -> None:
    add(written, "blog", None, label="blog")
    write(written, REVISION.replace("down_revision", 'branch_labels = "shop"\ndown_revision'))

    said = written.db("lint", "--all", exit_code=None).output

    assert "DB605" not in said


def test_a_finding_about_a_revision_names_no_table(written: Project) -> None:
    add(written, "third", "first")

    said = written.db("lint", "--all", exit_code=1).stdout

    assert "warning: DB605 is a head beside third, " in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("from models import Base", "models"),
        ("import shop.models", "shop.models"),
        ("from shop import models", "shop"),
        ("from sqlalchemy import text", ""),
        ("import json", ""),
        ("from migrations import helpers", ""),
    ],
)
def test_what_is_imported_of_the_application(written: Project, line: str, told: str) -> None:
    """DB606."""
    written.write("shop/models.py", "")
    written.write("migrations/helpers.py", "")
    write(written, REVISION.replace("import sqlalchemy as sa\n", f"import sqlalchemy as sa\n{line}\n"))

    found = [each for each in lint(written)["findings"] if each["code"] == "DB606"]

    assert [(each["line"], each["severity"], each["message"].split()[1]) for each in found] == (
        [(4, "note", told)] if told else []
    )


PLUGIN = """
from ellar_db import Problem, Rule, hookimpl


def check(statement, operations):
    for change in statement.changes:
        if change.kind == "drop column":
            yield Problem(change.table[1], change.column, "is dropped", "ask the others first")


def revision(operations):
    yield Problem("", None, f"has {{len(operations.statements)}} statement", "no more", line=3)


def broken(statement, operations):
    raise ZeroDivisionError("none left")


@hookimpl
def ellar_db_lint_rules():
    return [{}]
"""

OWN = 'Rule("{}", "Dropped", "Others read it.", "Ask.", {}, about="{}")'


def test_ellar_db_lint_rules_adds_rules(written: Project, install: Callable[..., Path]) -> None:
    install("acme", PLUGIN.format(OWN.format("ACME1", "check", "statement")))

    found = [(each["code"], each["line"], each["table"]) for each in lint(written)["findings"]]

    assert sorted(found) == [("ACME1", 11, "t_first"), ("DB102", 11, "t_first")]
    assert written.db("lint", "--explain", "ACME1").stdout.startswith("ACME1: Dropped\n\nOthers read it.\n\n")
    assert "ACME1 Dropped\n" in written.db("lint", "--explain", "all").stdout


def test_ellar_db_lint_rules_may_be_ignored(written: Project, install: Callable[..., Path]) -> None:
    install("acme", PLUGIN.format(OWN.format("ACME1", "check", "statement")))
    written.configure(extra="lint = {ignore = ['DB102'], severity = {ACME1 = 'note'}}")

    assert [each["severity"] for each in lint(written, exit_code=0)["findings"]] == ["note"]


def test_ellar_db_lint_rules_with_a_code_that_is_taken(written: Project, install: Callable[..., Path]) -> None:
    install("acme", PLUGIN.format(OWN.format("DB102", "check", "statement")))

    said = written.db("lint", exit_code=1).stderr.splitlines()[-1]

    assert said.startswith("Error: the rule DB102 of acme 1.0 has the code of one of ellar_db; ")


@pytest.mark.parametrize(
    "answer", ["'DB102'", OWN.format("lower1", "check", "statement"), OWN.format("X", "check", "statement")]
)
def test_ellar_db_lint_rules_that_are_none(written: Project, install: Callable[..., Path], answer: str) -> None:
    install("acme", PLUGIN.format(answer))

    said = written.db("lint", exit_code=1).stderr.splitlines()[-1]

    assert said.startswith("Error: the plugin acme")
    assert "which is no ellar_db.Rule with a code such as ACME1" in said


def test_ellar_db_lint_rules_that_fail_name_their_plugin(written: Project, install: Callable[..., Path]) -> None:
    install("acme", PLUGIN.format(OWN.format("ACME2", "broken", "statement")))

    said = written.db("lint", exit_code=1).stderr.splitlines()[-1]

    assert said.startswith("Error: the plugin acme")
    assert "none left" in said


def test_ellar_db_lint_rules_about_a_revision(written: Project, install: Callable[..., Path]) -> None:
    install("acme", PLUGIN.format(OWN.format("ACME3", "revision", "revision")))

    assert [(each["line"], each["message"]) for each in lint(written)["findings"] if each["code"] == "ACME3"] == [
        (3, "has 1 statement")
    ]
