"""Bad input: one line that says what to do, the right exit code, no traceback, no password, nothing half written."""
# ruff: noqa: E501  # a table of inputs and messages reads best with a case a line

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import Result

from ellar_db.testing import Project
from ellar_db.testing.project import MODELS
from tests.support.output import without_page
from tests.support.processes import TIMEOUT, run
from tests.support.revisions import add

SECRET = "s3cret"
UNKNOWN = "Can't locate revision identified by 'nonsense'; `ellar-db history` lists them"


@pytest.fixture
def ready(plain: Project) -> Project:
    """A project with a folder of one revision, first, not applied."""
    plain.db("init")
    add(plain, "first", None)
    return plain


def refused(result: Result) -> str:
    """Give the one line of an error, once it is sure that it is one."""
    lines = result.stderr.splitlines()
    assert result.stdout == ""
    assert [line for line in lines if line.startswith("Error: ")] == lines[-1:], result.stderr
    assert len(lines) == (4 if result.exit_code == 2 else 1), result.stderr
    assert SECRET not in result.output
    return without_page(lines[-1]).removeprefix("Error: ")


def everything(project: Project) -> dict[str, bytes]:
    """Give all files with their content, but for what Python caches."""
    return {
        str(file.relative_to(project.path)): file.read_bytes()
        for file in sorted(project.path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


# the migrations folder


@pytest.mark.parametrize(
    "command",
    [
        *"branches check create current downgrade drop edit ensure-version graph heads history lint merge migrate".split(),
        *"plan rebase revision show stamp status upgrade verify wait".split(),
        "squash base:head",
    ],
)
def test_no_migrations_folder(plain: Project, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    before = everything(plain)

    assert refused(plain.db(*command.split(), exit_code=1)) == (
        "there is no migrations folder at migrations; make one with `ellar-db init`, or name another with -d"
    )
    assert everything(plain) == before


def test_a_file_where_the_folder_should_be(plain: Project) -> None:
    plain.write("migrations", "")
    before = everything(plain)

    assert refused(plain.db("init", exit_code=1)) == (
        "migrations already exists and isn't a folder; name another one with -d"
    )
    assert "no migrations folder" in refused(plain.db("upgrade", exit_code=1))
    assert refused(plain.db("init", "migrations/below", exit_code=1)) == (
        "the folder migrations/below can't be made: File exists"
    )
    assert everything(plain) == before


def test_a_folder_that_is_not_empty(plain: Project) -> None:
    plain.write("migrations/notes.txt", "mine")
    before = everything(plain)

    for options in ([], ["-t", "generic"], ["-t", "pyproject"]):
        assert refused(plain.db("init", *options, exit_code=1)) == (
            "migrations already exists and isn't empty; name another folder with -d, or remove it first"
        )
    assert everything(plain) == before


def test_a_read_only_folder(ready: Project) -> None:
    versions = ready.path / "migrations/versions"
    for folder in (versions, ready.path):
        folder.chmod(0o555)
    try:
        if os.access(versions, os.W_OK):
            pytest.skip("this user, root as a rule, writes to read-only folders too")
        assert "Permission denied" in refused(ready.db("revision", exit_code=1))
        assert refused(ready.db("init", "other", exit_code=1)) == "the folder other can't be made: Permission denied"
        assert ready.db("upgrade", "--sql", "-o", "up.sql", exit_code=1).stderr.endswith(
            "Error: the SQL can't be written to up.sql: Permission denied\n"
        )
    finally:
        for folder in (ready.path, versions):
            folder.chmod(0o755)


def test_a_place_where_no_folder_can_be(plain: Project) -> None:
    assert refused(plain.db("init", "/proc/nowhere/x", exit_code=1)) == (
        "the folder /proc/nowhere/x can't be made: No such file or directory"
    )


@pytest.mark.parametrize("name", ["with space", "100%", "100%(here)s", "Größe", "it's", "a&b;c", "[x]", "日本"])
def test_odd_characters_in_the_folders_path_just_work(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    monkeypatch.syspath_prepend(str(tmp_path / name))
    project = Project(tmp_path / name)
    project.configure()
    folder = f"{name} db"

    project.db("init", folder)
    project.db("migrate", "-d", folder, "-m", "Add users")
    project.db("upgrade", "-d", folder)
    project.db("revision", "-d", str(tmp_path / name / folder), "--rev-id", "mine")
    project.db("upgrade", "-d", folder, "--sql", "-o", f"{folder}.sql")

    url = f"sqlite:///{(tmp_path / name / 'app.db').as_posix()}"
    assert project.tables(url) == {"alembic_version", "users"}
    assert len(project.revisions(folder)) == 2
    assert "CREATE TABLE users" in (project.path / f"{folder}.sql").read_text()
    if "%" not in name:
        # Alembic itself stumbles over a percent sign in what `%(here)s` stands for
        assert run(project, "alembic", "-c", f"{folder}/alembic.ini", "heads").stdout == "mine (head)\n"


# revisions


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["upgrade", "nonsense"], UNKNOWN),
        (["stamp", "nonsense"], UNKNOWN),
        (["show", "nonsense"], UNKNOWN),
        (["history", "-r", "nonsense:"], UNKNOWN),
        (["revision", "--head", "nonsense"], UNKNOWN),
        (["revision", "--depends-on", "nonsense"], UNKNOWN),
        (["merge", "first", "nonsense"], UNKNOWN),
        (["upgrade", "\udcffonsense"], "Can't locate revision identified by '\\udcffonsense'; `ellar-db history` lists them"),
        (["upgrade", "xy"], "No such revision or branch 'xy'; please ensure at least four characters are present for partial revision identifier matches; `ellar-db history` lists them"),
        (["upgrade", "first:second"], "Range revision not allowed"),
        (["upgrade", "+7"], "+7 goes too far: there is 1 revision after base; `ellar-db upgrade head` runs it"),
        (["upgrade", "east@head"], "Can't locate revision identified by 'east'; `ellar-db history` lists them"),
    ],
)  # fmt: skip
def test_an_unknown_revision(ready: Project, arguments: list[str], message: str) -> None:
    before = everything(ready)

    assert refused(ready.db(*arguments, exit_code=1)).removesuffix(".") == message
    assert {name: text for name, text in everything(ready).items() if name != "app.db"} == before
    assert "t_first" not in ready.tables()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["upgrade", ""], "Invalid value for '[REVISION]': a revision can't be empty"),
        (["stamp", "first", " "], "Invalid value for '[REVISIONS]...': a revision can't be empty"),
        (["upgrade", "--sql", "a:b:c"], "Invalid value for '[REVISION]': a range is [start]:[end]"),
        (["revision", "--head", ""], "Invalid value for '--head': a revision can't be empty"),
        (["revision", "--depends-on", ""], "Invalid value for '--depends-on': a revision can't be empty"),
        (["upgrade", "--nonsense"], click.NoSuchOption("--nonsense").format_message()),
        (["upgrade", "first", "second"], "Got unexpected extra argument (second)"),
        (["upgrade", "--sql", "-o", ""], "Invalid value for '-o' / '--output': a file can't have an empty name"),
    ],
)
def test_wrong_usage(ready: Project, arguments: list[str], message: str) -> None:
    assert refused(ready.db(*arguments, exit_code=2)) == message
    assert ready.tables() == set()


