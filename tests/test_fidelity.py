"""What the models say is what a database gets: a few features of `benchmarks/corpus/`; `make fidelity` measures all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.corpus import ALL, FEATURES
from benchmarks.measure.law import measure
from benchmarks.measure.schemas import apart, sqlite_table
from benchmarks.measure.sides import EllarDb
from benchmarks.measure.targets import Target
from ellar_db.testing import Project

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results" / "fidelity.json"

KEPT = {
    "TypeDecorator with a type by dialect: a column added": ["postgresql"],
    "Enum in a new column: NOT NULL with a default": ["mariadb"],
    "String: longer": ["sqlite"],
    "A nullable column: made NOT NULL": ALL,
    "A computed column, stored: dropped": ["mariadb"],
    "CHECK with BETWEEN: unchanged, and a column added": ALL,
    "UNIQUE, named: other columns": ["sqlite"],
    "ON DELETE, named: another action": ALL,
    "A table to which another refers: a column of it changed": ["postgresql"],
    "An index of two columns: in another order": ["sqlite"],
    "Names, with a colon and parentheses: changed": ["sqlite"],
    "Names, with quotes: changed": ["sqlite"],
    "Joined inheritance: a column of a subclass added": ["mariadb"],
    "A view beside the models: a column added": ["postgresql"],
}


@pytest.mark.sampled
@pytest.mark.parametrize(("key", "kind"), [(key, kind) for key, kinds in KEPT.items() for kind in kinds])
def test_the_models_are_what_the_database_gets(
    key: str, kind: str, new_database: Callable[[str], str], project: Project
) -> None:
    side = EllarDb(project.path, Target(kind, new_database(kind)))

    assert measure(FEATURES[key], side, "ellar_db").misses == {}


def test_what_cannot_be_found_out_does_not_hold(new_database: Callable[[str], str], project: Project) -> None:
    side = EllarDb(project.path, Target("sqlite", new_database("sqlite")))
    feature = replace(FEATURES["String: longer"], arguments=["--no-such-option"])

    misses = measure(feature, side, "ellar_db").misses

    assert sorted(misses) == ["back", "changed", "rows"]
    assert "--no-such-option" in misses["changed"]


def test_every_feature_has_a_stored_result() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))["results"]["ellar_db"]

    measured = {(kind, key) for kind, cells in results.items() for key in cells}
    assert measured == {(kind, key) for key, feature in FEATURES.items() for kind in feature.databases}


def test_a_sqlite_table_is_compared_whatever_the_form_of_its_text() -> None:
    one = "CREATE TABLE t (a INTEGER NOT NULL DEFAULT 1, b INT CONSTRAINT c REFERENCES o (id) ON DELETE SET NULL)"
    other = (
        'CREATE TABLE "t" (\n\tb INT, \n\ta INTEGER DEFAULT (1) NOT NULL,'
        "\n\tCONSTRAINT c FOREIGN KEY(b) REFERENCES o (id) ON DELETE SET NULL\n)"
    )

    assert apart(frozenset(sqlite_table("t", one)), frozenset(sqlite_table("t", other))) == ""


@pytest.mark.parametrize(
    "other",
    [
        "CREATE TABLE t (a VARCHAR(21) DEFAULT 'a b')",
        "CREATE TABLE t (a VARCHAR(20) DEFAULT 'a  b')",
        "CREATE TABLE t (a VARCHAR(20) DEFAULT 'a b' NOT NULL)",
        "CREATE TABLE t (a VARCHAR(20) DEFAULT 'a b' COLLATE NOCASE)",
        "CREATE TABLE t (a VARCHAR(20) DEFAULT 'a b', CHECK (a > 0))",
        "CREATE TABLE t (a VARCHAR(20) DEFAULT 'a b' UNIQUE)",
        "CREATE TABLE t (a VARCHAR(20) DEFAULT 'a b') STRICT",
    ],
)
def test_what_differs_in_a_sqlite_table_is_seen(other: str) -> None:
    expected = frozenset(sqlite_table("t", "CREATE TABLE t (a VARCHAR(20) DEFAULT 'a b')"))

    assert apart(expected, frozenset(sqlite_table("t", other)))


NAMELESS = ["table t: CHECK(a > 0)", "table t: UNIQUE(a)", "table t: FOREIGN KEY(a)REFERENCES o(id)"]
NAMED = [
    "table t: CONSTRAINT ck t CHECK(a > 0)",
    "table t: CONSTRAINT uq UNIQUE(a)",
    "table t: CONSTRAINT fk FOREIGN KEY(a)REFERENCES o(id)",
]
SERVERS = [
    "table t: CONSTRAINT `t_ibfk_1` FOREIGN KEY (`a`) REFERENCES `o` (`id`)",
    "table t: CONSTRAINT `CONSTRAINT_1` CHECK (`a` > 0)",
    "table t: KEY `a` (`a`)",
]
GIVEN = [
    "table t: CONSTRAINT `t_a_fkey` FOREIGN KEY (`a`) REFERENCES `o` (`id`)",
    "table t: CONSTRAINT `positive` CHECK (`a` > 0)",
    "table t: KEY `t_a_fkey` (`a`)",
]


@pytest.mark.parametrize(("without", "with_names"), [(NAMELESS, NAMED), (SERVERS, GIVEN)])
def test_only_names_that_the_models_give_count(without: list[str], with_names: list[str]) -> None:
    assert apart(without, with_names) == ""
    # what is there twice isn't expected twice
    assert apart(without, without + with_names).count("unexpected") == len(without)
    for given, line in zip(with_names[:2], without, strict=False):
        assert apart([given], [line]) == f"missing: {given}; unexpected: {line}"


def test_an_index_that_the_models_name_is_told_from_one_of_a_foreign_key() -> None:
    key, index = SERVERS[0], "table t: KEY `{}` (`b`)"

    assert apart([key, index.format("b")], [key, index.format("c")])
    assert apart([key, index.format("a")], [key, index.format("c")])
