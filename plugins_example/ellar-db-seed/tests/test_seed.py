"""ellar-db-seed."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import make_url, text

from ellar_db.testing import Project
from tests.support.output import without_page
from tests.support.servers import ASYNC_DRIVERS, sync_engine

MODELS = """
import enum
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Kind(enum.Enum):
    ADMIN = 1
    GUEST = 2


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    born: Mapped[date | None]
    seen: Mapped[datetime | None]
    balance: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    kind: Mapped[Kind | None]
    greeting: Mapped[str] = mapped_column(String(20), default="hello")


class Note(Base):
    __tablename__ = "notes"

    user: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(String(50))
"""

USERS = """
users:
  - {id: 1, name: Ada, born: 1815-12-10, balance: 10.5, kind: ADMIN}
  - {id: 2, name: Grace}
"""


def rows(query: str, url: str = "sqlite:///app.db") -> list[Any]:
    engine = sync_engine(url)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def seeded(plain: Project, use: Callable[..., None]) -> Project:
    """A migrated project with the package and one file."""
    use("ellar-db-seed")
    return migrated(plain)


def migrated(project: Project, url: str = "sqlite:///app.db") -> Project:
    project.configure(url=url, models=MODELS)
    project.db("init")
    project.db("migrate")
    project.db("upgrade")
    project.write("seeds/01_users.yaml", USERS)
    return project


def test_rows_are_inserted_once_and_updated_where_they_differ(seeded: Project) -> None:
    assert seeded.db("seed").output == "01_users: users: 2 inserted\n"
    assert seeded.db("seed").output == "01_users: users: 2 unchanged\n"
    seeded.write("seeds/01_users.yaml", USERS.replace("Grace", "Grace Hopper") + "  - {id: 3, name: Joan}\n")
    assert seeded.db("seed").output == "01_users: users: 1 inserted, 1 updated, 1 unchanged\n"

    assert rows("SELECT id, name, born, balance, kind, greeting FROM users ORDER BY id") == [
        (1, "Ada", "1815-12-10", 10.5, "ADMIN", "hello"),
        (2, "Grace Hopper", None, None, None, "hello"),
        (3, "Joan", None, None, None, "hello"),
    ]


def test_columns_that_a_row_leaves_out_stay_as_they_are(seeded: Project) -> None:
    seeded.db("seed")
    seeded.write("seeds/01_users.yaml", "users: [{id: 1, name: Ada Lovelace}]")

    seeded.db("seed")

    assert rows("SELECT name, kind FROM users WHERE id = 1") == [("Ada Lovelace", "ADMIN")]


def test_json_and_yaml_go_by_file_name_and_values_become_what_columns_want(seeded: Project) -> None:
    seeded.write("seeds/02_notes.yml", "notes: [{user: 9, number: 1, text: 'a: b'}]")
    seeded.write(
        "seeds/01_zoe.json",
        json.dumps({"users": [{"id": 9, "name": "Zoë", "seen": "2026-11-23T10:00:00", "balance": "0.10"}]}),
    )
    seeded.write("seeds/readme.txt", "not a seed")

    assert seeded.db("seed").output.splitlines() == [
        "01_users: users: 2 inserted",
        "01_zoe: users: 1 inserted",
        "02_notes: notes: 1 inserted",
    ]
    assert rows("SELECT name, seen, balance FROM users WHERE id = 9") == [("Zoë", "2026-11-23 10:00:00.000000", 0.1)]
    assert "unchanged" in seeded.db("seed").output
    assert "updated" not in seeded.db("seed").output


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_on_each_kind_of_database(plain: Project, use: Callable[..., None], any_database: str, driver: str) -> None:
    use("ellar-db-seed")
    url = any_database
    if driver == "async":
        parsed = make_url(any_database)
        kind = {"mysql": "mariadb"}.get(parsed.get_backend_name(), parsed.get_backend_name())
        url = parsed.set(drivername=ASYNC_DRIVERS[kind]).render_as_string(hide_password=False)
    migrated(plain, url)
    plain.write("seeds/02_more.yaml", "users: [{id: 7, name: Sœur, seen: 2026-11-23T10:00:00}]")

    assert plain.db("seed").stdout == "01_users: users: 2 inserted\n02_more: users: 1 inserted\n"
    assert plain.db("seed").stdout == "01_users: users: 2 unchanged\n02_more: users: 1 unchanged\n"
    if not any_database.startswith("sqlite"):
        assert rows("SELECT name, born, balance, seen FROM users WHERE id IN (1, 7) ORDER BY id", any_database) == [
            ("Ada", datetime.date(1815, 12, 10), Decimal("10.50"), None),
            ("Sœur", None, None, datetime.datetime(2026, 11, 23, 10)),
        ]
    # the application's next row gets a free number
    engine = sync_engine(any_database)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO users (name, greeting) VALUES ('next', 'hello')"))
    assert rows("SELECT id FROM users WHERE name = 'next'", any_database) == [(8,)]


def test_names_choose_files(seeded: Project) -> None:
    seeded.write("seeds/02_notes.yaml", "notes: [{user: 1, number: 1, text: x}]")

    assert seeded.db("seed", "users").output == "01_users: users: 2 inserted\n"
    assert seeded.db("seed", "02_notes", "default/users").output == (
        "01_users: users: 2 unchanged\n02_notes: notes: 1 inserted\n"
    )
    assert seeded.db("seed", "usres", exit_code=1).output == (
        "Error: there is no file 'usres'; there are 01_users, 02_notes\n"
    )


def test_the_folder_is_the_command_lines_or_the_projects(seeded: Project) -> None:
    seeded.write("data/x.yaml", "users: [{id: 5, name: E}]")
    assert seeded.db("seed", "--seeds", "data").output == "x: users: 1 inserted\n"
    seeded.configure(models=MODELS, extra="[tool.ellar-db-seed]\ndirectory = 'data'")
    assert seeded.db("seed").output == "x: users: 1 unchanged\n"


def test_a_dry_run_writes_nothing(seeded: Project) -> None:
    assert seeded.db("seed", "--dry-run").output == ("01_users: users: 2 inserted\nNothing was written (--dry-run).\n")
    assert rows("SELECT * FROM users") == []


def test_several_databases_by_folder_or_key(plain: Project, use: Callable[..., None]) -> None:
    use("ellar-db-seed")
    plain.write("models.py", MODELS)
    plain.write("other.py", MODELS)
    plain.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        metadata = {default = "models:Base", reports = "other:Base"}
        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite+aiosqlite:///reports.db"
        """,
    )
    plain.db("init", "--multi")
    plain.db("migrate")
    plain.db("upgrade")
    plain.write("seeds/01_users.yaml", "users: [{id: 1, name: d}]")
    plain.write("seeds/reports/01_users.yaml", "users: [{id: 2, name: r}]")
    plain.write("seeds/02_more.yaml", "_database: reports\nusers: [{id: 3, name: k}]")

    assert plain.db("seed").output == (
        "default: 01_users: users: 1 inserted\nreports: 01_users: users: 1 inserted\n"
        "reports: 02_more: users: 1 inserted\n"
    )
    assert rows("SELECT id FROM users") == [(1,)]
    assert rows("SELECT id FROM users ORDER BY id", "sqlite:///reports.db") == [(2,), (3,)]
    assert plain.db("seed", "reports/users").output == "reports: 01_users: users: 1 unchanged\n"


