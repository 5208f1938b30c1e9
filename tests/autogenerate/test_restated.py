"""Conditions of many tables are restated at once, and no one of them spoils the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, String, event

from ellar_db.autogenerate.comparators.restated import TOGETHER, restate_checks, restated_checks
from tests.support.servers import sync_engine


@pytest.fixture
def context(any_database: str) -> Iterator[MigrationContext]:
    with sync_engine(any_database).connect() as connection:
        yield MigrationContext.configure(connection)


def test_one_that_the_database_refuses_is_left_out(context: MigrationContext) -> None:
    columns = [Column("c", Integer)]
    conditions = [f"c > {number}" for number in range(TOGETHER + 3)]
    conditions[7] = "nonsense(c) > 7"
    restate_checks(context, [(columns, conditions)])

    assert restated_checks(context, columns, ["nonsense(c) > 7"]) is None
    found = restated_checks(context, columns, [each for each in conditions if "nonsense" not in each])
    assert found is not None
    assert [text.strip("()`").replace("`", "") for text in found] == [
        each for each in conditions if "nonsense" not in each
    ]


@pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)
def test_columns_of_one_name_and_other_types_are_kept_apart(context: MigrationContext) -> None:
    number, text = [Column("c", Integer)], [Column("c", String(20))]
    restate_checks(context, [(number, ["c IN (1, 2)"]), (text, ["c IN ('1', '2')", "c <> ''"])])

    assert restated_checks(context, number, ["c IN ('1', '2')"]) != restated_checks(context, text, ["c IN ('1', '2')"])


@pytest.mark.parametrize("name", ['say"so', "a`b", "Order no", "größe", "x:y"])
def test_columns_of_any_name(context: MigrationContext, name: str) -> None:
    columns = [Column("other", Integer), Column(name, Integer)]
    quoted = context.dialect.identifier_preparer.quote(name)

    assert restated_checks(context, columns, [f"{quoted} > 1"]) is not None


def test_many_take_few_statements(context: MigrationContext) -> None:
    tables = [([Column(f"c{number}", Integer)], [f"c{number} > 1"]) for number in range(TOGETHER)]
    statements: list[str] = []
    assert context.connection is not None
    event.listen(context.connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
    restate_checks(context, tables)
    once = len(statements)
    for columns, conditions in tables:
        assert restated_checks(context, columns, conditions) is not None

    assert len(statements) == once < 10