def test_an_ambiguous_revision(ready: Project) -> None:
    add(ready, "second_a", "first")
    add(ready, "second_b", "second_a")

    message = refused(ready.db("upgrade", "secon", exit_code=1))

    assert message.startswith("Multiple revisions start with 'secon': 'second_")
    assert ready.tables() == set()


def test_two_heads(ready: Project) -> None:
    add(ready, "left", "first")
    add(ready, "right", "first")
    todo = "; `ellar-db heads` lists them, `ellar-db merge` joins them"

    for command in ("upgrade", "revision", "stamp", "show"):
        message = refused(ready.db(command, exit_code=1))
        assert message.startswith("Multiple head")
        assert message.endswith(todo)
    ready.db("upgrade", "heads")
    assert without_page(ready.db("migrate", exit_code=1).stderr).endswith(f"{todo}\n")
    assert len(ready.revisions()) == 3


def test_a_database_that_is_not_up_to_date(ready: Project) -> None:
    for command in ("migrate", "check"):
        assert refused(ready.db(command, exit_code=1)) == (
            "Target database is not up to date; run `ellar-db upgrade` first"
        )
    assert len(ready.revisions()) == 1


def test_a_database_at_a_revision_that_is_no_more(ready: Project) -> None:
    ready.db("upgrade")
    ready.revisions()[0].unlink()
    ready.forget()
    add(ready, "other", None)

    told = (
        "the database 'default' is at first, which this folder doesn't have: it comes from another branch or a newer "
        "release of the code. Check that out, or deploy it; if the revision was removed on purpose, "
        "`ellar-db stamp --purge REVISION` records the one that the tables match"
    )
    for command in ("upgrade", "downgrade", "check", "migrate", "stamp"):
        assert refused(ready.db(command, exit_code=1)) == told
    shown = ready.db("current", exit_code=1)
    assert (shown.stdout, without_page(shown.stderr)) == ("first (unknown here)\n", f"Error: {told}\n")


# revision files

