"""The connection that revisions get while they are only read, and the inspector of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ellar_db.ddl.catalog import Catalog
from ellar_db.ddl.reading import changes_of
from ellar_db.lint.standin import Known, StandIn

MADE = """
CREATE TABLE users (id INTEGER NOT NULL, name VARCHAR(20), CONSTRAINT pk PRIMARY KEY (id), CONSTRAINT n UNIQUE (name),
    CONSTRAINT long CHECK (length(name) > 3));
CREATE TABLE shop.orders (id INTEGER PRIMARY KEY, who INTEGER);
CREATE UNIQUE INDEX ix ON users (lower(name), id);
ALTER TABLE shop.orders ADD CONSTRAINT fk FOREIGN KEY (who) REFERENCES users (id);
CREATE VIEW v AS SELECT 1;
"""


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def stand_in(told: list[str]) -> StandIn:
    catalog = Catalog()
    catalog.follow(changes_of(MADE))
    return StandIn(told.append, postgresql.dialect, lambda: catalog)


@pytest.mark.parametrize(
    ("execute", "expected"),
    [
        (lambda bind: bind.execute(sa.text("SELECT 1")).fetchall(), []),
        (lambda bind: bind.execute(sa.text("SELECT 1")).fetchone(), None),
        (lambda bind: list(bind.execute(sa.text("SELECT 1"))), []),
        (lambda bind: bind.execute(sa.text("SELECT 1")).scalars().all(), []),
        (lambda bind: bind.execute(sa.text("SELECT 1")).mappings().first(), None),
        (lambda bind: bind.execute(sa.text("SELECT 1")).keys(), []),
        (lambda bind: bind.execute(sa.text("SELECT 1")).scalar_one_or_none(), None),
        (lambda bind: bind.exec_driver_sql("SELECT 1").rowcount, 0),
        (lambda bind: bind.scalar(sa.text("SELECT 1")), None),
        (lambda bind: bind.scalars(sa.text("SELECT 1")).unique().all(), []),
        (lambda bind: bind.execute(sa.text("SELECT 1")).close(), None),
        (lambda bind: bind.connection.cursor().execute("SELECT 1").fetchall(), []),
    ],
)
def test_it_tells_what_would_be_executed_and_finds_nothing(
    stand_in: StandIn, told: list[str], execute: Callable[[Any], object], expected: object
) -> None:
    assert execute(stand_in) == expected
    assert told == ["SELECT 1"]


def test_values_are_part_of_a_statement_where_they_can_be_written(stand_in: StandIn, told: list[str]) -> None:
    users = sa.table("users", sa.column("id", sa.Integer), sa.column("data"))

    stand_in.execute(sa.update(users).values(id=3))
    stand_in.execute(sa.update(users).values(data=object()))
    stand_in.execute(object())

    assert told == ["UPDATE users SET id=3", "UPDATE users SET data=%(data)s", ""]


def test_transactions_are_left_to_the_run(stand_in: StandIn, told: list[str]) -> None:
    with stand_in.begin() as connection, connection.begin_nested():
        assert connection.in_transaction()
        connection.execution_options(autocommit=True).execute(sa.text("SELECT 1"))
    stand_in.commit()
    cursor = stand_in.connection.cursor()
    assert (cursor.fetchall(), cursor.fetchone()) == ([], None)
    cursor.close()

    assert told == ["SELECT 1", "COMMIT"]
    assert (stand_in.engine.dialect.name, stand_in.name) == ("postgresql", "postgresql")


def test_its_inspector_knows_what_was_made(stand_in: StandIn) -> None:
    inspector = Known(stand_in)

    assert inspector.get_table_names() == ["users"]
    assert inspector.get_table_names(schema="shop") == ["orders"]
    assert (inspector.has_table("users"), inspector.has_table("orders")) == (True, False)
    assert [(each["name"], each["nullable"]) for each in inspector.get_columns("users")] == [
        ("id", False),
        ("name", True),
    ]
    assert inspector.get_indexes("users") == [{"name": "ix", "column_names": [None, "id"], "unique": True}]
    assert (inspector.has_index("users", "ix"), inspector.has_index("users", "other")) == (True, False)
    assert inspector.get_unique_constraints("users") == [{"name": "n", "column_names": ["name"]}]
    assert inspector.get_check_constraints("users") == [{"name": "long", "sqltext": "length ( name ) > 3"}]
    assert inspector.get_pk_constraint("users") == {"name": "pk", "constrained_columns": ["id"]}
    [key] = inspector.get_foreign_keys("orders", schema="shop")
    assert (key["name"], key["constrained_columns"], key["referred_table"]) == ("fk", ["who"], "users")
    assert inspector.get_view_names() == ["v"]


def test_its_inspector_of_what_is_not_known_is_empty(stand_in: StandIn) -> None:
    inspector = Known(stand_in)
    asked: list[Callable[[str], Any]] = [
        inspector.get_columns,
        inspector.get_indexes,
        inspector.get_unique_constraints,
        inspector.get_check_constraints,
        inspector.get_foreign_keys,
    ]

    assert [ask("nowhere") for ask in asked] == [[], [], [], [], []]
    assert inspector.get_pk_constraint("nowhere") == {"name": None, "constrained_columns": []}
