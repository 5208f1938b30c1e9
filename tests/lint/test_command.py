"""`lint`: the rules on revisions that are there."""

from __future__ import annotations

from typing import Any

import pytest

from ellar_db.testing import Project
from tests.support.documents import document
from tests.support.revisions import add

SECOND = '''"""Second."""

import sqlalchemy as sa
from alembic import op

revision = "second"
down_revision = "first"


def upgrade():
    op.create_table("made", sa.Column("id", sa.Integer), sa.Column("a", sa.Integer))
    op.add_column(
        "t_first", sa.Column("note", sa.String(20), nullable=False)
    )
{more}

def downgrade():
    op.drop_table("made")
'''


@pytest.fixture
def written(project: Project) -> Project:
    """A folder with two revisions, none applied, of which the second drops a column."""
    project.configure()
    project.db("init")
    add(project, "first", None)
    return project


def second(project: Project, more: str) -> None:
    project.write("migrations/versions/second_.py", SECOND.format(more=f"    {more}\n"))


def findings(project: Project, *arguments: str, exit_code: int = 1) -> list[tuple[Any, ...]]:
    found = document(project, "lint", *arguments, schema="lint", exit_code=exit_code)["findings"]
    return [(each["code"], each["revision"], each["line"], each["table"], each["column"]) for each in found]


@pytest.mark.parametrize("kind", ["sqlite:///app.db", "postgresql+psycopg://nobody@127.0.0.1:9/none"])
def test_a_finding_has_its_line_whatever_can_be_reached(written: Project, kind: str) -> None:
    written.configure(url=kind)
    second(written, 'op.drop_column("t_first", "id")')

    assert findings(written, "--all") == [
        ("DB201", "second", 12, "t_first", "note"),
        ("DB102", "second", 15, "t_first", "id"),
    ]
    lines = written.db("lint", "--all", exit_code=1).stdout.splitlines()
    assert lines[1].startswith("migrations/versions/second_.py:15: warning: DB102 t_first.id: drops the column")
    assert not written.tables() if kind.startswith("sqlite") else True


def test_a_table_of_the_same_revision_is_left_out(written: Project) -> None:
    second(written, 'op.drop_column("made", "a")')

    assert [each[0] for each in findings(written)] == ["DB201"]


def test_which_revisions_are_read(written: Project) -> None:
    second(written, 'op.drop_column("t_first", "id")')

    assert len(findings(written)) == 2
    assert len(findings(written, "--since", "first")) == 2
    assert findings(written, "--since", "second", exit_code=0) == []
    written.db("stamp", "head")
    assert findings(written, exit_code=0) == []
    assert "use one of them" in written.db("lint", "--all", "--since", "first", exit_code=2).stderr


def test_nothing_to_read_says_why(plain: Project) -> None:
    plain.db("init")
    assert (
        "There are no revisions in migrations/versions; `ellar-db migrate` writes the first." in plain.db("lint").stderr
    )

    add(plain, "first", None)
    plain.db("upgrade")
    assert plain.db("lint").stderr == "Nothing to do: the database 'default' has all revisions (--all takes them).\n"
    assert plain.db("lint", "--since", "first").stderr == "Nothing to do: no revision comes after first.\n"


@pytest.mark.parametrize(
    ("comment", "passes"),
    [
        ("  # ellar-db: DB102 nothing reads it", True),
        ("  # ellar-db: DB101, DB102: nothing reads it", True),
        ("  # ellar-db: DB102", False),
        ("  # ellar-db: DB101 nothing reads it", False),
        ("  # DB102 nothing reads it", False),
    ],
)
@pytest.mark.parametrize("above", [False, True])
def test_a_reason_lets_a_finding_pass(written: Project, comment: str, passes: bool, above: bool) -> None:
    drop = 'op.drop_column("t_first", "id")'
    second(written, f"{comment.strip()}\n    {drop}" if above else f"{drop}{comment}")

    found = document(written, "lint", schema="lint", exit_code=1)

    assert [each["code"] for each in found["waived"]] == (["DB102"] if passes else [])
    assert [each["code"] for each in found["findings"]] == (["DB201"] if passes else ["DB201", "DB102"])


def test_annotations_of_github(written: Project) -> None:
    second(written, 'op.drop_column("t_first", "100%,:")')

    shown = written.db("lint", "--format", "github", exit_code=1).stdout.splitlines()

    place = "file=migrations/versions/second_.py,line=15,title=DB102"
    assert shown[1].startswith(f"::warning {place}::DB102 t_first.100%25,:")


def test_what_cannot_be_read_is_told(written: Project) -> None:
    second(written, 'sa.Table("t_first", sa.MetaData(), autoload_with=op.get_bind())')

    result = written.db("lint", exit_code=1)

    assert "Warning: second: not all can be told without running it: AttributeError: " in result.stderr
    [unread] = document(written, "lint", schema="lint", exit_code=1)["unread"]
    assert unread["revision"] == "second"


def test_rules_that_are_ignored_and_explained(written: Project) -> None:
    second(written, 'op.drop_column("t_first", "id")')
    written.configure(extra="lint = {ignore = ['DB201', 'DB102']}")

    assert findings(written, exit_code=0) == []
    assert written.db("lint", "--explain", "db102").stdout.startswith("DB102: Column dropped\n\n")
    assert "there is no rule DB1O2" in written.db("lint", "--explain", "DB1O2", exit_code=1).stderr


def test_several_databases_on_which_a_line_does_the_same_are_one_finding(several: Project) -> None:
    several.db("revision", "--rev-id", "a1")
    file = next(several.path.glob("migrations/versions/a1_*.py"), None) or several.revisions()[0]
    text = file.read_text()
    for name in ("default", "reports"):
        text = text.replace(f"def upgrade_{name}() -> None:\n    pass", f"def upgrade_{name}() -> None:\n    both()")
    file.write_text(f"{text}\n\nfrom alembic import op\n\n\ndef both():\n    op.drop_table('old')\n")

    assert [(each[0], each[3]) for each in findings(several) if each[0] == "DB101"] == [("DB101", "old")]


def test_a_folder_of_somebody_elses(project: Project) -> None:
    from alembic import command
    from alembic.config import Config

    command.init(Config("alembic.ini"), "theirs")
    ini = project.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///theirs.db"))
    project.write("theirs/versions/second_.py", SECOND.format(more="").replace('"first"', "None"))

    found = document(project, "-c", "alembic.ini", "lint", "--all", schema="lint", exit_code=1)["findings"]

    assert [each["code"] for each in found] == ["DB201"]
    assert not (project.path / "theirs.db").exists()
