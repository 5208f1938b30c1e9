"""Where a database is in a folder's history: what errors about revisions say, and that their advice works."""

# ruff: noqa: E501  # a table of inputs and messages reads best with a case a line

from __future__ import annotations

import re

import pytest
from alembic.script import ScriptDirectory

from ellar_db.config.reports.position import Position, explained
from ellar_db.runtime.versions import is_newest
from ellar_db.testing import Project
from tests.support.output import without_page
from tests.support.revisions import add

UNKNOWN = (
    "the database {name} is at {revision}, which this folder doesn't have: it comes from another branch or a newer "
    "release of the code. Check that out, or deploy it; if the revision was removed on purpose, "
    "`ellar-db stamp --purge REVISION` records the one that the tables match"
)


@pytest.fixture
def forked(plain: Project) -> Project:
    """A folder where left and right come after first, none applied."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first")
    add(plain, "right", "first")
    return plain


def error(project: Project, *arguments: str, exit_code: int = 1) -> str:
    line = project.db(*arguments, exit_code=exit_code).stderr.splitlines()[-1]
    return without_page(line).removeprefix("Error: ")


def remove(project: Project, revision: str) -> None:
    (project.path / f"migrations/versions/{revision}_.py").unlink()
    project.forget()


class TestUnknownRevisions:
    """The database has a revision that the folder doesn't have."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ["upgrade"],
            ["upgrade", "+1"],
            ["downgrade"],
            ["downgrade", "first"],
            ["check"],
            ["migrate"],
            ["stamp", "first"],
            ["current"],
            ["current", "-c"],
            ["history", "-i"],
            ["history", "-r", "current:"],
            ["show", "current"],
        ],
        ids=" ".join,
    )
    def test_it_is_said_where_the_database_is(self, linear: Project, arguments: list[str]) -> None:
        linear.db("upgrade")
        remove(linear, "third")

        assert error(linear, *arguments) == UNKNOWN.format(name="'default'", revision="third")
        assert linear.tables() >= {"t_third"}

    def test_the_advice_works(self, linear: Project) -> None:
        linear.db("upgrade")
        remove(linear, "third")
        command = re.findall(r"`ellar-db ([^`]+)`", error(linear, "upgrade"))[0]

        linear.db(*command.replace("REVISION", "second").split())

        assert linear.db("current").output == "second (head)\n"
        linear.db("upgrade")

    def test_sql_needs_no_database(self, linear: Project) -> None:
        linear.db("upgrade")
        remove(linear, "third")

        assert "CREATE TABLE t_second" in linear.db("upgrade", "--sql", "first:head").stdout
        assert error(linear, "upgrade", "--sql", "third:head") == (
            "Can't locate revision identified by 'third'; `ellar-db history` lists them"
        )

    def test_one_of_several_heads(self, forked: Project) -> None:
        forked.db("upgrade", "heads")
        remove(forked, "right")

        result = forked.db("current", exit_code=1)

        assert result.stdout == "left (head)\nright (unknown here)\n"
        assert "is at right, which" in result.stderr

    def test_current_shows_the_other_databases(self, project: Project) -> None:
        project.write("models.py", "from sqlalchemy import MetaData\nmetadata = MetaData()\n")
        project.write(
            "pyproject.toml",
            "[tool.ellar-db]\nmetadata = 'models:metadata'\n[tool.ellar-db.databases]\n"
            "default = 'sqlite:///app.db'\nreports = 'sqlite:///reports.db'\n",
        )
        project.db("init", "--multi")
        project.db("revision", "--rev-id", "first")
        project.db("upgrade")
        project.db("revision", "--rev-id", "second")
        settings = (project.path / "pyproject.toml").read_text()
        project.write("pyproject.toml", settings.replace("reports = ", "#"))
        project.forget()
        project.db("upgrade")
        project.write("pyproject.toml", settings)
        next((project.path / "migrations/versions").glob("second*")).unlink()
        project.forget()

        result = project.db("current", exit_code=1)

        assert result.stdout == "default:\nsecond (unknown here)\nreports:\nfirst (head)\n"
        assert (
            without_page(result.stderr.splitlines()[-1])
            == f"Error: {UNKNOWN.format(name=repr('default'), revision='second')}"
        )

    def test_an_env_py_of_somebody_elses(self, project: Project) -> None:
        project.db("init", "-t", "generic")
        ini = project.path / "migrations/alembic.ini"
        ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///other.db"))
        add(project, "first", None)
        add(project, "second", "first")
        project.db("upgrade")
        remove(project, "second")

        assert error(project, "upgrade") == UNKNOWN.format(name="'default'", revision="second")
        assert project.db("current", exit_code=1).stdout == "second (unknown here)\n"


