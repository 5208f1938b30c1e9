"""ellar-db-timestamps."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ellar_db import RevisionRequest
from ellar_db.testing import Project

TIME = "[0-9]{8}T[0-9]{6}"


@pytest.fixture
def stamped(plain: Project, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with the package, in a time zone far from UTC and in a folder without a repository."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    use("ellar-db-timestamps")
    plain.db("init")
    return plain


def on_branch(project: Project, branch: str, folder: str = ".") -> None:
    """Create a repository whose HEAD is a branch, as written by git itself."""
    git = ["git", "-C", str(project.path / folder)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "symbolic-ref", "HEAD", f"refs/heads/{branch}"], check=True)


def only(project: Project) -> tuple[str, str]:
    """Return the only revision's file name and id, with the time replaced by T after checking that both agree."""
    (file,) = project.revisions()
    rev_id = project.db("heads").stdout.split()[0]
    times = set(re.findall(TIME, f"{file.stem} {rev_id}"))
    assert len(times) == 1
    return re.sub(TIME, "T", file.stem), re.sub(TIME, "T", rev_id)


def test_revisions_are_named_by_time_ticket_and_message(stamped: Project) -> None:
    on_branch(stamped, "feature/SHOP-42-users")
    before = datetime.now(timezone.utc).replace(microsecond=0)

    stamped.db("migrate", "-m", "Add users")

    (file,) = stamped.revisions()
    named = datetime.strptime(file.name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)
    assert before <= named <= datetime.now(timezone.utc)
    assert only(stamped) == ("T_SHOP-42_add_users", "T_SHOP_42")
    stamped.db("upgrade")
    assert stamped.db("current").stdout == f"{file.name[:15]}_SHOP_42 (head)\n"


def test_create_dates_are_in_utc(stamped: Project) -> None:
    stamped.db("revision", "-m", "x")

    (date,) = re.findall(r"^Create Date: (.*)$", stamped.revisions()[0].read_text(), re.MULTILINE)
    assert datetime.fromisoformat(date).utcoffset() == timedelta()
    assert abs(datetime.now(timezone.utc) - datetime.fromisoformat(date)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("branch", "name", "rev_id"),
    [
        ("SHOP-42", "T_SHOP-42_x", "T_SHOP_42"),
        ("release/2026/SHOP-42_y", "T_SHOP-42_x", "T_SHOP_42"),
        ("größe/SHOP-42-größer", "T_SHOP-42_x", "T_SHOP_42"),
        ("A1-7/B2-8", "T_A1-7_x", "T_A1_7"),
        ("PLATFORMX-123456", "T_PLATFORMX-123456_x", "T_PLATFORMX_123456"),
        # too long for the 32 characters of an id
        ("PLATFORMXY-123456", "T_PLATFORMXY-123456_x", "T"),
        ("main", "T_x", "T"),
        ("größe", "T_x", "T"),
        ("add-users-2", "T_x", "T"),
        ("xSHOP-42", "T_x", "T"),
        ("SHOP-42a", "T_x", "T"),
    ],
)
def test_the_ticket_is_what_the_branch_names(stamped: Project, branch: str, name: str, rev_id: str) -> None:
    on_branch(stamped, branch)

    stamped.db("revision", "-m", "x")

    assert only(stamped) == (name, rev_id)


def test_it_works_without_a_repository(stamped: Project) -> None:
    stamped.db("revision")

    assert only(stamped) == ("T", "T")


def test_it_works_on_a_detached_head(stamped: Project) -> None:
    on_branch(stamped, "SHOP-42")
    git = ["git", "-C", str(stamped.path), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "SHOP-1"], check=True)
    subprocess.run([*git, "checkout", "--quiet", "--detach"], check=True)

    stamped.db("revision", "-m", "x")

    assert only(stamped) == ("T_x", "T")


def test_a_linked_worktree_has_a_branch_of_its_own(stamped: Project, tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.mkdir()
    git = ["git", "-C", str(main), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    on_branch(stamped, "SHOP-1", "main")
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "--quiet", "-b", "SHOP-2", str(tmp_path / "linked")], check=True)
    (tmp_path / "migrations").rename(tmp_path / "linked" / "migrations")

    stamped.db("-d", "linked/migrations", "revision", "-m", "x")

    (file,) = stamped.revisions("linked/migrations")
    assert "_SHOP-2_" in file.name


@pytest.mark.parametrize("damage", ["gitdir: nowhere", ""])
def test_a_repository_that_cant_be_read_is_none(stamped: Project, damage: str) -> None:
    stamped.write(".git", damage)

    stamped.db("revision", "-m", "x")

    assert only(stamped) == ("T_x", "T")


def test_of_two_revisions_in_one_second_one_gets_the_next_that_is_free(stamped: Project) -> None:
    from ellar_db_timestamps import ellar_db_revision_id

    moment = datetime(2026, 12, 31, 23, 59, 58, tzinfo=timezone.utc)
    request = RevisionRequest(
        message=None,
        parents=(),
        branch_label=None,
        autogenerate=False,
        directory=stamped.path,
        create_date=moment,
        taken=frozenset({"20261231T235958_SHOP_42", "20261231T235959"}),
    )

    assert ellar_db_revision_id(request) == "20270101T000000"


