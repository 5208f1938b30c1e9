"""`--rename`, and what follows from a rename."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import inspect

from ellar_db.testing import Project
from tests.support.changes import Changing
from tests.support.processes import run
from tests.support.servers import ASYNC_DRIVERS

USERS = """
Table("users", metadata, Column("id", Integer, primary_key=True), Column("name", String(40)))
"""
RENAMED = USERS.replace('"name"', '"full_name"')
PEOPLE = USERS.replace('"users"', '"people"')
ROWS = ("INSERT INTO users (id, name) VALUES (1, 'Ann'), (2, NULL)",)

CONVENTION = """naming_convention={
    "ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
}"""


def test_a_column_is_renamed_with_its_values(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(RENAMED)

    source = changing.migrate("--rename", "users.name:full_name")
    changing.apply()

    assert "drop_column" not in source
    assert changing.rows("SELECT id, full_name FROM users ORDER BY id") == [(1, "Ann"), (2, None)]
    changing.undo(USERS)
    assert changing.rows("SELECT id, name FROM users ORDER BY id") == [(1, "Ann"), (2, None)]


def test_a_table_is_renamed_with_its_rows(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(PEOPLE)

    source = changing.migrate("--rename", "users:people")
    changing.apply()

    assert "op.rename_table('users', 'people')" in source
    assert "op.rename_table('people', 'users')" in source
    assert "drop_table" not in source
    assert changing.rows("SELECT id, name FROM people ORDER BY id") == [(1, "Ann"), (2, None)]
    changing.undo(USERS)
    assert changing.rows("SELECT id, name FROM users ORDER BY id") == [(1, "Ann"), (2, None)]


RELATED = """
Table(
    "users", metadata, Column("id", Integer, primary_key=True), Column("name", String(40), unique=True),
    Column("nick", String(40), index=True), Column("first", String(20)), Column("last", String(20)),
    Index("ix_names", "first", "last"), UniqueConstraint("first", "nick", name="uq_first_nick"),
)
Table(
    "posts", metadata, Column("id", Integer, primary_key=True), Column("title", String(40)),
    Column("author", String(40), ForeignKey("users.name", ondelete="CASCADE", name="fk_author")),
    Column("user_id", Integer, ForeignKey("users.id", name="fk_user")),
)
"""
RELATED_ROWS = (
    "INSERT INTO users (id, name, nick, first, last) VALUES (1, 'a', 'n', 'f', 'l')",
    "INSERT INTO posts (id, title, author, user_id) VALUES (1, 't', 'a', 1)",
)


@pytest.mark.sampled
def test_indexes_and_constraints_follow_a_renamed_column(changing: Changing) -> None:
    changing.begin(RELATED, *RELATED_ROWS)
    after = RELATED.replace('"name"', '"full_name"').replace("users.name", "users.full_name")
    changing.models(after.replace('"first"', '"given"').replace('"user_id"', '"owner_id"'))

    source = changing.migrate(
        "--rename", "users.name:full_name", "--rename", "users.first:users.given", "--rename", "posts.user_id:owner_id"
    )
    changing.apply()

    assert not re.search("create_|drop_|batch", source)
    assert changing.rows("SELECT full_name, given FROM users") == [("a", "f")]
    assert changing.rows("SELECT author, owner_id FROM posts") == [("a", 1)]
    keys = changing.read(lambda connection: inspect(connection).get_foreign_keys("posts"))
    assert {(*key["constrained_columns"], *key["referred_columns"]) for key in keys} == {
        ("author", "full_name"),
        ("owner_id", "id"),
    }
    changing.undo(RELATED)
    assert changing.rows("SELECT author, user_id FROM posts") == [("a", 1)]


def test_foreign_keys_of_others_follow_a_renamed_table(changing: Changing) -> None:
    changing.begin(RELATED, *RELATED_ROWS)
    changing.models(RELATED.replace('"users"', '"people"').replace("users.", "people."))

    changing.migrate("--rename", "users:people")
    changing.apply()

    assert changing.rows("SELECT people.nick FROM posts JOIN people ON people.name = author") == [("n",)]
    keys = changing.read(lambda connection: inspect(connection).get_foreign_keys("posts"))
    assert {key["referred_table"] for key in keys} == {"people"}
    changing.undo(RELATED)
    assert changing.rows("SELECT users.nick FROM posts JOIN users ON users.id = user_id") == [("n",)]


@pytest.mark.sampled
def test_names_by_convention_follow(changing: Changing) -> None:
    changing.options = CONVENTION
    related = re.sub(r', name="\w+"', "", RELATED).replace('Index("ix_names", ', "Index(None, ")
    changing.begin(related, *RELATED_ROWS)
    after = related.replace('"users"', '"people"').replace("users.", "people.")
    changing.models(after.replace('"nick"', '"handle"').replace('"name"', '"full_name"').replace(".name", ".full_name"))

    source = changing.migrate(
        "--rename", "users:people", "--rename", "users.nick:handle", "--rename", "people.name:full_name"
    )
    changing.apply()

    assert "uq_people_full_name" in source
    assert changing.rows("SELECT full_name, handle FROM people") == [("a", "n")]
    names = changing.read(
        lambda connection: {
            *(each["name"] for each in inspect(connection).get_indexes("people")),
            *(each["name"] for each in inspect(connection).get_unique_constraints("people")),
        }
    )
    assert {"ix_people_handle", "ix_people_first", "uq_people_full_name", "uq_people_first"} <= names
    assert not any("users" in name for name in names)
    changing.undo(related)
    assert changing.rows("SELECT name, nick FROM users") == [("a", "n")]


def test_postgresql_renames_what_it_can(on: Callable[[str], Changing]) -> None:
    changing = on("postgresql")
    changing.options = CONVENTION
    related = re.sub(r', name="\w+"', "", RELATED).replace('Index("ix_names", ', "Index(None, ")
    changing.begin(related, *RELATED_ROWS)
    changing.models(related.replace('"users"', '"people"').replace("users.", "people."))

    source = changing.migrate("--rename", "users:people")

    assert not re.search("create_|drop_", source)
    assert "op.execute('ALTER TABLE people RENAME CONSTRAINT pk_users TO pk_people')" in source
    assert "op.execute('ALTER TABLE people RENAME CONSTRAINT uq_users_name TO uq_people_name')" in source
    assert "op.execute('ALTER INDEX ix_users_nick RENAME TO ix_people_nick')" in source
    changing.apply()
    key = changing.read(lambda connection: inspect(connection).get_pk_constraint("people"))
    assert key["name"] == "pk_people"


def test_other_changes_of_a_renamed_column_come_after_it(changing: Changing) -> None:
    changing.begin(
        'Table("users", metadata, Column("id", Integer, primary_key=True), '
        'Column("name", String(40), nullable=False), Column("score", Integer))',
        "INSERT INTO users (id, name, score) VALUES (1, 'Ann', 7)",
    )
    changing.models(
        'Table("users", metadata, Column("id", Integer, primary_key=True), '
        'Column("full_name", Text, server_default="x"), Column("points", String(20)))'
    )

    changing.migrate("--rename", "users.name:full_name", "--rename", "users.score:points")
    changing.apply()

    assert changing.rows("SELECT full_name, points FROM users") == [("Ann", "7")]
    columns = changing.read(lambda connection: inspect(connection).get_columns("users"))
    assert {each["name"]: each["nullable"] for each in columns}["full_name"]


def test_a_primary_key_keeps_counting_under_another_name(changing: Changing) -> None:
    changing.begin(USERS, "INSERT INTO users (name) VALUES ('Ann')")
    changing.models(PEOPLE.replace('"id"', '"number"'))

    source = changing.migrate("--rename", "users:people", "--rename", "people.id:number")
    changing.apply()
    changing.execute("INSERT INTO people (name) VALUES ('Bob')")

    assert "server_default=" not in source.replace("existing_server_default", "")
    assert changing.rows("SELECT number, name FROM people ORDER BY number") == [(1, "Ann"), (2, "Bob")]


def test_checks_and_generated_columns_follow(changing: Changing) -> None:
    before = """