def test_tables_are_read_from_the_database_where_there_are_no_models(seeded: Project) -> None:
    seeded.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n")
    seeded.write("seeds/01_users.yaml", "users: [{id: 1, name: Ada, greeting: hi}]")

    assert seeded.db("seed").output == "01_users: users: 1 inserted\n"
    seeded.write("seeds/01_users.yaml", "people: [{id: 1}]")
    assert seeded.db("seed", exit_code=1).output == (
        "Error: seeds/01_users.yaml: the database 'default' has no table 'people'; bring it up to date first\n"
    )


BAD = {
    "people: [{id: 1}]": "seeds/02_bad.yaml: the models have no table 'people'; they have notes, users",
    "users: [{id: 5, nam: x, ag: 1}]": (
        "seeds/02_bad.yaml, row 1 of users: there is no column nam, ag; there are id, name, born, seen, balance, kind, "
        "greeting"
    ),
    "users: [{id: 5, name: x}, {name: y}]": (
        "seeds/02_bad.yaml, row 2 of users: the primary key id is missing, by which rows are matched"
    ),
    "notes: [{user: 1, text: y}]": (
        "seeds/02_bad.yaml, row 1 of notes: the primary key number is missing, by which rows are matched"
    ),
    "users: [{id: 5, name: 12}]": (
        "seeds/02_bad.yaml, row 1 of users: 12 doesn't fit the column name (String(length=128))"
    ),
    "users: [{id: x, name: y}]": "seeds/02_bad.yaml, row 1 of users: 'x' doesn't fit the column id (Integer())",
    "users: [{id: 5, name: y, born: soon}]": (
        "seeds/02_bad.yaml, row 1 of users: 'soon' doesn't fit the column born (Date())"
    ),
    "users: [{id: 5, name: y, balance: much}]": (
        "seeds/02_bad.yaml, row 1 of users: 'much' doesn't fit the column balance (Numeric(precision=10, scale=2))"
    ),
    "users: [{id: 5}]": (
        "seeds/02_bad.yaml, row 1 of users: the database refused: NOT NULL constraint failed: users.name"
    ),
    "users: {id: 5}": "seeds/02_bad.yaml: users must be a list of rows, each with columns and values",
    "users: [5]": "seeds/02_bad.yaml: users must be a list of rows, each with columns and values",
    "[1]": "seeds/02_bad.yaml must have tables, each with a list of rows, not a list",
    "_database: other\nusers: []": "seeds/02_bad.yaml: there is no database 'other'; there are default",
}


