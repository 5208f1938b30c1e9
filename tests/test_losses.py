"""What a downgrade will drop, as the revision files say."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, pool, text

from ellar_db.revisions.losses import Loss, counted, losses
from tests.support.servers import sync_engine


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Loss]]:
    """Read the losses of a function `downgrade` with the lines given."""

    def of(body: str, functions: tuple[str, ...] = ("downgrade",)) -> list[Loss]:
        file = tmp_path / "revision.py"
        file.write_text("def downgrade():\n" + textwrap.indent(textwrap.dedent(body).strip() or "pass", "    "))
        return losses(file, functions)

    return of


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("op.drop_table('users')", [Loss("users")]),
        ("op.drop_table('users', schema='shop')", [Loss("users", schema="shop")]),
        ("op.drop_table(table_name='users')", [Loss("users")]),
        ("op.drop_column('users', 'name')", [Loss("users", "name")]),
        ("op.drop_column('users', 'name', schema='shop')", [Loss("users", "name", "shop")]),
        ("op.drop_column(table_name='users', column_name='name')", [Loss("users", "name")]),
        ("with op.batch_alter_table('users') as batch: batch.drop_column('name')", [Loss("users", "name")]),
        (
            "with op.batch_alter_table('users', schema='shop') as batch: batch.drop_column('name')",
            [Loss("users", "name", "shop")],
        ),
        (
            "with op.batch_alter_table('users') as batch: op.drop_column('orders', 'paid')",
            [Loss("orders", "paid")],
        ),
        ("op.execute('DROP TABLE users')", [Loss("users")]),
        ("op.execute('drop table if exists users CASCADE')", [Loss("users")]),
        ("op.execute(sa.text('DROP TABLE users'))", [Loss("users")]),
        ("op.execute('DROP TABLE users, shop.orders; SELECT 1')", [Loss("users"), Loss("orders", schema="shop")]),
        ('op.execute(\'DROP TABLE "shop"."my orders"\')', [Loss("my orders", schema="shop")]),
        ("op.execute('DROP TABLE `users`')", [Loss("users")]),
        ("op.execute('DROP TABLE [dbo].[users]')", [Loss("users", schema="dbo")]),
        (
            "op.execute('ALTER TABLE users DROP COLUMN name, DROP COLUMN \"born on\"')",
            [Loss("users", "name"), Loss("users", "born on")],
        ),
        ("if op.get_bind():\n    op.drop_table('users')", [Loss("users")]),
        ("op.drop_table('users')\nop.drop_table('users')", [Loss("users")]),
    ],
)
def test_finds_what_is_dropped(read: Callable[..., list[Loss]], line: str, expected: list[Loss]) -> None:
    assert read(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "op.create_table('users')",
        "op.drop_index('users')",
        "op.drop_constraint('fk', 'users')",
        "with open('x') as file: file.read()",
        "op.execute('DELETE FROM users')",
        "op.execute('ALTER TABLE users ADD COLUMN name text')",
        "op.execute('DROP TABLE')",
        "op.execute(b'DROP TABLE users')",
        "op.execute()",
        "op.execute('-- DROP TABLE users')",
        "sa.Enum('a', name='mood').drop(op.get_bind())",
    ],
)
def test_leaves_out_what_is_not_dropped(read: Callable[..., list[Loss]], line: str) -> None:
    assert read(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "op.drop_table(name)",
        "op.drop_table(f'users_{year}')",
        "for name in names: op.drop_table(name)",
        "op.drop_column('users', name)",
        "op.drop_column(table, 'name')",
        "with op.batch_alter_table(table) as batch: batch.drop_column('name')",
        "with op.batch_alter_table('users') as batch: batch.drop_column(name)",
        "op.execute(f'DROP TABLE {name}')",
        "op.execute('DROP TABLE {}'.format(name))",
        "op.execute('ALTER TABLE ' + name + ' DROP COLUMN note')",
        "op.execute(sa.schema.DropTable(users))",
        "op.invoke(DropTableOp(name))",
    ],
)
def test_says_that_something_is_dropped_where_only_the_run_knows_what(
    read: Callable[..., list[Loss]], line: str
) -> None:
    assert read(line) == [Loss("")]
    assert str(Loss("")) == "what a revision names only when it runs"
    assert str(Loss("", schema="billing")) == "schema billing"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("op.get_bind().exec_driver_sql('DROP TABLE users')", Loss("users")),
        ("op.execute('ALTER TABLE users DROP note')", Loss("users", "note")),
        ("op.execute(sa.DDL('DROP TABLE users'))", Loss("users")),
        ("op.execute(dedent('DROP TABLE users'))", Loss("users")),
        ("sql = 'DROP TABLE users'\nop.execute(sql)", Loss("users")),
        ("sql: str = 'DROP TABLE users'\nop.execute(sa.text(sql))", Loss("users")),
        ("for sql in ['SELECT 1', 'DROP TABLE users']: op.execute(sql)", Loss("users")),
        ("steps = ('SELECT 1', 'DROP TABLE users')\nfor sql in steps: op.execute(sql)", Loss("users")),
        ("a = b\nb = a\nfor sql in b: op.execute(f'{sql} DROP TABLE {a}')", Loss("")),
        ("op.execute('ALTER TABLE ONLY users DROP IF EXISTS note')", Loss("users", "note")),
        ("op.execute('DROP TABLE /* old */ users')", Loss("users")),
        ("sa.Table('users', sa.MetaData()).drop(op.get_bind())", Loss("users")),
        ("meta.drop_all(op.get_bind())", Loss("")),
        ("op.execute('DROP SCHEMA IF EXISTS billing CASCADE')", Loss("", schema="billing")),
        ("op.invoke(DropTableOp('users'))", Loss("users")),
        ("with op.batch_alter_table('o') as a, op.batch_alter_table('t') as b: b.drop_column('n')", Loss("t", "n")),
    ],
)
def test_finds_what_is_dropped_in_other_ways(read: Callable[..., list[Loss]], line: str, expected: Loss) -> None:
    assert read(line) == [expected]


@pytest.mark.parametrize(
    "change", ["ALTER note DROP NOT NULL", "DROP CONSTRAINT fk", "DROP INDEX ix", "ALTER COLUMN note DROP DEFAULT"]
)
def test_what_is_no_column_is_none(read: Callable[..., list[Loss]], change: str) -> None:
    assert read(f"op.execute('ALTER TABLE users {change}')") == []


def test_follows_constants_and_functions_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text(
        "TABLE = 'users'\nSQL = 'DROP TABLE items'\n\ndef _down():\n    op.drop_table(TABLE)\n    _down()\n\n"
        "def downgrade():\n    _down()\n    op.execute(SQL)\n"
    )

    assert losses(file, ["downgrade"]) == [Loss("users"), Loss("items")]


def test_looks_into_the_functions_named_alone(read: Callable[..., list[Loss]]) -> None:
    body = "op.drop_table('users')"

    assert read(body, ("upgrade", "downgrade_default")) == []
    assert read(body, ("downgrade", "downgrade_default")) == [Loss("users")]


def test_reads_a_file_in_the_encoding_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "revision.py"
    file.write_bytes("# coding: latin-1\ndef downgrade(): op.drop_table('größen')".encode("latin-1"))

    assert losses(file, ["downgrade"]) == [Loss("größen")]


def test_a_compiled_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "revision.pyc"
    file.write_bytes(b"\0\xff")

    assert losses(file, ["downgrade"]) == []


def test_counts_rows_and_values(any_database: str) -> None:
    engine = create_engine(any_database, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE users (id integer primary key, name varchar(9))"))
        connection.execute(text("INSERT INTO users VALUES (1, 'a'), (2, NULL), (3, 'c')"))
        connection.execute(text("CREATE TABLE orders (id integer primary key)"))
        connection.execute(text("INSERT INTO orders VALUES (1)"))
    wanted = [
        Loss("users"),
        Loss("users", "name"),
        Loss("orders"),
        Loss("orders", "nothing"),
        Loss("nothing"),
        Loss("users", schema="nowhere"),
        Loss("users; DROP TABLE users"),
    ]

    with engine.connect() as connection:
        found = counted(wanted, connection)

    assert [str(loss) for loss in found] == [
        "table users (3 rows)",
        "column users.name (2 values)",
        "table orders (1 row)",
    ]


def test_what_may_not_be_counted_is_listed_without_a_number(new_database: Callable[[str], str]) -> None:
    engine = sync_engine(new_database("postgresql"))
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE users (id integer primary key)"))
        connection.execute(text("CREATE TABLE orders (id integer primary key)"))
        connection.execute(text("GRANT SELECT ON orders TO pg_monitor"))
        connection.commit()
        connection.execute(text("SET ROLE pg_monitor"))
        connection.commit()

        found = counted([Loss("users"), Loss("orders")], connection)

    assert [str(loss) for loss in found] == ["table users", "table orders (0 rows)"]


def test_names_that_stand_for_each_other_are_looked_at_once(read: Callable[..., list[Loss]]) -> None:
    chain = "\n".join(f"v{number + 1} = v{number}\nv{number + 1} = v{number}" for number in range(40))

    assert read(f"v0 = 'users'\n{chain}\nop.drop_table(v40)") == [Loss("users")]