Table(
    "users", metadata, Column("id", Integer, primary_key=True), Column("age", Integer),
    Column("twice", Integer, Computed("age * 2", persisted=True)), CheckConstraint("age > 0", name="ck_age"),
)
"""
    changing.begin(before, "INSERT INTO users (id, age) VALUES (1, 20)")
    changing.models(before.replace('"age', '"years').replace('"twice"', '"double"').replace("ck_years", "ck_age"))

    changing.migrate("--rename", "users.age:years", "--rename", "users.twice:double")
    changing.project.db("upgrade")

    quote = changing.engine.dialect.identifier_preparer.quote("double")
    assert changing.rows(f"SELECT years, {quote} FROM users") == [(20, 40)]
    changing.execute("UPDATE users SET years = 30")
    assert changing.rows(f"SELECT {quote} FROM users") == [(60,)]
    with pytest.raises(Exception, match=r"(?i)ck_age"):
        changing.execute("UPDATE users SET years = 0")
    assert changing.project.db("check").stdout == "No new upgrade operations detected.\n"


def test_names_that_must_be_quoted(changing: Changing) -> None:
    before = 'Table("Order", metadata, Column("id", Integer, primary_key=True), Column("group", Integer))'
    changing.begin(before)
    quote = changing.engine.dialect.identifier_preparer.quote
    changing.execute(f"INSERT INTO {quote('Order')} VALUES (1, 2)")
    changing.models(before.replace('"Order"', '"Größe 1"').replace('"group"', '"Select %"'))

    changing.migrate("--rename", "Order:Größe 1", "--rename", "Order.group:Select %")
    changing.apply()

    assert changing.rows(f"SELECT * FROM {quote('Größe 1')}") == [(1, 2)]
    changing.undo(before)
    assert changing.rows(f"SELECT * FROM {quote('Order')}") == [(1, 2)]


SALES = """
Table(
    "orders", metadata, Column("id", Integer, primary_key=True), Column("note", Text, index=True), schema="sales"
)
"""


@pytest.mark.parametrize("spelling", ["sales.orders:purchases", "sales.orders:sales.purchases"])
def test_a_table_of_a_schema(on: Callable[[str], Changing], spelling: str) -> None:
    changing = on("postgresql")
    changing.settings = "[tool.ellar-db.context-configure]\ninclude_schemas = true\n"
    changing.execute("CREATE SCHEMA sales")
    changing.begin(SALES, "INSERT INTO sales.orders VALUES (1, 'a')")
    changing.models(SALES.replace("orders", "purchases").replace("note", "remark"))

    changing.migrate("--rename", spelling, "--rename", "sales.purchases.note:remark")
    changing.apply()

    assert changing.rows("SELECT id, remark FROM sales.purchases") == [(1, "a")]
    changing.undo(SALES)
    assert changing.rows("SELECT id, note FROM sales.orders") == [(1, "a")]


def test_a_table_of_the_default_schema_may_have_it(on: Callable[[str], Changing]) -> None:
    changing = on("postgresql")
    changing.begin(USERS, *ROWS)
    changing.models(PEOPLE.replace("))\n", '), schema="public")\n'))

    changing.migrate("--rename", "public.users:people")
    changing.apply()

    assert changing.rows("SELECT name FROM people WHERE id = 1") == [("Ann",)]


def test_a_table_does_not_move_to_another_schema(on: Callable[[str], Changing]) -> None:
    changing = on("postgresql")
    changing.settings = "[tool.ellar-db.context-configure]\ninclude_schemas = true\n"
    changing.execute("CREATE SCHEMA sales")
    changing.begin(SALES)
    changing.models(SALES.replace(', schema="sales"', ""))

    refused = changing.project.db("migrate", "--rename", "sales.orders:orders", exit_code=1).stderr

    assert "they aren't two tables of one schema, or two columns of one table" in refused


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_with_an_async_driver(on: Callable[[str], Changing], kind: str) -> None:
    changing = on(kind)
    changing.url = f"{ASYNC_DRIVERS[kind]}://{changing.url.partition('://')[2]}"
    changing.begin(USERS, *ROWS)
    changing.models(RENAMED.replace("))\n", '), Column("age", Integer, nullable=False))\n'))

    changing.migrate("--rename", "users.name:full_name", "--fill", "users.age=18")
    changing.apply()

    assert changing.rows("SELECT full_name, age FROM users WHERE id = 1") == [("Ann", 18)]


def test_revision_takes_the_options_with_autogenerate(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED)

    on_sqlite.project.db("revision", "--autogenerate", "--rename", "users.name:full_name", "--rev-id", "second")
    on_sqlite.apply()

    assert on_sqlite.rows("SELECT full_name FROM users WHERE id = 1") == [("Ann",)]


def test_each_option_applies_to_the_databases_that_have_it(project: Project) -> None:
    project.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        metadata = {default = "models:main", reports = "models:reports"}

        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite:///reports.db"
        """,
    )
    models = """
        from sqlalchemy import Column, Integer, MetaData, Table

        main, reports = MetaData(), MetaData()
        Table("users", main, Column("id", Integer, primary_key=True), Column("a", Integer))
        Table("figures", reports, Column("id", Integer, primary_key=True), Column("b", Integer))
        """
    project.write("models.py", models)
    project.db("init", "--multi")
    project.db("migrate", "--rev-id", "first")
    project.db("upgrade")
    project.write("models.py", models.replace('"a"', '"alpha"').replace('"figures"', '"numbers"'))
    project.forget("models")

    refused = project.db("migrate", "--rename", "users.a:alpha", "--rename", "figures.b:beta", exit_code=1).stderr
    assert "Error: --rename figures.b:beta: figures.b isn't dropped; did you mean " in refused
    project.db("migrate", "--rev-id", "second", "--rename", "users.a:alpha", "--rename", "figures:numbers")
    project.db("upgrade")

    assert project.db("check").exit_code == 0
    source = next(file for file in project.revisions() if file.name.startswith("second")).read_text()
    assert source.count("rename_table") == source.count("new_column_name") == 2
    project.db("downgrade", "-1", "--yes")


