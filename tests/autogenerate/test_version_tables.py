"""Version tables of others are never dropped."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.servers import sync_engine


@pytest.mark.sampled
@pytest.mark.parametrize(
    "table",
    ["alembic_version", "alembic_versions", "alembic_version_billing", "alembic_versions_old", "their_versions"],
)
def test_no_version_table_is_dropped(plain: Project, any_database: str, table: str) -> None:
    plain.configure(url=any_database, extra="[tool.ellar-db.context-configure]\nversion_table = 'ours'\n")
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    with sync_engine(any_database).begin() as connection:
        connection.execute(text(f"CREATE TABLE {table} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE nobodys (version_number VARCHAR(32) NOT NULL PRIMARY KEY)"))

    assert plain.db("check", exit_code=1).stdout == "drop table nobodys\n"


def test_nor_one_in_another_schema(plain: Project, new_database: object) -> None:
    url = new_database("postgresql")  # type: ignore[operator]
    plain.configure(url=url, extra="[tool.ellar-db.context-configure]\ninclude_schemas = true\n")
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    with sync_engine(url).begin() as connection:
        connection.execute(text("CREATE SCHEMA billing"))
        for table in ("alembic_version", "migrations"):
            connection.execute(text(f"CREATE TABLE billing.{table} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE billing.nobodys (id INTEGER)"))

    assert plain.db("check", exit_code=1).stdout == "drop table billing.nobodys\n"


def test_one_that_the_models_have_is_compared(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    with sync_engine("sqlite:///app.db").begin() as connection:
        connection.execute(text("CREATE TABLE versions (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    plain.change_models(
        """
        class Versions(Base):
            __tablename__ = "versions"
            version_num: Mapped[str] = mapped_column(String(64), primary_key=True)
        """
    )

    assert plain.db("check", exit_code=1).stdout == (
        "change type of versions.version_num from VARCHAR(32) to VARCHAR(64)\n"
    )
