"""Options that the models give a table are seen: changed where the database can, and told where it can't."""

from __future__ import annotations

import re

import pytest

from tests.support.changes import Changing
from tests.support.law import Law

TABLE = "sa.Table('t{}', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('c', sa.String(20)), {})\n"

CHANGES = [
    ("mysql_engine='InnoDB'", "mysql_engine='MyISAM'"),
    ("", "mysql_engine='MyISAM'"),
    ("mysql_charset='latin1'", "mysql_charset='utf8mb4'"),
    ("mysql_default_charset='utf8mb4'", "mysql_default_charset='utf8mb4', mysql_collate='utf8mb4_bin'"),
    ("mysql_row_format='DYNAMIC'", "mysql_row_format='COMPRESSED'"),
    ("", "mysql_row_format='REDUNDANT'"),
]


def last_line(law: Law, number: int) -> str:
    said = str(law.rows(f"SHOW CREATE TABLE t{number}")[0][1]).splitlines()[-1]
    return re.sub(r" AUTO_INCREMENT=\d+| ROW_FORMAT=DEFAULT", "", said)


def test_changes_on_mariadb(on_mariadb: Law) -> None:
    stated = []
    for stage in (0, 1):
        on_mariadb.models("".join(TABLE.format(number, change[stage]) for number, change in enumerate(CHANGES)))
        on_mariadb.migrated()
        assert on_mariadb.is_quiet(), on_mariadb.project.db("check", exit_code=None).stderr
        stated.append([last_line(on_mariadb, number) for number in range(len(CHANGES))])
        if not stage:
            on_mariadb.execute("INSERT INTO t2 VALUES (1, 'ä')")

    assert [change for change, before, after in zip(CHANGES, *stated, strict=True) if before == after] == []
    assert on_mariadb.rows("SELECT c FROM t2") == [("ä",)]
    on_mariadb.project.db("downgrade", "--yes")
    assert [last_line(on_mariadb, number) for number in range(len(CHANGES))] == stated[0]


@pytest.mark.parametrize("option", ["mysql_engine='innodb'", "mysql_charset='utf8'", "mysql_collate='utf8mb4_bin'"])
def test_other_words_for_the_same_are_no_change(on_mariadb: Law, option: str) -> None:
    on_mariadb.models(TABLE.format(0, option))
    on_mariadb.migrated()

    assert on_mariadb.is_quiet()


def test_what_the_models_do_not_give_is_the_databases_business(on_mariadb: Law) -> None:
    on_mariadb.models(TABLE.format(0, ""))
    on_mariadb.migrated()
    on_mariadb.execute("ALTER TABLE t0 ENGINE=MyISAM")

    assert on_mariadb.is_quiet()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("sqlite_with_rowid=False", "WITHOUT ROWID"),
        ("sqlite_autoincrement=True", "AUTOINCREMENT"),
        ("sqlite_strict=True", "STRICT"),
    ],
)
def test_sqlite_needs_a_new_table(on_sqlite: Changing, option: str, told: str) -> None:
    table = "Table('things', metadata, Column('id', Integer, primary_key=True){})\n"
    on_sqlite.begin(table.format(""))
    on_sqlite.models(table.format(f", {option}"))

    said = on_sqlite.project.db("migrate").stderr

    assert f"Warning: things is {told} in the models and not in the database, which migrate doesn't change" in said
    assert len(on_sqlite.project.revisions()) == 1


def test_sqlite_has_them_already(on_sqlite: Changing) -> None:
    on_sqlite.begin(
        "Table('things', metadata, Column('id', Integer, primary_key=True), sqlite_autoincrement=True)\n"
        "Table('others', metadata, Column('id', Integer, primary_key=True), sqlite_with_rowid=False, "
        "sqlite_strict=True)\n"
    )

    assert on_sqlite.project.db("check").stderr.startswith("Not compared")


def test_a_renamed_table_keeps_them(on_sqlite: Changing) -> None:
    table = "Table('{}', metadata, Column('id', Integer, primary_key=True), sqlite_autoincrement=True)\n"
    on_sqlite.begin(table.format("things"))
    on_sqlite.models(table.format("others"))

    said = on_sqlite.project.db("migrate", "--rename", "things:others").stderr

    assert "AUTOINCREMENT" not in said
    on_sqlite.apply()
