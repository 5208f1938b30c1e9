"""Whatever is typed or written into a configuration: an answer or one line of refusal, and no file elsewhere."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ellar_db.cli import db as db_group
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from tests.support.revisions import add

# what Alembic advises against is no error of ours
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:alembic")

EXAMPLES = int(os.environ.get("ELLAR_DB_FUZZ", "15"))
"""How many examples of each kind there are; `make fuzz` has more than the suite."""

fuzzed = settings(
    max_examples=EXAMPLES,
    # the same examples each time, so that a failure is one of the change at hand; only a long search looks for new ones
    derandomize=EXAMPLES <= 80,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

ODD = [
    "",
    " ",
    "\n",
    "\0",
    "a\0b",
    "\udcff",
    "\ud800x",
    "-",
    "--",
    "---",
    "-0",
    "-1",
    "-9" * 20,
    "+",
    "+1",
    "+99",
    "-99",
    "first+1",
    "first-1",
    "first+",
    "^",
    ":",
    "::",
    "a:b:c",
    "base:head",
    "head:base",
    "first:",
    ":first",
    "@",
    "@head",
    "head@",
    "east@head",
    "east@",
    "@@",
    "base",
    "head",
    "heads",
    "current",
    "first",
    "fir",
    "f" * 40,
    "x" * 300,
    "٣",
    "+٣",
    "-٣",
    "-²",
    "+²",
    "%",
    "%%",
    "%(here)s",
    "%(nosuch)s",
    "%d",
    "${HOME}",
    "${NOSUCH}",
    "${",
    "*",
    "?",
    "'",
    '"',
    '"""',
    "\\",
    "\\N{x}",
    "{}",
    "{0}",
    "<%",
    "${1/0}",
    "## x",
    "ü",
    "\u2028",
    "\u202e",
    "\x7f",
    "\x85",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "0",
    "0x10",
    "1_000",
    "None",
    "true",
    "[]",
]
PATHS = ["migrations", "migrations/versions", "models.py", "nothing", "a/b/c", "pyproject.toml", ".", "./", "app.db"]

characters = st.characters(exclude_categories=())
texts = st.one_of(st.sampled_from(ODD), st.text(characters, max_size=12))
# where somebody says ../x or /x, it is there that a file must go
inside = st.one_of(st.sampled_from([*PATHS, *ODD]), st.text(characters, max_size=12)).filter(
    lambda text: not text.startswith("/") and ".." not in text
)
numbers = st.sampled_from(["0", "0.01", "-1", "nan", "inf", "1e400", "", "x", "٣"])

# completion, which may write to the home folder, has tests of its own
COMMANDS = sorted(
    "branches check create current doctor downgrade drop edit ensure-version explain graph heads history init "
    "lint list-templates merge migrate plan plugins rebase repair revision settings show squash stamp status upgrade "
    "verify wait".split()
)