def test_bare_alembic_neither_asks_nor_hints(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED)

    done = run(on_sqlite.project, "alembic", "-c", "migrations/alembic.ini", "revision", "--autogenerate")

    assert "say --rename" not in done.stderr
    assert (
        "drop_column('name')"
        in on_sqlite.project.revisions()[-1].read_text() + on_sqlite.project.revisions()[0].read_text()
    )


# what isn't said


HINT = (
    "Warning: the column users.name is dropped with its values, and users.full_name is added; if it was renamed, "
    "say --rename users.name:full_name\n"
)


@pytest.mark.parametrize("options", [[], ["--no-input"]])
def test_what_may_be_a_rename_is_told_with_what_to_type(on_sqlite: Changing, options: list[str]) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED)

    result = on_sqlite.project.db("migrate", "--rev-id", "second", *options)

    assert result.stderr.count("say --rename") == 1
    assert HINT in result.stderr
    assert "batch_op.drop_column('name')" in on_sqlite.source("second")
    assert on_sqlite.project.db("check", exit_code=1).stderr.count("--rename") == 0


def test_a_table_that_may_be_renamed_is_told(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(PEOPLE)

    told = on_sqlite.project.db("migrate").stderr

    assert (
        "Warning: the table users is dropped with its rows, and people is added; if it was renamed, say "
        "--rename users:people\n"
    ) in told


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (USERS.replace('"name", String(40)', '"age", Integer'), []),
        (USERS.replace('"name", String(40)', '"title", Text'), ["users.name:title"]),
        (
            USERS.replace('Column("name", String(40))', 'Column("nickname", Text), Column("town", Text)'),
            ["users.name:nickname"],
        ),
        ('Table("pages", metadata, Column("number", Integer, primary_key=True), Column("text", Text))', []),
        (
            'Table("members", metadata, Column("id", Integer, primary_key=True), Column("name", Text), '
            'Column("since", Date))',
            ["users:members"],
        ),
    ],
)
def test_only_what_looks_alike_is_told(on_sqlite: Changing, after: str, told: list[str]) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(after)

    assert re.findall(r"--rename (\S+)", on_sqlite.project.db("migrate").stderr) == told


