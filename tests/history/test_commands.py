"""`heads`, `history` and `branches` without running revision files."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command

from ellar_db.config.history import print_texts
from ellar_db.history.shortcuts import SLOWLY
from ellar_db.testing import Project
from ellar_db.util.masking import PrintableStream
from tests.support.revisions import add

COMMANDS = {
    "heads": ["heads"],
    "heads -v": ["heads", "-v"],
    "heads --resolve-dependencies": ["heads", "--resolve-dependencies"],
    "history": ["history"],
    "history -v": ["history", "-v"],
    "show": ["show", "heads"],
    "show a label": ["show", "shop"],
    "branches": ["branches"],
    "branches -v": ["branches", "-v"],
}


@pytest.fixture
def branchy(plain: Project) -> Project:
    """A folder whose revisions part and join."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first", label="shop")
    add(plain, "right", "first")
    add(plain, "more", "right", depends_on="left")
    add(plain, "joined", ("left", "right"))
    return plain


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that Alembic is asked for."""
    found: list[str] = []
    for name in ("heads", "history", "branches", "show"):
        original = getattr(command, name)

        def noted(*args: object, name: str = name, original: Callable[..., None] = original, **named: object) -> None:
            found.append(name)
            original(*args, **named)

        monkeypatch.setattr(command, name, noted)
    return found


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_the_answer_is_alembics(
    branchy: Project, arguments: list[str], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = branchy.db(*arguments)
    assert asked == []

    monkeypatch.setenv(SLOWLY, "1")
    expected = branchy.db(*arguments)

    assert asked == [arguments[0]]
    # those that follow are a set in Alembic
    assert sorted(re.split(": |, |\n", found.stdout)) == sorted(re.split(": |, |\n", expected.stdout))
    assert found.stderr == expected.stderr


PROGRAM = """
import sys
from ellar_db.cli import db
db.main({arguments!r}, prog_name="ellar-db", standalone_mode=False)
print([name for name in ("alembic", "sqlalchemy", "models") if name in sys.modules])
"""


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_neither_alembic_nor_the_models_are_imported(branchy: Project, arguments: list[str]) -> None:
    program = PROGRAM.format(arguments=arguments)
    done = subprocess.run([sys.executable, "-c", program], cwd=branchy.path, capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[]\n")


def in_toml(project: Project) -> list[str]:
    toml = project.path / "pyproject.toml"
    toml.write_text(toml.read_text() + "[tool.alembic]\nversion_locations = ['%(here)s/migrations/versions']\n")
    return []


def in_ini(line: str) -> Callable[[Project], list[str]]:
    def change(project: Project) -> list[str]:
        ini = project.path / "migrations/alembic.ini"
        ini.write_text(ini.read_text().replace("[alembic]\n", f"[alembic]\n{line}\n"))
        return []

    change.__name__ = line
    return change


def with_a_plugin(hook: str) -> Callable[[Project], list[str]]:
    def change(project: Project) -> list[str]:
        project.configure(extra='plugins = ["own_plugin"]')
        project.write("own_plugin.py", f"from ellar_db import hookimpl\n\n\n@hookimpl\ndef {hook}:\n    return None\n")
        project.forget("own_plugin")
        return []

    change.__name__ = f"with_{hook}"
    return change


def with_a_computed_id(project: Project) -> list[str]:
    file = project.path / "migrations/versions/first_.py"
    file.write_text(file.read_text().replace("revision = 'first'", "revision = 'fir' + 'st'"))
    assert "'fir' + 'st'" in file.read_text()
    return []


def with_a_link(project: Project) -> list[str]:
    folder = project.path / "migrations/versions"
    (project.path / "kept").mkdir()
    (folder / "first_.py").rename(project.path / "kept/first_.py")
    (folder / "first_.py").symlink_to(project.path / "kept/first_.py")
    return []


def with_config(project: Project) -> list[str]:
    return ["-c", "migrations/alembic.ini"]


@pytest.mark.parametrize(
    "change",
    [
        in_toml,
        in_ini("version_locations = %(here)s/versions"),
        in_ini("sourceless = true"),
        in_ini("revision_environment = true"),
        with_a_plugin("ellar_db_configure(config)"),
        with_a_plugin("ellar_db_migrations()"),
        with_a_computed_id,
        with_a_link,
        with_config,
    ],
    ids=lambda change: change.__name__,
)
def test_alembic_is_asked_where_something_special_is_said(
    linear: Project, asked: list[str], change: Callable[[Project], list[str]]
) -> None:
    arguments = change(linear)

    assert linear.db(*arguments, "heads").stdout == "third (head)\n"
    assert asked == ["heads"]
    linear.db(*arguments, "history")
    assert "history" in asked


@pytest.mark.parametrize("line", ["recursive_version_locations = true", "timezone = UTC", "truncate_slug_length = 20"])
def test_alembic_is_not_asked_for_what_makes_no_difference(linear: Project, asked: list[str], line: str) -> None:
    in_ini(line)(linear)
    add(linear, "fourth", "third")
    if "recursive" in line:
        folder = linear.path / "migrations/versions"
        (folder / "deeper").mkdir()
        (folder / "fourth_.py").rename(folder / "deeper/fourth_.py")

    assert linear.db("heads").stdout.endswith("fourth (head)\n")
    assert asked == []


def test_alembic_is_not_asked_because_the_project_depends_on_it(linear: Project, asked: list[str]) -> None:
    toml = linear.path / "pyproject.toml"
    toml.write_text(toml.read_text() + "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['alembic']\n")

    assert linear.db("heads").stdout == "third (head)\n"
    assert asked == []


def test_a_package_that_is_not_here_is_not_needed(linear: Project) -> None:
    file = linear.path / "migrations/versions/second_.py"
    file.write_text(
        file.read_text().replace("import sqlalchemy", "import a_package_that_is_not_here\nimport sqlalchemy")
    )

    assert linear.db("history").stdout.count("->") == 3
    assert "a_package_that_is_not_here" in linear.db("upgrade", exit_code=1).stderr


@pytest.mark.parametrize("more", ["def broken(:\n", "<<<<<<< HEAD\n", "return 1\n"])
def test_a_file_that_cannot_be_compiled_is_a_warning(linear: Project, more: str) -> None:
    file = linear.path / "migrations/versions/second_.py"
    # only the syntax tree shows what is wrong with the rest of a file, and this has it read
    file.write_text(file.read_text() + "\n# a revision\n" + more)

    shown = linear.db("history")

    assert shown.stdout.count("->") == 3
    assert shown.stderr.startswith(f"Warning: {Path('migrations/versions/second_.py')} can't be compiled: ")
    assert "second_.py" in linear.db("upgrade", exit_code=1).stderr


def test_quiet_prints_nothing_as_with_alembic(linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert linear.db("-q", "heads").stdout == ""
    monkeypatch.setenv(SLOWLY, "1")
    assert linear.db("-q", "heads").stdout == ""


def test_a_folder_without_revisions(plain: Project, asked: list[str]) -> None:
    plain.db("init")

    for name, arguments in COMMANDS.items():
        if name != "show a label":
            assert plain.db(*arguments).output == ""
    assert asked == []


FACTORY = """
from ellar.app import AppFactory


