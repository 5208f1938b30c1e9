"""Names that follow from those of a renamed table or column; names that must be quoted to be told apart."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import inspect

from ellar_db.testing import Project
from tests.support.changes import Changing
from tests.support.law import Law

THINGS = """
sa.Table("others", metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table(
    "things", metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("x", sa.Integer, sa.ForeignKey("others.id"), sa.CheckConstraint("x > 0"), unique=True),
    sa.Column("y", sa.Integer, sa.Identity()),
    sa.Column("z", sa.Integer),
    sa.UniqueConstraint("x", "z"),
    sa.CheckConstraint("x > z"),
    sa.UniqueConstraint("z", name="things_z_key"),
)
"""

NAMES = (
    "SELECT conname FROM pg_constraint WHERE conrelid = '{0}'::regclass "
    "UNION SELECT relname FROM pg_class WHERE relkind = 'S' ORDER BY 1"
)


def test_names_that_postgresql_made_follow_and_others_stay(on_postgresql: Law) -> None:
    after = THINGS.replace('"things",', '"items",').replace('"x"', '"new"').replace("x >", "new >")

    on_postgresql.holds(THINGS, after, options=["--rename", "things:items", "--rename", "things.x:new"])
    on_postgresql.project.db("upgrade")

    assert [name for (name,) in on_postgresql.rows(NAMES.format("items"))] == [
        "items_check",
        "items_id_seq",
        "items_new_check",
        "items_new_fkey",
        "items_new_key",
        "items_new_z_key",
        "items_pkey",
        "items_y_seq",
        "others_id_seq",
        "things_z_key",
    ]


def test_a_name_with_a_colon_is_written_in_quotes(on_sqlite: Changing) -> None:
    before = 'Table("t", metadata, Column("id", Integer, primary_key=True), Column("at:x", Integer))\n'
    on_sqlite.begin(before, "INSERT INTO t (id) VALUES (1)")
    on_sqlite.models(before.replace("at:x", "y:z"))

    said = on_sqlite.project.db("migrate", "--dry-run").stderr
    assert """say --rename 't."at:x":"y:z"'""" in said
    on_sqlite.migrate("--rename", 't."at:x":"y:z"')
    on_sqlite.apply()

    assert [column["name"] for column in on_sqlite.read(lambda found: inspect(found).get_columns("t"))] == ["id", "y:z"]


def test_a_unique_index_of_mariadb_is_called_like_its_column(
    project: Project, new_database: Callable[[str], str]
) -> None:
    before = """sa.Table(
        "t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer, unique=True)
    )"""
    after = before.replace('"x"', '"y"')

    Law(project, new_database, "mariadb").holds(before, after, options=["--rename", "t.x:y"])
