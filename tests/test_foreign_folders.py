"""Migrations folders that other programs made run as they do in those programs."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import CommandLine

from ellar_db.testing import Project
from tests.support.folders import ALEMBIC, MAKERS, WHOLE, ForeignFolder
from tests.support.processes import run

NewDatabase = Callable[[str], str]

# models of a second database: ellar-sql sets an attribute of which SQLAlchemy 2.1 warns
pytestmark = pytest.mark.filterwarnings("ignore:Attribute name 'registry'")

CREATE = "op.create_table({0!r}, sa.Column('id', sa.Integer, primary_key=True))"
DROP = "op.drop_table({0!r})"


@pytest.fixture
def twins(tmp_path: Path, new_database: NewDatabase) -> Callable[..., tuple[ForeignFolder, ForeignFolder]]:
    """Make a folder twice, each with a project and databases of its own."""

    def make(name: str, kind: str = "sqlite") -> tuple[ForeignFolder, ForeignFolder]:
        made = [MAKERS[name](Project(tmp_path / place), new_database, kind) for place in ("theirs", "ours")]
        for folder in made:
            folder.write("first", None, CREATE.format("one"), DROP.format("one"), message="First")
            folder.write("second", "first", CREATE.format("two"), DROP.format("two"), message="Second")
        return made[0], made[1]

    return make


@pytest.fixture
def folder(tmp_path: Path, new_database: NewDatabase, request: pytest.FixtureRequest) -> ForeignFolder:
    """A folder of the kind that the test's parameter names, by default of Alembic's template generic."""
    return MAKERS[getattr(request, "param", "generic")](Project(tmp_path / "project"), new_database)


def told(folder: ForeignFolder, done: subprocess.CompletedProcess[str]) -> tuple[bool, str]:
    """Return whether a command succeeded, and its output without what differs from folder to folder."""
    output = done.stdout.replace(str(folder.project.path), "PROJECT")
    # Alembic's errors go to standard output, ours don't
    output = "".join(line for line in output.splitlines(keepends=True) if not line.startswith("FAILED: "))
    for pattern, text in ((r"Create Date: .*", "Create Date"), (r"ellar_db_test_\w+", "DATABASE")):
        output = re.sub(pattern, text, output)
    return done.returncode == 0, output


def revisions(folder: ForeignFolder) -> dict[str, str]:
    """Return the text of the revision files, by name, without their dates."""
    return {
        file.name: re.sub(r"Create Date: .*", "Create Date", file.read_text(encoding="utf-8"))
        for file in sorted((folder.path / "versions").glob("*.py"))
    }


READING = [("heads",), ("history", "-v"), ("history", "-i"), ("branches",), ("show", "head"), ("current", "-v")]
WRITING: list[tuple[str, ...]] = [
    ("upgrade", "+1"),
    ("upgrade", "head"),
    ("downgrade", "-1"),
    ("upgrade", "--sql", "first:second"),
    ("downgrade", "--sql", "second:first"),
    ("stamp", "second"),
    ("stamp", "--purge", "first"),
    ("check",),
    ("upgrade", "no-such-revision"),
    ("revision", "-m", "By hand", "--rev-id", "third", "--head", "first", "--splice"),
    ("merge", "-m", "Join", "--rev-id", "joined", "second", "third"),
    ("downgrade", "base"),
]


@pytest.mark.long
@pytest.mark.parametrize("name", ALEMBIC if WHOLE else ["generic", "multidb"])
def test_alembics_folders_answer_as_in_alembic(
    twins: Callable[..., tuple[ForeignFolder, ForeignFolder]], name: str
) -> None:
    theirs, ours = twins(name)

    for command in (*READING, *WRITING):
        expected, found = theirs.bare(*command, exit_code=None), ours.ours(*command, exit_code=None)
        # the names of written files are told differently
        shown = slice(0, 1) if command[0] in ("revision", "merge") else slice(0, 2)
        assert told(ours, found)[shown] == told(theirs, expected)[shown], (command, expected.stderr, found.stderr)
        assert "Traceback" not in found.stderr
        assert (ours.heads(), ours.schema()) == (theirs.heads(), theirs.schema()), command
        assert revisions(ours) == revisions(theirs), command
    assert sorted(set(ours.files()) - set(theirs.files())) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("name", ["generic", "async"] if WHOLE else ["async"])
def test_on_servers_too(twins: Callable[..., tuple[ForeignFolder, ForeignFolder]], name: str, kind: str) -> None:
    theirs, ours = twins(name, kind)

    for command in (
        ("upgrade", "head"),
        ("current",),
        ("upgrade", "--sql", "head"),
        ("downgrade", "-1"),
        ("stamp", "head"),
    ):
        expected, found = theirs.bare(*command), ours.ours(*command)
        assert told(ours, found) == told(theirs, expected)
        assert (ours.heads(), ours.schema()) == (theirs.heads(), theirs.schema())


@pytest.mark.parametrize("name", ALEMBIC if WHOLE else ["generic", "multidb"])
def test_a_revision_of_the_models_is_the_same(
    twins: Callable[..., tuple[ForeignFolder, ForeignFolder]], name: str
) -> None:
    theirs, ours = twins(name)
    theirs.bare("upgrade", "head")
    ours.ours("upgrade", "head")

    theirs.bare("revision", "--autogenerate", "-m", "Models", "--rev-id", "third")
    ours.ours("migrate", "-m", "Models", "--rev-id", "third")

    assert revisions(ours) == revisions(theirs)
    assert "create_table('user'" in revisions(ours)["third_models.py"]


@pytest.mark.long
@pytest.mark.parametrize("name", ["ellar-sql", "ellar-sql-multiple"])
def test_folders_of_ellar_sql(twins: Callable[..., tuple[ForeignFolder, ForeignFolder]], name: str) -> None:
    theirs, ours = twins(name)

    for command in (("heads",), ("history",), ("upgrade",), ("current",), ("downgrade",), ("current",)):
        expected, found = theirs.bare(*command), ours.ours(*command)
        assert told(ours, found) == told(theirs, expected), command
        assert (ours.heads(), ours.schema()) == (theirs.heads(), theirs.schema()), command


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("folder", "program"),
    [
        ("flask", "Flask-Migrate made this env.py, which needs an application of Flask"),
        ("flask-multidb", "Flask-Migrate made this env.py, which needs an application of Flask"),
        ("aioflask", "Flask-Migrate made this env.py, which needs an application of Flask"),
        ("advanced-alchemy-sync", "advanced-alchemy made this env.py, which needs a configuration of advanced-alchemy"),
        (
            "advanced-alchemy-async",
            "advanced-alchemy made this env.py, which needs a configuration of advanced-alchemy",
        ),
    ],
    indirect=["folder"],
)
def test_an_env_py_that_needs_its_program_is_named(folder: ForeignFolder, program: str) -> None:
    assert folder.bare("current").returncode == 0

    done = folder.adopted("current", exit_code=1)

    assert done.stdout == ""
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("Error: "))
    assert f"; {program}: `ellar-db adopt` makes it ellar_db's" in line
    assert "Traceback" not in done.stderr


class TestOptionsOfTheCommand:
    """`config.cmd_opts` in env.py."""

    DUMP = """