FILE = "revision = 'second'\ndown_revision = {parent!r}\n\n\ndef upgrade():\n    {body}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def (", "is no revision that can be read: SyntaxError: invalid syntax (bad.py, line 1)"),
        ("\0", "Error: source code string cannot contain null bytes"),
        ("x = 1\nraise ValueError('two\\nlines')", ", line 2: ValueError: two"),
        ("import no_such_module", ", line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys\nsys.exit(4)", ", line 2: SystemExit: 4"),
        ("from sqlalchemy import *\nraise exc.ArgumentError('x')", ", line 2: ArgumentError: x"),
        ("import asyncio\nraise asyncio.CancelledError('\x1b[2J')", ", line 2: CancelledError: \\x1b[2J"),
        ("open('no such file')", ", line 1: FileNotFoundError: [Errno 2] No such file or directory: 'no such file'"),
        ("raise ConnectionError('x')", ", line 1: ConnectionError: x"),
        ("revision = 'x'", "is no revision that can be read: AttributeError: module 'bad_py' has no attribute 'down_revision'"),
    ],
)  # fmt: skip
def test_a_broken_revision_file(ready: Project, text: str, message: str) -> None:
    file = ready.write("migrations/versions/bad.py", text)
    before = everything(ready)

    for command in ("heads", "upgrade", "revision", "migrate"):
        # as in Alembic, what it leaves with is the exit code
        said = refused(ready.db(command, exit_code=4 if "exit(4)" in text else 1))
        assert said.startswith(f"{file}")
        assert message.split("null bytes")[0] in said
        assert said.endswith("; --traceback (before the command) shows where")
    assert {name: text for name, text in everything(ready).items() if name != "app.db"} == before


def test_a_revision_file_that_is_no_text(ready: Project) -> None:
    (ready.path / "migrations/versions/bad.py").write_bytes(b"'\xff'")

    assert "bad.py is no revision that can be read: SyntaxError: " in refused(ready.db("heads", exit_code=1))


def test_a_revision_file_whose_id_cannot_be_used(ready: Project) -> None:
    ready.write("migrations/versions/bad.py", "revision = 'x@y'\ndown_revision = None\n")

    assert refused(ready.db("heads", exit_code=1)) == "Character(s) '@' not allowed in revision identifier 'x@y'"


def test_a_revision_that_is_based_on_none_that_is_there(ready: Project) -> None:
    ready.write("migrations/versions/bad.py", FILE.format(parent="gone", body="pass"))

    done = ready.run("ellar-db", "upgrade", exit_code=1)

    assert done.stderr.splitlines()[-1] == (
        "Error: a revision file is based on 'gone', and there is no file of that revision; "
        "--traceback (before the command) shows where"
    )
    assert "Traceback" not in done.stderr


def test_revisions_that_go_in_a_circle(ready: Project) -> None:
    add(ready, "one", "two")
    add(ready, "two", "one")

    for command in ("heads", "upgrade", "revision"):
        assert refused(ready.db(command, exit_code=1)).startswith("Cycle is detected in revisions (")


def test_a_revision_without_a_function(ready: Project) -> None:
    ready.write("migrations/versions/bad.py", "revision = 'bad'\ndown_revision = None\n")
    ready.write("migrations/versions/first_.py", "revision = 'first'\ndown_revision = 'bad'\n")

    assert refused(ready.db("upgrade", exit_code=1)) == (
        f"{ready.path}/migrations/versions/bad.py: AttributeError: module 'bad_py' has no attribute 'upgrade'; "
        "--traceback (before the command) shows where"
    )
    assert ready.tables() <= {"alembic_version"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise NotImplementedError('no way back')", "NotImplementedError: no way back"),
        ("op.drop_table('nowhere')", "OperationalError: (sqlite3.OperationalError) no such table: nowhere"),
        ("import sys; sys.exit('enough')", "SystemExit: enough"),
    ],
)
def test_a_revision_that_fails_leaves_nothing(ready: Project, body: str, said: str) -> None:
    text = "from alembic import op\n" + FILE.format(parent="first", body=f"op.execute('CREATE TABLE x (y)'); {body}")
    ready.write("migrations/versions/bad.py", text)

    result = ready.db("upgrade", exit_code=1)

    error = result.stderr.splitlines()[-1]
    assert error.startswith("Error: ")
    assert said in error
    assert "Traceback" not in result.stderr
    assert ready.tables() == set()


