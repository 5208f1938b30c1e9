"""What each rule says of a revision, with rows and without."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.lint.registry import CODES, RULES
from ellar_db.testing import Project
from tests.support.pages import ROOT
from tests.support.processes import run
from tests.support.reviews import MODELS, NOT_NULL, ROW, SET, USER, USERS, Change, findings, with_column, with_name

KEPT = "make sure that nothing needs it, and keep a copy of what is in it"
OTHER = 'sa.Table("other", Base, sa.Column("id", sa.Integer, primary_key=True))'


class TestDB101:
    def test_a_dropped_table_with_rows(self, change: Change) -> None:
        told = change.before(f"{USER}; {OTHER}", ROW).after(OTHER)

        assert told == [f"DB101 users: drops the table with all its rows; {KEPT}"]

    def test_a_dropped_table_without_rows(self, change: Change) -> None:
        told = change.before(f"{USER}; {OTHER}").after(OTHER)

        assert told == [f"DB101 users: drops the table with all its rows; here it has no rows; {KEPT}"]

    def test_a_dropped_table_beside_a_new_one(self, on_sqlite: Change) -> None:
        told = on_sqlite.before(USER, ROW).after(USER.replace("users", "people"))

        assert told == [
            "DB101 users: drops the table with all its rows; if it was renamed, delete the file and write it again "
            f"with --rename; else {KEPT}"
        ]

    def test_a_table_with_a_schema(self, change_on: Callable[[str], Change]) -> None:
        made = ("CREATE SCHEMA shop", "CREATE TABLE shop.users (id int)", "INSERT INTO shop.users VALUES (1)")
        change = change_on("postgresql").before(OTHER, *made)

        told = change.after(OTHER, extra="context-configure = {include_schemas = true}")

        assert told == [f"DB101 shop.users: drops the table with all its rows; {KEPT}"]

    def test_a_new_table_is_no_loss(self, on_sqlite: Change) -> None:
        assert on_sqlite.before(OTHER).after(f"{OTHER}; {USER}") == []


class TestDB102:
    def test_a_dropped_column_with_rows(self, change: Change) -> None:
        told = change.before(with_column('sa.Column("age", sa.Integer)'), ROW).after(USER)

        assert told == [f"DB102 users.age: drops the column with all its values; {KEPT}"]

    def test_a_dropped_column_without_rows(self, on_sqlite: Change) -> None:
        told = on_sqlite.before(with_column('sa.Column("age", sa.Integer)')).after(USER)

        assert told == [f"DB102 users.age: drops the column with all its values; here the table has no rows; {KEPT}"]

    def test_a_dropped_column_beside_a_new_one(self, on_sqlite: Change) -> None:
        told = on_sqlite.before(USER, ROW).after(with_name('sa.Column("full_name", sa.String(50))'))

        assert told == [
            "DB102 users.name: drops the column with all its values; if it was renamed, delete the file and write it "
            f"again with --rename; else {KEPT}"
        ]


class TestDB103:
    def test_a_shorter_string(self, change: Change) -> None:
        told = change.before(USER, ROW).after(with_name('sa.Column("name", sa.String(20))'))

        # SQLite doesn't enforce lengths
        assert told == (
            []
            if change.kind == "sqlite"
            else [
                "DB103 users.name: VARCHAR(50) becomes VARCHAR(20): values that don't fit are changed, or make the "
                "upgrade fail; look for such values, and change them with op.execute() before this operation"
            ]
        )

    def test_a_date_for_a_time(self, change: Change) -> None:
        told = change.before(with_name('sa.Column("at", sa.DateTime)')).after(with_name('sa.Column("at", sa.Date)'))

        (line,) = told
        assert re.match(r"DB103 users\.at: (DATETIME|TIMESTAMP WITHOUT TIME ZONE) becomes DATE: values that", line)
        assert "fail; here the table has no rows; look" in line

    @pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("sa.Text", "sa.String(20)"),
            ("sa.BigInteger", "sa.Integer"),
            ("sa.Numeric(10, 2)", "sa.Numeric(8, 2)"),
            ("sa.Numeric(10, 4)", "sa.Numeric(10, 2)"),
            ("sa.Double", "sa.Integer"),
        ],
    )
    def test_less_room(self, change_on: Callable[[str], Change], kind: str, old: str, new: str) -> None:
        change = change_on(kind).before(with_name(f'sa.Column("x", {old})'))

        told = change.after(with_name(f'sa.Column("x", {new})'))

        assert [line.partition(":")[0] for line in told if line.startswith("DB1")] == ["DB103 users.x"]

    @pytest.mark.parametrize(("old", "new"), [("sa.String(20)", "sa.String(50)"), ("sa.Integer", "sa.BigInteger")])
    def test_more_room_is_no_loss(self, change: Change, old: str, new: str) -> None:
        told = change.before(with_name(f'sa.Column("x", {old})'), "INSERT INTO users VALUES (1, 1)").after(
            with_name(f'sa.Column("x", {new})')
        )

        assert told == []
        assert len(change.project.revisions()) == 1


class TestDB201:
    def test_a_column_that_rows_have_no_value_for(self, change: Change) -> None:
        told = change.before(USER, ROW).after(NOT_NULL)

        happens = "which get 0, '' or another value that the server chooses"
        assert told == [
            "DB201 users.k: is NOT NULL without a server_default in a table that has rows, "
            f"{happens if change.kind == 'mariadb' else 'with which the upgrade fails'}; give it a server_default, or "
            "delete the file and write it again with --fill users.k=VALUE"
        ]
        change.upgrade(exit_code=0 if change.kind == "mariadb" else 1)
        if change.kind == "mariadb":
            with change.engine.connect() as connection:
                assert connection.exec_driver_sql("SELECT k FROM users").scalars().all() == [0]

    def test_a_default_in_python_is_not_for_them(self, on_sqlite: Change) -> None:
        told = on_sqlite.before(USER, ROW).after(NOT_NULL.replace("nullable=False", "nullable=False, default=1"))

        assert ", and its default in Python isn't for them; give" in told[0]

    @pytest.mark.parametrize(
        "column",
        [
            'sa.Column("k", sa.Integer, nullable=False, server_default="1")',
            'sa.Column("k", sa.Integer)',
            'sa.Column("k", sa.Integer, sa.Computed("id + 1"), nullable=False)',
        ],
    )
    def test_a_column_that_they_get_a_value_in(self, change: Change, column: str) -> None:
        if "Computed" in column and change.kind == "mariadb":
            pytest.skip("MariaDB has no NOT NULL for computed columns")

        assert change.before(USER, ROW).after(with_column(column)) == []

    def test_an_identity_numbers_them(self, change_on: Callable[[str], Change]) -> None:
        change = change_on("postgresql").before(USER, ROW)

        assert change.after(with_column('sa.Column("k", sa.Integer, sa.Identity(), nullable=False)')) == []
        change.upgrade()

    def test_a_table_without_rows(self, change: Change) -> None:
        assert change.before(USER).after(NOT_NULL) == []
        change.upgrade()

    def test_a_new_table(self, on_sqlite: Change) -> None:
        assert on_sqlite.before(OTHER).after(f"{OTHER}; {NOT_NULL}") == []


class TestDB202:
    def test_a_row_without_a_value(self, change: Change) -> None:
        told = change.before(USER, ROW, "INSERT INTO users (id) VALUES (2)").after(SET)

        assert told == [
            "DB202 users.name: becomes NOT NULL while rows have no value in it, with which the upgrade fails; fill it "
            "before with op.execute(), or delete the file and write it again with --fill users.name=VALUE"
        ]
        change.upgrade(exit_code=1)

    def test_rows_with_values(self, change: Change) -> None:
        assert change.before(USER, ROW).after(SET) == []
        change.upgrade()

    def test_no_rows(self, on_sqlite: Change) -> None:
        assert on_sqlite.before(USER).after(SET) == []

    def test_nullable_again(self, on_sqlite: Change) -> None:
        assert on_sqlite.before(SET, ROW).after(USER) == []
        assert len(on_sqlite.project.revisions()) == 1


UNIQUE = with_name('sa.Column("name", sa.String(50)), sa.UniqueConstraint("name", name="uq_name")')
INDEX = with_name('sa.Column("name", sa.String(50)), sa.Index("ix_name", "name", unique=True)')
TWICE = ("INSERT INTO users VALUES (2, 'ann')", "INSERT INTO users VALUES (3, 'bob')")


@pytest.mark.parametrize("models", [UNIQUE, INDEX], ids=["constraint", "index"])
class TestDB203:
    def test_rows_that_nobody_looks_at(self, on_sqlite: Change, models: str) -> None:
        told = on_sqlite.before(USER, ROW, *TWICE).after(models)

        assert told == [
            "DB203 users: if several rows have the same (name), the upgrade fails; delete the file and write it again "
            "with --probe-duplicates, which looks for them"
        ]

    def test_duplicates(self, change: Change, models: str) -> None:
        told = change.before(USER, ROW, *TWICE).after(models, "--probe-duplicates")

        (line,) = told
        assert line.startswith("DB203 users: several rows have the same (name), with which the upgrade fails; `SELECT")
        query = re.findall("`(.+)`", line)[0]
        with change.engine.connect() as connection:
            assert connection.exec_driver_sql(query).scalars().all() == ["ann"]
        change.upgrade(exit_code=1)

    def test_no_duplicates(self, change: Change, models: str) -> None:
        rows = ("INSERT INTO users (id) VALUES (2)", "INSERT INTO users (id) VALUES (3)")

        assert change.before(USER, ROW, *rows).after(models, "--probe-duplicates") == []
        change.upgrade()

    def test_no_rows(self, on_sqlite: Change, models: str) -> None:
        assert on_sqlite.before(USER).after(models) == []

    def test_a_new_column_of_nulls(self, change: Change, models: str) -> None:
        change.before(OTHER.replace("other", "users"), "INSERT INTO users VALUES (1)", "INSERT INTO users VALUES (2)")

        assert change.after(models) == []
        change.upgrade()


def test_an_index_on_a_part_of_the_rows(change_on: Callable[[str], Change]) -> None:
    models = with_name(
        'sa.Column("name", sa.String(50)), sa.Index("ix", sa.text("lower(name)"), unique=True, '
        'postgresql_where=sa.text("id < 3"), sqlite_where=sa.text("id < 3"))'
    )
    rows = ("INSERT INTO users VALUES (2, 'Ann')", "INSERT INTO users VALUES (3, 'ann')")
    change = change_on("postgresql").before(USER, ROW, *rows)

    (line,) = change.after(models, "--probe-duplicates")

    assert "several rows have the same (lower(name)), with which the upgrade fails" in line
    assert "WHERE id < 3 GROUP BY lower(name)" in line


def test_an_index_on_the_part_without_duplicates(change_on: Callable[[str], Change]) -> None:
    models = with_name(
        'sa.Column("name", sa.String(50)), sa.Index("ix", "name", unique=True, postgresql_where=sa.text("id > 2"))'
    )
    change = change_on("postgresql").before(USER, ROW, *TWICE)

    assert change.after(models, "--probe-duplicates") == []
    change.upgrade()


MANY = "INSERT INTO users (id, name) SELECT n, n::text FROM generate_series(1, 20000) n"


class TestDB204:
    KEY = 'sa.ForeignKeyConstraint(["parent"], ["users.id"], name="fk_parent"{})'
    PARENT = 'sa.Column("parent", sa.Integer)'

    def test_a_foreign_key_that_is_not_validated(self, change_on: Callable[[str], Change]) -> None:
        made = self.KEY.format(", postgresql_not_valid=True")
        told = change_on("postgresql").before(with_column(self.PARENT)).after(with_column(f"{self.PARENT}, {made}"))

        assert told == [
            "DB204 users: adds fk_parent NOT VALID, so that rows that are there aren't checked; validate it later: "
            "ALTER TABLE users VALIDATE CONSTRAINT fk_parent"
        ]

    def test_one_that_is_validated(self, change_on: Callable[[str], Change]) -> None:
        made = self.KEY.format("")

        assert (
            change_on("postgresql").before(with_column(self.PARENT)).after(with_column(f"{self.PARENT}, {made}")) == []
        )


class TestDB301:
    @pytest.mark.parametrize("analyzed", [True, False])
    def test_an_index_of_many_rows(self, change_on: Callable[[str], Change], analyzed: bool) -> None:
        change = change_on("postgresql").before(USER, MANY, *(["ANALYZE users"] if analyzed else []))

        (line,) = change.after(INDEX.replace(", unique=True", ""))

        rows = re.match(r"DB301 users: makes an index of about (\d+) rows, and blocks writes to the table mean", line)
        assert rows is not None
        # without statistics it is only known how large the table is
        assert int(rows[1]) == 20_000 if analyzed else int(rows[1]) > 10_000
        assert "autocommit_block(): op.create_index(..., postgresql_concurrently=True)`" in line

    def test_a_constraint_of_many_rows(self, change_on: Callable[[str], Change]) -> None:
        change = change_on("postgresql").before(USER, MANY, "ANALYZE users")

        told = change.after(UNIQUE, "--probe-duplicates")

        assert [line.split(":")[0] for line in told] == ["DB301 users"]
        assert "UNIQUE USING INDEX" in told[0]

    def test_an_index_that_does_not_block(self, change_on: Callable[[str], Change]) -> None:
        change = change_on("postgresql").before(USER, MANY, "ANALYZE users")

        assert change.after(INDEX.replace("unique=True", "postgresql_concurrently=True")) == []

    def test_an_index_of_few_rows(self, change: Change) -> None:
        assert change.before(USER, ROW).after(INDEX.replace(", unique=True", "")) == []


USING = """
from alembic.operations import ops

