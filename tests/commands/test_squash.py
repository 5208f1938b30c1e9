"""`squash`: one revision in place of several."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.schema import read_schema
from ellar_db.testing import Project
from tests.support.fleets import files
from tests.support.processes import TIMEOUT, python
from tests.support.revisions import add, without_models, write_revision
from tests.support.servers import server, sync_engine

Write = Callable[..., None]

USERS = (
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(64), "
    "nullable=False))"
)
AGE = "op.add_column('users', sa.Column('age', sa.Integer, server_default='1'))"
ORDERS = (
    "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True), sa.Column('user_id', sa.Integer, "
    "sa.ForeignKey('users.id', name='fk_user')), sa.Column('made', sa.DateTime, server_default=sa.func.now()), "
    "sa.Column('price', sa.Numeric(10, 2)))"
)
NOTHING = "pass"


def schema(url: str) -> dict[str, str]:
    """Return the schema of a database, as the server tells it."""
    with sync_engine(url).connect() as connection:
        dialect = dialect_named(get_plugin_manager(), connection.dialect.name)
        return read_schema(connection, dialect, {"alembic_version", "ellar_db_journal"})


def run(url: str, *statements: str) -> None:
    with sync_engine(url).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def names(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.py"))


def contents(project: Project) -> dict[str, str]:
    """Return all files of the migrations folder, without compiled ones."""
    folder = project.path / "migrations"
    return {
        file.relative_to(folder).as_posix(): file.read_text()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    }


@pytest.fixture
def url(plain: Project, any_database: str, write: Write) -> str:
    """The URL of the project's database, on each kind of server in turn."""
    without_models(plain, any_database)
    return any_database


@pytest.fixture
def line(write: Write) -> Write:
    """A history of four revisions, whose last one isn't squashed."""
    write("one", USERS, "op.drop_table('users')")
    write("two", AGE, "op.drop_column('users', 'age')")
    write("three", ORDERS, "op.drop_table('orders')")
    write("four", "op.create_index('ix_age', 'users', ['age'])", "op.drop_index('ix_age', table_name='users')")
    write("five", "op.create_table('more', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('more')")
    return write


