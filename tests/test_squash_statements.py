"""The statements that a squash must keep, and those of which it must know what they change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ellar_db.revisions.squashing.statements import EARLY, FUNCTIONS, Kind, Objects, kind_of, split, way


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("CREATE TABLE a (b INT)", "tables"),
        ("alter table a add column b int", "tables"),
        ("ALTER TABLE a RENAME COLUMN b TO c", "tables"),
        ("CREATE UNIQUE INDEX CONCURRENTLY x ON a (b)", "tables"),
        ("COMMENT ON COLUMN a.b IS 'x'", "tables"),
        ("DO $$ BEGIN ALTER TABLE a ADD b int; END $$", "tables"),
        ("INSERT INTO a VALUES (1)", "rows"),
        ("/* why */ UPDATE a SET b = 1", "rows"),
        ("-- why\nDELETE FROM a", "rows"),
        ("WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x", "rows"),
        ("CREATE TABLE a AS SELECT * FROM b", "rows"),
        ("DO $$ BEGIN UPDATE a SET b = 1; END $$", "rows"),
        ("SELECT setval('a_id_seq', 5)", "rows"),
        ("TRUNCATE a", "rows"),
        ("CREATE VIEW v AS SELECT * FROM a", "object"),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ UPDATE a SET b = 1 $$ LANGUAGE sql", "object"),
        ("CREATE DEFINER=`root`@`%` TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1", "object"),
        ("CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW v AS SELECT 1", "object"),
        ("ALTER TYPE mood ADD VALUE 'x'", "object"),
        ("CREATE EXTENSION IF NOT EXISTS citext", "object"),
        ("CREATE POLICY p ON a USING (true)", "object"),
        ("REFRESH MATERIALIZED VIEW v", "object"),
        ("GRANT SELECT ON a TO b", "kept"),
        ("ALTER TABLE a ENABLE ROW LEVEL SECURITY", "kept"),
        ("ALTER TABLE ONLY s.a OWNER TO b", "kept"),
        ("ALTER TABLE a SET (fillfactor = 70)", "kept"),
        ("SET search_path TO x", "nothing"),
        ("SELECT 1", "nothing"),
        ("XA START 'x'", "nothing"),
        ("", "nothing"),
        ("CREATE ROLE x", "unknown"),
        ("ATTACH DATABASE 'x' AS y", "unknown"),
    ],
)
def test_what_a_statement_changes(statement: str, kind: Kind) -> None:
    assert kind_of(statement) == kind


def test_a_function_that_is_called_for_nothing_may_change_rows() -> None:
    assert kind_of("SELECT create_hypertable('a', 'b')", own=True) == "rows"
    assert kind_of("PRAGMA user_version = 3", own=True) == "kept"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("DROP VIEW a;", ["DROP VIEW a"]),
        ("DROP VIEW a; DROP VIEW b", ["DROP VIEW a", "DROP VIEW b"]),
        ("CREATE VIEW a AS SELECT ';' AS \";\" -- ;\n; SELECT 1", None),
        ("CREATE FUNCTION f() RETURNS int AS $x$ SELECT 1; SELECT 2 $x$ LANGUAGE sql; SELECT 1", None),
        ("CREATE TRIGGER t BEFORE INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END", 1),
        ("-- nothing", 0),
    ],
)
def test_statements_of_a_text(text: str, parts: Sequence[str] | int | None) -> None:
    found = split(text)

    if isinstance(parts, list):
        assert found == parts
    else:
        assert len(found) == (2 if parts is None else parts)


class TestObjects:
    def test_that_are_changed_several_times_are_made_once(self) -> None:
        after = Objects(["CREATE VIEW v AS SELECT 1", "DROP VIEW IF EXISTS v", "CREATE OR REPLACE VIEW V AS SELECT 2"])

        found = way(Objects(), after, after.touched)

        assert (found.before, found.behind) == ([], ["CREATE OR REPLACE VIEW V AS SELECT 2"])

    def test_that_are_dropped_in_the_end_leave_nothing(self) -> None:
        after = Objects(["CREATE TYPE t AS ENUM ('a')", "ALTER TYPE t ADD VALUE 'b'", "DROP TYPE t"])

        found = way(Objects(), after, after.touched)

        assert (found.before, found.behind) == ([], [])

    def test_types_come_before_tables_and_go_after_them(self) -> None:
        after = Objects(["CREATE TYPE t AS ENUM ('a')", "CREATE VIEW v AS SELECT 1"])

        up, down = way(Objects(), after, after.touched), way(after, Objects(), after.touched)

        assert (up.before, up.behind) == (["CREATE TYPE t AS ENUM ('a')"], ["CREATE VIEW v AS SELECT 1"])
        assert (down.before, down.behind) == (["DROP VIEW v"], ["DROP TYPE t"])

    def test_a_type_that_gets_labels_is_not_dropped(self) -> None:
        before = Objects(["CREATE TYPE t AS ENUM ('a')"])
        after = Objects(["CREATE TYPE t AS ENUM ('a')", "ALTER TYPE t ADD VALUE 'b'"])

        found = way(before, after, after.touched)

        assert (found.before, found.behind) == (["ALTER TYPE t ADD VALUE 'b'"], [])

    def test_a_view_that_was_dropped_for_a_while_makes_room(self) -> None:
        before = Objects(["CREATE VIEW v AS SELECT a FROM t"])
        after = Objects(["CREATE VIEW v AS SELECT a FROM t", "DROP VIEW v", "CREATE VIEW v AS SELECT a FROM t"])

        found = way(before, after, after.touched)

        assert (found.before, found.behind) == (["DROP VIEW v"], ["CREATE VIEW v AS SELECT a FROM t"])

    def test_what_no_statement_touched_stays(self) -> None:
        both = Objects(["CREATE VIEW v AS SELECT 1"])

        assert way(both, both, ()).before == way(both, both, ()).behind == []

    def test_a_function_that_is_used_is_replaced(self) -> None:
        first, second = "CREATE FUNCTION f() RETURNS int AS 'a'", "CREATE OR REPLACE FUNCTION f() RETURNS int AS 'b'"
        before, after = Objects([first]), Objects([first, second])

        up = way(before, after, after.touched, (*EARLY, *FUNCTIONS))
        down = way(after, before, after.touched, (*EARLY, *FUNCTIONS))

        assert (up.before, up.behind) == ([second], [])
        assert (down.before, down.behind) == (["CREATE OR REPLACE FUNCTION f() RETURNS int AS 'a'"], [])

    def test_triggers_of_two_tables_may_have_one_name(self) -> None:
        made = [f"CREATE TRIGGER t BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION f()" for name in ("a", "b")]
        after = Objects([*made, "DROP TRIGGER t ON a"])

        assert way(Objects(), after, after.touched).behind == made[1:]
        assert way(after, Objects(), after.touched).before == ["DROP TRIGGER t ON b"]

    def test_a_trigger_without_a_table_in_its_name(self) -> None:
        after = Objects(["CREATE TRIGGER t BEFORE INSERT ON a BEGIN SELECT 1; END", "DROP TRIGGER t"])

        assert after.names == []

    def test_one_that_is_there_already_stays(self) -> None:
        after = Objects(["CREATE SCHEMA s", "CREATE SCHEMA IF NOT EXISTS s"])

        assert way(Objects(), after, after.touched).before == ["CREATE SCHEMA s"]

    def test_changes_of_what_no_statement_made_are_loose(self) -> None:
        assert Objects(["ALTER SEQUENCE users_id_seq INCREMENT BY 5"]).loose == [
            "ALTER SEQUENCE users_id_seq INCREMENT BY 5"
        ]
