"""`revision`, and the messages that `revision`, `migrate` and `merge` take."""

from __future__ import annotations

import runpy
import sys

import pytest

from ellar_db.testing import Project

MESSAGES = [
    "Add users",
    'say "hi"',
    'ends in """',
    '"""',
    "it's '''quoted'''",
    "two\nlines",
    "a\tb",
    "C:\\new\\x41\\",
    'a\\"',
    "100 % %s %(here)s %%",
    "Größe, naïve, 日本",
    "${1/0} <% x %>\n% if y:\n## z",
    "#",
    "../../x",
    " ",
    "x" * 3000,
]


def test_writes_an_empty_revision(plain: Project) -> None:
    plain.db("init")

    result = plain.db("revision", "-m", "By hand", "--rev-id", "mine")

    assert (result.stdout, result.stderr) == ("Wrote migrations/versions/mine_by_hand.py\n", "")
    plain.db("upgrade")
    assert plain.tables() == {"alembic_version"}
    assert plain.db("current").output == "mine (head)\n"


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_comes_back_as_it_was_given(plain: Project, message: str) -> None:
    plain.db("init")

    plain.db("revision", "-m", message, "--rev-id", "mine")

    [file] = plain.revisions()
    assert file.parent == plain.path / "migrations/versions"
    # Python's own reading of docstrings from 3.13 on, which no revision can escape
    kept = message if sys.version_info < (3, 13) else message.expandtabs().strip(" ")
    assert runpy.run_path(str(file))["__doc__"].partition("\n\nRevision ID: mine\n")[0] == kept
    assert plain.db("history").stdout.startswith("<base> -> mine (head)")
    for line in kept.split("\n"):
        assert line in plain.db("show", "mine").stdout
    plain.db("upgrade")
    assert plain.db("current").stdout == "mine (head)\n"


@pytest.mark.parametrize("message", ["two\nlines", 'say "hi"', "100 %", "Größe"])
def test_history_shows_the_message(plain: Project, message: str) -> None:
    plain.db("init")
    plain.db("revision", "-m", message, "--rev-id", "mine")

    # one line a revision
    assert plain.db("history").stdout == f"<base> -> mine (head), {' '.join(message.splitlines())}\n"


def test_a_revision_may_have_no_message(plain: Project) -> None:
    plain.db("init")

    plain.db("revision", "--rev-id", "mine")

    assert plain.db("history").stdout == "<base> -> mine (head), empty message\n"


@pytest.mark.parametrize("character", ["\x1b", "\r", "\udcff"])
def test_refuses_a_message_that_cannot_stand_in_a_file(plain: Project, character: str) -> None:
    plain.db("init")
    for command in ("revision", "migrate", "merge"):
        result = plain.db(command, "-m", f"a{character}b", exit_code=2)
        assert result.stderr.splitlines()[-1] == (
            f"Error: Invalid value for '-m' / '--message': the character {character!a} can't stand in a revision's "
            "message"
        )
    assert plain.revisions() == []


def test_depends_on_may_be_given_several_times(branched: Project) -> None:
    branched.db("revision", "--head", "base", "--depends-on", "left", "--depends-on", "right", "--rev-id", "other")

    assert branched.db("show", "other").stdout.startswith(
        "Rev: other (head)\nParent: <base>\nAlso depends on: left, right\n"
    )
    branched.db("upgrade", "other")
    assert {"t_left", "t_right"} < branched.tables()


def test_bases_the_revision_on_the_head_given(branched: Project) -> None:
    branched.db("revision", "--head", "east@head", "--rev-id", "mine")

    assert branched.db("show", "mine").stdout.startswith("Rev: mine (head)\nParent: right\nBranch names: east\n")


def test_bases_a_revision_on_one_that_is_no_head_only_with_splice(linear: Project) -> None:
    assert "please specify --splice" in linear.db("revision", "--head", "second", exit_code=1).stderr
    assert len(linear.revisions()) == 3

    linear.db("revision", "--head", "second", "--splice", "--rev-id", "beside")

    assert sorted(linear.db("heads").stdout.splitlines()) == ["beside (head)", "third (head)"]


def test_labels_a_branch(linear: Project) -> None:
    linear.db("revision", "--head", "base", "--branch-label", "shop", "--rev-id", "other")

    linear.db("upgrade", "shop@head")

    assert linear.db("current").stdout == "other (head)\n"


@pytest.mark.parametrize("label", ["a@b", "a:b", "+1", "-1", "head", "a b", ""])
def test_refuses_a_label_that_could_not_be_used(linear: Project, label: str) -> None:
    result = linear.db("revision", f"--branch-label={label}", exit_code=2)

    assert result.stderr.splitlines()[-1].startswith(f"Error: Invalid value for '--branch-label': {label!r} can't be")
    assert len(linear.revisions()) == 3


@pytest.mark.parametrize("label", ["east", "left"])
def test_refuses_a_label_that_is_taken(branched: Project, label: str) -> None:
    for command in (["revision", "--head", "left"], ["merge"]):
        result = branched.db(*command, "--branch-label", label, exit_code=1)
        assert result.stderr.startswith(f"Error: --branch-label gives {label!r}, which ")
    assert len(branched.revisions()) == 3
    branched.db("heads")


def test_chooses_among_several_version_folders(plain: Project) -> None:
    plain.db("init")
    ini = plain.path / "migrations/alembic.ini"
    ini.write_text(
        ini.read_text().replace(
            "# version_locations = %(here)s/versions", ("version_locations = %(here)s/versions:%(here)s/more")
        )
    )

    plain.db("revision", "--version-path", "migrations/more", "--rev-id", "mine")

    assert (plain.path / "migrations/more/mine_.py").is_file()
    refused = plain.db("revision", "--version-path", "elsewhere", exit_code=1)
    assert refused.stderr == (
        "Error: --version-path elsewhere isn't among the version locations: "
        f"{plain.path}/migrations/versions, {plain.path}/migrations/more\n"
    )
    assert not (plain.path / "elsewhere").exists()


def test_autogenerate_does_what_migrate_does(plain: Project) -> None:
    plain.db("init")

    plain.db("revision", "--autogenerate", "-m", "Add users")

    assert "op.create_table('users'," in plain.revisions()[0].read_text()


def test_autogenerate_refuses_sql(plain: Project) -> None:
    plain.db("init")

    result = plain.db("revision", "--autogenerate", "--sql", exit_code=2)

    assert result.stderr.splitlines()[-1] == "Error: --sql can't go with --autogenerate, which must read the database"


def test_sql_needs_the_environment(plain: Project) -> None:
    plain.db("init")
    assert "revision_environment is not configured" in plain.db("revision", "--sql", exit_code=1).stderr
    ini = plain.path / "migrations/alembic.ini"
    ini.write_text(ini.read_text().replace("path_separator = os", "path_separator = os\nrevision_environment = true"))

    plain.db("revision", "--sql", "--rev-id", "mine")

    assert (plain.path / "migrations/versions/mine_.py").is_file()
    assert plain.tables() == set()


def test_writes_functions_for_several_databases(several: Project) -> None:
    several.db("revision", "--rev-id", "mine")

    module = runpy.run_path(str(several.revisions()[0]))

    assert {"upgrade_default", "downgrade_default", "upgrade_reports", "downgrade_reports"} < set(module)