@pytest.fixture
def run(plain: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Run a command line in a project of its own, which a function may change before."""
    monkeypatch.setenv("EDITOR", "true")
    plain.db("init")
    add(plain, "first", None)
    add(plain, "second", "first", label="east")
    plain.db("upgrade", "first")
    for folder in list(plain.path.rglob("__pycache__")):
        shutil.rmtree(folder)
    model = Path(shutil.move(plain.path, plain.path.with_name("model")))
    plain.path.mkdir()
    # the models are imported from where the tests' fixture has put the path
    shutil.copy(model / "models.py", plain.path)
    temporary = plain.path / "tmp"
    numbers = iter(range(10**9))

    def go(*arguments: str, prepare: Callable[[Path], None] = lambda _: None) -> Result:
        outside = plain.path / f"outside-{next(numbers)}"
        outside.mkdir()
        temporary.mkdir()
        folder = outside / "project"
        shutil.copytree(model, folder)
        prepare(folder)
        os.chdir(folder)
        get_plugin_manager.cache_clear()
        try:
            result = CliRunner().invoke(db_group, arguments, prog_name="ellar-db", catch_exceptions=True)
            assert_answered(result)
            assert os.listdir(outside) == ["project"]
            assert set(os.listdir(plain.path)) <= {"models.py", "__pycache__", "tmp", outside.name}
            # the folder in which scratch databases are noted stays, for the next run
            assert [str(path) for path in temporary.glob("*/*")] == []
            assert all(path.name.startswith("ellar-db-scratch") for path in temporary.iterdir())
            return result
        finally:
            os.chdir(plain.path)
            shutil.rmtree(outside)
            shutil.rmtree(temporary)

    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield go
    monkeypatch.undo()


def assert_answered(result: Result) -> None:
    """Check that a command ended as all of them must."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1, 2, 3), result.output
    lines = result.stderr.splitlines()
    errors = [line for line in lines if line.startswith("Error")]
    assert "Traceback" not in result.output
    if result.exit_code == 2 and not errors:
        # the group without a command shows its help
        assert result.output.startswith("Usage: ")
    elif result.exit_code:
        assert lines, result
        assert lines[-1].startswith("Error: "), lines
        assert len(errors) == 1, lines
    else:
        assert errors == []


@st.composite
def command_lines(draw: Callable[..., Any]) -> list[str]:
    """Give a command with some of its options and arguments, each with a value of its kind or of any."""
    name = draw(st.sampled_from(COMMANDS))
    command = db_group.get_command(click.Context(db_group), name)
    assert command is not None
    # --traceback shows what is looked for
    before = _options(draw, [param for param in db_group.params if param.name not in ("version", "raiseerr")], 2)
    after = _options(draw, command.params, 4)
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    for param in arguments:
        values = inside if isinstance(param.type, click.Path) else texts
        after += draw(st.lists(values, max_size=2 if param.nargs == -1 else 1))
    return [*before, name, *after]


def _options(draw: Callable[..., Any], params: list[click.Parameter], most: int) -> list[str]:
    made = []
    options = [param for param in params if isinstance(param, click.Option)]
    for param in draw(st.lists(st.sampled_from(options), max_size=most)):
        made.append(draw(st.sampled_from([*param.opts, *param.secondary_opts])))
        if param.is_flag:
            continue
        if isinstance(param.type, click.FloatRange):
            made.append(draw(numbers))
        elif isinstance(param.type, click.Path):
            made.append(draw(inside))
        elif param.name == "template":
            made.append(draw(st.one_of(st.sampled_from(["single", "multi", "generic", "async", "pyproject"]), texts)))
        else:
            made.append(draw(texts))
    return made


@pytest.mark.long
@fuzzed
@given(words=st.lists(st.one_of(st.sampled_from(COMMANDS), inside, st.sampled_from(["-d", "-c", "--sql"])), max_size=6))
def test_any_words(run: Callable[..., Result], words: list[str]) -> None:
    run(*words)


@fuzzed
@given(arguments=command_lines())
def test_any_options(run: Callable[..., Result], arguments: list[str]) -> None:
    run(*arguments)


def part(values: list[str], number: int) -> list[str]:
    """Return all of the values for many examples, else a fourth of them: another one for each number."""
    return values if EXAMPLES >= 80 else values[number % 4 :: 4]


REVISION_COMMANDS = ["show", "upgrade", "downgrade", "stamp", "history", "merge", "edit"]
REVISION_OPTIONS = ["-m", "--rev-id", "--branch-label", "--head", "--depends-on", "--version-path"]


@pytest.mark.sampled
@pytest.mark.parametrize(("number", "command"), list(enumerate(REVISION_COMMANDS)), ids=REVISION_COMMANDS)
def test_each_odd_revision(run: Callable[..., Result], number: int, command: str) -> None:
    for text in part(ODD, number):
        run(command, *(["-r"] if command == "history" else []), text)


@pytest.mark.sampled
@pytest.mark.parametrize(("number", "option"), list(enumerate(REVISION_OPTIONS)), ids=REVISION_OPTIONS)
def test_each_odd_value_of_a_new_revision(run: Callable[..., Result], number: int, option: str) -> None:
    for text in part([*ODD, "../../x", "/x", "../x"], number):
        run("revision", option, text)


READING = st.sampled_from(
    [
        ("heads",),
        ("history", "-i"),
        ("current", "-v"),
        ("show", "head"),
        ("check",),
        ("upgrade",),
        ("upgrade", "--sql"),
        ("downgrade", "-1"),
        ("revision", "-m", "x"),
        ("migrate", "-m", "x"),
        ("merge", "-m", "x"),
        ("plugins",),
        ("settings",),
        ("doctor",),
        ("list-templates",),
        ("init", "-d", "other"),
        ("repair",),
        ("wait", "--timeout", "0"),
    ]
)

# script_location and version_locations may not lead out of the project, and no program runs but those named
ALEMBIC: dict[str, st.SearchStrategy[str]] = {
    "script_location": inside,
    "file_template": st.one_of(texts, st.sampled_from(["../x", "../../x_%%(rev)s", "/x", "a/b/%%(rev)s", "%%(rev)d"])),
    "timezone": texts,
    "truncate_slug_length": texts,
    "revision_environment": texts,
    "sourceless": texts,
    "version_locations": inside,
    "path_separator": st.one_of(texts, st.sampled_from(["os", "space", "newline", ":"])),
    "version_path_separator": texts,
    "recursive_version_locations": texts,
    "output_encoding": st.one_of(texts, st.sampled_from(["utf-16", "ascii", "base64", "rot13"])),
    "prepend_sys_path": inside,
    "sqlalchemy.url": texts,
}
section = st.dictionaries(st.one_of(st.sampled_from(sorted(ALEMBIC)), texts), st.just(None), max_size=3)


@st.composite
def ini_files(draw: Callable[..., Any]) -> str:
    """Give an alembic.ini that may be one."""
    lines = [draw(st.sampled_from(["[alembic]", "[alembic]", "[DEFAULT]", "", "[alembic", "[" + draw(texts) + "]"]))]
    if draw(st.booleans()):
        lines.append("script_location = %(here)s")
    for key in draw(section):
        value = draw(ALEMBIC.get(key, texts))
        lines.append(f"{key} {draw(st.sampled_from(['=', ':', '']))} {value}")
    if draw(st.booleans()):
        lines += ["[post_write_hooks]", f"hooks = {draw(texts)}, one", f"one.type = {draw(texts)}"]
        lines += [f"one.executable = {draw(st.sampled_from(['true', 'nosuch', '']))}", f"one.options = {draw(texts)}"]
    return "\n".join(lines)


def _put(name: str, content: str | bytes) -> Callable[[Path], None]:
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return lambda folder: (folder / name).write_bytes(data) and None


@fuzzed
@given(command=READING, content=st.one_of(ini_files(), ini_files(), st.binary(max_size=40)))
def test_any_ini(run: Callable[..., Result], command: tuple[str, ...], content: str | bytes) -> None:
    run(*command, prepare=_put("migrations/alembic.ini", content))


@fuzzed
@given(command=READING, content=ini_files(), name=st.one_of(st.just("alembic"), st.just("DEFAULT"), texts))
def test_any_ini_and_section_named(
    run: Callable[..., Result], command: tuple[str, ...], content: str, name: str
) -> None:
    run("-c", "other.ini", "-n", name, *command, prepare=_put("other.ini", content))


SETTINGS: dict[str, st.SearchStrategy[str]] = {
    "application": st.one_of(texts, st.sampled_from(["models:Base", "nosuch:app", "os:getcwd", "models:"])),
    "directory": inside,
    "env-file": st.one_of(texts, st.sampled_from([".", "models.py", "pyproject.toml"])),
    "database": st.one_of(
        texts,
        st.sampled_from(
            ["sqlite://", "sqlite:///a/b/c.db", "sqlite:///x.db?timeout=x", "sqlite+aiosqlite://", "a://b"]
        ),
        st.sampled_from(["postgresql+psycopg://u:p@127.0.0.1:1/x", "sqlite:///file:x?uri=true", "sqlite:///models.py"]),
    ),
    "databases": texts,
    "metadata": st.one_of(texts, st.sampled_from(["models:Base", "models:User.__table__", "models:nosuch", "os:path"])),
    "use-two-phase": texts,
    "context-configure": texts,
    "confirm": texts,
    "plugins": texts,
    "required-plugins": st.one_of(texts, st.sampled_from(["ellar-db-nosuch", "ellar-db>=99", "ellar-db"])),
    "commands": texts,
    "lock": texts,
    "lock-timeout": texts,
    "connect-wait": texts,
    "db-lock-timeout": texts,
    "statement-timeout": texts,
}
CONTEXT = ["compare_type", "version_table", "version_table_schema", "as_sql", "include_object"]
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, math.inf, math.nan, 0.5, -0.0]),
    st.just(b"1979-05-27"),
)