import json
from alembic import context as asked
found = {}
for name, value in sorted(vars(asked.config.cmd_opts).items()):
    found[name] = [value[0].__name__, value[1], value[2]] if name == "cmd" else value
print("OPTIONS " + json.dumps(found))
"""

    COMMANDS: tuple[tuple[str, ...], ...] = (
        ("upgrade", "head"),
        ("upgrade", "--sql", "--tag", "t", "base:first"),
        ("downgrade", "-1"),
        ("downgrade", "--tag", "t", "base"),
        ("stamp", "first", "--tag", "t"),
        ("stamp", "--purge", "first", "second"),
        ("current",),
        ("current", "-v", "--check-heads"),
        ("check",),
        ("ensure_version", "--sql"),
        ("history", "-i", "-v"),
        ("history", "-r", "base:current"),
        ("show", "current"),
        ("edit", "current"),
        ("revision", "--autogenerate", "-m", "A message"),
        ("revision", "--autogenerate", "-m", "m", "--rev-id", "x", "--head", "second", "--depends-on", "first"),
        ("revision", "--autogenerate", "--branch-label", "label", "--splice"),
    )

    @pytest.mark.sampled
    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_each_is_as_in_alembic(
        self, folder: ForeignFolder, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EDITOR", "true")
        folder.write("first", None)
        folder.write("second", "first")
        folder.bare("upgrade", "head")
        env = folder.path / "env.py"
        env.write_text(self.DUMP + env.read_text(encoding="utf-8"), encoding="utf-8")

        found = folder.ours(*command, exit_code=None)
        expected = CommandLine().parser.parse_args(["-c", "alembic.ini", *command])

        assert options(found) == plain(expected)

    def test_options_of_the_program(self, folder: ForeignFolder) -> None:
        env = folder.path / "env.py"
        env.write_text(self.DUMP + env.read_text(encoding="utf-8"), encoding="utf-8")

        more = ("-x", "a=b", "-x", "c", "-q", "--raiseerr", "-n", "alembic")

        given = run(folder.project, "ellar-db", *(folder.options or ()), *more, "current")

        assert options(given) == plain(CommandLine().parser.parse_args(["-c", "alembic.ini", *more, "current"]))

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            (("upgrade",), ("upgrade", "head")),
            (("downgrade",), ("downgrade", "-1")),
            (("downgrade", "--sql"), ("downgrade", "--sql", "head:-1")),
            (("stamp",), ("stamp", "head")),
            (("migrate", "-m", "m"), ("revision", "--autogenerate", "-m", "m")),
            (("ensure-version",), ("ensure_version",)),
        ],
    )
    def test_what_is_left_out_is_what_the_command_takes(
        self, folder: ForeignFolder, typed: tuple[str, ...], meant: tuple[str, ...]
    ) -> None:
        folder.write("first", None)
        folder.bare("upgrade", "head")
        env = folder.path / "env.py"
        env.write_text(self.DUMP + env.read_text(encoding="utf-8"), encoding="utf-8")

        found = folder.ours(*typed, exit_code=None)

        assert options(found) == plain(CommandLine().parser.parse_args(["-c", "alembic.ini", *meant]))

    def test_merge_has_a_list(self, folder: ForeignFolder) -> None:
        folder.write("first", None)
        folder.write("left", "first")
        folder.write("right", "first")
        env = folder.path / "env.py"
        env.write_text(self.DUMP + env.read_text(encoding="utf-8"), encoding="utf-8")
        ini = folder.project.path / "alembic.ini"
        text = ini.read_text(encoding="utf-8")
        ini.write_text(text.replace("[alembic]", "[alembic]\nrevision_environment = true", 1), encoding="utf-8")

        found = folder.ours("merge", "-m", "Join", "left", "right")

        assert options(found) == plain(
            CommandLine().parser.parse_args(["-c", "alembic.ini", "merge", "-m", "Join", "left", "right"])
        )

    def test_a_command_that_alembic_does_not_have(self, project: Project) -> None:
        project.configure(extra="plugins = ['own']")
        project.write(
            "own.py",
            """
            import click
            from ellar_db import alembic_config, hookimpl


            @click.command()
            def seed():
                with alembic_config() as config:
                    click.echo(config.cmd_opts.cmd[0].__name__)


            @hookimpl
            def ellar_db_register_commands():
                yield seed
            """,
        )
        project.db("init")

        assert project.db("seed").stdout == "seed\n"


def options(done: subprocess.CompletedProcess[str]) -> str:
    """Return the options that an env.py printed."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("OPTIONS ")]
    assert lines, done.stdout + done.stderr
    return lines[0].removeprefix("OPTIONS ")