class TestRange:
    @pytest.mark.sampled
    def test_becomes_one_revision_that_does_the_same(self, plain: Project, url: str, line: Write) -> None:
        plain.db("upgrade", "four")
        before = schema(url)
        plain.db("downgrade", "base")

        result = plain.db("squash", "base:four", "--yes", "-m", "Users and orders")

        assert result.stdout.splitlines()[0] == (
            "Wrote migrations/versions/four_users_and_orders.py in place of 4 revisions"
        )
        assert names(plain.path / "migrations") == [
            "env.py",
            *(f"squashed/four/{name}_.py" for name in ("four", "one", "three", "two")),
            "versions/five_.py",
            "versions/four_users_and_orders.py",
        ]
        assert plain.db("history").stdout == "four -> five (head), \n<base> -> four, Users and orders\n"
        plain.db("upgrade", "four")
        assert schema(url) == before
        plain.db("upgrade")
        plain.db("downgrade", "base", "--yes")
        assert schema(url) == {}
        plain.db("upgrade")

    @pytest.mark.sampled
    def test_above_another_revision(self, plain: Project, url: str, line: Write) -> None:
        plain.db("upgrade", "one")
        below = schema(url)
        plain.db("upgrade", "four")
        before = schema(url)

        result = plain.db("squash", "one:four", "--yes")

        assert "the rows of 1 table." in result.stderr
        plain.db("downgrade", "one", "--yes")
        assert schema(url) == below
        plain.db("upgrade", "four")
        assert schema(url) == before
        assert "Revises: one" in (plain.path / "migrations/versions/four_squash_two_to_four.py").read_text()

    def test_is_for_people_to_read(self, plain: Project, line: Write) -> None:
        found = plain.db("squash", "base:four", "--dry-run").stdout

        assert found.startswith(
            '"""Squash one to four\n\nIn place of:\n    one\n    two\n    three\n    four\n\nRevision ID: four\n'
        )
        assert "sa.Column('name', sa.String(length=64), nullable=False),\n" in found
        assert "sa.Column('age', sa.Integer(), server_default=sa.text(\"'1'\"), nullable=True),\n" in found
        assert "op.add_column" not in found
        assert not (plain.path / "migrations/squashed").exists()

    @pytest.mark.sampled
    def test_with_a_branch_and_its_merge_inside(self, plain: Project, url: str) -> None:
        add(plain, "a1", None)
        add(plain, "b2", "a1")
        add(plain, "c3", "a1", depends_on="b2")
        add(plain, "d4", ("b2", "c3"))
        add(plain, "e5", "d4")
        plain.db("upgrade")
        before = schema(url)
        plain.db("downgrade", "base", "--yes")
        plain.db("upgrade", "b2")

        plain.db("squash", "base:d4", "--yes")

        plain.db("upgrade")
        assert schema(url) == before
        plain.db("downgrade", "base", "--yes")
        plain.db("upgrade")
        assert schema(url) == before

    def test_of_fifty_revisions(self, plain: Project, write: Write) -> None:
        write("r0", USERS, "op.drop_table('users')")
        for number in range(1, 50):
            column = f"sa.Column('c{number}', sa.String({number}))"
            write(f"r{number}", f"op.add_column('users', {column})", f"op.drop_column('users', 'c{number}')")

        found = plain.db("squash", "base:r49", "--dry-run").stdout

        assert found.count("op.create_table(") == 1
        assert "op.add_column" not in found

    def test_that_comes_to_nothing(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", "op.drop_table('users')", USERS)

        plain.db("squash", "base:two", "--yes")

        plain.db("upgrade")
        assert schema("sqlite:///app.db") == {}

    @pytest.mark.sampled
    def test_of_a_rename_keeps_the_rows(self, plain: Project, url: str, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        rename = "op.batch_alter_table('users') as batch: batch.alter_column('{}', new_column_name='{}', {})"
        told = "existing_type=sa.String(64), existing_nullable=False"
        write("two", f"with {rename.format('name', 'title', told)}", f"with {rename.format('title', 'name', told)}")
        write("three", f"with {rename.format('title', 'label', told)}", f"with {rename.format('label', 'title', told)}")

        text_ = plain.db("squash", "one:three", "--dry-run").stdout

        assert "new_column_name='label'" in text_ or "RENAME COLUMN name TO label" in text_
        assert "drop_column" not in text_


class TestDatabaseInside:
    @pytest.mark.sampled
    def test_is_carried_on_by_the_old_files(self, plain: Project, url: str, line: Write) -> None:
        plain.db("upgrade")
        whole = schema(url)
        plain.db("downgrade", "base", "--yes")
        plain.db("upgrade", "two")
        plain.db("squash", "base:four", "--yes")

        told = plain.db("status").stdout
        assert "  three\n  four\n  five\n" in told
        assert (
            "inside the range that was squashed into four: 2 of its 4 old revisions are left, which "
            "`upgrade` runs from migrations/squashed/four"
        ) in told
        assert plain.db("current").stdout == "two\n"
        assert "3 revisions, two -> five" in plain.db("plan").stdout
        assert "  ok  [1/3] three" in plain.db("upgrade").stderr
        assert schema(url) == whole
        assert plain.db("current").stdout == "five (head)\n"
        assert "squashed" not in plain.db("status").stdout

    def test_goes_back_by_the_old_files(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "three")
        plain.db("squash", "base:four", "--yes")

        plain.db("downgrade", "one", "--yes")

        assert plain.db("current").stdout == "one\n"
        plain.db("downgrade", "base", "--yes")
        assert schema("sqlite:///app.db") == {}

    def test_one_that_is_done_goes_back_past_all_of_it(self, plain: Project, line: Write) -> None:
        plain.db("upgrade")
        plain.db("squash", "base:four", "--yes")

        told = plain.db("downgrade", "two", "--yes", exit_code=1).stderr

        assert told == (
            "Error: two was squashed into four, which a database has as a whole or not at all; name four or base (its "
            "file is migrations/squashed/four/two_.py)\n"
        )
        plain.db("downgrade", "base", "--yes")
        assert schema("sqlite:///app.db") == {}

    def test_can_be_asked_about(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "two")
        plain.db("squash", "base:four", "--yes")

        assert plain.db("show", "three", exit_code=1).stderr.startswith("Error: three was squashed into four")
        assert plain.db("show", "current", exit_code=1).stderr == (
            "Error: the database 'default' is at two, inside the range that was squashed into four; `ellar-db status` "
            "shows what is left of it\n"
        )
        assert plain.db("history", "-i").stderr == (
            "The database 'default' is at two, inside the range that was squashed into four.\n"
        )
        assert plain.db("heads").stdout == "five (head)\n"
        assert plain.db("current", "--check-heads", exit_code=1).stderr.startswith(
            "Error: Database is not on all head revisions: the database 'default' is at two"
        )
        plain.db("check", "--drift")
        assert "ok    four" in plain.db("verify").stdout
        plain.db("stamp", "three")
        plain.db("stamp", "four")
        assert plain.db("stamp", "three", exit_code=1).stderr.startswith("Error: three was squashed into four")

    def test_as_sql(self, plain: Project, line: Write) -> None:
        plain.db("squash", "base:four", "--yes")

        sql = plain.db("upgrade", "two:head", "--sql").stdout

        assert "-- Running upgrade two -> three" in sql
        assert "-- Running upgrade four -> five" in sql
        assert "CREATE TABLE users" not in sql
        assert "DROP COLUMN age" in plain.db("downgrade", "two:one", "--sql").stdout

    def test_is_repaired_there(self, plain: Project, new_database: Callable[[str], str], line: Write) -> None:
        url = new_database("mariadb")
        without_models(plain, url)
        plain.db("upgrade", "two")
        broken = plain.path / "migrations/versions/three_.py"
        whole = broken.read_text()
        broken.write_text(whole.replace("\n\n\ndef downgrade", "; op.execute('DROP TABLE nobody')\n\n\ndef downgrade"))
        plain.db("upgrade", exit_code=1)
        broken.write_text(whole)
        plain.db("squash", "base:four", "--yes")

        told = plain.db("repair", exit_code=None).output

        assert "three" in told

    def test_bare_alembic_goes_on_above_it(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "four")
        plain.db("squash", "base:four", "--yes")

        plain.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head")

        assert plain.db("current").stdout == "five (head)\n"

    def test_bare_alembic_goes_on_inside_with_our_env_py(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "two")
        plain.db("squash", "base:four", "--yes")

        plain.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head")

        assert plain.db("current").stdout == "five (head)\n"

    def test_a_missing_old_file_is_named(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "one")
        plain.db("squash", "base:four", "--yes")
        (plain.path / "migrations/squashed/four/two_.py").unlink()

        told = plain.db("upgrade", exit_code=1).stderr

        assert told == (
            "Error: the file of two isn't in migrations/squashed/four, which databases inside of that range need; get "
            "it back from version control\n"
        )

    def test_without_the_old_files_it_is_unknown(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "one")
        plain.db("squash", "base:four", "--yes")
        (plain.path / "migrations/squashed").rename(plain.path / "elsewhere")

        assert "is at one, which this folder doesn't have" in plain.db("upgrade", exit_code=1).stderr


class TestAgain:
    @pytest.mark.sampled
    def test_a_squash_is_squashed_with_what_follows(self, plain: Project, url: str, line: Write) -> None:
        plain.db("upgrade")
        whole = schema(url)
        plain.db("downgrade", "base", "--yes")
        plain.db("upgrade", "one")
        plain.db("squash", "base:three", "--yes")

        plain.db("squash", "base:five", "--yes")

        assert names(plain.path / "migrations") == [
            "env.py",
            *(f"squashed/five/{name}_.py" for name in ("five", "four", "one", "three", "two")),
            "versions/five_squash_three_to_five.py",
        ]
        assert (plain.path / "migrations/squashed/five/three_squash_one_to_three.py.squash").is_file()
        plain.db("upgrade")
        assert schema(url) == whole

    def test_with_the_same_end(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "two")
        plain.db("squash", "one:four", "--yes")

        plain.db("squash", "base:four", "--yes")

        assert names(plain.path / "migrations/squashed") == [
            f"four/{name}_.py" for name in ("four", "one", "three", "two")
        ]
        plain.db("upgrade")
        assert plain.db("current").stdout == "five (head)\n"

    def test_two_ranges(self, plain: Project, line: Write) -> None:
        plain.db("upgrade", "one")
        plain.db("squash", "base:two", "--yes")
        plain.db("squash", "two:four", "--yes")

        plain.db("upgrade")

        assert plain.db("current").stdout == "five (head)\n"


class TestRefused:
    @pytest.fixture
    def forked(self, plain: Project, write: Write) -> Project:
        add(plain, "a1", None)
        add(plain, "b2", "a1")
        add(plain, "c3", "b2", label="shop")
        add(plain, "d4", "c3")
        add(plain, "x2", "a1", label="other")
        add(plain, "y3", "x2", depends_on="c3")
        return plain

    @pytest.mark.parametrize(
        ("range_", "told"),
        [
            ("d4", "'d4' is no range; say BASE:END"),
            (":d4", "':d4' is no range"),
            ("a1:a1", "nothing is in the range a1:a1"),
            ("a1:b2", "only b2 is in the range a1:b2"),
            ("d4:b2", "d4 doesn't come before b2"),
            ("x2:d4", "x2 doesn't come before d4"),
            ("base:b2", "the range base:b2 isn't closed: x2 follows a1, which is in the middle of it"),
            ("a1:d4", "c3 has the branch label shop, which would be lost"),
            ("nobody:d4", "Can't locate revision identified by 'nobody'"),
            ("a1:heads", "heads stands for 2 revisions: d4, y3; name one"),
        ],
    )
    def test_ranges(self, forked: Project, range_: str, told: str) -> None:
        before = contents(forked)

        assert told in forked.db("squash", range_, "--yes", exit_code=1).stderr
        assert contents(forked) == before

    def test_dependencies_of_others(self, forked: Project) -> None:
        add(forked, "c3", "b2")
        add(forked, "d4", "c3", label="shop")

        told = forked.db("squash", "a1:d4", "--yes", exit_code=1).stderr

        assert "the range a1:d4 isn't closed: y3 depends on c3, which is in the middle of it" in told

    def test_dependencies_on_others(self, plain: Project, write: Write) -> None:
        add(plain, "a1", None)
        add(plain, "b2", "a1")
        add(plain, "x2", "a1")
        add(plain, "c3", "b2")
        add(plain, "d4", "c3", depends_on="x2")

        told = plain.db("squash", "b2:d4", "--yes", exit_code=1).stderr

        assert "the range b2:d4 isn't closed: x2 comes from a1, which comes before b2" in told

    def test_a_merge_from_below(self, plain: Project, write: Write) -> None:
        add(plain, "a1", None)
        add(plain, "b2", "a1")
        add(plain, "c3", "b2")
        add(plain, "x2", "a1")
        add(plain, "m4", ("c3", "x2"))

        told = plain.db("squash", "b2:m4", "--yes", exit_code=1).stderr

        assert told == (
            "Error: the range b2:m4 isn't closed: x2 comes from a1, which comes before b2; choose another BASE\n"
        )

    def test_heads_to_be_joined(self, plain: Project, line: Write) -> None:
        add(plain, "mine", "four")

        told = plain.db("squash", "base:four", "--yes", exit_code=1).stderr

        assert told.startswith("Error: there are the heads five and mine; `ellar-db merge` joins them")

    def test_a_file_that_finds_others_by_its_place(self, plain: Project, line: Write) -> None:
        file = plain.path / "migrations/versions/two_.py"
        file.write_text(f"{file.read_text()}\nHERE = __file__\n")

        told = plain.db("squash", "base:four", "--yes", exit_code=1).stderr

        assert "two_.py finds other files by its own place (__file__, line 16)" in told

    def test_without_a_terminal(self, plain: Project, line: Write) -> None:
        before = contents(plain)

        told = plain.db("squash", "base:four", exit_code=1).stderr

        assert told.splitlines()[-1] == (
            "Error: files are moved and there is no terminal to ask on: say --yes if that is wanted"
        )
        assert contents(plain) == before

    def test_a_folder_that_alembic_would_read(self, plain: Project, line: Write) -> None:
        ini = plain.path / "migrations/alembic.ini"
        settings = "version_locations = %(here)s/versions %(here)s\nrecursive_version_locations = true\n"
        ini.write_text(ini.read_text().replace("script_location", f"{settings}script_location", 1))

        assert plain.db("squash", "base:four", "--yes", exit_code=1).exit_code == 1
        assert not (plain.path / "migrations/squashed").exists()


class TestRecursive:
    def test_folders_are_kept_apart(self, plain: Project, line: Write) -> None:
        ini = plain.path / "migrations/alembic.ini"
        ini.write_text(
            ini.read_text().replace("script_location", "recursive_version_locations = true\nscript_location", 1)
        )
        versions = plain.path / "migrations/versions"
        (versions / "2025").mkdir()
        (versions / "one_.py").rename(versions / "2025/one_.py")
        plain.db("upgrade", "one")

        plain.db("squash", "base:four", "--yes")

        assert (plain.path / "migrations/squashed/four/2025/one_.py").is_file()
        assert plain.db("heads").stdout == "five (head)\n"
        plain.db("upgrade")
        plain.run("alembic", "-c", "migrations/alembic.ini", "current")


class TestDataSteps:
    FILL = "op.execute(\"UPDATE users SET name = 'x' WHERE name IS NULL\")"

    @pytest.fixture
    def filled(self, line: Write) -> Write:
        line("six", self.FILL, NOTHING)
        line("seven", "op.bulk_insert(sa.table('more', sa.column('id', sa.Integer)), [{'id': 1}])", NOTHING)
        line("eight", "op.get_bind().execute(sa.text('SELECT 1'))", NOTHING)
        return line

    def test_stop_it(self, plain: Project, filled: Write) -> None:
        before = contents(plain)

        result = plain.db("squash", "base:eight", "--yes", exit_code=1)

        assert "six: UPDATE users SET name = 'x' WHERE name IS NULL\n" in result.stderr
        assert "seven: INSERT INTO more (id) VALUES" in result.stderr
        assert "eight: a statement of its own connection, execute() in line 10\n" in result.stderr
        assert "--drop-data-steps leaves them out" in result.stderr
        assert contents(plain) == before

    @pytest.mark.sampled
    def test_are_left_out_if_that_is_said(self, plain: Project, url: str, filled: Write) -> None:
        plain.db("squash", "base:eight", "--yes", "--drop-data-steps")

        plain.db("upgrade")
        with sync_engine(url).connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM more")).scalar() == 0

    @pytest.mark.sampled
    def test_tables_of_left_out_steps_are_empty_in_the_proof(self, plain: Project, url: str, line: Write) -> None:
        line("six", "op.add_column('users', sa.Column('b', sa.Integer)); op.execute('UPDATE users SET b = 1')")
        line(
            "seven",
            "with op.batch_alter_table('users') as batch: "
            "batch.alter_column('b', nullable=False, existing_type=sa.Integer())",
        )

        told = plain.db("squash", "five:seven", "--dry-run", "--drop-data-steps").stderr

        # orders refers to users
        assert told.splitlines()[-1] == (
            "Proven: the schema is the same after the upgrade and after the downgrade, and so are the rows of 1 table."
        )

    def test_what_only_looks_is_none(self, plain: Project, line: Write) -> None:
        line("six", "sa.inspect(op.get_bind()).get_table_names()", NOTHING)

        plain.db("squash", "base:six", "--yes")


class TestProof:
    def test_refuses_what_it_cannot_carry(
        self, plain: Project, new_database: Callable[[str], str], write: Write
    ) -> None:
        url = new_database("postgresql")
        without_models(plain, url)
        write("one", USERS, "op.drop_table('users')")
        table = "CREATE TABLE stays (a int, EXCLUDE USING gist (int4range(a, a + 1) WITH &&) WHERE (a > 0))"
        write("two", f"op.execute('{table}')", "op.drop_table('stays')")
        before = contents(plain)

        told = plain.db("squash", "base:two", "--yes", exit_code=1).stderr

        assert told.splitlines()[-1].startswith(
            "Error: one revision doesn't do what base:two does, and nothing was written: after its upgrade the table "
        )
        assert contents(plain) == before

    def test_refuses_rows_that_would_be_lost(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", "op.execute('ALTER TABLE users RENAME COLUMN name TO title')", "pass")
        write("three", AGE, "op.drop_column('users', 'age')")
        before = contents(plain)

        told = plain.db("squash", "one:three", "--yes", exit_code=1).stderr

        assert "one revision doesn't do what one:three does, and nothing was written: its upgrade fails" in told
        assert contents(plain) == before

    def test_refuses_other_values(self, plain: Project, write: Write) -> None:
        write("one", USERS.replace(", nullable=False", ""), "op.drop_table('users')")
        write("two", "op.execute('ALTER TABLE users RENAME COLUMN name TO title')", "pass")
        write("three", AGE, "op.drop_column('users', 'age')")

        told = plain.db("squash", "one:three", "--yes", exit_code=1).stderr

        assert (
            "nothing was written: after its upgrade the column users.title has other values than after the old "
            "revisions"
        ) in told

    def test_refuses_statements_that_nothing_compares(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", "op.execute('ATTACH DATABASE \":memory:\" AS other')")

        told = plain.db("squash", "base:two", "--yes", exit_code=None).stderr

        assert "it isn't known what this statement of two changes" in told

    def test_old_revisions_that_cannot_be_run(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", "op.drop_table('nobodys')")

        told = plain.db("squash", "base:two", "--yes", exit_code=3).stderr

        assert "nobodys" in told


class TestWriting:
    def test_is_all_or_none(self, plain: Project, line: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        before = contents(plain)
        original = Path.unlink
        removed: list[Path] = []

        def unlink(path: Path, missing_ok: bool = False) -> None:
            if path.parent.name == "versions" and path.name.endswith("_.py"):
                removed.append(path)
                if len(removed) == 2:
                    raise PermissionError(13, "Permission denied", str(path))
            original(path, missing_ok)

        monkeypatch.setattr(Path, "unlink", unlink)

        told = plain.db("squash", "base:four", "--yes", exit_code=1).stderr

        assert told.splitlines()[-1].endswith("can't be written: Permission denied")
        assert contents(plain) == before
        assert not (plain.path / "migrations/squashed").exists()

    def test_a_file_that_is_in_the_way(self, plain: Project, line: Write) -> None:
        plain.write("migrations/squashed/four/two_.py", (plain.path / "migrations/versions/two_.py").read_text())

        told = plain.db("squash", "base:four", "--yes", exit_code=1).stderr

        assert "can't be kept as migrations/squashed/four/two_.py, which already exists" in told

    def test_the_file_with_the_heads_stays_right(self, plain: Project, line: Write) -> None:
        without_models(plain, "sqlite:///app.db", "head-file = true\n")
        plain.db("heads", "--write")

        plain.db("squash", "two:five", "--yes")

        plain.db("heads", "--check", exit_code=None)
        assert (plain.path / "migrations/heads.txt").read_text() == "five\n"


class TestPostgreSQL:
    @pytest.fixture
    def url(self, plain: Project, new_database: Callable[[str], str], write: Write) -> str:
        url = new_database("postgresql")
        without_models(plain, url)
        return url

    def same(self, project: Project, url: str, range_: str) -> str:
        """Squash, and return the file; the database has the same schema afterwards."""
        end = range_.partition(":")[2]
        project.db("upgrade", end)
        before = schema(url)
        project.db("downgrade", "base", "--yes")
        project.db("squash", range_, "--yes")
        project.db("upgrade", end)
        assert schema(url) == before
        return next((project.path / "migrations/versions").glob(f"{end}_*.py")).read_text()

    def test_views_functions_and_triggers(self, plain: Project, url: str, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        body = "BEGIN NEW.name := upper(NEW.name); RETURN NEW; END"
        function = f"CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
        trigger = "CREATE TRIGGER loud BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION shout()"
        write("two", f"op.execute('''{function}''')", "op.execute('DROP FUNCTION shout()')")
        write("three", f"op.execute('{trigger}')", "op.execute('DROP TRIGGER loud ON users')")
        write("four", "op.execute('CREATE VIEW v AS SELECT id FROM users')", "op.execute('DROP VIEW v')")
        write("five", AGE, "op.drop_column('users', 'age')")
        changed = "op.execute('DROP VIEW v'); op.execute('CREATE VIEW v AS SELECT id, age FROM users')"
        back = "op.execute('DROP VIEW v'); op.execute('CREATE VIEW v AS SELECT id FROM users')"
        write("six", changed, back)

        found = self.same(plain, url, "base:six")

        assert found.count("CREATE VIEW") == 1
        assert "DROP TRIGGER loud ON users" in found

    def test_a_view_that_is_there_already(self, plain: Project, url: str, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", "op.execute('CREATE VIEW v AS SELECT id FROM users')", "op.execute('DROP VIEW v')")
        write("three", AGE, "op.drop_column('users', 'age')")
        changed = "op.execute('DROP VIEW v'); op.execute('CREATE VIEW v AS SELECT id, age FROM users')"
        back = "op.execute('DROP VIEW v'); op.execute('CREATE VIEW v AS SELECT id FROM users')"
        write("four", changed, back)

        self.same(plain, url, "two:four")

    def test_enums(self, plain: Project, url: str, write: Write) -> None:
        mood = "postgresql.ENUM('sad', 'ok', name='mood'{})"
        own = "__import__('sqlalchemy.dialects.postgresql').dialects."
        column = f"sa.Column('mood', {own}{mood.format('')})"
        write(
            "one",
            f"op.create_table('people', sa.Column('id', sa.Integer, primary_key=True), {column})",
            "op.drop_table('people'); op.execute('DROP TYPE mood')",
        )
        again = f"sa.Column('mood', {own}{mood.format(', create_type=False')})"
        write(
            "two",
            f"op.create_table('pets', sa.Column('id', sa.Integer, primary_key=True), {again})",
            "op.drop_table('pets')",
        )
        write("three", "op.execute(\"ALTER TYPE mood ADD VALUE 'happy'\")", NOTHING)

        found = self.same(plain, url, "base:three")

        assert "ALTER TYPE mood ADD VALUE 'happy'" in found
        plain.db("downgrade", "base", "--yes")
        assert schema(url) == {}

    def test_functions_that_tables_use(self, plain: Project, url: str, write: Write) -> None:
        body = "RETURNS int LANGUAGE sql AS $$ SELECT {} $$"
        made = f"CREATE FUNCTION f() {body.format(1)}"
        write("one", f"op.execute('{made}')", "op.execute('DROP FUNCTION f()')")
        write(
            "two",
            "op.create_table('a', sa.Column('id', sa.Integer, server_default=sa.text('f()')))",
            "op.drop_table('a')",
        )
        again = f"CREATE OR REPLACE FUNCTION f() {body}"
        write("three", f"op.execute('{again.format(2)}')", f"op.execute('{again.format(1)}')")

        self.same(plain, url, "base:three")

    def test_a_function_that_is_there_and_used(self, plain: Project, url: str, write: Write) -> None:
        body = "RETURNS int LANGUAGE sql AS $$ SELECT {} $$"
        made = f"CREATE FUNCTION f() {body.format(1)}"
        table = "op.create_table('a', sa.Column('id', sa.Integer, server_default=sa.text('f()')))"
        write("one", f"op.execute('{made}'); {table}", "op.drop_table('a'); op.execute('DROP FUNCTION f()')")
        again = f"CREATE OR REPLACE FUNCTION f() {body}"
        write("two", f"op.execute('{again.format(2)}')", f"op.execute('{again.format(1)}')")
        write("three", "op.add_column('a', sa.Column('b', sa.Integer))", "op.drop_column('a', 'b')")

        found = self.same(plain, url, "one:three")

        assert "DROP FUNCTION" not in found

    def test_conditions_that_the_server_restates(self, plain: Project, url: str, write: Write) -> None:
        check = "sa.CheckConstraint(\"name IN ('a', 'b')\", name='ck')"
        write("one", USERS.replace("nullable=False)", f"nullable=False), {check}"), "op.drop_table('users')")
        where = "postgresql_where=sa.text(\"name NOT IN ('c', 'd')\")"
        write("two", f"op.create_index('ix', 'users', ['id'], {where})", "op.drop_index('ix')")

        found = self.same(plain, url, "base:two")

        assert "name IN ('a', 'b')" in found
        assert "name NOT IN ('c', 'd')" in found

    def test_an_enum_that_is_there_already(self, plain: Project, url: str, write: Write) -> None:
        write("one", "op.execute(\"CREATE TYPE mood AS ENUM ('sad')\")", "op.execute('DROP TYPE mood')")
        column = "__import__('sqlalchemy.dialects.postgresql').dialects.postgresql.ENUM(name='mood', create_type=False)"
        write(
            "two",
            f"op.create_table('pets', sa.Column('id', sa.Integer, primary_key=True), sa.Column('mood', {column}))",
            "op.drop_table('pets')",
        )
        write("three", AGE.replace("users", "pets"), "op.drop_column('pets', 'age')")

        self.same(plain, url, "one:three")

    def test_what_nothing_compares_is_kept(self, plain: Project, url: str, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", "op.execute('ALTER TABLE users ENABLE ROW LEVEL SECURITY')")
        write("three", "op.execute('GRANT SELECT ON users TO PUBLIC')")

        found = self.same(plain, url, "base:three")

        assert "op.execute('ALTER TABLE users ENABLE ROW LEVEL SECURITY')" in found
        assert "op.execute('GRANT SELECT ON users TO PUBLIC')" in found


class TestSeveralDatabases:
    MULTI = """
from alembic import op
import sqlalchemy as sa

revision = {rev_id!r}
down_revision = {parent!r}


def upgrade(engine_name):
    globals()[f"upgrade_{{engine_name}}"]()


def downgrade(engine_name):
    globals()[f"downgrade_{{engine_name}}"]()


def upgrade_default():
    {up}


def downgrade_default():
    {down}


def upgrade_logs():
    op.create_table("l_{rev_id}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade_logs():
    op.drop_table("l_{rev_id}")
"""

    def test_each_has_its_own_part(self, project: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        project.write(
            "pyproject.toml",
            f"[tool.ellar-db.databases]\ndefault = '{url}'\nlogs = 'sqlite:///logs.db'\n",
        )
        project.forget()
        project.db("init", "--multi")
        parent = None
        for rev_id, up, down in [
            ("one", USERS, "op.drop_table('users')"),
            ("two", AGE, "op.drop_column('users', 'age')"),
            ("three", "op.execute('CREATE VIEW v AS SELECT 1 AS a')", "op.execute('DROP VIEW v')"),
        ]:
            project.write(
                f"migrations/versions/{rev_id}_.py", self.MULTI.format(rev_id=rev_id, parent=parent, up=up, down=down)
            )
            parent = rev_id
        project.db("upgrade")
        before = schema(url), schema("sqlite:///logs.db")
        project.db("downgrade", "one", "--yes")

        project.db("squash", "base:three", "--yes")

        project.db("upgrade")
        assert (schema(url), schema("sqlite:///logs.db")) == before
        project.db("downgrade", "base", "--yes")
        project.db("upgrade")
        assert (schema(url), schema("sqlite:///logs.db")) == before


class TestScratch:
    SQUASH = """
import tempfile

tempfile.tempdir = None
from ellar_db.cli import db

db(["squash", "base:two", "--yes"], prog_name="ellar-db")
"""

    @pytest.fixture(autouse=True)
    def _notes_apart(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keep notes of scratch databases where no other test drops what a killed program left."""
        (tmp_path / "temporary").mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
        monkeypatch.setattr("tempfile.tempdir", None)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
    def test_databases_and_files_are_as_before_if_it_is_ended(
        self, plain: Project, new_database: Callable[[str], str], write: Write, number: int, kind: str
    ) -> None:
        without_models(plain, new_database(kind))
        write("one", USERS, "op.drop_table('users')")
        sleep = "pg_sleep" if kind == "postgresql" else "SLEEP"
        write("two", f'print(op.get_bind().engine.url.database, flush=True)\n    op.execute("SELECT {sleep}(60)")')
        before = contents(plain)
        program = python("-c", self.SQUASH, cwd=plain.path)
        assert program.stderr is not None
        # what a revision prints is no answer of the command
        name = next((line for line in map(str.strip, program.stderr) if line.startswith("ellar_db_scratch_")), "")
        assert name

        program.send_signal(number)
        program.communicate(timeout=TIMEOUT)

        assert program.returncode != 0
        asked = "SELECT datname FROM pg_database" if kind == "postgresql" else "SHOW DATABASES"
        with server(kind).connect() as connection:
            assert name not in {found for (found,) in connection.execute(text(asked))}
        assert contents(plain) == before


class TestMariaDB:
    def test_views_triggers_and_procedures(
        self, plain: Project, new_database: Callable[[str], str], write: Write
    ) -> None:
        url = new_database("mariadb")
        without_models(plain, url)
        write("one", USERS, "op.drop_table('users')")
        write("two", "op.execute('CREATE VIEW v AS SELECT id FROM users')", "op.execute('DROP VIEW v')")
        trigger = "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.name = 1; SET NEW.name = 2; END"
        write("three", f"op.execute('{trigger}')", "op.execute('DROP TRIGGER t')")
        write("four", "op.execute('CREATE PROCEDURE p() SELECT 1')", "op.execute('DROP PROCEDURE p')")
        plain.db("upgrade")
        before = schema(url)
        plain.db("downgrade", "base", "--yes")

        plain.db("squash", "base:four", "--yes")

        plain.db("upgrade")
        assert schema(url) == before


class TestGroup:
    def test_has_databases_inside_and_others(self, project: Project) -> None:
        names = files(project, 3)
        project.db("init")
        versions = project.path / "migrations/versions"
        write_revision(versions, "one", None, USERS, "op.drop_table('users')")
        write_revision(versions, "two", "one", AGE, "op.drop_column('users', 'age')")
        write_revision(versions, "three", "two", ORDERS, "op.drop_table('orders')")
        project.db("upgrade", "two", "--database", names[0])
        project.db("upgrade", "--database", names[1])

        project.db("squash", "base:three", "--yes")

        project.db("upgrade", "--jobs", "2")
        assert {line.split()[1] for line in project.db("status").stdout.splitlines()[1:]} == {"three"}
        whole = schema(f"sqlite:///files/{names[1]}.db")
        assert all(schema(f"sqlite:///files/{name}.db") == whole for name in names)


class TestPackage:
    PLUGIN = """
from pathlib import Path

from ellar_db import PackageMigrations, hookimpl


@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("audit", Path({versions!r}))
"""

    def test_keeps_its_old_files_beside_its_own(self, plain: Project, install: Callable[..., Path]) -> None:
        plain.db("init")
        versions = plain.path / "brought/audit"
        versions.mkdir(parents=True)
        install("ellar-db-audit", self.PLUGIN.format(versions=str(versions)))
        write_revision(versions, "one", None, USERS, "op.drop_table('users')")
        write_revision(versions, "two", "one", AGE, "op.drop_column('users', 'age')")
        write_revision(versions, "three", "two", ORDERS, "op.drop_table('orders')")
        plain.db("upgrade", "--package", "audit", "two")

        plain.db("squash", "base:three", "--package", "audit", "--yes")

        assert names(plain.path / "brought") == [
            "audit/three_squash_one_to_three.py",
            *(f"squashed/three/{name}_.py" for name in ("one", "three", "two")),
        ]
        plain.db("upgrade")
        assert plain.db("current", "--package", "audit").stdout == "three (head)\n"


def test_ellar_db_revision_written_is_called(plain: Project, line: Write) -> None:
    plain.write(
        "told.py",
        "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_revision_written(path, request):\n"
        "    print('told of', path.name, request.message)\n",
    )
    without_models(plain, "sqlite:///app.db", "plugins = ['told']\n")

    assert "told of four_x.py x\n" in plain.db("squash", "base:four", "--yes", "-m", "x").stdout


class TestAsync:
    def test_engines(self, plain: Project, line: Write) -> None:
        without_models(plain, "sqlite+aiosqlite:///app.db")
        plain.db("upgrade", "two")

        plain.db("squash", "base:four", "--yes")

        plain.db("upgrade")
        assert plain.db("current").stdout == "five (head)\n"