def test_the_command_line_beats_the_time(stamped: Project) -> None:
    stamped.db("revision", "-m", "x", "--rev-id", "given")

    assert stamped.db("heads").stdout == "given (head)\n"
    assert re.fullmatch(rf"{TIME}_x", stamped.revisions()[0].stem)


@pytest.mark.parametrize(
    ("settings", "branch", "name", "rev_id"),
    [
        ("id = '{ticket}.{time}'", "SHOP-42", "T_SHOP-42_x", "SHOP_42.T"),
        ("id = '{ticket}.{time}'", "main", "T_x", "T"),
        ("filename = '{ticket} ({time}) {slug}'", "SHOP-42", "SHOP-42 (T) x", "T_SHOP_42"),
        ("filename = '{id}'", "SHOP-42", "T_SHOP_42", "T_SHOP_42"),
        ("ticket = '(?i)shop-[0-9]+'", "shop-42-x", "T_shop-42_x", "T_shop_42"),
        ("ticket = '^([0-9]+)-'", "1234-add-users", "T_1234_x", "T_1234"),
        ("ticket = '^([0-9]+)?'", "main", "T_x", "T"),
        ("ticket = '.*'", "größe/a", "T_größe-a_x", "T_gr_e_a"),
        ("ticket = '[^x]*'", "a/b.c/d", "T_a-b.c-d_x", "T_a_b.c_d"),
    ],
)
def test_patterns_are_the_projects(stamped: Project, settings: str, branch: str, name: str, rev_id: str) -> None:
    on_branch(stamped, branch)
    stamped.configure(extra=f"[tool.ellar-db-timestamps]\n{settings}")

    stamped.db("revision", "-m", "x")

    assert only(stamped) == (name, rev_id)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("tickt = 'x'", "has no tickt; it takes id, filename, ticket; did you mean ticket?"),
        ("id = 5", "id must be a text, not 5"),
        ("id = '{ticket}'", "id is '{ticket}'; without {time} two revisions would have one name"),
        ("id = '{time}_{slug}'", "id is '{time}_{slug}'; it may have {ticket}, {time}"),
        ("id = '{time'", "id is '{time', which can't be read: expected '}' before end of string"),
        (
            "id = '{time}_from_the_shop_team_itself'",
            "id is '{time}_from_the_shop_team_itself', which makes more than 32 characters",
        ),
        (
            "filename = '{slug}'",
            "filename is '{slug}'; without {id} or {time} two revisions would have one name",
        ),
        (
            "filename = '{id.__class__}'",
            "filename is '{id.__class__}'; it may have {id}, {slug}, {ticket}, {time}",
        ),
        ("ticket = 5", "ticket must be a regular expression, not 5"),
        (
            "ticket = '['",
            "ticket is '[', which isn't a regular expression: unterminated character set at position 0",
        ),
    ],
)
def test_settings_that_cant_be_used_are_refused(stamped: Project, settings: str, message: str) -> None:
    stamped.configure(extra=f"[tool.ellar-db-timestamps]\n{settings}")

    assert stamped.db("revision", exit_code=1).stderr == f"Error: [tool.ellar-db-timestamps] {message}\n"
    assert stamped.revisions() == []


def staged(project: Project) -> list[str]:
    """Return the files in git's index."""
    git = ["git", "-C", str(project.path), "ls-files"]
    return subprocess.run(git, check=True, capture_output=True, text=True).stdout.splitlines()


def test_git_add_adds_what_is_written(stamped: Project) -> None:
    on_branch(stamped, "main")

    stamped.db("migrate", "-m", "Add users", "--git-add")
    added = staged(stamped)
    stamped.db("upgrade")
    stamped.db("revision", "-m", "not added")

    assert added == staged(stamped) == [f"migrations/versions/{stamped.revisions()[0].name}"]
    stamped.db("revision", "-m", "side", "--head", "base", "--git-add")
    stamped.db("merge", "heads", "--git-add")
    assert len(staged(stamped)) == 3


@pytest.mark.parametrize("why", ["no repository", "ignored", "no git"])
def test_what_git_refuses_to_add_stays_written(stamped: Project, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    if why == "no git":
        monkeypatch.setenv("PATH", str(stamped.path))
    elif why == "ignored":
        on_branch(stamped, "main")
        stamped.write(".gitignore", "versions")

    failed = stamped.db("revision", "-m", "x", "--git-add", exit_code=1)

    (file,) = stamped.revisions()
    assert failed.stderr.splitlines()[-1].startswith(f"Error: {file.absolute()} is written, but ")
    said = {"no repository": "not a git repository", "ignored": "are ignored by", "no git": "git can't be run"}
    assert said[why] in failed.stderr
    assert "Traceback" not in failed.stderr
