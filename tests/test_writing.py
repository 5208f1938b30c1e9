"""Files that the commands write are there whole or not at all, and ids stay unique."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.histories import TURNS
from tests.support.processes import TIMEOUT, Program, python

SEQUENTIAL = Path(__file__).parent.parent / "plugins_example" / "ellar-db-sequential" / "ellar_db_sequential.py"

PROCESSES = 8


def start(project: Project, *arguments: str) -> Program | subprocess.Popen[str]:
    """Start `ellar-db` as a process."""
    environment = {**os.environ, "PYTHONPATH": str(project.path / "site")}
    return python("-m", "ellar_db", *arguments, cwd=project.path, env=environment)


def killed(project: Project, chance: random.Random, seconds: float, *arguments: str) -> None:
    """Start `ellar-db` and kill it at a random moment of the time that it takes."""
    process = start(project, *arguments)
    try:
        process.wait(timeout=chance.uniform(0, seconds))
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()


def seconds(project: Project, *arguments: str) -> float:
    """Return how long a command takes."""
    began = time.monotonic()
    _, said = (process := start(project, *arguments)).communicate(timeout=TIMEOUT)
    assert process.returncode == 0, said
    return time.monotonic() - began


def listing(folder: Path) -> list[str]:
    """Give what is in a folder, but for what Python keeps there."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if "__pycache__" not in file.parts)


@pytest.fixture
def set_up(plain: Project) -> Project:
    plain.db("init")
    return plain


def configure(project: Project, *lines: str) -> None:
    """Write lines into `[alembic]` of the folder's alembic.ini, and those after a further section."""
    ini = project.path / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]\n", "[alembic]\n" + "\n".join(lines) + "\n", 1))


@pytest.mark.parametrize("command", ["revision", "migrate"])
def test_a_revision_is_whole_or_not_there_whenever_the_program_is_killed(set_up: Project, command: str) -> None:
    duration = seconds(set_up, command, "-m", "x")
    (whole,) = set_up.revisions()
    length = len(whole.read_text())
    whole.unlink()
    before = listing(set_up.path)
    chance = random.Random(20261123)

    for turn in range(TURNS):
        killed(set_up, chance, duration, command, "-m", "x")

        left = set(listing(set_up.path)) - set(before)
        written = {file for file in left if file.endswith(".py")}
        # the lock's own file, which nobody holds any more
        assert {Path(file).name for file in left - written} <= {".revisions.migrating", ".revisions.migrating-by"}, turn
        assert [len((set_up.path / file).read_text()) for file in written] in ([], [length]), turn
        set_up.db("revision", "-m", "next")
        for file in set_up.revisions():
            file.unlink()
        assert listing(set_up.path) == before, turn


def test_a_folder_is_whole_or_not_there_whenever_the_program_is_killed(plain: Project) -> None:
    duration = seconds(plain, "init")
    whole = listing(plain.path)
    shutil.rmtree(plain.path / "migrations")
    without = listing(plain.path)
    chance = random.Random(20261123)

    for turn in range(TURNS):
        killed(plain, chance, duration, "init")

        assert listing(plain.path) in (without, whole), turn
        if listing(plain.path) == without:
            plain.db("init")
        assert listing(plain.path) == whole
        shutil.rmtree(plain.path / "migrations")


def test_a_folder_that_cannot_be_made_leaves_none_above_it(plain: Project) -> None:
    template = plain.path / "template"
    shutil.copytree(Path(__file__).parent.parent / "ellar_db" / "templates" / "single", template)
    (template / "alembic.ini.mako").write_text("${1/0}")
    before = listing(plain.path)

    for folder in ("a/b/c", "models.py/migrations", "x" * 300, "a/b/" + "x" * 300):
        result = plain.db("init", "-t", "template", "-d", folder, exit_code=1)
        assert result.stderr.startswith("Error: ")
        result = plain.db("init", "-d", folder, exit_code=0 if folder == "a/b/c" else 1)
        shutil.rmtree(plain.path / "a", ignore_errors=folder != "a/b/c")
        assert listing(plain.path) == before


