"""What a run shows: each revision, how many there are, how long they took, and where the databases are then."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime

import click
import pytest
from sqlalchemy import text

from ellar_db.output.style import bar, folded
from ellar_db.testing import Project
from tests.support.output import timeless
from tests.support.processes import TIMEOUT, python, run
from tests.support.revisions import add
from tests.support.screens import Shown
from tests.support.servers import sync_engine
from tests.support.terminals import all_on_terminal, on_terminal, terminal

BOTH = """
from alembic import op

revision, down_revision = {revision!r}, {parent!r}

def upgrade(engine_name):
    op.execute("CREATE TABLE {revision} (id integer)")
    {more}

def downgrade(engine_name):
    op.execute("DROP TABLE {revision}")
"""


@pytest.fixture
def both(several: Project) -> Project:
    """Two databases, and the revisions one and two for both of them."""
    several.write("migrations/versions/one.py", BOTH.format(revision="one", parent=None, more=""))
    several.write("migrations/versions/two.py", BOTH.format(revision="two", parent="one", more=""))
    return several


def many(project: Project, number: int) -> Project:
    project.db("init")
    for index in range(number):
        add(project, f"r{index:02}", f"r{index - 1:02}" if index else None)
    return project


def test_several_revisions_are_counted_on_each_database(both: Project) -> None:
    result = both.db("upgrade")

    assert result.stdout == ""
    assert timeless(result.stderr) == (
        "Database default:\n  ok  [1/2] one  T s\n  ok  [2/2] two  T s\n"
        "Database reports:\n  ok  [1/2] one  T s\n  ok  [2/2] two  T s\n"
        "2 revisions applied to 2 databases in T s; default and reports are at two (head).\n"
    )
    assert both.db("upgrade").output == "Already up to date (two).\n"
    assert timeless(both.db("downgrade").stderr).splitlines()[-1] == (
        "1 revision undone on 2 databases in T s; default and reports are at one."
    )


def test_databases_at_different_places_are_told_apart(both: Project) -> None:
    both.db("upgrade", "one")
    with sync_engine(f"sqlite:///{both.path}/reports.db").begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))

    assert timeless(both.db("downgrade", "base").stderr).splitlines()[-1] == (
        "1 revision undone on 1 database in T s; default and reports are at base."
    )


FAILS = "op.no_such_thing() if engine_name == 'reports' else None"


def test_a_failure_in_the_second_says_what_became_of_each(both: Project) -> None:
    both.write("migrations/versions/two.py", BOTH.format(revision="two", parent="one", more=FAILS))

    told = timeless(both.db("upgrade", exit_code=1).stderr).splitlines()

    assert told[:-1] == [
        *("Database default:", "  ok  [1/2] one  T s", "  ok  [2/2] two  T s"),
        *("Database reports:", "  ok  [1/2] one  T s", "  failed  [2/2] two  T s"),
        *("default: rolled back to base", "reports: failed, rolled back to base"),
    ]
    assert told[-1].startswith("Error: ")


def test_what_stays_changed_after_a_failure_is_said(both: Project) -> None:
    more = f"op.get_context().connection.commit()\n    {FAILS}"
    both.write("migrations/versions/two.py", BOTH.format(revision="two", parent="one", more=more))

    told = both.db("upgrade", exit_code=1).stderr.splitlines()

    assert told[-3:-1] == [
        "default: stays changed: 2 revisions, now at two",
        "reports: failed, stays changed: 1 revision, now at one",
    ]


def test_stamp_says_where_the_database_is(linear: Project) -> None:
    linear.db("stamp", "second")

    assert timeless(linear.db("stamp", "base").stderr) == "  ok  base  T s\nRecorded in T s; now at base.\n"
    assert linear.db("stamp", "base").stderr == "Nothing to do: already at base.\n"


def test_sql_is_not_spoken_of(linear: Project) -> None:
    assert linear.db("upgrade", "--sql").stderr == ""


def test_a_dry_run_has_its_own_last_line(linear: Project) -> None:
    assert timeless(linear.db("upgrade", "--dry-run").stderr).splitlines()[-2:] == [
        "  ok  [3/3] third Add third  T s",
        "Dry run: 3 revisions ran on the database 'default', and are rolled back.",
    ]


@terminal
def test_many_revisions_are_one_line_on_a_terminal(plain: Project) -> None:
    many(plain, 21)

    with on_terminal(plain, "upgrade") as shown:
        code, _, said = shown.end()

    assert code == 0
    assert said.count("\n") == 1
    assert re.search(r"\r█████░{15} \[ 7/21\] r06 Add r06 *\r", said)
    assert timeless(said).endswith("\r21 revisions applied in T s; now at r20 (head).\n")
    assert "\x1b" not in said


@terminal
def test_twenty_revisions_are_twenty_lines_on_a_terminal(plain: Project) -> None:
    many(plain, 20)

    with on_terminal(plain, "upgrade") as shown:
        _, _, said = shown.end()

    assert said.count("\n") == 21
    assert said.startswith("\r  ..  [ 1/20] r00 Add r00\r")
    assert re.search(r"\r  \x1b\[32mok\x1b\[0m  \x1b\[2m\[ 1/20\] \x1b\[0m\x1b\[33mr00\x1b\[0m Add r00\x1b\[2m", said)


@terminal
def test_a_long_error_is_broken_at_spaces_where_the_terminal_ends(
    linear: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(linear, "fourth", "third")
    add(linear, "other", "third")
    monkeypatch.setenv("COLUMNS", "60")

    with on_terminal(linear, "upgrade") as shown:
        _, _, said = shown.end()

    lines = said.splitlines()
    assert len(lines) > 3
    # a command in backticks isn't broken, however long
    assert all(len(click.unstyle(line)) <= 60 or line.startswith("`") for line in lines)
    told = linear.run("ellar-db", "upgrade", exit_code=1).stderr.strip()
    assert click.unstyle(" ".join(lines)) == told


@terminal
@pytest.mark.parametrize("command", [(), ("upgrade",)])
def test_headings_and_names_of_help_stand_out_on_a_terminal(plain: Project, command: tuple[str, ...]) -> None:
    words = [sys.executable, "-m", "ellar_db", *command, "--help"]
    size = {"COLUMNS": "80"}
    with all_on_terminal(words, plain.path, size) as shown:
        _, _, said = shown.end()
    told = plain.run("ellar-db", *command, "--help", env=size).stdout

    assert "\x1b[1m\x1b[4mOptions\x1b[0m:\n" in said
    assert "\x1b[1m-h, --help\x1b[0m  " in said
    assert click.unstyle(said) == told
    with all_on_terminal(words, plain.path, {**size, "NO_COLOR": "1"}) as shown:
        assert shown.end()[2] == told
    assert plain.run("ellar-db", *command, "--help", env={**size, "FORCE_COLOR": "1"}).stdout == said


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("one  two", ["one  two"]),
        ("  one two three", ["  one two", "three"]),
        ("run `a b c d` now", ["run", "`a b c d`", "now"]),
        ("run `ellar-db up 1 2 3`, then", ["run", "`ellar-db up 1 2 3`,", "then"]),
        ("x" * 12 + " y", ["x" * 12, "y"]),
        (f"{click.style('one', fg='red')} two three", [f"{click.style('one', fg='red')} two", "three"]),
        ("a ` b", ["a ` b"]),
        ("", [""]),
    ],
)
def test_lines_are_folded(line: str, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ellar_db.output.style.is_live", lambda _: True)
    monkeypatch.setattr("ellar_db.output.style.width", lambda _: 10)
    assert folded(line, sys.stderr).split("\n") == lines
    monkeypatch.setattr("ellar_db.output.style.width", lambda _: 14)
    assert folded(line, sys.stderr, 4).split("\n    ") == lines


def test_a_bar_has_what_the_stream_can_show() -> None:
    class Ascii(io.StringIO):
        encoding = "ascii"  # type: ignore[assignment]

    assert bar(0, 0, Ascii()) == "." * 20
    assert bar(40, 40, Ascii()) == "#" * 20


@terminal
@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_a_terminal_may_have_no_colours(linear: Project, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "dumb")

    with on_terminal(linear, "upgrade") as shown:
        _, _, said = shown.end()

    assert "  ok  [1/3] first Add first" in said
    assert "\x1b" not in said


@terminal
def test_a_title_is_shortened_to_the_terminal_s_width(linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("NO_COLOR", "1")
    add(linear, "fourth", "third")
    file = linear.path / "migrations/versions/fourth_.py"
    file.write_text(file.read_text().replace("Add fourth", f"Add {'fourth ' * 20}", 1))

    with on_terminal(linear, "upgrade") as shown:
        _, _, said = shown.end()

    assert max(map(len, re.split(r"[\r\n]", said.partition("4 revisions")[0]))) == 49
    assert "..." in said


def test_in_a_pipe_each_revision_is_a_line_without_colours(plain: Project) -> None:
    many(plain, 21)

    said = run(plain, "ellar-db", "upgrade").stderr

    assert len(said.splitlines()) == 22
    assert "\r" not in said
    assert "\x1b" not in said


def test_colours_may_be_forced(linear: Project) -> None:
    assert "\x1b[32mok\x1b[0m" in run(linear, "ellar-db", "upgrade", env={"FORCE_COLOR": "1"}).stderr
    assert "\x1b" not in run(linear, "ellar-db", "downgrade", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stderr


def test_quiet_shows_errors_only(linear: Project) -> None:
    assert linear.db("-q", "upgrade").output == ""
    linear.write("migrations/versions/third_.py", "revision, down_revision = 'fourth', 'third'\ndef upgrade(): 1 / 0\n")
    add(linear, "third", "second", folder="migrations")
    linear.write(
        "migrations/versions/fourth_.py", "revision, down_revision = 'fourth', 'third'\ndef upgrade(): 1 / 0\n"
    )
    linear.forget()

    (line,) = linear.db("-q", "upgrade", exit_code=1).stderr.splitlines()

    assert line.startswith("Error: ")


def test_verbose_shows_alembics_log_and_then_the_sql(linear: Project) -> None:
    plain = linear.db("upgrade", "first").stderr
    verbose = linear.db("-v", "upgrade", "second").stderr
    most = linear.db("-vv", "upgrade", "third").stderr

    running = "Running upgrade first -> second, Add second"
    assert "Running" not in plain
    assert running in verbose
    assert "  ok  second Add second" in verbose
    assert "CREATE TABLE" not in verbose
    assert "CREATE TABLE t_third" in most
    assert linear.db("-q", "-v", "upgrade", exit_code=2).stderr.endswith(
        "Error: -q shows less and -v more; leave one of them out\n"
    )


def test_the_sql_hides_passwords(plain: Project) -> None:
    plain.db("init")
    add(plain, "first", None)
    file = plain.path / "migrations/versions/first_.py"
    file.write_text(
        file.read_text().replace("def upgrade():", "def upgrade():\n    op.execute(\"SELECT 1 -- PASSWORD 'hunter2'\")")
    )

    said = plain.db("-vv", "upgrade").stderr

    assert "SELECT 1 -- PASSWORD '***'" in said
    assert "hunter2" not in said


def records(said: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.splitlines()]


def test_the_log_may_be_json(linear: Project) -> None:
    result = linear.db("--log-format", "json", "upgrade", "second")

    first, second, end = records(result.stderr)
    assert result.stdout == ""
    assert {key: first[key] for key in ("level", "logger", "database", "revision")} == {
        "level": "info",
        "logger": "ellar_db.run",
        "database": "default",
        "revision": "first",
    }
    assert isinstance(first["seconds"], float)
    assert str(first["message"]).startswith("first Add first: ok in ")
    assert second["revision"] == "second"
    assert sorted(end) == ["level", "logger", "message", "time"]
    assert datetime.fromisoformat(str(end["time"])).tzinfo is not None


def test_errors_are_records_too(linear: Project) -> None:
    result = linear.db("--log-format", "json", "upgrade", "nix", exit_code=1)

    (record,) = records(result.stderr)
    assert (record["level"], str(record["message"]).startswith("No such revision or branch 'nix'")) == ("error", True)


def test_the_project_and_the_environment_choose_the_format(linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    linear.configure(extra="log-format = 'json'")

    assert records(linear.db("upgrade", "first").stderr)[0]["revision"] == "first"
    assert linear.db("--log-format", "text", "upgrade", "second").stderr.startswith("  ok  second")

    linear.configure(extra="log-format = 'xml'")
    assert linear.db("upgrade", exit_code=1).stderr == (
        f'Error: [tool.ellar-db] log-format must be "text" or "json"; mend it in {linear.path}/pyproject.toml\n'
    )
    assert records(run(linear, "ellar-db", "upgrade", env={"ELLAR_DB_LOG_FORMAT": "json"}).stderr)[0]["seconds"] == (
        pytest.approx(0, abs=60)
    )


@pytest.mark.parametrize(("kind", "statement"), [("postgresql", "ddl"), ("mariadb", "ddl"), ("mariadb", "rows")])
def test_a_statement_that_waits_names_the_session_that_blocks_it(
    plain: Project, new_database: Callable[[str], str], kind: str, statement: str
) -> None:
    url = new_database(kind)
    plain.configure(url=url)
    plain.db("init")
    add(plain, "first", None)
    plain.db("upgrade")
    add(plain, "second", "first")
    file = plain.path / "migrations/versions/second_.py"
    work = "DROP TABLE t_first" if statement == "ddl" else "UPDATE t_first SET id = 3"
    file.write_text(file.read_text().replace("def upgrade():", f"def upgrade():\n    op.execute({work!r})"))
    engine = sync_engine(url)
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO t_first VALUES (1)"))
        connection.commit()
        connection.execute(text("UPDATE t_first SET id = 2"))
        asked = "SELECT pg_backend_pid()" if kind == "postgresql" else "SELECT CONNECTION_ID()"
        number = connection.execute(text(asked)).scalar()

        process = python("-m", "ellar_db", "upgrade", cwd=plain.path)
        assert process.stderr is not None
        first = process.stderr.readline()
        connection.rollback()

    _, rest = process.communicate(timeout=TIMEOUT)
    assert first.startswith(f"Waiting on the database 'default' for session {number} (")
    assert "idle in" in first
    assert process.returncode == 0
    assert "  ok  second Add second" in rest


@terminal
def test_of_many_losses_the_largest_are_listed_and_the_rest_counted(plain: Project) -> None:
    plain.db("init")
    for index in range(22):
        add(plain, f"r{index:02}", f"r{index - 1:02}" if index else None)
    plain.db("upgrade")
    with sync_engine(f"sqlite:///{plain.path}/app.db").begin() as connection:
        connection.execute(text("INSERT INTO t_r03 VALUES (1), (2)"))
        connection.execute(text("INSERT INTO t_r07 VALUES (1)"))

    with on_terminal(plain, "downgrade", "base") as shown:
        shown.answer("Go on?", "n\n")
        code, _, said = shown.end()

    lines = said.splitlines()
    assert code == 1
    assert lines[:4] == [
        "The downgrade will drop 22 tables and columns:",
        "  table t_r03 (2 rows)",
        "  table t_r07 (1 row)",
        "  table t_r21 (0 rows)",
    ]
    assert lines[20:22] == ["  table t_r02 (0 rows)", "  and 2 more"]


def test_what_a_server_can_t_roll_back_is_said_of_each(both: Project, new_database: Callable[[str], str]) -> None:
    urls = [new_database("mariadb") for _ in range(2)]
    both.write(
        "pyproject.toml",
        f'[tool.ellar-db.databases]\ndefault = "{urls[0]}"\nreports = "{urls[1]}"\n',
    )
    both.forget()
    more = f"op.execute('CREATE TABLE half (id integer)') if engine_name == 'reports' else None\n    {FAILS}"
    both.write("migrations/versions/one.py", BOTH.format(revision="one", parent=None, more=more))

    told = both.db("upgrade", exit_code=1).stderr.splitlines()

    assert told[-3:-1] == [
        "default: stays changed: 2 revisions, now at two",
        "reports: failed, stays changed: at base, and a part of one",
    ]


@terminal
def test_where_env_py_sets_up_logging_its_log_is_all_that_is_shown(plain: Project) -> None:
    plain.db("init", "-t", "generic")
    ini = plain.path / "migrations/alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
    add(plain, "first", None)

    with on_terminal(plain, "upgrade") as shown:
        _, _, said = shown.end()

    assert timeless(said).splitlines()[-3:] == [
        "INFO  [alembic.runtime.migration] Running upgrade  -> first, Add first",
        "INFO  [ellar_db.run] first Add first: ok in T s",
        "INFO  [ellar_db] 1 revision applied in T s; now at first (head).",
    ]
    assert "running" not in said


def seen(project: Project, *arguments: str, columns: int = 80) -> list[str]:
    """Return the lines that a terminal shows after a command, on which all of its output is."""
    screen = Shown(columns)
    command = [sys.executable, "-m", "ellar_db", *arguments]
    with all_on_terminal(command, project.path, {}, columns=columns) as running:
        screen.feed(running.end()[2])
    return timeless("\n".join(screen.lines)).splitlines()


PRINTS = """
import sys
revision, down_revision = "{0}", {1!r}
def upgrade():
    {2}
