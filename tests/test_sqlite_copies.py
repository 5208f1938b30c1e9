"""SQLite: a batch operation keeps what it doesn't name, and changes no value without saying so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import BatchOperations, Operations
from sqlalchemy.exc import IntegrityError

from ellar_db.util.errors import RefusedError
from tests.support.batches import batch, database, definitions, operate

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

PLAIN = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT)"


def widen(batch: BatchOperations) -> None:
    batch.alter_column("a", type_=sa.BigInteger())


KEPT = {
    "a trigger": [PLAIN, "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET b = 'x;y' WHERE id = new.id; END"],
    "a view": [PLAIN, "CREATE VIEW v AS SELECT b FROM t"],
    "a view's trigger": [
        PLAIN,
        "CREATE VIEW v AS SELECT b FROM t",
        "CREATE TRIGGER tr INSTEAD OF INSERT ON v BEGIN INSERT INTO t (b) VALUES (new.b); END",
    ],
    "another table's trigger": [
        PLAIN,
        "CREATE TABLE o (x)",
        "CREATE TRIGGER tr AFTER INSERT ON o BEGIN DELETE FROM t WHERE a = new.x; END",
    ],
    "a foreign key to it": [PLAIN, "CREATE TABLE o (x REFERENCES t (id) ON DELETE CASCADE)"],
    "a partial index": [PLAIN, "CREATE INDEX i ON t (b) WHERE a > 5 AND b <> 'where'"],
    "a descending index": [PLAIN, "CREATE UNIQUE INDEX i ON t (b DESC, a)"],
    "an index with a collation": [PLAIN, "CREATE INDEX i ON t (b COLLATE NOCASE)"],
    "an index on an expression": [PLAIN, "CREATE INDEX i ON t (lower(b), a + 1)"],
}


@pytest.mark.parametrize("statements", KEPT.values(), ids=KEPT)
def test_what_hangs_on_a_table_stays_word_for_word(statements: list[str]) -> None:
    with database(statements) as (connection, driver):
        before = definitions(driver)

        batch(connection, widen)

        assert definitions(driver) == {**before, "t": before["t"].replace("INT,", "BIGINT,")}


WORDS = [
    "j TEXT DEFAULT '{\"version\":1}' NOT NULL",
    "j TEXT DEFAULT 'it''s 100%, :name'",
    "j TEXT COLLATE NOCASE",
    "j CHECK (j IN ('a', 'b)'))",
    "j CONSTRAINT one CHECK (j <> ':x') CONSTRAINT two UNIQUE ON CONFLICT IGNORE",
    "j INT NOT NULL ON CONFLICT REPLACE DEFAULT 5",
    "j INTEGER REFERENCES o (x) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
    "j GENERATED ALWAYS AS (a || ',' || b) STORED",
    "j INT AS (a + 1)",
    "j NULL -- not, needed\n",
    "'j' [double precision] /* as ) is */",
    "j, UNIQUE (a, b) ON CONFLICT IGNORE",
    "j, CONSTRAINT fk FOREIGN KEY (a) REFERENCES t (id) ON UPDATE SET NULL CHECK (a > 0)",
]


@pytest.mark.parametrize("words", WORDS)
def test_what_is_not_named_stays_in_the_definition(words: str) -> None:
    table = f"CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT, b TEXT, {words})"
    with database([table, "CREATE TABLE o (x INTEGER UNIQUE)"]) as (connection, driver):
        batch(connection, widen)

        assert definitions(driver)["t"] == table.replace("a INT,", "a BIGINT,")


@pytest.mark.parametrize("options", ["STRICT", "WITHOUT ROWID", "WITHOUT ROWID, STRICT"])
def test_the_options_of_a_table_stay(options: str) -> None:
    if "STRICT" in options and sqlite3.sqlite_version_info < (3, 37):
        pytest.skip("this SQLite has no STRICT")
    table = f"CREATE TABLE t (id INTEGER PRIMARY KEY, a INT) {options}"
    with database([table, "INSERT INTO t VALUES (1, 2)"]) as (connection, driver):
        batch(connection, lambda batch: batch.alter_column("a", type_=sa.Integer(), nullable=False))

        assert definitions(driver)["t"] == table.replace("INT)", "INT NOT NULL)")
        assert driver.execute("SELECT * FROM t").fetchall() == [(1, 2)]


def test_numbers_go_on_where_they_were() -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT)"
    with database([table, "INSERT INTO t VALUES (9, 1)", "DELETE FROM t"]) as (connection, driver):
        batch(connection, widen)
        driver.execute("INSERT INTO t (a) VALUES (1)")

        assert driver.execute("SELECT id FROM t").fetchall() == [(10,)]


def test_rowids_and_statistics_stay() -> None:
    statements = [
        "CREATE TABLE t (a INT, b)",
        "CREATE INDEX i ON t (a)",
        "INSERT INTO t (rowid, a) VALUES (7, 1)",
        "ANALYZE",
    ]
    with database(statements) as (connection, driver):
        before = driver.execute("SELECT * FROM sqlite_stat1").fetchall()

        batch(connection, widen)

        assert driver.execute("SELECT rowid, * FROM t").fetchall() == [(7, 1, None)]
        assert driver.execute("SELECT * FROM sqlite_stat1").fetchall() == before


def test_no_row_is_left_out_by_a_conflict_clause() -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE ON CONFLICT IGNORE)"
    with database([table, "INSERT INTO t VALUES (1, '7'), (2, '07')"]) as (connection, driver):
        with pytest.raises(IntegrityError):
            batch(connection, lambda batch: batch.alter_column("a", type_=sa.Integer()))

        assert driver.execute("SELECT * FROM t").fetchall() == [(1, "7"), (2, "07")]


# Names


@pytest.mark.parametrize("name", ["order", "a b", "x.y", 'q"q', "it's", "tä😀", "n" * 60, "[b]", "100%"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tables_may_have_any_name(name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    statements = [f"CREATE TABLE {quoted} (a INT, b COLLATE NOCASE)", f"CREATE VIEW v AS SELECT a FROM {quoted}"]
    with database([*statements, f"INSERT INTO {quoted} VALUES (1, 'x')"]) as (connection, driver):
        batch(connection, widen, table=name)

        assert definitions(driver)[name] == statements[0].replace("INT,", "BIGINT,")
        assert driver.execute("SELECT * FROM v").fetchall() == [(1,)]


def test_of_two_long_names_the_right_table_is_copied() -> None:
    names = ["measurements_of_the_weather_station_in_the_north", "measurements_of_the_weather_station_in_the_south"]
    statements = [f"CREATE TABLE {name} (a INT, b DEFAULT '{name}')" for name in names]
    with database(statements) as (connection, driver):
        batch(connection, widen, table=names[1])

        assert definitions(driver) == {names[0]: statements[0], names[1]: statements[1].replace("INT", "BIGINT")}


def test_tables_of_attached_databases_and_temporary_ones_are_copied() -> None:
    attached = ["ATTACH ':memory:' AS other", "CREATE TABLE other.t (a INT, b COLLATE NOCASE)"]
    attached += ["CREATE INDEX other.i ON t (b DESC)", "CREATE TABLE t (a INT)", "INSERT INTO other.t VALUES (1, 2)"]
    with database(attached) as (connection, driver):
        batch(connection, widen, schema="other")

        assert dict(driver.execute("SELECT name, sql FROM other.sqlite_master")) == {
            "t": "CREATE TABLE t (a BIGINT, b COLLATE NOCASE)",
            "i": "CREATE INDEX i ON t (b DESC)",
        }
        assert definitions(driver) == {"t": "CREATE TABLE t (a INT)"}
    with database(["CREATE TEMP TABLE t (a INT, b COLLATE NOCASE)"]) as (connection, driver):
        batch(connection, widen)

        assert dict(driver.execute("SELECT name, sql FROM sqlite_temp_master")) == {
            "t": "CREATE TABLE t (a BIGINT, b COLLATE NOCASE)"
        }


def test_a_name_of_two_tables_is_refused() -> None:
    with database(["CREATE TABLE t (a INT)", "CREATE TEMP TABLE t (a INT)"]) as (connection, _):
        with pytest.raises(RefusedError, match="name the database"):
            batch(connection, widen)


def test_a_temporary_trigger_stays() -> None:
    with database([PLAIN, "CREATE TEMP TRIGGER tr AFTER INSERT ON main.t BEGIN SELECT 1; END"]) as (connection, driver):
        before = driver.execute("SELECT * FROM sqlite_temp_master").fetchall()

        batch(connection, widen)

        assert [row[4] for row in driver.execute("SELECT * FROM sqlite_temp_master")] == [row[4] for row in before]


def test_tables_are_renamed_and_copied_in_one_revision() -> None:
    with database([PLAIN, "CREATE INDEX i ON t (b DESC)", "INSERT INTO t VALUES (1, 2, 'x')"]) as (connection, driver):

        def revision(operations: Operations) -> None:
            operations.rename_table("t", "u")
            for column in ("c", "d"):
                with operations.batch_alter_table("u", recreate="always") as batch:
                    batch.add_column(sa.Column(column, sa.Integer))

        operate(connection, revision)

        assert driver.execute("SELECT * FROM u").fetchall() == [(1, 2, "x", None, None)]
        assert definitions(driver)["i"].endswith("(b DESC)")


# What is named


READERS = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT CHECK (a > 0), b TEXT, c AS (a + 1), UNIQUE (a, b))",
    "CREATE INDEX i ON t (a DESC) WHERE a > 5",
    "CREATE VIEW v AS SELECT a FROM t",
    "CREATE TRIGGER tr AFTER UPDATE OF a ON t BEGIN UPDATE t SET b = new.a; END",
    "CREATE TABLE o (x REFERENCES t (a))",
]


def test_a_renamed_column_is_renamed_wherever_it_is_named() -> None:
    with database([*READERS, "INSERT INTO t (a, b) VALUES (1, 'x')"]) as (connection, driver):
        batch(connection, lambda batch: batch.alter_column("a", new_column_name="z"))

        assert set(definitions(driver).values()) == {
            'CREATE TABLE t (id INTEGER PRIMARY KEY, "z" INT CHECK ("z" > 0), b TEXT, c AS ("z" + 1), UNIQUE ("z", b))',
            'CREATE INDEX i ON t ("z" DESC) WHERE "z" > 5',
            'CREATE VIEW v AS SELECT "z" FROM t',
            'CREATE TRIGGER tr AFTER UPDATE OF "z" ON t BEGIN UPDATE t SET b = new."z"; END',
            'CREATE TABLE o (x REFERENCES t ("z"))',
        }
        assert driver.execute("SELECT z, b, c FROM t").fetchall() == [(1, "x", 2)]


def test_columns_can_exchange_their_names() -> None:
    with database(["CREATE TABLE t (a INT, b TEXT)", "INSERT INTO t VALUES (1, 'x')"]) as (connection, driver):

        def swap(batch: BatchOperations) -> None:
            batch.alter_column("a", new_column_name="b")
            batch.alter_column("b", new_column_name="a")

        batch(connection, swap)

        assert driver.execute("SELECT a, b FROM t").fetchall() == [("x", 1)]


NAMING = {
    "the index i": [PLAIN, "CREATE INDEX i ON t (a DESC)"],
    "the index e": [PLAIN, "CREATE INDEX e ON t (b) WHERE a > 1"],
    "the index q": [PLAIN, 'CREATE INDEX q ON t ("a" + 1)'],
    "the view v": [PLAIN, "CREATE VIEW v AS SELECT a FROM t"],
    "the view w": [PLAIN, 'CREATE VIEW w AS SELECT "a" FROM t'],
    "the view x": [PLAIN, "CREATE VIEW x (i, j, k) AS SELECT * FROM t"],
    "UPDATE on t with the triggers tr": [PLAIN, "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN SELECT new.a; END"],
    "INSERT on o with the triggers tr": [
        PLAIN,
        "CREATE TABLE o (x)",
        "CREATE TRIGGER tr AFTER INSERT ON o BEGIN UPDATE t SET a = 1; END",
    ],
    "CHECK (a > id) names": ["CREATE TABLE t (id INTEGER, a INT, CHECK (a > id))"],
    "CONSTRAINT k CHECK (id < a) names": ["CREATE TABLE t (id INTEGER CONSTRAINT k CHECK (id < a), a INT)"],
    "the generated column g": ["CREATE TABLE t (id INTEGER, a INT, g AS (a + 1))"],
}


@pytest.mark.parametrize("statements", NAMING.values(), ids=NAMING)
def test_a_column_that_something_names_is_not_dropped(request: pytest.FixtureRequest, statements: list[str]) -> None:
    with database([*statements, "INSERT INTO t (id, a) VALUES (1, 2)"]) as (connection, driver):
        before = definitions(driver)

        with pytest.raises(RefusedError) as caught:
            batch(connection, lambda batch: batch.drop_column("a"))

        assert request.node.callspec.id in str(caught.value)
        assert definitions(driver) == before
        assert driver.execute("SELECT id, a FROM t").fetchall() == [(1, 2)]


def test_what_names_a_column_can_be_dropped_with_it() -> None:
    statements = [
        "CREATE TABLE t (id INTEGER, a INT CHECK (a > 1) REFERENCES t (id), b TEXT, CHECK (a < 9), UNIQUE (a, b))",
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX j ON t (b DESC)",
    ]
    with database(statements) as (connection, driver):

        def drop(batch: BatchOperations) -> None:
            batch.drop_index("i")
            batch.drop_column("a")

        batch(connection, drop)

        assert definitions(driver) == {"t": "CREATE TABLE t (id INTEGER, b TEXT)", "j": statements[2]}


def test_a_view_that_a_new_column_breaks_is_named() -> None:
    with database([PLAIN, "CREATE VIEW v (i, j, k) AS SELECT * FROM t"]) as (connection, _):
        with pytest.raises(RefusedError, match="would break the view v: expected 3 columns"):
            batch(connection, lambda batch: batch.add_column(sa.Column("c", sa.Integer)))


def test_a_view_that_is_broken_anyway_stops_nothing() -> None:
    with database([PLAIN, "CREATE VIEW v AS SELECT * FROM nowhere"]) as (connection, driver):
        batch(connection, widen)

        assert "BIGINT" in definitions(driver)["t"]


CHANGES: dict[str, tuple[Callable[[BatchOperations], Any], str]] = {
    "a default": (
        lambda batch: batch.alter_column("b", server_default=sa.text("'{\"v\":2}'")),
        "id INTEGER PRIMARY KEY, a INT, b TEXT DEFAULT '{\"v\":2}' COLLATE NOCASE, CONSTRAINT u UNIQUE (a)",
    ),
    "no default": (
        lambda batch: batch.alter_column("b", server_default=None),
        "id INTEGER PRIMARY KEY, a INT, b TEXT COLLATE NOCASE, CONSTRAINT u UNIQUE (a)",
    ),
    "not null": (
        lambda batch: batch.alter_column("b", nullable=False),
        "id INTEGER PRIMARY KEY, a INT, b TEXT DEFAULT 'x:y' COLLATE NOCASE NOT NULL, CONSTRAINT u UNIQUE (a)",
    ),
    "a dropped constraint": (
        lambda batch: batch.drop_constraint("u", type_="unique"),
        "id INTEGER PRIMARY KEY, a INT, b TEXT DEFAULT 'x:y' COLLATE NOCASE",
    ),
    "a new constraint": (
        lambda batch: batch.create_check_constraint("k", "a > 0"),
        "id INTEGER PRIMARY KEY, a INT, b TEXT DEFAULT 'x:y' COLLATE NOCASE, CONSTRAINT u UNIQUE (a), "
        "CONSTRAINT k CHECK (a > 0)",
    ),
    "a new foreign key": (
        lambda batch: batch.create_foreign_key("f", "t", ["a"], ["id"], ondelete="CASCADE"),
        "id INTEGER PRIMARY KEY, a INT, b TEXT DEFAULT 'x:y' COLLATE NOCASE, CONSTRAINT u UNIQUE (a), "
        "CONSTRAINT f FOREIGN KEY(a) REFERENCES t (id) ON DELETE CASCADE",
    ),
    "another key": (
        lambda batch: batch.create_primary_key("p", ["a"]),
        "id INTEGER, a INT, b TEXT DEFAULT 'x:y' COLLATE NOCASE, CONSTRAINT u UNIQUE (a), CONSTRAINT p PRIMARY KEY (a)",
    ),
    "a column between": (
        lambda batch: batch.add_column(sa.Column("c", sa.String(5), server_default="a:b"), insert_before="b"),
        "id INTEGER PRIMARY KEY, a INT, c VARCHAR(5) DEFAULT 'a:b', b TEXT DEFAULT 'x:y' COLLATE NOCASE, "
        "CONSTRAINT u UNIQUE (a)",
    ),
    "a column anew": (
        lambda batch: (batch.drop_column("b"), batch.add_column(sa.Column("b", sa.Integer))),
        "id INTEGER PRIMARY KEY, a INT, b INTEGER, CONSTRAINT u UNIQUE (a)",
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_what_is_named_is_changed_and_nothing_else(change: Callable[[BatchOperations], Any], expected: str) -> None:
    table = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT DEFAULT 'x:y' COLLATE NOCASE, CONSTRAINT u UNIQUE (a))"
    )
    with database([table]) as (connection, driver):
        batch(connection, change)

        assert definitions(driver)["t"] == f"CREATE TABLE t ({expected})"


# Alembic's options


def test_the_options_of_alembic_work() -> None:
    table = "CREATE TABLE t (a INT COLLATE BINARY, b INT, UNIQUE (a), FOREIGN KEY (b) REFERENCES t (a), CHECK (a > 0))"
    with database([table, "CREATE INDEX i ON t (lower(b))", "CREATE INDEX j ON t (b)"]) as (connection, driver):
        batch(connection, partial_reordering=[("b", "a")])
        assert definitions(driver)["t"].startswith("CREATE TABLE t ( b INT,a INT COLLATE BINARY, UNIQUE")

        conventions = {"uq": "uq_%(column_0_name)s", "fk": "fk_%(column_0_name)s"}
        batch(connection, lambda batch: batch.drop_constraint("fk_b"), naming_convention=conventions)
        assert definitions(driver)["t"].endswith('COLLATE BINARY, CONSTRAINT "uq_a" UNIQUE (a), CHECK (a > 0))')

        batch(connection, table_args=[sa.CheckConstraint("a > 3"), sa.Index("k", "a")])
        assert definitions(driver)["t"].endswith("UNIQUE (a), CHECK (a > 3))")
        assert definitions(driver)["k"] == "CREATE INDEX k ON t (a)"


def test_what_is_given_as_the_table_is_what_it_becomes() -> None:
    # SQLAlchemy 2.0 reads a constraint only if it has a line of its own
    table = "CREATE TABLE t (a INT COLLATE BINARY, b INT,\nUNIQUE (a),\nCHECK (a > 3)\n)"
    with database([table, "CREATE INDEX i ON t (lower(b))", "CREATE INDEX j ON t (b)"]) as (connection, driver):
        stated = sa.Table("t", sa.MetaData(), sa.Column("b", sa.BigInteger), sa.Column("a", sa.Integer))

        batch(connection, copy_from=stated)

        # what can't be said in a Table of SQLAlchemy stays
        assert definitions(driver) == {
            "t": "CREATE TABLE t ( b BIGINT,a INT COLLATE BINARY\n)",
            "i": "CREATE INDEX i ON t (lower(b))",
        }


def test_autoincrement_can_be_asked_for() -> None:
    with database(["CREATE TABLE t (id INT PRIMARY KEY, a COLLATE NOCASE)"]) as (connection, driver):
        for _ in range(2):
            batch(connection, table_kwargs={"sqlite_autoincrement": True})

        assert definitions(driver)["t"] == "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a COLLATE NOCASE)"


def test_check_constraints_without_a_name_stay_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    table = "CREATE TABLE t (a INT CHECK (a > 0), b TEXT, CHECK (b <> ''))"
    with database([table]) as (connection, driver):
        batch(connection, lambda batch: batch.add_column(sa.Column("c", sa.Integer)))

        assert definitions(driver)["t"] == table.replace("TEXT,", "TEXT, c INTEGER,")
        assert [str(warning.message) for warning in recwarn if "CHECK" in str(warning.message)] == []


def test_the_check_of_a_type_is_replaced_with_the_type() -> None:
    with database(["CREATE TABLE t (a VARCHAR(1), CHECK (a IN ('x', 'y')), CHECK (a <> 'z'))"]) as (connection, driver):
        kind = sa.Enum("x", "y", "q", name="kind", create_constraint=True)
        batch(connection, lambda batch: batch.alter_column("a", type_=kind))

        assert definitions(driver)["t"] == (
            "CREATE TABLE t (a VARCHAR(1), CHECK (a IN ('x', 'y')), CHECK (a <> 'z'), "
            "CONSTRAINT kind CHECK (a IN ('x', 'y', 'q')))"
        )


@pytest.mark.skipif(sa.__version__ < "2.1", reason="SQLAlchemy 2.0 reads another name")
def test_a_constraint_of_a_name_that_two_have_is_not_dropped() -> None:
    table = "CREATE TABLE t (a INT, CONSTRAINT k UNIQUE (a), CONSTRAINT k CHECK (a > 0))"
    with database([table]) as (connection, driver):
        batch(connection)
        assert definitions(driver)["t"] == table

        with pytest.raises(RefusedError, match="there are 2 of this name"):
            batch(connection, lambda batch: batch.drop_constraint("k"))


@pytest.mark.parametrize("table", ["CREATE VIEW t AS SELECT 1 AS a", "CREATE VIRTUAL TABLE t USING fts5(a)"])
def test_only_tables_are_copied(table: str) -> None:
    with database([table]) as (connection, driver):
        before = definitions(driver)

        with pytest.raises(RefusedError, match="a batch operation can't copy 't', which is a v"):
            batch(connection)

        assert definitions(driver) == before


def test_a_table_without_any_of_its_columns_is_no_copy() -> None:
    with database(["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]) as (connection, driver):
        with pytest.raises(RefusedError, match="keeps no column"):
            batch(connection, lambda batch: (batch.drop_column("a"), batch.add_column(sa.Column("b", sa.Integer))))

        assert driver.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_a_table_that_only_looks_like_a_copy_is_created() -> None:
    with database([]) as (connection, driver):
        operate(connection, lambda operations: operations.create_table("_alembic_tmp_x", sa.Column("a", sa.Integer)))
        operate(connection, lambda operations: operations.execute(sa.text("INSERT INTO _alembic_tmp_x VALUES (1)")))

        assert driver.execute("SELECT * FROM _alembic_tmp_x").fetchall() == [(1,)]


def test_listeners_of_new_tables_find_them() -> None:
    def listener(table: sa.Table, connection: sa.Connection, **_: Any) -> None:
        if connection.dialect.name == "sqlite":
            counts.append(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar())

    counts: list[Any] = []
    sa.event.listen(sa.Table, "after_create", listener)
    try:
        with database([PLAIN.replace("TEXT", "TEXT COLLATE NOCASE")]) as (connection, driver):
            before = definitions(driver)
            batch(connection)

            assert counts == [0]
            assert definitions(driver) == before
    finally:
        sa.event.remove(sa.Table, "after_create", listener)


# Keys


@pytest.mark.parametrize("key", ["id INTEGER PRIMARY KEY", "id INTEGER NOT NULL, PRIMARY KEY (id)"])
def test_a_key_of_big_integers_stays_the_rowid(key: str) -> None:
    with database([f"CREATE TABLE t ({key})".replace(", PRIMARY", ", a INT, PRIMARY")]) as (connection, driver):
        before = definitions(driver)
        batch(connection, lambda batch: batch.alter_column("id", type_=sa.BigInteger(), existing_type=sa.Integer()))
        driver.execute("INSERT INTO t DEFAULT VALUES")

        assert definitions(driver) == before
        assert driver.execute("SELECT id FROM t").fetchall() == [(1,)]