@pytest.mark.parametrize("content", BAD)
def test_what_doesnt_fit_is_named_and_nothing_is_written(seeded: Project, content: str) -> None:
    seeded.write("seeds/02_bad.yaml", content)

    assert without_page(seeded.db("seed", exit_code=1).output) == f"Error: {BAD[content]}\n"
    assert rows("SELECT * FROM users") == []


@pytest.mark.parametrize(
    ("name", "content"), [("x.yaml", "a: [b"), ("x.json", "{"), ("x.yaml", "!!python/object/apply:os.getcwd []")]
)
def test_a_file_that_cant_be_read_is_named(seeded: Project, name: str, content: str) -> None:
    seeded.write(f"seeds/{name}", content)

    result = seeded.db("seed", exit_code=1)

    assert result.output.startswith(f"Error: seeds/{name} can't be read: ")
    assert len(result.output.splitlines()) == 1


def test_tables_that_arent_there_yet_are_named(seeded: Project) -> None:
    seeded.db("downgrade", "base")

    assert seeded.db("seed", exit_code=1).output == (
        "Error: seeds/01_users.yaml: the database 'default' has no table 'users'; bring it up to date first\n"
    )


def test_a_folder_without_files_or_none_at_all_is_named(seeded: Project) -> None:
    (seeded.path / "empty").mkdir()

    assert seeded.db("seed", "--seeds", "nowhere", exit_code=1).output == (
        "Error: there is no folder nowhere; make it and put files like 01_users.yaml there, or say --seeds\n"
    )
    assert seeded.db("seed", "--seeds", "empty", exit_code=1).output == (
        "Error: there is no file to load; files end in .yaml, .yml, .json\n"
    )


def test_a_database_that_cant_be_reached_is_exit_code_3(seeded: Project) -> None:
    seeded.configure(url="sqlite:////no/such/folder/app.db", models=MODELS)

    result = seeded.db("seed", exit_code=3)

    assert result.output.startswith("Error: the database 'default' (sqlite:////no/such/folder/app.db) can't be reached")