def plain(expected: argparse.Namespace) -> str:
    """Return options as an env.py prints them."""
    found = dict(sorted(vars(expected).items()))
    function, positional, keywords = found["cmd"]
    found["cmd"] = [function.__name__, positional, keywords]
    return json.dumps(found)


class TestExitCodes:
    """`sys.exit` in env.py and in revisions."""

    @pytest.mark.parametrize("code", [7, 2, 255])
    def test_of_env_py(self, folder: ForeignFolder, code: int) -> None:
        (folder.path / "env.py").write_text(f"import sys\nsys.exit({code})\n", encoding="utf-8")

        assert folder.bare("current", exit_code=None).returncode == code
        done = folder.ours("current", exit_code=code)

        assert f"env.py, line 2: SystemExit: {code}" in done.stderr

    @pytest.mark.parametrize("folder", ["generic", "async", "multidb"], indirect=True)
    def test_of_a_revision(self, folder: ForeignFolder) -> None:
        folder.write("first", None, "raise SystemExit(7)")

        assert folder.bare("upgrade", "head", exit_code=None).returncode == 7
        done = folder.ours("upgrade", exit_code=7)

        assert "SystemExit: 7" in done.stderr
        assert "Traceback" not in done.stderr

    def test_of_a_revision_in_our_folder(self, plain: Project) -> None:
        plain.db("init")
        plain.write(
            "migrations/versions/first_.py",
            "revision = 'first'\ndown_revision = None\n\n\ndef upgrade():\n    raise SystemExit(7)\n",
        )

        assert "SystemExit: 7" in plain.db("upgrade", exit_code=7).stderr

    def test_a_text_is_shown(self, folder: ForeignFolder) -> None:
        (folder.path / "env.py").write_text("raise SystemExit('not on Fridays')\n", encoding="utf-8")

        assert folder.bare("current", exit_code=1).stderr == "not on Fridays\n"
        assert "SystemExit: not on Fridays" in folder.ours("current", exit_code=1).stderr

    @pytest.mark.parametrize("code", ["0", "None", ""])
    def test_an_env_py_that_leaves_in_peace(self, folder: ForeignFolder, code: str) -> None:
        (folder.path / "env.py").write_text(f"raise SystemExit({code})\n", encoding="utf-8")

        assert folder.bare("upgrade", "head").stderr == ""
        assert folder.ours("upgrade").stderr == ""

    @pytest.mark.parametrize("code", [0, 256])
    def test_a_revision_that_leaves_is_never_a_success(self, folder: ForeignFolder, code: int) -> None:
        folder.write("first", None, f"raise SystemExit({code})")

        assert f"SystemExit: {code}" in folder.ours("upgrade", exit_code=1).stderr
        assert folder.heads() == {"default": []}