# what the environment is made of


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise ValueError(3)", "{env}, line 1: ValueError: 3; --traceback (before the command) shows where"),
        ("import no_such_module", "{env}, line 1: ModuleNotFoundError: No module named 'no_such_module'; --traceback (before the command) shows where"),
        ("def (", "{env} can't be imported: SyntaxError: invalid syntax (env.py, line 1)"),
    ],
)  # fmt: skip
def test_a_broken_env_py(ready: Project, text: str, message: str) -> None:
    env = ready.write("migrations/env.py", text)

    assert refused(ready.db("upgrade", exit_code=1)) == message.format(env=env)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${nope.x}", "Template rendering failed; see "),
        ("${1 / 0}", "Template rendering failed; see "),
        ("% if x", "the template script.py.mako can't be rendered: CompileException: "),
        ("${open(}", "the template script.py.mako can't be rendered: SyntaxException: "),
        ("def (", "_.py is no revision that can be read: SyntaxError: invalid syntax ("),
        ("x = 1", "Could not determine revision id from filename "),
    ],
)
def test_a_broken_template_leaves_no_file(ready: Project, text: str, message: str) -> None:
    ready.write("migrations/script.py.mako", text)
    before = everything(ready)

    assert message in refused(ready.db("revision", exit_code=1))
    assert everything(ready) == before
    assert ready.db("heads").stdout == "first (head)\n"


def test_a_template_that_is_no_text_or_not_there(ready: Project) -> None:
    template = ready.path / "migrations/script.py.mako"
    template.write_bytes(b"\xff")
    assert "can't be rendered: CompileException: Unicode decode" in refused(ready.db("revision", exit_code=1))
    template.unlink()

    assert refused(ready.db("revision", exit_code=1)) == (
        "a file can't be read or written: [Errno 2] No such file or directory: 'migrations/script.py.mako'"
    )
    assert len(ready.revisions()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[alembic", "the ini file migrations/alembic.ini can't be read: line 1 is neither a [section] nor a key = value"),
        ("[alembic]\nx", "the ini file migrations/alembic.ini can't be read: line 2 is neither a [section] nor a key = value"),
        ("[alembic]\nx = 1\nx = 2", "the ini file can't be read: While reading from "),
        ("[alembic]\nfile_template = %(nope)s", "the ini file can't be read: file_template of [alembic] has a '%' that stands for nothing; write it as '%%'"),
        ("[alembic]\nfile_template = %%(nope)s", "Alembic's setting file_template is '%(nope)s', which it can't use: KeyError: 'nope'"),
        ("[alembic]\ntruncate_slug_length = abc", "Alembic's setting truncate_slug_length is 'abc', which it can't use: ValueError: "),
        ("[alembic]\nrevision_environment = perhaps", "Alembic's setting revision_environment is 'perhaps', which it can't use: ValueError: "),
        ("[alembic]\nsourceless = perhaps", "Alembic's setting sourceless is 'perhaps', which it can't use: ValueError: "),
        ("[alembic]\noutput_encoding = klingon", "Alembic's setting output_encoding is 'klingon', which it can't use: LookupError: "),
        ("[alembic]\npath_separator = x\nversion_locations = a b", "Alembic's settings of paths can't be used: ValueError: 'x' is not a valid value"),
        ("[alembic]\ntimezone = Nowhere/At_all", "Can't locate timezone: Nowhere/At_all"),
        ("[alembic]\n[post_write_hooks]\nhooks = a\na.type = nope", "No formatter with name 'nope' registered"),
        ("[alembic]\n[post_write_hooks]\nhooks = a\na.type = exec\na.executable = /no/such", "the post-write hook 'a' can't be run: '/no/such': No such file or directory; install its program, or take the hook out of post_write_hooks"),
        ("[alembic]\n[post_write_hooks]\nhooks = a\na.type = console_scripts\na.entrypoint = nope", "Could not find entrypoint console_scripts.nope"),
    ],
)  # fmt: skip
def test_a_broken_alembic_ini(ready: Project, text: str, message: str) -> None:
    ready.write("migrations/alembic.ini", text)
    before = everything(ready)

    result = ready.db("revision", exit_code=1)

    assert result.stderr.startswith(f"Error: {message}")
    assert len(result.stderr.splitlines()) == 1
    assert everything(ready) == before


def test_an_alembic_ini_that_is_no_text(ready: Project) -> None:
    (ready.path / "migrations/alembic.ini").write_bytes(b"[alembic]\nx = \xff\n")

    assert refused(ready.db("heads", exit_code=1)).startswith(
        "a file can't be read or written: 'utf-8' codec can't decode"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.alembic", "conf/pyproject.toml can't be read: "),
        ("[tool.alembic]\nscript_location = 3", "Alembic's setting script_location is 3, which it can't use: TypeError: it must be a text"),
        ("x = 1", "no script_location is named in conf/pyproject.toml; write it into [alembic], or [tool.alembic]"),
        ("[tool.alembic]\nscript_location = 'nowhere'", "Path doesn't exist: nowhere"),
    ],
)  # fmt: skip
def test_a_broken_pyproject_toml_of_alembics(project: Project, text: str, message: str) -> None:
    project.write("conf/pyproject.toml", text)

    assert refused(project.db("-c", "conf/pyproject.toml", "heads", exit_code=1)).startswith(message)


