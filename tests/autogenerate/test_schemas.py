"""Schemas other than the default one: made with their first table, read without an option, shared with others."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import inspect, make_url

from ellar_db.testing import Project
from tests.support.changes import Changing
from tests.support.law import Law
from tests.support.servers import server, sync_engine

HERE = "sa.Table('here', metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
GOODS = "sa.Table('goods', metadata, sa.Column('id', sa.Integer, primary_key=True), {}schema={!r})\n"
PRICES = GOODS.replace("goods", "prices")


@pytest.fixture(params=["postgresql", "mariadb"])
def shop(request: pytest.FixtureRequest, project: Project, new_database: Callable[[str], str]) -> Iterator[Law]:
    """A project on a server, whose models name a schema."""
    yield Law(project, new_database, request.param)
    if request.param == "mariadb":
        with server("mariadb").connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {NAME}")


NAME = f"ellar_db_shop_{uuid.uuid4().hex[:8]}"


def tables(law: Law) -> list[str] | None:
    """Return the tables of the schema, or None if it isn't there."""
    inspector = inspect(sync_engine(law.url))
    return sorted(inspector.get_table_names(schema=NAME)) if NAME in inspector.get_schema_names() else None


def test_a_schema_comes_with_its_first_table_and_goes_with_the_last(shop: Law) -> None:
    shop.models(HERE)
    shop.migrated()
    shop.models(HERE + GOODS.format("", NAME) + PRICES.format("", NAME))
    written, _ = shop.migrated()

    assert written.index(f"IF NOT EXISTS {NAME}") < written.index("create_table")
    assert shop.is_quiet()
    shop.models(HERE + GOODS.format("sa.Column('x', sa.Integer), ", NAME))
    written, said = shop.migrated()
    assert "drop_table('prices'" in written
    assert "DB101" in said
    assert shop.is_quiet()
    shop.project.db("downgrade", "-1", "--yes")
    assert tables(shop) == ["goods", "prices"]
    shop.project.db("downgrade", "-1", "--yes")
    assert tables(shop) is None


def test_a_schema_in_which_others_have_tables_is_kept_with_these(shop: Law) -> None:
    shop.models(GOODS.format("", NAME))
    shop.migrated()
    shop.execute(f"CREATE TABLE {NAME}.others (id INTEGER)")

    assert shop.is_quiet()
    shop.project.db("downgrade", "base", "--yes")
    assert tables(shop) == ["others"]


def test_an_option_of_the_application_comes_first(shop: Law) -> None:
    shop.models(GOODS.format("", NAME))
    shop.migrated()
    shop.project.write(
        "plugin.py",
        "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_context_options(database):\n"
        "    return {'include_schemas': False}\n",
    )
    settings = (shop.project.path / "pyproject.toml").read_text(encoding="utf-8")
    shop.project.write("pyproject.toml", f"{settings}plugins = ['plugin']\n")
    shop.project.forget("models", "plugin")

    assert not shop.is_quiet()


def test_the_default_schema_may_have_its_name(changing: Changing) -> None:
    if changing.url.startswith("sqlite"):
        default, named = "main", ""
    else:
        default = "public" if changing.url.startswith("postgresql") else str(make_url(changing.url).database)
        named = f"{default}."
    models = "Table('others', metadata, Column('id', Integer, primary_key=True){schema})\n" + (
        "Table('things', metadata, Column('id', Integer, primary_key=True), "
        "Column('o', ForeignKey('{named}others.id', ondelete='{action}', name='fk_o')))\n"
    )
    schema = f", schema={default!r}" if named else ""
    changing.begin(models.format(schema=schema, named=named, action="CASCADE"))
    changing.apply()
    changing.models(models.format(schema=schema, named=named, action="SET NULL"))

    assert (
        "foreign key"
        in changing.project.db("check", exit_code=1).stdout + changing.project.db("check", exit_code=1).stderr
    )
    assert "SCHEMA" not in changing.source("r1")
    changing.migrate()
    changing.apply()


def test_a_type_of_a_new_schema_is_made_once(on_postgresql: Law) -> None:
    table = "sa.Table('goods', metadata, sa.Column('id', sa.Integer, primary_key=True){}, schema='shop')\n"
    kind = ", sa.Column('kind', sa.Enum('a', 'b', name='kinds', schema='shop'))"
    on_postgresql.models(table.format(kind))
    written, _ = on_postgresql.migrated()

    assert written.split("def downgrade")[0].count(".create(op.get_bind())") == 1
    assert on_postgresql.is_quiet()
    on_postgresql.project.db("downgrade", "base", "--yes")
    on_postgresql.project.db("upgrade")
