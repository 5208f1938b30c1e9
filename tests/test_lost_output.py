"""Output that can't be written changes nothing that happens to a database, and no exit code but that of an answer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ellar_db.output.lossy import lossy
from ellar_db.testing import Project
from tests.support.output import without_page
from tests.support.processes import TIMEOUT

FULL = Path("/dev/full")

PRINTING = '''"""Add rows."""
import sys

revision = "printing"
down_revision = "third"
branch_labels = None
depends_on = None


def upgrade():
    print("to standard output", flush=True)
    print("to standard output, later")
    print("to standard error", file=sys.stderr)


def downgrade():
    print("back")
'''


@contextmanager
def closed_pipe() -> Iterator[int]:
    """A pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    try:
        yield write
    finally:
        os.close(write)


@contextmanager
def full_disk() -> Iterator[int]:
    """A file on a full disk."""
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    file = os.open(FULL, os.O_WRONLY)
    try:
        yield file
    finally:
        os.close(file)


Target = Callable[[], "contextmanager[int]"]  # type: ignore[type-arg]

TARGETS = pytest.mark.parametrize("target", [closed_pipe, full_disk])


def run(project: Project, *words: str, stdout: int | None = None, stderr: int | None = None) -> tuple[int, str, str]:
    """Run the program with streams of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "ellar_db", *words],
        cwd=project.path,
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE if stderr is None else stderr,
        env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""},
        text=True,
        timeout=TIMEOUT,
    )
    return done.returncode, done.stdout or "", done.stderr or ""


@pytest.fixture
def printing(linear: Project) -> Project:
    """A folder with three revisions, and a fourth that prints."""
    linear.write("migrations/versions/printing_.py", PRINTING)
    return linear


@TARGETS
@pytest.mark.sampled
class TestUpgrade:
    def test_it_is_done_though_nobody_hears_of_it(self, printing: Project, target: Target) -> None:
        with target() as lost:
            assert run(printing, "upgrade", stdout=lost, stderr=lost)[0] == 0
        assert "printing (head)" in printing.db("current").stdout

    def test_what_can_be_written_is(self, printing: Project, target: Target) -> None:
        with target() as lost:
            code, _, told = run(printing, "upgrade", stdout=lost)
        assert code == 0
        assert "4 revisions applied" in told
        assert "to standard error" in told
        with target() as lost:
            code, told, _ = run(printing, "downgrade", "third", "--yes", stderr=lost)
        assert (code, told) == (0, "back\n")

    def test_one_that_fails_fails_as_ever(self, printing: Project, target: Target) -> None:
        printing.write(
            "migrations/versions/printing_.py", PRINTING.replace("def upgrade():", "def upgrade():\n    1 / 0")
        )
        with target() as lost:
            assert run(printing, "upgrade", stderr=lost)[0] == printing.db("upgrade", exit_code=1).exit_code
        assert "at base" in printing.db("current").stderr

    def test_with_bare_alembic_too(self, printing: Project, target: Target) -> None:
        command = [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "upgrade", "head"]
        with target() as lost:
            done = subprocess.run(command, cwd=printing.path, stdout=lost, stderr=lost, check=False, timeout=TIMEOUT)
        assert done.returncode == 0
        assert "printing (head)" in printing.db("current").stdout


@TARGETS
@pytest.mark.parametrize("words", [["frobnicate"], ["show", "nothing"], ["upgrade", "--nonsense"]])
def test_an_error_that_nobody_hears_has_its_exit_code(linear: Project, target: Target, words: list[str]) -> None:
    with target() as lost:
        code = run(linear, *words, stderr=lost)[0]
    assert code == run(linear, *words)[0] > 0


def test_an_answer_that_cannot_be_written_is_an_error(linear: Project) -> None:
    with full_disk() as lost:
        code, _, told = run(linear, "history", stdout=lost)
    assert code == 1
    assert without_page(told.strip()) == "Error: the output can't be written: No space left on device"


@pytest.mark.skipif(os.name == "nt", reason="the shell closes what a program is started without")
@pytest.mark.sampled
class TestClosed:
    """Streams that the shell has closed."""

    def run(self, project: Project, redirection: str, *words: str) -> tuple[int, str, str]:
        command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "ellar_db", *words]
        env = {**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""}
        done = subprocess.run(
            command, cwd=project.path, capture_output=True, text=True, env=env, check=False, timeout=TIMEOUT
        )
        return done.returncode, done.stdout, done.stderr

    @pytest.mark.parametrize("redirection", ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-"])
    def test_a_run_is_done(self, printing: Project, redirection: str) -> None:
        printing.write(
            "migrations/versions/printing_.py",
            PRINTING.replace(
                "    print(", "    import os\n    os.write(1, b'x') if 0 else os.write(2, b'x')\n    print(", 1
            ),
        )
        code, told, heard = self.run(printing, redirection, "upgrade")
        assert (code, "Traceback" in told + heard) == (0, False)
        assert "2>&-" in redirection or "4 revisions applied" in heard
        assert "printing (head)" in printing.db("current").stdout

    @pytest.mark.parametrize(
        "words", [["heads"], ["history"], ["status"], ["--help"], ["heads", "--help"], ["--version"]]
    )
    def test_an_answer_that_cannot_be_written_is_an_error(self, linear: Project, words: list[str]) -> None:
        code, _, heard = self.run(linear, ">&-", *words)
        assert code == 1
        assert heard.startswith("Error: the output can't be written: standard output is closed")
        assert len(without_page(heard).strip().splitlines()) == 1
        assert self.run(linear, ">&- 2>&-", *words) == (1, "", "")

    def test_errors_have_their_exit_codes(self, linear: Project) -> None:
        assert self.run(linear, "2>&-", "frobnicate")[0] == 2
        assert self.run(linear, "2>&-", "show", "nothing")[0] == 1

    def test_an_answer_is_written_though_nothing_else_can_be(self, linear: Project) -> None:
        assert self.run(linear, "2>&- <&-", "heads") == (0, "third (head)\n", "")

    def test_in_an_application_that_runs_the_group_itself(
        self, linear: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from ellar_db.cli import db

        monkeypatch.chdir(linear.path)
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, None)
        with pytest.raises(SystemExit) as ended:
            db.main(["heads"])
        assert ended.value.code == 1
        with pytest.raises(SystemExit) as ended:
            db.main(["upgrade"])
        assert ended.value.code == 0
        assert (sys.stdin, sys.stderr) == (None, None)


@pytest.mark.parametrize(
    "env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_an_encoding_without_the_characters(printing: Project, env: dict[str, str]) -> None:
    text = PRINTING.replace("Add rows.", "Füge Zeilen hinzu ✓").replace("to standard", "an ✓ standard")
    printing.write("migrations/versions/printing_.py", text)

    done = printing.run("ellar-db", "upgrade", env=env)

    assert "4 revisions applied" in done.stderr
    assert printing.run("ellar-db", "history", env=env).stdout.startswith("third -> printing (head), F")


class TestStreams:
    """A stream that takes what it can't write."""

    class Full(io.StringIO):
        """A stream without room."""

        def write(self, text: str) -> int:
            raise OSError("full")

    def test_it_is_as_before_afterwards(self) -> None:
        stream = self.Full()
        with lossy(stream, stream, None):
            assert stream.write("a") is None
            with lossy(stream):
                stream.flush()
            assert stream.write("b") is None
        with pytest.raises(OSError, match="full"):
            stream.write("c")
        assert vars(stream) == {}

    def test_one_that_somebody_has_replaced_meanwhile_is_left_alone(self) -> None:
        stream = self.Full()
        with lossy(stream):
            theirs = vars(stream)["write"] = len
        assert vars(stream) == {"write": theirs}

    def test_only_what_cannot_be_written_is_taken(self) -> None:
        stream = io.StringIO()
        stream.close()
        with lossy(stream), pytest.raises(ValueError, match="closed"):
            stream.write("a")
