"""Types that no revision can be written with are refused, and defaults that the database doesn't take are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.changes import Changing

TYPES = """
from sqlalchemy.types import UserDefinedType


class Odd(UserDefinedType):
    def __init__(self, made):
        self.made = made

    def get_col_spec(self, **options):
        return "TEXT"


class Mute(UserDefinedType):
    def __repr__(self):
        raise ValueError("nothing\\x1b[31m to say")

    def get_col_spec(self, **options):
        return "TEXT"


class Nothing(UserDefinedType):
    pass

"""

REFUSED = {
    "Odd(lambda: 1)": "can't be written into a revision: models.Odd(<function <lambda> at 0x",
    "Odd(made=object())": "can't be written into a revision: models.Odd(<object object at 0x",
    "Mute()": "can't be written into a revision: the __repr__ of Mute failed with ValueError: nothing",
    "Nothing()": "can't be made on sqlite: Nothing failed with AttributeError: ",
    "ARRAY(Integer)": "can't be made on sqlite: SQLAlchemy has no ARRAY for it; give the column another type there",
}


@pytest.mark.parametrize(("type_", "told"), REFUSED.items())
def test_a_type_is_refused_by_table_and_column(on_sqlite: Changing, type_: str, told: str) -> None:
    table = "Table('things', metadata, Column('id', Integer, primary_key=True){})\n"
    on_sqlite.begin(table.format(""))
    new = TYPES + table.format("").replace("things", "others").replace(")\n", f", Column('odd', {type_}))\n")
    added = TYPES + table.format(f", Column('odd', {type_})")
    changed = (table.format(", Column('odd', Integer)"), added)
    for before, after, place in ((None, new, "others.odd"), (None, added, "things.odd"), (*changed, "things.odd")):
        if before is not None:
            on_sqlite.models(before)
            on_sqlite.migrate()
            on_sqlite.project.db("upgrade")
        known = on_sqlite.project.revisions()
        on_sqlite.models(after)

        said = on_sqlite.project.db("migrate", exit_code=1).stderr

        assert said.splitlines()[-1].startswith(f"Error: the type of {place} {told}")
        assert "\x1b" not in said
        assert on_sqlite.project.revisions() == known


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("sqlite", "1 +"),
        ("sqlite", "(SELECT 1)"),
        ("postgresql", "1 +"),
        ("postgresql", "(SELECT 1)"),
        ("postgresql", "no_such_function_of_ours('x')"),
        ("mariadb", "1 +"),
        ("mariadb", "no_such_function_of_ours('x')"),
    ],
)
def test_a_default_that_the_database_refuses_is_told(on: Callable[[str], Changing], kind: str, default: str) -> None:
    changing = on(kind)
    table = 'Table("things", metadata, Column("id", Integer, primary_key=True), Column("n", Integer{}))\n'
    changing.begin(table.format(""))
    changing.models(table.format(f', server_default=text("""{default}""")'))

    said = changing.project.db("migrate").stderr

    (line,) = [line for line in said.splitlines() if line.startswith("Warning: the database doesn't take")]
    assert "the server_default of things.n: " in line
    assert line.endswith("; mend it, or make what it needs before")


def test_what_every_database_takes_is_not_told(changing: Changing) -> None:
    changing.begin("Table('things', metadata, Column('id', Integer, primary_key=True))\n")
    changing.models(
        "Table('things', metadata, Column('id', Integer, primary_key=True), Column('at', DateTime, "
        "server_default=func.now()), Column('kind', Enum('a', 'b', name='kinds'), server_default=text(\"'a'\")))\n"
    )

    assert "doesn't take" not in changing.project.db("migrate").stderr