def create() -> object:
    with open("made", "a") as file:
        file.write("x")
    return AppFactory.create_app()
"""


@pytest.mark.parametrize("change", [bool, with_a_computed_id], ids=["without Alembic", "with Alembic"])
def test_the_application_is_made_once(linear: Project, change: Callable[[Project], object]) -> None:
    pytest.importorskip("ellar")
    change(linear)
    linear.write("factory.py", FACTORY)
    linear.configure(extra="application = 'factory:create'")
    linear.forget("factory")

    assert linear.db("heads").stdout == "third (head)\n"
    assert (linear.path / "made").read_text() == "x"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "utf-16"])
@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["a", "b"],
        ["a\nb", "c"],
        ["a\r\nb\n", "c"],
        ["a\u2028b", "\x1b[31mc", "d\te"],
        ["é\u200d", "", "\xa0"],
        ["a\n", "\n", "\nb"],
    ],
    ids=ascii,
)
@pytest.mark.parametrize("flat", [True, False])
def test_texts_are_printed_as_one_by_one(
    texts: list[str], flat: bool, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="") for _ in range(2)]
    one_by_one = PrintableStream(printed[0], lines=flat)
    for text in texts:
        one_by_one.write(text.encode(encoding, "replace").decode(encoding))
        one_by_one.write("\n")
    monkeypatch.setattr(sys, "stdout", printed[1])

    print_texts(texts, flat=flat)

    written = []
    for stream in printed:
        stream.flush()
        written.append(stream.buffer.getvalue().decode(encoding))
    assert written[1] == written[0]