# pyproject.toml


@pytest.mark.parametrize("text", [b"[tool", b"x = 1\nx = 2", b"'\xff'"])
def test_a_broken_pyproject_toml(plain: Project, text: bytes) -> None:
    (plain.path / "pyproject.toml").write_bytes(text)

    for arguments in (["upgrade"], ["--help"], ["init"]):
        assert refused(plain.db(*arguments, exit_code=1)).startswith(f"{plain.path}/pyproject.toml can't be read: ")
    assert not (plain.path / "migrations").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("directory = 3", "[tool.ellar-db] directory must be a text, not 3; mend it in {file}"),
        ("application = 3", "[tool.ellar-db] application must be a text, not 3; mend it in {file}"),
        ("application = 'x'", "[tool.ellar-db] application must be written as 'module:attribute', not 'x'"),
        ("application = 'models:Base'", "[tool.ellar-db] application is 'models:Base', and that gives no ellar.app.App"),
        ("plugins = 'x'", "[tool.ellar-db] plugins must be a list of texts; mend it in {file}"),
        ("plugins = [3]", "[tool.ellar-db] plugins must be a list of texts; mend it in {file}"),
        ("required-plugins = 3", "[tool.ellar-db] required-plugins must be a list of texts; mend it in {file}"),
        ("commands = 3", "[tool.ellar-db.commands] must be a table; mend it in {file}"),
        ("context-configure = 3", "[tool.ellar-db.context-configure] must be a table; mend it in {file}"),
        ("use-two-phase = 'no'", "[tool.ellar-db] use-two-phase must be true or false, not 'no'; mend it in {file}"),
        ("databases = 3", "[tool.ellar-db.databases] must be a table; mend it in {file}"),
        ("databases = {x = 3}", "[tool.ellar-db.databases] x must be a URL or a table with 'url'; mend it in {file}"),
        ("databases = {x = {}}", "[tool.ellar-db.databases] x must be a URL or a table with 'url'; mend it in {file}"),
        ("databases = {x = '${NO_SUCH_VARIABLE}'}", "[tool.ellar-db.databases] x names the environment variable NO_SUCH_VARIABLE, which isn't set"),
        ("databases = {'a b' = 'sqlite://'}", "a database can't be named 'a b': use letters, digits, '_', '.' and '-' (the name becomes part of function and file names)"),
        ("databases = {x = {url = 'sqlite://', nope = 1}}", "the engine of the database 'x' can't be made: TypeError: Invalid argument(s) 'nope' sent to create_engine()"),
        ("databases = {x = {url = 'sqlite://', echo = 'what'}}", "the engine of the database 'x' can't be made: ValueError: String is not true/false: 'what'"),
        ("databases = {x = {url = 'sqlite://', poolclass = 'x'}}", "the engine of the database 'x' can't be made: AttributeError: "),
        ("lock-timeout = 'long'", "[tool.ellar-db] has lock-timeout = 'long'; it must be a number of seconds, 0 or more"),
        ("lock = 1", "[tool.ellar-db] has lock = 1; it must be true or false"),
    ],
)  # fmt: skip
def test_wrong_values_in_pyproject_toml(ready: Project, line: str, message: str) -> None:
    file = ready.path / "pyproject.toml"
    file.write_text(file.read_text() + line)
    ready.forget("models")

    assert refused(ready.db("upgrade", exit_code=1)).startswith(message.format(file=file))
    assert ready.tables() == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool = 3", "[tool] of {file} must be a table"),
        ("[tool]\nellar-db = 3", "[tool.ellar-db] of {file} must be a table"),
        ("[tool.ellar-db]\ndatabase = 3", "[tool.ellar-db] database must be a text, not 3; mend it in {file}"),
        ("", "no database is configured: use EllarDBModule.setup(databases=...), ellar-sql's EllarSQLModule, or [tool.ellar-db.databases] in pyproject.toml"),
        ("[tool.ellar-db]\ndatabases = {a = 'sqlite://', b = 'sqlite://'}", "the folder is for one database, and of a, b none is named 'default'; name one so, choose one with --database, give all of them one group if they have the same tables, or make a folder for several with init --multi"),
    ],
)  # fmt: skip
def test_what_makes_no_database(ready: Project, text: str, message: str) -> None:
    file = ready.write("pyproject.toml", text)
    ready.forget()

    assert refused(ready.db("upgrade", exit_code=1)) == message.format(file=file)


