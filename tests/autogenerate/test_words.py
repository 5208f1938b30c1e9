"""Operations in words."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy.dialects import mysql, postgresql, sqlite

from ellar_db.autogenerate.words import DATABASE, DIALECT, Difference, described, differences, lines, type_in_words
from tests.support.servers import sync_engine

NUMBER = sa.Integer()


def texts(operation: ops.MigrateOperation) -> list[str]:
    return [found.text for found in described(operation, postgresql.dialect())]


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (ops.CreateTableOp("users", []), "add table users"),
        (ops.CreateTableOp("users", [], schema="audit"), "add table audit.users"),
        (ops.DropTableOp("users"), "drop table users"),
        (ops.RenameTableOp("users", "people"), "rename table users to people"),
        (ops.AddColumnOp("users", sa.Column("email", sa.String(200))), "add column users.email VARCHAR(200)"),
        (ops.AddColumnOp("users", sa.Column("age", NUMBER, nullable=False)), "add column users.age INTEGER NOT NULL"),
        (ops.DropColumnOp("users", "email", schema="audit"), "drop column audit.users.email"),
        (
            ops.CreateUniqueConstraintOp("uq_x", "users", ["a", "b"]),
            "add unique constraint uq_x on users (a, b)",
        ),
        (ops.CreateUniqueConstraintOp(None, "users", ["a"]), "add unique constraint on users (a)"),
        (
            ops.CreateForeignKeyOp("fk", "users", "teams", ["team"], ["id"], referent_schema="audit"),
            "add foreign key fk on users (team) to audit.teams (id)",
        ),
        (ops.CreateCheckConstraintOp("ck", "users", "age > 0"), "add check constraint ck on users: age > 0"),
        (ops.CreatePrimaryKeyOp("pk", "users", ["id"]), "add primary key pk on users (id)"),
        (ops.DropConstraintOp("fk", "users", "foreignkey"), "drop foreign key fk on users"),
        (ops.DropConstraintOp("pk", "users", "primary"), "drop primary key pk on users"),
        (ops.DropConstraintOp("uq", "users", "unique"), "drop unique constraint uq on users"),
        (ops.DropConstraintOp("some", "users"), "drop constraint some on users"),
        (ops.CreateIndexOp("ix", "users", ["a", "b"]), "add index ix on users (a, b)"),
        (
            ops.CreateIndexOp("ix", "users", [sa.text("lower(a)")], unique=True),
            "add unique index ix on users (lower(a))",
        ),
        (ops.DropIndexOp("ix", "users"), "drop index ix on users"),
        (ops.CreateTableCommentOp("users", "it's"), "add comment 'it''s' to table users"),
        (
            ops.CreateTableCommentOp("users", "new", existing_comment="old"),
            "change comment of table users from 'old' to 'new'",
        ),
        (ops.DropTableCommentOp("users", existing_comment="old"), "drop comment 'old' of table users"),
        (ops.ExecuteSQLOp("UPDATE users\n   SET a = 1"), "run SQL: UPDATE users SET a = 1"),
        (ops.BulkInsertOp(sa.table("users"), [{"a": 1}]), "add 1 row to users"),
    ],
)
def test_each_of_alembics_operations(operation: ops.MigrateOperation, text: str) -> None:
    assert texts(operation) == [text]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"existing_type": NUMBER, "modify_type": sa.BigInteger()},
            "change type of users.age from INTEGER to BIGINT",
        ),
        ({"modify_type": sa.BigInteger()}, "change type of users.age to BIGINT"),
        ({"modify_nullable": False}, "change users.age to NOT NULL"),
        ({"modify_nullable": True}, "change users.age to NULL"),
        ({"modify_server_default": "it's"}, "add default it's to users.age"),
        ({"modify_server_default": sa.text("1 + 1")}, "add default 1 + 1 to users.age"),
        (
            {"existing_server_default": sa.text("0"), "modify_server_default": sa.DefaultClause("1")},
            "change default of users.age from 0 to '1'",
        ),
        (
            {"existing_server_default": sa.text("0"), "modify_server_default": None},
            "drop default 0 of users.age",
        ),
        (
            {"existing_server_default": None, "modify_server_default": sa.Computed("a + b")},
            "add default a + b to users.age",
        ),
        (
            {"existing_server_default": None, "modify_server_default": sa.Identity()},
            "add default identity to users.age",
        ),
        ({"modify_comment": "years"}, "add comment 'years' to users.age"),
        ({"modify_comment": None, "existing_comment": "years"}, "drop comment 'years' of users.age"),
        ({"modify_name": "years"}, "rename column users.age to years"),
        ({"modify_autoincrement": True}, "change autoincrement of users.age"),
        ({}, "change column of users.age"),
    ],
)
def test_each_change_of_a_column(changes: dict[str, object], text: str) -> None:
    assert texts(ops.AlterColumnOp("users", "age", **changes)) == [text]


def test_a_column_with_several_changes_has_a_line_for_each() -> None:
    operation = ops.AlterColumnOp(
        "users", "age", existing_type=NUMBER, modify_type=sa.BigInteger(), modify_nullable=False
    )

    assert texts(operation) == ["change type of users.age from INTEGER to BIGINT", "change users.age to NOT NULL"]


def test_types_that_the_database_writes_alike_are_written_as_in_the_models() -> None:
    operation = ops.AlterColumnOp(
        "users", "mood", existing_type=sa.Enum("a", name="mood"), modify_type=sa.Enum("a", "b", name="mood")
    )

    assert texts(operation) == ["change type of users.mood from Enum('a', name='mood') to Enum('a', 'b', name='mood')"]


@pytest.mark.parametrize("dialect", [postgresql.dialect(), mysql.dialect(), sqlite.dialect(), None])
def test_a_type_that_a_database_does_not_have(dialect: sa.Dialect | None) -> None:
    class Odd(sa.types.UserDefinedType[int]):
        def __repr__(self) -> str:
            raise ValueError("no repr")

    assert type_in_words(Odd(), dialect) == "Odd"


def test_a_long_text_is_shortened_to_one_line() -> None:
    [text] = texts(ops.ExecuteSQLOp("SELECT\n" + "1 + " * 100 + "1"))

    assert text.startswith("run SQL: SELECT 1 + 1 +")
    assert text.endswith("...")
    assert len(text) < 140


class TestOperationsOfPackages:
    def test_objects_of_alembic_utils(self) -> None:
        from alembic_utils.pg_function import PGFunction
        from alembic_utils.pg_materialized_view import PGMaterializedView
        from alembic_utils.reversible_op import CreateOp, DropOp, ReplaceOp

        function = PGFunction("public", "twice(n integer)", "returns integer as $$ select 2 * n $$ language sql")
        view = PGMaterializedView("public", "sums", "select 1")

        assert texts(CreateOp(function)) == ["add function public.twice(n integer)"]
        assert texts(ReplaceOp(function)) == ["replace function public.twice(n integer)"]
        assert texts(DropOp(view)) == ["drop materialized view public.sums"]

    def test_types_of_alembic_postgresql_enum(self) -> None:
        from alembic_postgresql_enum.operations import CreateEnumOp, DropEnumOp, SyncEnumValuesOp

        assert texts(CreateEnumOp(schema="public", name="mood", enum_values=["a", "b"])) == [
            "add enum public.mood (a, b)"
        ]
        assert texts(DropEnumOp(schema="public", name="mood", enum_values=["a"])) == ["drop enum public.mood (a)"]
        assert texts(SyncEnumValuesOp("public", "mood", ["a", "b"], ["b", "c"], [])) == [
            "sync enum values public.mood: add 'c', drop 'a'"
        ]

    def test_an_operation_that_nobody_knows(self) -> None:
        class CreatePartitionOp(ops.MigrateOperation):
            def __init__(self) -> None:
                self.table_name, self.schema, self.name = "users", "audit", "users_2026"

        assert described(CreatePartitionOp()) == [
            Difference(
                "create_partition",
                "add partition audit.users_2026 on audit.users",
                table="users",
                schema="audit",
                name="users_2026",
            )
        ]

    def test_an_operation_without_anything(self) -> None:
        class ReloadOp(ops.MigrateOperation):
            pass

        assert texts(ReloadOp()) == ["reload"]

    def test_a_subclass_of_one_of_alembics(self) -> None:
        class CreatePartitionedTableOp(ops.CreateTableOp):
            pass

        assert texts(CreatePartitionedTableOp("users", [])) == ["add table users"]


def test_containers_are_flattened_in_order() -> None:
    operations = ops.UpgradeOps(
        [
            ops.CreateTableOp("a", []),
            ops.ModifyTableOps("b", [ops.DropColumnOp("b", "x"), ops.DropColumnOp("b", "y")]),
        ]
    )

    assert [found.text for found in differences(operations)] == ["add table a", "drop column b.x", "drop column b.y"]


def test_the_database_is_named_where_there_are_several() -> None:
    one, two = ops.UpgradeOps([ops.DropTableOp("a")]), ops.UpgradeOps([])
    one.info[DATABASE], two.info[DATABASE] = "default", "reports"

    assert lines([one]) == ["drop table a"]
    assert lines([one, two]) == ["default: drop table a"]


def test_a_constraint_without_a_name_is_known_by_its_columns(any_database: str) -> None:
    before, after = sa.MetaData(), sa.MetaData()
    sa.Table("users", before, sa.Column("a", NUMBER, unique=True), sa.Column("b", NUMBER))
    sa.Table("users", after, sa.Column("a", NUMBER), sa.Column("b", NUMBER, unique=True))
    engine = sync_engine(any_database)
    with engine.connect() as connection:
        before.create_all(connection)
        context = MigrationContext.configure(connection, opts={"include_schemas": False})
        script = produce_migrations(context, after)
    operations = script.upgrade_ops
    assert operations is not None
    operations.info[DIALECT] = engine.dialect

    found = [each.text for each in differences(operations)]

    assert any("on users (b)" in text for text in found), found
