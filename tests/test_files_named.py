"""Files that the user names for SQL: written through links and to devices, and never over a database."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ellar_db.testing import Project
from ellar_db.util.files import open_handle, write_through
from tests.support.processes import TIMEOUT
from tests.support.revisions import add

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other links and devices")

SQL = "CREATE TABLE t_first"


@pytest.fixture
def ready(plain: Project) -> Project:
    """A project with a folder of one revision, not applied."""
    plain.db("init")
    add(plain, "first", None)
    return plain


def write(project: Project, output: str) -> None:
    project.db("upgrade", "--sql", "-o", output)


@posix
@pytest.mark.parametrize("target", ["target.sql", "below/target.sql"])
def test_a_link_is_written_through(ready: Project, target: str) -> None:
    file = ready.write(target, "old")
    link = ready.path / "link.sql"
    link.symlink_to(target)

    write(ready, "link.sql")

    assert os.readlink(link) == target
    assert SQL in file.read_text()


@posix
def test_a_link_to_nothing_makes_its_target(ready: Project) -> None:
    (ready.path / "one.sql").symlink_to("two.sql")
    (ready.path / "two.sql").symlink_to("three.sql")

    write(ready, "one.sql")

    assert (ready.path / "one.sql").is_symlink()
    assert (ready.path / "two.sql").is_symlink()
    assert SQL in (ready.path / "three.sql").read_text()
    assert not (ready.path / "three.sql").is_symlink()


@posix
def test_a_link_in_a_folder_with_a_file_for_each_database_is_written_through(ready: Project) -> None:
    file = ready.write("target.sql", "old")
    (ready.path / "sql").mkdir()
    (ready.path / "sql/default.sql").symlink_to(file)

    write(ready, "sql/")

    assert (ready.path / "sql/default.sql").is_symlink()
    assert SQL in file.read_text()


@posix
def test_a_link_to_itself_is_refused(ready: Project) -> None:
    (ready.path / "loop.sql").symlink_to("loop.sql")

    refused = ready.db("upgrade", "--sql", "-o", "loop.sql", exit_code=1)

    assert refused.stderr.splitlines()[-1].startswith("Error: the SQL can't be written to loop.sql: Too many levels of")
    assert (ready.path / "loop.sql").is_symlink()


@posix
def test_all_names_of_a_file_stay_its_names(ready: Project) -> None:
    file = ready.write("target.sql", "old")
    os.link(file, ready.path / "other.sql")

    write(ready, "other.sql")

    assert SQL in file.read_text()
    assert file.samefile(ready.path / "other.sql")


@posix
def test_a_file_keeps_its_permissions(ready: Project) -> None:
    file = ready.write("target.sql", "old")
    file.chmod(0o600)

    write(ready, "target.sql")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SQL in file.read_text()


@posix
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_written_to(ready: Project) -> None:
    os.mkfifo(ready.path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=ready.path, stdout=subprocess.PIPE, text=True) as reader:
        write(ready, "pipe")
        read, _ = reader.communicate(timeout=TIMEOUT)

    assert SQL in read
    assert stat.S_ISFIFO((ready.path / "pipe").stat().st_mode)


@posix
def test_a_device_is_written_to(ready: Project) -> None:
    before = os.stat(os.devnull).st_mode

    write(ready, os.devnull)

    assert os.stat(os.devnull).st_mode == before


@pytest.mark.sampled
@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout")
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "own"])
def test_standard_output_is_written_to_whatever_it_is(ready: Project, path: str) -> None:
    (ready.path / "own").symlink_to("/dev/stdout")
    log = ready.write("log", "before\n")
    with log.open("a") as output:
        subprocess.run(
            [sys.executable, "-m", "ellar_db", "upgrade", "--sql", "-o", path],
            cwd=ready.path,
            stdout=output,
            check=True,
            timeout=TIMEOUT,
        )

    # as with `>> log`
    assert log.read_text().startswith("before\n")
    assert SQL in log.read_text()
    assert Path("/dev/stdout").is_symlink() or not Path("/dev/stdout").is_file()


@pytest.mark.parametrize(
    "output", ["./app.db", *(f"app.db{end}" for end in ("", "-journal", "-wal", "-shm", ".migrating", ".migrating-by"))]
)
@pytest.mark.parametrize("there", [True, False])
def test_a_database_of_the_run_is_refused(ready: Project, output: str, there: bool) -> None:
    if there:
        ready.db("upgrade")
    before = {file.name: file.read_bytes() for file in ready.path.glob("app.db*")}

    refused = ready.db("upgrade", "--sql", "-o", output, exit_code=1)

    assert refused.stderr.splitlines()[-1] == (
        f"Error: {Path(output)} belongs to the database 'default'; name another file for the SQL with -o"
    )
    assert {file.name: file.read_bytes() for file in ready.path.glob("app.db*")} == before


@posix
@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_another_name_of_a_database_is_refused(ready: Project, make: Callable[[str, str], None]) -> None:
    ready.db("upgrade")
    make("app.db", "up.sql")
    before = (ready.path / "app.db").read_bytes()

    assert "belongs to the database 'default'" in ready.db("upgrade", "--sql", "-o", "up.sql", exit_code=1).stderr
    assert (ready.path / "app.db").read_bytes() == before


def test_any_sqlite_database_is_refused(ready: Project) -> None:
    with closing(sqlite3.connect(ready.path / "other.db")) as other:
        other.execute("CREATE TABLE t (id integer)")
        other.commit()
    before = (ready.path / "other.db").read_bytes()

    assert ready.db("upgrade", "--sql", "-o", "other.db", exit_code=1).stderr.splitlines()[-1] == (
        "Error: other.db is a SQLite database; name another file for the SQL with -o"
    )
    assert (ready.path / "other.db").read_bytes() == before
    for end in ("-journal", "-wal", "-shm", ".migrating", ".migrating-by"):
        assert ready.db("upgrade", "--sql", "-o", f"other.db{end}", exit_code=1).stderr.splitlines()[-1] == (
            f"Error: other.db{end} belongs to a SQLite database; name another file for the SQL with -o"
        )
        assert not (ready.path / f"other.db{end}").exists()
    for name in ("none.db.migrating", ".migrating"):
        ready.db("upgrade", "--sql", "-o", name)


@posix
def test_the_files_beside_a_database_behind_a_link_are_refused(ready: Project) -> None:
    (ready.path / "data").mkdir()
    os.symlink("data/shop.db", ready.path / "app.db")
    for name in ("data/shop.db", "data/shop.db-wal", "data/shop.db.migrating", "app.db.migrating-by"):
        told = ready.db("upgrade", "--sql", "-o", name, exit_code=1).stderr
        assert f"{name} belongs to the database 'default'" in told


def test_a_database_in_a_folder_for_sql_is_refused(ready: Project) -> None:
    ready.configure(url="sqlite:///sql/default.sql")
    (ready.path / "sql").mkdir()
    ready.db("upgrade")

    assert "belongs to the database 'default'" in ready.db("upgrade", "--sql", "-o", "sql/", exit_code=1).stderr
    assert ready.tables("sqlite:///sql/default.sql") == {"alembic_version", "t_first"}


@posix
def test_a_handle_of_another_process_is_a_path_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    (tmp_path / "link").symlink_to(file)

    assert open_handle(tmp_path / "link") is None
    assert open_handle(Path("/proc/1/fd/0")) is None or os.getpid() == 1
    write_through(tmp_path / "link", "y")
    assert file.read_text() == "y"