# what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["users.nme:full_name"],
            "--rename users.nme:full_name: users.nme isn't dropped; did you mean users.name?; dropped: users.name, "
            "users.nick; added: users.full_name, users.handle",
        ),
        (
            ["users.name:fullname"],
            "--rename users.name:fullname: fullname isn't added; did you mean users.full_name?; dropped: users.name, "
            "users.nick; added: users.full_name, users.handle",
        ),
        (
            ["users.name:full_name", "users.nick:full_name"],
            "--rename users.name:full_name and --rename users.nick:full_name contradict each other; one name becomes "
            "one other name",
        ),
        (
            ["users.name:full_name", "users.name:handle"],
            "--rename users.name:full_name and --rename users.name:handle contradict each other; one name becomes "
            "one other name",
        ),
        (
            ["users:people"],
            "--rename users:people: users isn't dropped; did you mean users.nick?; dropped: users.name, users.nick; "
            "added: users.full_name, users.handle",
        ),
    ],
)
def test_contradictions_and_what_is_not_there_are_refused(
    on_sqlite: Changing, options: list[str], message: str
) -> None:
    before = USERS.replace("))\n", '), Column("nick", Text))\n')
    on_sqlite.begin(before)
    on_sqlite.models(before.replace('"name"', '"full_name"').replace('"nick"', '"handle"'))

    given = [word for option in options for word in ("--rename", option)]
    refused = on_sqlite.project.db("migrate", *given, exit_code=1).stderr

    assert refused.splitlines()[-1] == f"Error: {message}"
    assert len(on_sqlite.project.revisions()) == 1


def test_a_rename_where_nothing_differs_is_refused(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS)

    refused = on_sqlite.project.db("migrate", "--rename", "users.name:full_name", exit_code=1).stderr

    assert (
        refused == "Error: --rename users.name:full_name: users.name isn't dropped; dropped: nothing; added: nothing\n"
    )
    assert len(on_sqlite.project.revisions()) == 1


@pytest.mark.parametrize("value", ["users", "users:", ":people", "users.name", "users.:x", "a:b:c", ""])
def test_a_rename_that_cannot_be_read_is_refused(on_sqlite: Changing, value: str) -> None:
    on_sqlite.begin(USERS)

    refused = on_sqlite.project.db("migrate", "--rename", value, exit_code=2).stderr

    assert f"{value!a} isn't OLD:NEW, as in users.name:full_name or users:people" in refused


def test_revision_without_autogenerate_takes_no_answers(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS)

    refused = on_sqlite.project.db("revision", "--rename", "users:people", exit_code=2).stderr

    assert refused.splitlines()[-1] == "Error: --rename and --fill answer what --autogenerate asks; say that too"
