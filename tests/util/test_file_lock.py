"""The lock file and its note: no link is followed, no pipe waited for, and other users' leftovers are used."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ellar_db.testing import Project
from ellar_db.util.errors import DbError
from ellar_db.util.file_lock import FileLock
from tests.support.histories import leftovers
from tests.support.processes import TIMEOUT
from tests.support.revisions import add
from tests.support.users import NOBODY, as_root, start_as

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other links, pipes and users")

NOTE, LOCK = "app.db.migrating-by", "app.db.migrating"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file that nothing may change."""
    file = tmp_path / "victim"
    file.write_text("precious")
    return file


def test_a_note_follows_no_link(tmp_path: Path, victim: Path) -> None:
    (tmp_path / NOTE).symlink_to(victim)
    lock = FileLock(tmp_path / "app.db")

    assert lock.acquire()
    assert lock.holder() == ""
    lock.release()

    assert victim.read_text() == "precious"
    assert (tmp_path / NOTE).is_symlink()


def test_a_note_follows_no_link_to_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / NOTE).symlink_to(tmp_path / "new")
    lock = FileLock(tmp_path / "app.db")

    assert lock.acquire()
    lock.release()

    assert not (tmp_path / "new").exists()


def test_a_note_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NOTE)
    lock, other = FileLock(tmp_path / "app.db"), FileLock(tmp_path / "app.db")

    assert lock.acquire()
    assert not other.acquire()
    assert other.holder() == ""
    lock.release()

    assert not os.path.exists(tmp_path / LOCK)


def test_a_note_that_is_a_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NOTE).mkdir()
    lock = FileLock(tmp_path / "app.db")

    assert lock.acquire()
    lock.release()

    assert (tmp_path / NOTE).is_dir()


def make_link(path: Path) -> None:
    path.symlink_to(path.parent / "victim")


def make_dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "new")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (make_link, "a symbolic link"),
        (make_dangling_link, "a symbolic link"),
        (os.mkfifo, "no regular file"),
        (os.mkdir, "a folder"),
    ],
)
def test_a_lock_file_that_is_none_is_refused(
    tmp_path: Path, victim: Path, make: Callable[[Path], None], kind: str
) -> None:
    make(tmp_path / LOCK)

    with pytest.raises(DbError) as caught:
        FileLock(tmp_path / "app.db").acquire()

    assert caught.value.message == f"{tmp_path / LOCK} is {kind}, where the lock file of app.db belongs; remove it"
    assert victim.read_text() == "precious"
    assert not (tmp_path / "new").exists()


def test_the_lock_of_a_folder_follows_no_link_either(plain: Project, victim: Path) -> None:
    plain.db("init")
    (plain.path / "migrations/.revisions.migrating-by").symlink_to(victim)

    plain.db("revision")

    assert victim.read_text() == "precious"
    assert len(plain.revisions()) == 1


def test_a_run_follows_no_link(plain: Project, victim: Path) -> None:
    plain.db("init")
    add(plain, "first", None)
    (plain.path / NOTE).symlink_to(victim)

    plain.db("upgrade")

    assert victim.read_text() == "precious"
    assert "t_first" in plain.tables()


def test_what_is_in_a_lock_file_stays(tmp_path: Path, victim: Path) -> None:
    # a hard link can't be told from a lock file
    os.link(victim, tmp_path / LOCK)
    lock = FileLock(tmp_path / "app.db")

    assert lock.acquire()
    lock.release()

    assert victim.read_text() == "precious"


def test_the_lock_is_for_all_who_may_use_the_database(tmp_path: Path) -> None:
    (tmp_path / "app.db").touch()
    (tmp_path / "app.db").chmod(0o660)
    lock = FileLock(tmp_path / "app.db")
    before = os.umask(0o077)
    try:
        assert lock.acquire()
    finally:
        os.umask(before)

    assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o660
    lock.release()
    assert leftovers(tmp_path) == []


def test_a_lock_file_that_its_holder_removes_is_no_lock(tmp_path: Path) -> None:
    first, second, third = (FileLock(tmp_path / "app.db") for _ in range(3))
    assert first.acquire()
    opened = os.open(tmp_path / LOCK, os.O_RDWR)
    first.release()
    assert second.acquire()

    # the file that was open is another one
    assert not second.is_in_place(opened)
    assert not third.acquire()
    os.close(opened)
    second.release()


ACQUIRE = """
from ellar_db.util.errors import DbError
from ellar_db.util.file_lock import FileLock
from pathlib import Path
lock = FileLock(Path(sys.argv[1]))
try:
    print(lock.acquire(), lock.holder().partition(" on ")[0])
    lock.release()
except DbError as error:
    print(error.message)
"""


def as_nobody(path: Path) -> str:
    """Acquire the lock of a path as another user, in a process of its own; give what it prints."""
    output, error = start_as(NOBODY, ACQUIRE, str(path), cwd=path.parent).communicate(timeout=TIMEOUT)
    assert error == ""
    return output.rstrip()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A database in a folder of several users; nobody else may enter that of a test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "app.db").touch()
        (folder / "app.db").chmod(0o666)
        yield folder / "app.db"


def leave(path: Path, mode: int) -> None:
    """Leave what a killed run of this user, root, leaves."""
    for name in (LOCK, NOTE):
        (path.parent / name).write_text("process 1 on host since then" if name == NOTE else "")
        (path.parent / name).chmod(mode)


@as_root
@pytest.mark.parametrize("folder_mode", [0o777, 0o1777], ids=["shared", "sticky"])
def test_what_a_killed_run_of_another_user_left_is_used(shared: Path, folder_mode: int) -> None:
    shared.parent.chmod(folder_mode)
    leave(shared, 0o644)

    assert as_nobody(shared).startswith("True")
    if folder_mode == 0o777:
        assert leftovers(shared.parent) == []


@as_root
def test_a_run_of_another_user_is_waited_for(shared: Path) -> None:
    lock = FileLock(shared)
    assert lock.acquire()

    assert as_nobody(shared).startswith(f"False process {os.getpid()}")

    lock.release()
    assert as_nobody(shared).startswith("True process")


@as_root
def test_a_leftover_that_cannot_even_be_read_is_told_with_its_owner(shared: Path) -> None:
    leave(shared, 0o600)

    assert as_nobody(shared) == (
        f"the lock file {shared.parent / LOCK}, which belongs to root, can't be opened: Permission denied; if none of "
        "their programs is running, remove it; --no-lock goes without"
    )

    (shared.parent / LOCK).unlink()
    assert as_nobody(shared).startswith("True")


@as_root
def test_a_folder_that_cannot_be_written_is_told(shared: Path) -> None:
    shared.parent.chmod(0o755)

    assert as_nobody(shared) == (
        f"the folder {shared.parent}, which belongs to root, can't be written to: Permission denied; make it writable "
        "for this user"
    )

    shared.parent.chmod(0o777)
    assert as_nobody(shared).startswith("True")


def test_who_cannot_go_without_the_lock_is_not_told_so(tmp_path: Path) -> None:
    long = "x" * 250

    for without, end in (("; --no-lock goes without", "; --no-lock goes without"), ("", "File name too long")):
        with pytest.raises(DbError) as caught:
            FileLock(tmp_path / long, without=without).acquire()
        assert caught.value.message.endswith(end)