# metadata and the application


@pytest.mark.parametrize(
    ("metadata", "exit_code", "message"),
    [
        ("'models'", 1, "must be written as 'module:attribute', not 'models'"),
        ("'models:'", 1, "must be written as 'module:attribute', not 'models:'"),
        ("'models:Nope'", 1, "is 'models:Nope', and models has no 'Nope'"),
        ("'models:String'", 1, "must be a MetaData or 'module:attribute', not <class 'sqlalchemy.sql.sqltypes.String'>"),
        ("3", 1, "must be a MetaData or 'module:attribute', not 3"),
        ("'no_such_module:Base'", 3, "is 'no_such_module:Base', and no_such_module can't be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("'broken:Base'", 3, "is 'broken:Base', and broken can't be imported: RuntimeError: boom (broken.py, line 1)"),
        ("'leaving:Base'", 3, "is 'leaving:Base', and leaving can't be imported: SystemExit: 5 (leaving.py, line 2)"),
        ("'closed:Base'", 3, "is 'closed:Base', and closed can't be imported: GeneratorExit: \\x1b[2J (closed.py, line 1)"),
        ("'unreadable:Base'", 3, "is 'unreadable:Base', and unreadable can't be imported: SyntaxError: invalid syntax (unreadable.py, line 1)"),
    ],
)  # fmt: skip
def test_metadata_that_cannot_be_had(ready: Project, metadata: str, exit_code: int, message: str) -> None:
    ready.write("broken.py", "raise RuntimeError('boom\\nsecond line')")
    ready.write("leaving.py", "import sys\nsys.exit(5)")
    ready.write("closed.py", "raise GeneratorExit('\x1b[2J')")
    ready.write("unreadable.py", "def (")
    ready.write("pyproject.toml", f"[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\nmetadata = {metadata}\n")
    ready.forget("models")

    for command in ("migrate", "check"):
        assert refused(ready.db(command, exit_code=exit_code)) == f"the metadata of the database 'default' {message}"
    assert len(ready.revisions()) == 1


def test_metadata_for_a_database_that_is_none(ready: Project) -> None:
    ready.write(
        "pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\nmetadata = {other = 'models:Base'}\n"
    )
    ready.forget()

    assert refused(ready.db("migrate", exit_code=1)) == "metadata is given for other, which isn't among the databases"


def test_no_metadata(ready: Project) -> None:
    ready.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n")
    ready.forget()

    for command in ("migrate", "check"):
        assert refused(ready.db(command, exit_code=1)) == (
            "the database 'default' has no metadata, and so there is nothing to compare it with; give metadata=... to "
            "EllarDBModule.setup, or metadata in [tool.ellar-db]"
        )
    ready.db("upgrade")
    assert "t_first" in ready.tables()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "[tool.ellar-db] application is 'shop:make', and shop can't be imported: ModuleNotFoundError: No module named 'shop'"),
        ("1 / 0", "[tool.ellar-db] application is 'shop:make', and shop can't be imported: ZeroDivisionError: division by zero (shop.py, line 1)"),
        ("import sys\nsys.exit(1)", "[tool.ellar-db] application is 'shop:make', and shop can't be imported: SystemExit: 1 (shop.py, line 2)"),
        ("def make():\n    1 / 0", "the application shop:make can't be started: ZeroDivisionError: division by zero (shop.py, line 2); --traceback (before the command) shows where"),
        ("import pytest; pytest.skip('no', allow_module_level=True)", "[tool.ellar-db] application is 'shop:make', and shop can't be imported: Skipped: no (shop.py, line 1)"),
        ("def make():\n    raise GeneratorExit", "the application shop:make can't be started: GeneratorExit (shop.py, line 2); --traceback (before the command) shows where"),
        ("def make():\n    raise SystemExit(1)", "the application shop:make can't be started: SystemExit: 1 (shop.py, line 2); --traceback (before the command) shows where"),
    ],
)  # fmt: skip
def test_an_application_that_cannot_be_started(ready: Project, text: str | None, message: str) -> None:
    ready.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:make'\n")
    if text is not None:
        ready.write("shop.py", text)
    ready.forget("shop")

    for command in ("upgrade", "check"):
        assert refused(ready.db(command, exit_code=3)) == message
    ready.forget("shop")