@st.composite
def tables(draw: Callable[..., Any], known: dict[str, st.SearchStrategy[str]]) -> dict[str, Any]:
    """Give a table of a TOML file: known keys, with values of the right kind and of others."""
    made = {}
    for key in draw(st.lists(st.sampled_from(sorted(known)), max_size=3, unique=True)):
        good = known[key]
        names = st.one_of(st.sampled_from(["default", "url", "connect_args", "poolclass", "echo", *CONTEXT]), texts)
        made[key] = draw(
            st.one_of(
                good, good, scalars, st.lists(st.one_of(good, scalars), max_size=2), st.dictionaries(names, scalars)
            )
        )
    if known is SETTINGS and "database" not in made and draw(st.booleans()):
        made["database"] = "sqlite:///app.db"
    # nobody is waited for
    if not isinstance(made.get("connect-wait"), (str, list, dict)):
        made.pop("connect-wait", None)
    return made


def toml(value: Any) -> str:
    """Write a value as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        plain = value.encode("utf-8", "replace").decode()
        return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value)


@fuzzed
@given(
    command=READING,
    ours=tables(SETTINGS),
    alembic=tables(ALEMBIC),
    raw=st.one_of(st.just(None), st.just(None), st.just(None), st.binary(max_size=40)),
)
def test_any_pyproject(
    run: Callable[..., Result],
    command: tuple[str, ...],
    ours: dict[str, Any],
    alembic: dict[str, Any],
    raw: bytes | None,
) -> None:
    lines = ["[tool.ellar-db]", *(f"{key} = {toml(value)}" for key, value in ours.items())]
    lines += ["[tool.alembic]", *(f"{toml(key)} = {toml(value)}" for key, value in alembic.items())]

    run(*command, prepare=_put("pyproject.toml", "\n".join(lines) if raw is None else raw))