class TestRelativeRevisions:
    """Steps that lead nowhere, or to several revisions."""

    @pytest.mark.parametrize(
        ("at", "arguments", "told"),
        [
            ("base", ["downgrade"], "there is nothing to undo: the database 'default' is at base"),
            ("base", ["upgrade", "+5"], "+5 goes too far: there are 3 revisions after base; `ellar-db upgrade head` runs them"),
            ("second", ["upgrade", "+5"], "+5 goes too far: there is 1 revision after second; `ellar-db upgrade head` runs it"),
            ("third", ["upgrade", "+1"], "there is nothing to run: the database 'default' is at third, and no revision comes after it"),
            ("second", ["downgrade", "-5"], "-5 goes too far: there are 2 revisions up to second; `ellar-db downgrade base` undoes them"),
            ("first", ["downgrade", "-2"], "-2 goes too far: there is 1 revision up to first; `ellar-db downgrade base` undoes it"),
            ("second", ["upgrade", "-1"], "`upgrade` goes forward, and -1 doesn't; `ellar-db downgrade -1` goes there"),
            ("second", ["downgrade", "+1"], "`downgrade` goes back, and +1 doesn't; `ellar-db upgrade +1` goes there"),
            ("base", ["upgrade", "first+9"], "first+9 goes too far: there are 2 revisions after first; `ellar-db history` lists them"),
            ("third", ["downgrade", "third-9"], "third-9 goes too far: there are 2 revisions before third; `ellar-db history` lists them"),
            ("base", ["upgrade", "--sql", "first:+9"], "+9 goes too far: there are 2 revisions after first; `ellar-db history` lists them"),
            ("base", ["downgrade", "--sql", "second:-9"], "-9 goes too far: there are 2 revisions up to second; `ellar-db history` lists them"),
        ],
    )  # fmt: skip
    def test_a_single_line_of_revisions(self, linear: Project, at: str, arguments: list[str], told: str) -> None:
        if at != "base":
            linear.db("upgrade", at)

        assert error(linear, *arguments) == told

    @pytest.mark.parametrize(
        ("at", "arguments", "told"),
        [
            ([], ["upgrade", "+2"], "+2 could mean several revisions, since left and right come after first; name the one to go to, as in `ellar-db upgrade left`"),
            (["first"], ["upgrade", "+1"], "+1 could mean several revisions, since left and right come after first; name the one to go to, as in `ellar-db upgrade left`"),
            (["heads"], ["upgrade", "+1"], "there is nothing to run: the database 'default' is at left and right, and no revision comes after it"),
        ],
    )  # fmt: skip
    def test_a_fork(self, forked: Project, at: list[str], arguments: list[str], told: str) -> None:
        for target in at:
            forked.db("upgrade", target)

        assert error(forked, *arguments) == told

    def test_several_current_revisions(self, forked: Project) -> None:
        forked.db("upgrade", "heads")
        add(forked, "further", "right")

        told = error(forked, "upgrade", "+1")

        assert told == (
            "+1 could mean several revisions, since the database 'default' is at left and right; name the one to go "
            "to, as in `ellar-db upgrade right@+1`"
        )
        forked.db("upgrade", "right@+1")
        assert "t_further" in forked.tables()

    @pytest.mark.parametrize("confirm", ["", "confirm = 'always'\n"], ids=["no question", "a question"])
    def test_a_downgrade_from_several_revisions(self, forked: Project, confirm: str) -> None:
        forked.configure(extra=confirm)
        forked.db("upgrade", "heads")

        assert error(forked, "downgrade") == (
            "-1 could mean several revisions, since the database 'default' is at left and right; name the one to go "
            "to, as in `ellar-db downgrade left@-1`"
        )
        assert forked.tables() >= {"t_left", "t_right"}
        forked.db("downgrade", "--yes", "left@-1")
        assert forked.tables() & {"t_left", "t_right"} == {"t_right"}

    def test_a_branch(self, linear: Project) -> None:
        add(linear, "east", None, label="orient")
        add(linear, "far_east", "east")
        linear.db("upgrade", "third")

        assert error(linear, "upgrade", "orient@+3") == (
            "orient@+3 goes too far: there are 2 revisions after third; `ellar-db upgrade orient@head` runs them"
        )
        linear.db("upgrade", "orient@head")
        assert error(linear, "upgrade", "orient@+1") == (
            "there is nothing to run: the database 'default' is at "
            "far_east and third, and no revision of orient comes after it"
        )
        assert error(linear, "downgrade", "orient@-3") == (
            "orient@-3 goes too far: there are 2 revisions up to far_east and third; "
            "`ellar-db downgrade orient@base` undoes them"
        )
        linear.db("downgrade", "orient@base")
        assert linear.tables() & {"t_east", "t_third"} == {"t_third"}

    def test_with_a_plugin_that_is_told_the_plan(self, linear: Project) -> None:
        linear.write(
            "shop_plugin.py",
            "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_before_run(database, plan):\n    pass\n",
        )
        linear.configure(extra="plugins = ['shop_plugin']\n")
        linear.forget("shop_plugin")

        assert error(linear, "upgrade", "+5") == (
            "+5 goes too far: there are 3 revisions after base; `ellar-db upgrade head` runs them"
        )

    def test_anything_else_keeps_its_own_words(self, linear: Project) -> None:
        script = ScriptDirectory(str(linear.path / "migrations"))

        assert explained(ValueError("x"), Position(script, ("first",), "x", "", "upgrade", "+1"), "ellar-db") == ""