# databases


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///no/such/folder/app.db",
        "sqlite+aiosqlite:///no/such/folder/app.db",
        "postgresql+psycopg://ann:s3cret@127.0.0.1:1/app",
        "postgresql+asyncpg://ann:s3cret@127.0.0.1:1/app",
        "mysql+pymysql://ann:s3cret@127.0.0.1:1/app",
        "mysql+aiomysql://ann:s3cret@127.0.0.1:1/app",
        "postgresql+psycopg://ann:s3cret@no-such-host.invalid/app",
        "postgresql+asyncpg://ann:s3cret@no-such-host.invalid/app",
    ],
)
def test_a_database_that_cannot_be_reached(ready: Project, url: str) -> None:
    ready.configure(url=url)
    before = everything(ready)

    for command in ("upgrade", "downgrade", "current", "check", "migrate", "stamp", "ensure-version"):
        message = refused(ready.db(command, exit_code=3))
        assert message.startswith(f"the database 'default' ({url.replace(SECRET, '***')}) can't be reached: ")
    assert everything(ready) == before


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
def test_a_file_that_is_no_database(ready: Project, driver: str) -> None:
    ready.configure(url=f"{driver}:///app.db")
    ready.write("app.db", "This is a text of some length, and no database at all." * 30)
    before = everything(ready)

    for command in ("upgrade", "current", "check", "migrate"):
        assert "file is not a database; the file is of another kind, damaged or encrypted" in refused(
            ready.db(command, exit_code=3)
        )
    assert everything(ready) == before


@pytest.mark.parametrize(
    "url", ["nonsense s3cret", "postgresql://ann:s3cret@host:port/app", ":///", "", "sqlite:/x", "://ann:s3cret@host"]
)
def test_a_bad_url(ready: Project, url: str) -> None:
    ready.configure(url=url)

    assert refused(ready.db("upgrade", exit_code=1)) == (
        "the URL of the database 'default' can't be understood; write it as "
        "dialect+driver://user:password@host/name (percent-encode odd characters of the password)"
    )


@pytest.mark.parametrize("url", ["sqlite://shop.db", "sqlite+aiosqlite://shop.db", "sqlite://folder/shop.db"])
def test_a_file_of_sqlite_with_too_few_slashes(ready: Project, url: str) -> None:
    ready.configure(url=url)

    assert refused(ready.db("upgrade", exit_code=1)) == (
        "the URL of the database 'default' can't be understood: a file of SQLite is behind three slashes, as in "
        "sqlite:///shop.db, and behind four if its path is absolute"
    )


def test_a_file_of_sqlite_with_too_few_slashes_keeps_the_others_from_being_begun(ready: Project) -> None:
    ready.write(
        "tenants.py",
        """
        from ellar_db import Database
        from ellar_db.hookspecs import hookimpl
        from models import Base

        @hookimpl
        def ellar_db_databases():
            for place in ("/good.db", "bad.db"):
                yield Database(place.strip("/")[:-3], f"sqlite://{place}", Base.metadata, group="tenants")
        """,
    )
    ready.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['tenants']\n")
    ready.forget("tenants")

    said = refused(ready.db("upgrade", exit_code=1))

    assert said.startswith(
        "the URL of the database 'bad' can't be understood: a file of SQLite is behind three slashes"
    )
    assert not (ready.path / "good.db").exists()


CUT = "postgresql+psycopg://ann:s3cr@et99@host.invalid/app"
UNESCAPED = "can't be understood: its password has a character that must be escaped: write @ as %40 (percent-encode odd characters)"
ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine

with create_engine({url!r}).connect() as connection:
    context.configure(connection=connection)
    context.run_migrations()