from ellar_db import hookimpl


@hookimpl
def ellar_db_process_revision_directives(directives):
    for table in directives[0].upgrade_ops.ops:
        for operation in table.ops:
            operation.kw["postgresql_using"] = "name::integer"
"""


class TestDB401:
    def test_values_that_are_converted(self, change_on: Callable[[str], Change]) -> None:
        change = change_on("postgresql").before(USER, "INSERT INTO users VALUES (1, '7')")
        change.project.write("using.py", USING)

        told = change.after(with_name('sa.Column("name", sa.Integer)'), extra="plugins = ['using']")

        assert (
            "DB401 users.name: the values are converted with USING name::integer; review the expression, in "
            "postgresql_using; a value that it doesn't take makes the upgrade fail"
        ) in told

    def test_a_type_that_needs_no_expression(self, change_on: Callable[[str], Change]) -> None:
        change = change_on("postgresql").before(USER, ROW)

        assert change.after(with_name('sa.Column("name", sa.Text)')) == []


WITHOUT_THE_PACKAGE = """
import sys


class Hiding:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *arguments):
        hidden = name.partition(".")[0] == "alembic_postgresql_enum"
        return None if hidden else self.finder.find_spec(name, *arguments)

    def __getattr__(self, name):
        return getattr(self.finder, name)


sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
sys.argv = ["ellar-db", "migrate"]
from ellar_db.cli import main

main()
"""


ENUM = USERS.format(', sa.Column("a", sa.Enum("x", "y", name="letters")), sa.Column("b", sa.Enum("z", name="more"))')


class TestDB402:
    def test_an_enum_is_told_once(self, change: Change) -> None:
        change.before(OTHER)
        change.project.configure(url=change.url, models=f"{MODELS}\n{OTHER}; {ENUM}\n")
        change.project.db("init")

        told = findings(run(change.project, "-c", WITHOUT_THE_PACKAGE).stderr)

        assert told == (
            [
                "DB402 users.a: without alembic-postgresql-enum, changed values of the enum letters aren't seen, and "
                "its type isn't dropped with the last column that has it; install it: pip install "
                "alembic-postgresql-enum"
            ]
            if change.kind == "postgresql"
            else []
        )

    def test_an_enum_that_is_text_is_none(self, change_on: Callable[[str], Change]) -> None:
        change = change_on("postgresql").before(USER)
        enum = USERS.format(', sa.Column("a", sa.Enum("x", name="letters", native_enum=False))')
        change.project.configure(url=change.url, models=f"{MODELS}\n{enum}\n")
        change.project.db("init")

        assert findings(run(change.project, "-c", WITHOUT_THE_PACKAGE).stderr) == []
        assert len(change.project.revisions()) == 1

    def test_changed_labels_without_the_package(self, change_on: Callable[[str], Change]) -> None:
        change = change_on("postgresql").before(OTHER)
        change.project.configure(url=change.url, models=f"{MODELS}\n{OTHER}; {ENUM}\n")
        change.project.db("init")
        run(change.project, "-c", WITHOUT_THE_PACKAGE)
        change.project.db("upgrade")
        more = ENUM.replace('"x", "y"', '"x", "n", "y"')
        change.project.configure(url=change.url, models=f"{MODELS}\n{OTHER}; {more}\n")

        said = run(change.project, "-c", WITHOUT_THE_PACKAGE).stderr

        assert (
            "the enum letters has the labels x, y, and in the models x, n, y; that is compared only with "
            "alembic-postgresql-enum: pip install alembic-postgresql-enum"
        ) in said

    def test_with_the_package(self, change_on: Callable[[str], Change]) -> None:
        pytest.importorskip("alembic_postgresql_enum")

        assert change_on("postgresql").before(OTHER).after(f"{OTHER}; {ENUM}") == []


def test_each_rule_has_a_test_and_a_page() -> None:
    listed = (ROOT / "docs/reference/rules/README.md").read_text(encoding="utf-8")
    tests = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))

    for rule in RULES:
        page = (ROOT / f"docs/reference/rules/{rule.code}.md").read_text(encoding="utf-8")
        assert re.search(rf"class Test{rule.code}:|\b{rule.code}\b", tests)
        assert f"# {rule.code} {rule.title}\n\n{rule.why}\n" in page
        assert f"| [{rule.code}]({rule.code}.md)" in listed
        # a rule says what to do, and its examples are part of a revision
        for example in (rule.bad, rule.good):
            compile(example, rule.code, "exec")
    assert list(CODES) == sorted(set(CODES))


def test_check_does_not_review(on_sqlite: Change) -> None:
    on_sqlite.before(USER, ROW)
    on_sqlite.after(NOT_NULL)
    on_sqlite.project.revisions()[0].unlink()

    assert "DB201" not in on_sqlite.project.db("check", exit_code=1).stderr


@pytest.mark.parametrize("command", [["revision", "--autogenerate"], ["migrate"]])
def test_both_commands_review(plain: Project, command: list[str]) -> None:
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    plain.configure(models=f"import sqlalchemy as sa\nBase = sa.MetaData()\n{OTHER}\n")

    assert "Warning: DB101 users: drops the table" in plain.db(*command).stderr