"""


@terminal
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_revision_prints_begins_on_a_line_of_its_own(plain: Project, stream: str) -> None:
    plain.db("init")
    told = f"print('250 rows', file=sys.{stream}); print('moved', file=sys.{stream})"
    plain.write("migrations/versions/one.py", PRINTS.format("one", None, told))
    plain.write("migrations/versions/two.py", PRINTS.format("two", "one", "pass"))

    assert seen(plain, "upgrade") == [
        "250 rows",
        "moved",
        "  ok  [1/2] one  T s",
        "  ok  [2/2] two  T s",
        "2 revisions applied in T s; now at two (head).",
    ]


@terminal
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_line_that_a_revision_doesn_t_end_is_ended(plain: Project, stream: str) -> None:
    plain.db("init")
    told = f"print('250 rows ...', end='', file=sys.{stream})"
    plain.write("migrations/versions/one.py", PRINTS.format("one", None, told))

    assert seen(plain, "upgrade") == ["250 rows ...", "  ok  one  T s", "1 revision applied in T s; now at one (head)."]


@pytest.mark.parametrize("words", [(), ("--log-format", "json")], ids=["text", "json"])
def test_a_line_that_a_revision_doesn_t_end_is_ended_in_a_pipe(plain: Project, words: tuple[str, ...]) -> None:
    plain.db("init")
    plain.write("migrations/versions/one.py", PRINTS.format("one", None, "print('2 rows', end='', file=sys.stderr)"))
    plain.write("migrations/versions/two.py", PRINTS.format("two", "one", "print('no end', end='', file=sys.stderr)"))
    plain.write("migrations/versions/three.py", PRINTS.format("three", "two", "sys.stderr.write('half'); 1 / 0"))

    said = run(plain, "ellar-db", *words, "upgrade", exit_code=1).stderr.splitlines()

    theirs = [line for line in said if line in ("2 rows", "no end", "half")]
    ours = [line for line in said if line not in theirs]
    assert theirs == ["2 rows", "no end", "half"]
    assert "" not in ours
    if words:
        assert len(records("\n".join(ours))) == len(ours) > 3
    else:
        assert [line[:4] for line in ours] == ["  ok", "  ok", "  fa", *[line[:4] for line in ours[3:-1]], "Erro"]


@terminal
@pytest.mark.parametrize("columns", [22, 39, 80])
@pytest.mark.parametrize("number", [2, 21])
def test_the_line_of_a_step_is_written_anew_however_wide_its_title_is(
    plain: Project, columns: int, number: int
) -> None:
    many(plain, number)
    for file in plain.revisions():
        file.write_text(file.read_text().replace("Add ", "添加订单表" * 12, 1), encoding="utf-8")

    lines = seen(plain, "upgrade", columns=columns)

    assert not [line for line in lines if line.startswith(("  ..", "██", "░░", "..."))]
    if columns == 80:
        assert len(lines) == (number + 1 if number == 2 else 1)


@terminal
def test_the_step_is_shown_again_below_what_its_revision_prints(plain: Project) -> None:
    plain.db("init")
    plain.write("migrations/versions/one.py", PRINTS.format("one", None, "print('250 rows')"))

    with all_on_terminal([sys.executable, "-m", "ellar_db", "upgrade"], plain.path, {"NO_COLOR": "1"}) as running:
        said = running.end()[2]

    assert "250 rows\n\r  ..  one" in said


@terminal
def test_a_log_that_the_application_writes_begins_on_a_line_of_its_own(plain: Project) -> None:
    plain.db("init")
    more = "import logging; logging.basicConfig(format='%(message)s'); logging.warning('250 rows')"
    plain.write("migrations/versions/one.py", PRINTS.format("one", None, more))

    assert seen(plain, "upgrade")[0] == "250 rows"


@terminal
def test_where_errors_begin_they_are_red(plain: Project) -> None:
    plain.db("init")
    for arguments in (("heads", "--no-such-option"), ("--no-such-option",), ("show", "nothing"), ("nothing",)):
        with on_terminal(plain, *arguments) as shown:
            said = shown.end()[2]
        assert re.search(r"^\x1b\[31m\x1b\[1mError:\x1b\[0m ", said, re.MULTILINE), arguments
        assert said.count("Error") == 1


def test_an_error_has_no_colour_where_there_are_none(plain: Project) -> None:
    plain.db("init")

    assert run(plain, "ellar-db", "show", "nothing", exit_code=1).stderr.startswith("Error: ")
    for env, word in (({"NO_COLOR": "1"}, "Error: "), ({}, "\x1b[31m\x1b[1mError:\x1b[0m ")):
        error = run(plain, "ellar-db", "nothing", exit_code=2, env={"FORCE_COLOR": "1", **env}).stderr
        assert error.splitlines()[-1].startswith(word)


@pytest.mark.parametrize(
    ("command", "coloured"),
    [
        ("doctor", "\x1b[32mok     \x1b[0m python: "),
        ("doctor", "\x1b[33mlook   \x1b[0m database default: "),
        ("status", "  \x1b[33msecond\x1b[0m  Add second\n"),
        ("plan", "  \x1b[33msecond\x1b[0m  Add second\n"),
        ("verify", "\x1b[32mok\x1b[0m    second Add second\n"),
        ("verify", "\x1b[31m\x1b[1mFAIL\x1b[0m  bare"),
        ("lint", ": \x1b[33mwarning:\x1b[0m DB601 "),
        ("plan", "    \x1b[33m!\x1b[0m "),
    ],
)
def test_marks_and_revisions_have_colours(linear: Project, command: str, coloured: str) -> None:
    linear.write(
        "migrations/versions/bare.py",
        "from alembic import op\n"
        "revision, down_revision = 'bare', 'third'\n"
        "def upgrade(): op.drop_table('t_first')\ndef downgrade(): pass\n",
    )
    linear.forget()
    linear.db("upgrade", "first")

    forced = run(linear, "ellar-db", command, exit_code=None, env={"FORCE_COLOR": "1"}).stdout
    bare = run(linear, "ellar-db", command, exit_code=None, env={"FORCE_COLOR": "0"}).stdout

    assert coloured in forced
    assert "\x1b" not in bare
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) in bare


@terminal
def test_long_lines_of_doctor_stay_in_their_column_on_a_terminal(linear: Project) -> None:
    lines = seen(linear, "doctor", columns=120)

    assert any(line.startswith("ok      packages: ") for line in lines)
    assert all(re.match(r"(ok      |look    |        )\S", line) for line in lines[:-1])
    assert len(run(linear, "ellar-db", "doctor").stdout.splitlines()) < len(lines)