def test_programs_that_generate_at_once_give_one_line_of_ids(set_up: Project, install: Callable[..., Path]) -> None:
    install("ellar-db-sequential", SEQUENTIAL.read_text())

    processes = [start(set_up, "revision", "-m", f"number {number}") for number in range(PROCESSES)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    history = set_up.db("history").stdout.splitlines()
    expected = [f"{number:04}" for number in range(PROCESSES, 0, -1)]
    assert [re.split(" -> |,| ", line)[1] for line in history] == expected
    assert history[-1].startswith("<base> -> 0001")
    assert {file.name[:4] for file in set_up.revisions()} == set(expected)


def hook(project: Project, *lines: str) -> None:
    """Add a section of post-write hooks."""
    ini = project.path / "migrations" / "alembic.ini"
    ini.write_text("\n".join([ini.read_text(), "[post_write_hooks]", "hooks = one", *lines]))


def test_post_write_hooks_find_the_file_in_its_place(set_up: Project) -> None:
    set_up.write(
        "hook.py",
        """
        import sys
        from pathlib import Path

        file = Path(sys.argv[1])
        file.write_text(file.read_text() + f"# {file.relative_to(Path.cwd()).parent.as_posix()}\\n")
        """,
    )
    hook(
        set_up,
        "one.type = exec",
        f"one.executable = {sys.executable}",
        "one.options = hook.py REVISION_SCRIPT_FILENAME",
    )

    set_up.db("revision", "-m", "x")

    (file,) = set_up.revisions()
    assert file.read_text().endswith("# migrations/versions\n")
    assert "def downgrade" in file.read_text()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["one.type = exec", "one.executable = nosuch-program"], "'nosuch-program'"),
        (["one.type = nosuch"], "No formatter with name 'nosuch' registered"),
        (["one.executable = true"], "Key 'one.type' (or 'type' in toml) is required for post write hook 'one'"),
    ],
)
@pytest.mark.parametrize("template", ["%%(rev)s", "%%(year)d/%%(month)d/%%(rev)s"])
def test_a_hook_that_fails_leaves_nothing(set_up: Project, template: str, lines: list[str], message: str) -> None:
    configure(set_up, f"file_template = {template}", "recursive_version_locations = true")
    hook(set_up, *lines)
    before = listing(set_up.path)

    result = set_up.db("revision", "-m", "x", exit_code=1)

    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert message in result.stderr.splitlines()[-1]
    assert listing(set_up.path) == before


def test_a_template_that_fails_leaves_nothing(set_up: Project) -> None:
    template = set_up.path / "migrations" / "script.py.mako"
    template.write_text(template.read_text() + "\n${1/0}\n")
    # a look at a SQLite database makes its file
    set_up.db("current")
    before = listing(set_up.path)

    for command in ("revision", "migrate"):
        result = set_up.db(command, "-m", "x", exit_code=1)
        assert result.stderr.splitlines()[-1].startswith("Error: ")
        assert listing(set_up.path) == before


def test_a_file_that_is_there_is_kept(set_up: Project) -> None:
    configure(set_up, "file_template = fixed")
    set_up.db("revision", "-m", "first")
    (file,) = set_up.revisions()
    content = file.read_text()

    result = set_up.db("revision", "-m", "second", exit_code=1)

    assert result.stderr == f"Error: {file} already exists; give the revision another message or id\n"
    assert file.read_text() == content
    assert set_up.revisions() == [file]


@pytest.mark.sampled
@pytest.mark.parametrize("template", ["../%%(rev)s", "a/../../%%(rev)s", "/tmp/%%(rev)s", "..\\\\%%(rev)s"])
def test_a_template_of_names_that_leads_elsewhere_is_refused(set_up: Project, template: str) -> None:
    configure(set_up, f"file_template = {template}", "recursive_version_locations = true")
    before = listing(set_up.path.parent)

    result = set_up.db("revision", "-m", "x", exit_code=1)

    assert result.stderr.endswith("which it can't use: ValueError: it leads out of the versions folder\n")
    assert listing(set_up.path.parent) == before


@pytest.fixture
def two_folders(set_up: Project) -> Project:
    """A migrations folder whose revisions are in two places."""
    configure(set_up, "version_locations = %(here)s/versions:%(here)s/more")
    (set_up.path / "migrations" / "more").mkdir()
    ini = set_up.path / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text().replace("path_separator = os", f"path_separator = {os.pathsep}"))
    return set_up


def test_a_revision_goes_where_it_is_sent_or_where_its_parent_is(two_folders: Project) -> None:
    two_folders.db("revision", "-m", "a", "--rev-id", "a1", "--version-path", "migrations/versions")
    two_folders.db("revision", "-m", "b", "--rev-id", "b1", "--head", "base", "--version-path", "migrations/more")
    two_folders.db("revision", "-m", "a", "--rev-id", "a2", "--head", "a1")
    two_folders.db("revision", "-m", "b", "--rev-id", "b2", "--head", "b1")

    assert listing(two_folders.path / "migrations" / "versions") == ["a1_a.py", "a2_a.py"]
    assert listing(two_folders.path / "migrations" / "more") == ["b1_b.py", "b2_b.py"]


def test_folders_below_versions_are_made_where_they_are_looked_for(set_up: Project) -> None:
    configure(set_up, "recursive_version_locations = true", "file_template = %%(year)d/%%(rev)s")

    set_up.db("revision", "-m", "a", "--rev-id", "a1")
    said = set_up.db("revision", "-m", "b", "--rev-id", "b1").stdout

    year, first, second = listing(set_up.path / "migrations" / "versions")
    assert [first, second] == [f"{year}/a1.py", f"{year}/b1.py"]
    assert said == f"Wrote {Path('migrations', 'versions', second)}\n"
    assert set_up.db("heads").stdout == "b1 (head)\n"


def test_a_folder_that_cannot_be_copied_is_told_in_a_line(plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        raise shutil.Error([(str(source / name), str(target / name), f"no room for {name}") for name in ("a", "b")])

    def elsewhere(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "another file system")

    # a full disk of another file system can't be had by a test
    monkeypatch.setattr("shutil.copytree", full)
    monkeypatch.setattr("ellar_db.util.files._rename", elsewhere)

    assert plain.db("init", exit_code=1).stderr == "Error: the folder migrations can't be made: no room for a\n"
