"""ellar-db-sequential."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from ellar_db.testing import Project


@pytest.fixture
def numbered(plain: Project, use: Callable[..., None]) -> Project:
    """A project with the package."""
    use("ellar-db-sequential")
    plain.db("init")
    return plain


def names(project: Project) -> list[str]:
    return [file.name for file in project.revisions()]


def test_revisions_are_numbered(numbered: Project) -> None:
    numbered.db("migrate", "-m", "Add users")
    numbered.db("revision", "-m", "Fill in: the rest!")
    numbered.db("revision")

    assert names(numbered) == ["0001_add_users.py", "0002_fill_in_the_rest.py", "0003.py"]
    assert [line.split(",")[0] for line in numbered.db("history").stdout.splitlines()] == [
        "0002 -> 0003 (head)",
        "0001 -> 0002",
        "<base> -> 0001",
    ]


def test_the_number_after_the_highest_is_next_whatever_the_order(numbered: Project) -> None:
    numbered.db("revision", "--rev-id", "0041")
    numbered.db("revision", "--rev-id", "0007")
    numbered.db("revision", "--rev-id", "ae1027a6acf1")
    numbered.db("revision", "--rev-id", "999999999999")

    numbered.db("revision")

    assert names(numbered)[2] == "0042.py"


def test_merges_and_branches_are_numbered_too(numbered: Project) -> None:
    numbered.db("revision", "-m", "one")
    numbered.db("revision", "-m", "two")
    numbered.db("revision", "-m", "side", "--head", "0001", "--splice")
    numbered.db("merge", "-m", "both", "heads")

    assert names(numbered)[-2:] == ["0003_side.py", "0004_both.py"]


def test_the_width_is_the_projects(numbered: Project) -> None:
    numbered.configure(extra="[tool.ellar-db-sequential]\ndigits = 6")

    numbered.db("revision", "-m", "x")

    assert names(numbered) == ["000001_x.py"]


def test_the_pattern_is_the_projects(numbered: Project) -> None:
    numbered.configure(extra="[tool.ellar-db-sequential]\nfilename = '{year}-{month}-{day}_{branch}_{id}-{slug}'")

    before = datetime.now()
    numbered.db("revision", "-m", "Add users", "--branch-label", "shop")
    numbered.db("revision")

    # midnight may come between the two
    days = {f"{day:%Y-%m-%d}" for day in (before, datetime.now())}
    second, first = names(numbered)
    assert second in {f"{day}_0002.py" for day in days}
    assert first in {f"{day}_shop_0001-add_users.py" for day in days}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("digts = 3", "has no digts; it takes digits, filename; did you mean digits?"),
        ("digits = 0", "digits must be a number from 1 to 11, not 0"),
        ("digits = true", "digits must be a number from 1 to 11, not True"),
        ("filename = 5", "filename must be a text, not 5"),
        (
            "filename = '{slug}'",
            "filename is '{slug}'; without {id} two revisions would have one file",
        ),
        (
            "filename = '{id}{author}'",
            "filename is '{id}{author}'; it may have {id}, {slug}, {branch}, {year}, {month}, {day}, {hour}, {minute}, "
            "{second}",
        ),
        (
            "filename = '{id.__class__}'",
            "filename is '{id.__class__}'; it may have {id}, {slug}, {branch}, {year}, {month}, {day}, {hour}, "
            "{minute}, {second}",
        ),
        ("filename = '{id'", "filename is '{id', which can't be read: expected '}' before end of string"),
    ],
)
def test_settings_that_cant_be_used_are_refused(numbered: Project, settings: str, message: str) -> None:
    numbered.configure(extra=f"[tool.ellar-db-sequential]\n{settings}")

    assert numbered.db("revision", exit_code=1).stderr == f"Error: [tool.ellar-db-sequential] {message}\n"
    assert names(numbered) == []


def test_a_pattern_that_leaves_the_folder_is_refused(numbered: Project) -> None:
    numbered.configure(extra="[tool.ellar-db-sequential]\nfilename = '../{id}'")

    assert "the plugin ellar-db-sequential 1.0 gives " in numbered.db("revision", exit_code=1).stderr
    assert list(numbered.path.rglob("*0001*")) == []


def test_the_command_line_beats_the_number(numbered: Project) -> None:
    numbered.db("revision", "-m", "x", "--rev-id", "given")

    assert names(numbered) == ["given_x.py"]