"""


@pytest.mark.parametrize("place", ["settings", "engine", "ini", "env.py"])
def test_a_password_with_an_at_sign(ready: Project, place: str) -> None:
    whose = "the URL of the database 'default'"
    if place == "settings":
        ready.configure(url=CUT)
    elif place == "engine":
        ready.configure(extra='plugins = ["given"]\n')
        ready.write(
            "pyproject.toml", ready.path.joinpath("pyproject.toml").read_text().replace("database =", "reference =")
        )
        ready.write(
            "given.py",
            "from sqlalchemy import create_engine\nfrom ellar_db import Database, hookimpl\n"
            f"@hookimpl\ndef ellar_db_databases():\n    return [Database('default', create_engine({CUT!r}))]\n",
        )
    elif place == "ini":
        whose = "Alembic's setting sqlalchemy.url"
        ini = ready.path / "migrations/alembic.ini"
        ini.write_text(ini.read_text().replace("[alembic]\n", f"[alembic]\nsqlalchemy.url = {CUT}\n"))
    else:
        whose = "the URL of the database that env.py connects to"
        ready.write("migrations/env.py", ENVIRONMENT.format(url=CUT))

    for words in (["upgrade"], ["--traceback", "current"]):
        result = ready.db(*words, exit_code=1)
        assert result.stderr.splitlines()[-1] == f"Error: {whose} {UNESCAPED}"
        assert not [secret for secret in ("s3cr", "et99") if secret in result.output]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("firebird://ann:s3cret@host/app", "SQLAlchemy knows no dialect 'firebird', which the database 'default' names; correct the URL, or install the package that brings its dialect"),
        ("postgresql+nope://ann:s3cret@host/app", "SQLAlchemy knows no dialect 'postgresql+nope', which the database 'default' names; correct the URL, or install the package that brings its dialect"),
        ("oracle+oracledb://ann:s3cret@host/app", "the driver 'oracledb' of the database 'default' (oracle+oracledb) isn't installed; install it with pip"),
    ],
)  # fmt: skip
def test_a_dialect_or_driver_that_is_not_there(ready: Project, url: str, message: str) -> None:
    ready.configure(url=url)

    assert refused(ready.db("upgrade", exit_code=1)) == message


def test_a_database_that_a_foreign_env_py_cannot_reach(project: Project) -> None:
    project.db("init", "-t", "generic")
    ini = project.path / "migrations/alembic.ini"
    for url in ("sqlite:////no/such/folder/app.db", "postgresql+psycopg://ann:s3cret@127.0.0.1:1/app"):
        shown = url.replace(SECRET, "***")
        ini.write_text(
            "".join(
                f"sqlalchemy.url = {url}\n" if line.startswith("sqlalchemy.url") else line
                for line in ini.read_text().splitlines(keepends=True)
            )
        )
        done = run(project, "ellar-db", "current", exit_code=3)
        assert done.stderr.startswith(f"Error: the database {shown} can't be used: OperationalError: ")
        assert len(done.stderr.splitlines()) == 1
        assert SECRET not in done.stderr


def test_a_database_that_an_asynchronous_env_py_cannot_reach(project: Project) -> None:
    project.db("init", "-t", "async")
    ini = project.path / "migrations/alembic.ini"
    url = "postgresql+asyncpg://ann:s3cret@127.0.0.1:1/app"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", url))

    done = run(project, "ellar-db", "current", exit_code=3)

    assert done.stderr.startswith("Error: the database can't be reached: ConnectionRefusedError: ")
    assert len(done.stderr.splitlines()) == 1


# output and bytes


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("models.py/x.sql", "the SQL can't be written to models.py/x.sql: File exists"),
        ("models.py/", "the SQL can't be written to models.py/default.sql: File exists"),
        ("/proc/x.sql", "the SQL can't be written to /proc/x.sql: No such file or directory"),
    ],
)
def test_sql_that_cannot_be_written(ready: Project, output: str, message: str) -> None:
    result = ready.db("upgrade", "--sql", "-o", output, exit_code=1)

    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == f"Error: {message}"
    assert (ready.path / "models.py").read_text() == MODELS.lstrip("\n")


def test_undecodable_bytes_on_the_command_line(ready: Project) -> None:
    before = everything(ready)
    program = [sys.executable, "-m", "ellar_db"]
    for arguments, exit_code, message in (
        ([b"revision", b"-m", b"a\xffb"], 2, "Invalid value for '-m' / '--message': the character '\\udcff' can't stand in a revision's message"),
        ([b"revision", b"--rev-id", b"x\xff"], 1, "--rev-id gives 'x\\udcff' as revision id; use letters, digits, underscores and dots"),
        ([b"-d", b"\xff", b"heads"], 1, "there is no migrations folder at \\udcff; make one with `ellar-db -d '\\udcff' init`, or name another with -d"),
    ):  # fmt: skip
        done = subprocess.run([*program, *arguments], cwd=ready.path, capture_output=True, check=False, timeout=TIMEOUT)
        assert done.returncode == exit_code, done.stderr
        assert without_page(done.stderr.decode().splitlines()[-1]) == f"Error: {message}"
    assert everything(ready) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("command", ["history", "plugins", "plugins --json", "heads", "settings", "upgrade --sql"])
def test_output_that_cannot_be_written_is_told(ready: Project, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ellar_db", *command.split()],
            cwd=ready.path,
            # unbuffered, Alembic itself would swallow it
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )

    assert done.stderr.splitlines()[-1] == "Error: the output can't be written: No space left on device"
    assert done.returncode == 1


def test_a_downgrade_below_a_merge_says_what_to_do(ready: Project) -> None:
    add(ready, "left", "first")
    add(ready, "right", "first")
    ready.db("merge", "heads", "--rev-id", "both")
    ready.db("upgrade")

    assert refused(ready.db("downgrade", "--yes", exit_code=1)) == (
        "-1 could mean several revisions, since left and right come before both; name the one to go to, as in "
        "`ellar-db downgrade left`"
    )