class TestTwoHeads:
    """The advice of `check` and `migrate` works where the folder has two heads."""

    @pytest.mark.parametrize("command", ["check", "migrate"])
    def test_a_database_that_is_behind(self, forked: Project, command: str) -> None:
        told = error(forked, command)

        assert told == "Target database is not up to date; run `ellar-db upgrade heads` first"
        forked.db("upgrade", "heads")

    def test_check_is_not_quiet_about_them(self, forked: Project) -> None:
        forked.write("models.py", "from sqlalchemy import MetaData\n\nBase = MetaData()\n")
        forked.forget("models")
        forked.write(
            "shop_plugin.py",
            "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_include_object(reflected):\n    return False\n",
        )
        forked.configure(extra="plugins = ['shop_plugin']\n")
        forked.forget("shop_plugin")
        forked.db("upgrade", "heads")

        assert forked.db("check").stderr.splitlines()[-1] == (
            "Warning: there are the heads left and right; `ellar-db merge` joins them"
        )
        forked.db("merge", "--rev-id", "both")
        forked.db("upgrade")
        assert "heads" not in forked.db("check").stderr

    def test_the_advice_for_pending_changes(self, forked: Project) -> None:
        forked.db("upgrade", "heads")

        told = error(forked, "check")

        assert told.endswith("; `ellar-db merge` joins the heads left and right, then `ellar-db migrate` writes one")
        forked.db("merge")
        forked.db("upgrade")
        forked.db("migrate")

    def test_branches_that_are_meant_to_stay_apart(self, plain: Project) -> None:
        plain.db("init")
        add(plain, "shop", None, label="shop_branch")
        add(plain, "audit", None, label="audit_branch")
        plain.db("upgrade", "heads")

        assert "merge" not in plain.db("check", exit_code=1).stderr


class TestNewest:
    """A head on which another one depends is applied, although the version table has no row for it."""

    @pytest.fixture
    def depending(self, plain: Project) -> Project:
        plain.db("init")
        add(plain, "b1", None)
        add(plain, "b2", None, depends_on="b1")
        return plain

    def test_current_says_so(self, depending: Project) -> None:
        assert depending.db("current", "-c", exit_code=1).stderr.endswith("`ellar-db upgrade heads` runs the others\n")
        depending.db("upgrade", "b1")
        assert "is at b1" in depending.db("current", "-c", exit_code=1).stderr
        depending.db("upgrade", "heads")

        shown = depending.db("current", "--check-heads")

        assert shown.stderr == ""
        assert "b2" in shown.stdout

    def test_what_the_heads_imply(self, depending: Project) -> None:
        script = ScriptDirectory(str(depending.path / "migrations"))

        assert is_newest(script, ("b2",))
        assert is_newest(script, ("b1", "b2"))
        assert not is_newest(script, ("b1",))
        assert not is_newest(script, ())
        assert not is_newest(script, ("gone",))


class TestDuplicates:
    """Two files with one revision id."""

    @pytest.mark.parametrize("revision", ["first", "third"])
    @pytest.mark.parametrize(
        "arguments",
        [["upgrade"], ["upgrade", "heads"], ["stamp", "heads"], ["check"], ["current"], ["migrate"], ["revision"],
         ["merge"]],
        ids=" ".join,
    )  # fmt: skip
    def test_both_files_are_named(self, linear: Project, revision: str, arguments: list[str]) -> None:
        file = linear.path / f"migrations/versions/{revision}_.py"
        copy = file.with_name("other.py")
        copy.write_bytes(file.read_bytes())

        refused = linear.db(*arguments, exit_code=1)

        told = without_page(refused.stderr).removeprefix("Error: ").rstrip()
        one, other = sorted([copy, file])
        assert told in [
            f"{first} and {second} have the same revision id {revision}; remove one, or give it another id"
            for first, second in ((one, other), (other, one))
        ]
        assert not linear.tables()

    def test_a_downgrade_does_not_ask_first(self, linear: Project) -> None:
        linear.db("upgrade")
        file = linear.path / "migrations/versions/third_.py"
        file.with_name("other.py").write_bytes(file.read_bytes())

        assert "have the same revision id third" in error(linear, "downgrade", "base")
        assert "t_first" in linear.tables()
