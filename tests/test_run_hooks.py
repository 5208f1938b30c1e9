"""The hooks around a run: when each is called, with what, and whoever starts the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text

from ellar_db import alembic_config, hookimpl
from ellar_db.hooktypes import Run
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.databases import guarded, scratch_databases
from ellar_db.testing import Project
from tests.support.revisions import write_revision
from tests.support.servers import sync_engine

FOLLOWING = """
import click
from ellar_db import hookimpl

def say(*words):
    click.echo(" ".join(map(str, words)), err=True)

@hookimpl
def ellar_db_before_run(run):
    say("before", run.command, len(run.plan))

@hookimpl(wrapper=True)
def ellar_db_run(run):
    say("run", run.purpose, run.command, run.direction, run.database.name, run.connection is not None)
    result = yield
    say("ran", len(run.steps))
    return result

@hookimpl(wrapper=True)
def ellar_db_step(run, step):
    say("step", step.up_revision_id)
    try:
        return (yield)
    finally:
        say("stepped")

@hookimpl
def ellar_db_committed(run):
    say("committed", [step.up_revision_id for step in run.steps], run.connection)

@hookimpl
def ellar_db_failed(run, error):
    say("failed", [step.up_revision_id for step in run.steps], type(error).__name__)
"""

WORDS = ("before ", "run ", "ran ", "step ", "stepped", "committed ", "failed ")

APPLIED = [
    "before upgrade 2",
    "run apply upgrade up default True",
    "step 0",
    "stepped",
    "step 1",
    "stepped",
    "ran 2",
    "committed ['0', '1'] None",
]


def said(text: str) -> list[str]:
    """Return what the plugin said."""
    return [line for line in text.splitlines() if line.startswith(WORDS)]


@pytest.fixture
def followed(plain: Project) -> Project:
    """A project with two revisions, and a plugin of its own that follows runs."""
    plain.db("init")
    folder = plain.path / "migrations" / "versions"
    write_revision(folder, "0", None, 'op.create_table("a", sa.Column("id", sa.Integer))', 'op.drop_table("a")')
    write_revision(folder, "1", "0", 'op.create_table("b", sa.Column("id", sa.Integer))', 'op.drop_table("b")')
    (plain.path / "following.py").write_text(FOLLOWING)
    plain.configure(extra='plugins = ["following"]\n')
    return plain


def test_ellar_db_run_is_called_around_the_steps(followed: Project) -> None:
    assert said(followed.db("upgrade").stderr) == APPLIED


def test_ellar_db_committed_is_called_in_bare_alembic_too(followed: Project) -> None:
    done = followed.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head")

    assert said(done.stderr) == APPLIED


def test_ellar_db_step_is_called_in_start_up_code_too(followed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with alembic_config() as config:
        command.upgrade(config, "head")

    assert said(capsys.readouterr().err) == APPLIED


@pytest.fixture
def theirs(followed: Project) -> Project:
    """The same, with a second folder, which has an env.py of Alembic's and all revisions."""
    followed.db("init", "-t", "generic", "-d", "theirs")
    ini = followed.path / "theirs" / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
    for file in (followed.path / "migrations" / "versions").glob("*.py"):
        file.rename(followed.path / "theirs" / "versions" / file.name)
    return followed


def test_ellar_db_run_is_called_with_an_env_py_of_somebody_elses_too(theirs: Project) -> None:
    done = theirs.db("-d", "theirs", "upgrade")

    assert said(done.stderr) == APPLIED
    assert done.stderr.count("Context impl SQLiteImpl") == 1


SCRIPT = [
    "before upgrade 2",
    "run dry-run upgrade up default False",
    "step 0",
    "stepped",
    "step 1",
    "stepped",
    "ran 2",
]


def test_ellar_db_committed_is_not_called_for_sql(followed: Project) -> None:
    assert said(followed.db("upgrade", "--sql").stderr) == SCRIPT


@pytest.mark.parametrize("url", ["sqlite:///app.db", "postgresql+psycopg://nobody@nowhere.invalid/shop"])
def test_nor_for_sql_of_an_env_py_of_somebody_elses(theirs: Project, url: str) -> None:
    ini = theirs.path / "theirs" / "alembic.ini"
    ini.write_text(ini.read_text().replace("sqlite:///app.db", url))

    done = theirs.db("-d", "theirs", "upgrade", "--sql")

    assert said(done.stderr) == SCRIPT
    assert done.stdout == theirs.run("alembic", "-c", "theirs/alembic.ini", "upgrade", "head", "--sql").stdout


def test_a_plugin_refuses_sql_of_an_env_py_of_somebody_elses(theirs: Project) -> None:
    theirs.forget("following")
    (theirs.path / "following.py").write_text(
        "import click\nfrom ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_before_run(run):\n"
        "    raise click.ClickException(f'not on {run.database.sync_engine.dialect.name}: {len(run.plan)}')\n"
    )

    refused = theirs.db("-d", "theirs", "upgrade", "--sql", exit_code=1)

    assert (refused.stdout, refused.stderr) == ("", "Error: not on sqlite: 2\n")


def test_sql_for_a_database_whose_driver_is_not_installed_has_no_hooks(theirs: Project) -> None:
    ini = theirs.path / "theirs" / "alembic.ini"
    ini.write_text(ini.read_text().replace("sqlite:///app.db", "oracle+oracledb://nowhere.invalid/shop"))

    done = theirs.db("-d", "theirs", "upgrade", "--sql")

    assert said(done.stderr) == []
    assert (
        "plugins aren't asked about this SQL, since the database's driver isn't installed: No module named 'oracledb'"
        in done.stderr
    )
    assert "CREATE TABLE b" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [
        (["downgrade", "base"], "run apply downgrade down default True"),
        (["stamp", "0"], "run apply stamp None default True"),
        (["ensure-version"], "run apply ensure-version None default True"),
    ],
)
def test_ellar_db_run_knows_the_command(followed: Project, arguments: list[str], ran: str) -> None:
    followed.db("upgrade")

    assert ran in said(followed.db(*arguments).stderr)


def test_ellar_db_run_is_not_called_by_commands_that_only_read(followed: Project) -> None:
    followed.db("upgrade")

    for arguments in (["current"], ["history", "-i"], ["check"], ["heads"]):
        assert said(followed.db(*arguments, exit_code=None).stderr) == []


def test_ellar_db_failed_knows_that_nothing_stays_where_all_is_rolled_back(followed: Project) -> None:
    folder = followed.path / "migrations" / "versions"
    write_revision(folder, "2", "1", 'op.execute("nonsense")')

    assert said(followed.db("upgrade", exit_code=1).stderr)[-2:] == ["stepped", "failed [] DbError"]


def test_ellar_db_failed_knows_what_stays(followed: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("mariadb")
    followed.configure(url=url, extra='plugins = ["following"]\n')
    folder = followed.path / "migrations" / "versions"
    write_revision(folder, "2", "1", 'op.execute("nonsense")')

    assert said(followed.db("upgrade", exit_code=1).stderr)[-1] == "failed ['0', '1'] DbError"


def test_ellar_db_failed_is_not_called_where_the_command_was_wrong(followed: Project) -> None:
    assert said(followed.db("upgrade", "nowhere", exit_code=1).stderr)[-1:] != ["committed [] None"]


@pytest.mark.parametrize("hook", ["run", "step"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_wrapper_that_raises_ends_the_run(plain: Project, hook: str, moment: str) -> None:
    plain.db("init")
    write_revision(
        plain.path / "migrations" / "versions", "0", None, 'op.create_table("a", sa.Column("id", sa.Integer))'
    )
    body = ["    yield", "    raise ValueError('no')"]
    (plain.path / "wrong.py").write_text(
        "from ellar_db import hookimpl\n@hookimpl(wrapper=True)\n"
        f"def ellar_db_{hook}():\n" + "\n".join(body if moment == "after" else body[::-1]) + "\n"
    )
    plain.configure(extra='plugins = ["wrong"]\n')

    refused = plain.db("upgrade", exit_code=1)

    assert f"the plugin wrong failed in ellar_db_{hook}: ValueError: no" in refused.stderr
    assert tables(plain) == set()


@pytest.mark.parametrize("hook", ["run", "step"])
def test_an_answer_of_a_wrapper_is_refused(plain: Project, hook: str) -> None:
    plain.db("init")
    create = 'op.create_table("a", sa.Column("id", sa.Integer))'
    write_revision(plain.path / "migrations" / "versions", "0", None, create)
    source = "from ellar_db import hookimpl\n@hookimpl(wrapper=True)\ndef ellar_db_{}():\n    {}\n    return {}\n"
    (plain.path / "wrong.py").write_text(source.format(hook, "yield", "False"))
    plain.configure(extra='plugins = ["wrong"]\n')

    assert (
        f"the plugin wrong failed in ellar_db_{hook}: TypeError: it returned False, where no answer is wanted; to "
        "refuse, raise a click.ClickException; mend it"
    ) in plain.db("upgrade", exit_code=1).stderr
    assert tables(plain) == set()

    # that a revision failed counts more
    write_revision(plain.path / "migrations" / "versions", "0", None, 'op.execute("nonsense")')
    (plain.path / "wrong.py").write_text(source.format(hook, "try: yield\n    except Exception: pass", "False"))
    plain.forget("wrong")
    assert 'near "nonsense"' in plain.db("upgrade", exit_code=1).stderr


def tables(project: Project) -> set[str]:
    """Return the application's tables in the project's database."""
    return set(inspect(create_engine(f"sqlite:///{project.path}/app.db")).get_table_names()) - {"alembic_version"}


@pytest.mark.parametrize("hook", ["run", "step"])
def test_a_wrapper_cannot_hide_that_a_revision_failed(plain: Project, hook: str) -> None:
    plain.db("init")
    write_revision(plain.path / "migrations" / "versions", "0", None, 'op.execute("nonsense")')
    (plain.path / "hiding.py").write_text(
        "from ellar_db import hookimpl\n@hookimpl(wrapper=True)\n"
        f"def ellar_db_{hook}():\n    try:\n        yield\n    except Exception:\n        pass\n"
    )
    plain.configure(extra='plugins = ["hiding"]\n')

    assert 'near "nonsense"' in plain.db("upgrade", exit_code=1).stderr


@pytest.mark.parametrize("hook", ["run", "step"])
def test_an_implementation_that_is_no_wrapper_is_refused(
    plain: Project, install: Callable[..., Path], hook: str
) -> None:
    install("flat", f"from ellar_db import hookimpl\n@hookimpl\ndef ellar_db_{hook}(run):\n    pass\n")

    assert f"its ellar_db_{hook} must be marked with @hookimpl(wrapper=True)" in plain.db("plugins").stderr


def test_an_error_after_the_commit_says_that_the_run_is_committed(plain: Project) -> None:
    plain.db("init")
    write_revision(
        plain.path / "migrations" / "versions", "0", None, 'op.create_table("a", sa.Column("id", sa.Integer))'
    )
    (plain.path / "late.py").write_text(
        "from ellar_db import hookimpl\n@hookimpl\ndef ellar_db_committed():\n    raise ValueError('late')\n"
    )
    plain.configure(extra='plugins = ["late"]\n')

    failed = plain.db("upgrade", exit_code=1)

    assert "Error: the run is committed, but the plugin late failed in ellar_db_committed: ValueError: late" in (
        failed.stderr
    )
    assert tables(plain) == {"a"}


def test_a_plugin_that_fails_after_the_commit_keeps_no_other_from_being_told(plain: Project) -> None:
    plain.db("init")
    write_revision(plain.path / "migrations" / "versions", "0", None, "pass")
    for name, body in (("late", "raise ValueError('late')"), ("telling", "click.echo('told')")):
        (plain.path / f"{name}.py").write_text(
            f"import click\nfrom ellar_db import hookimpl\n@hookimpl\ndef ellar_db_committed():\n    {body}\n"
        )
    plain.configure(extra='plugins = ["telling", "late"]\n')

    assert plain.db("upgrade", exit_code=1).stdout == "told\n"


def test_the_lock_is_held_until_all_are_told(plain: Project) -> None:
    plain.db("init")
    write_revision(plain.path / "migrations" / "versions", "0", None, "pass")
    (plain.path / "looking.py").write_text(
        "import click\nfrom pathlib import Path\nfrom ellar_db import hookimpl\n@hookimpl\n"
        "def ellar_db_committed():\n    click.echo(Path('app.db.migrating').exists())\n"
    )
    plain.configure(extra='plugins = ["looking"]\n')

    assert plain.db("upgrade").stdout == "True\n"


class Keeping:
    """Keeps what the hooks of a run are given."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    @hookimpl(wrapper=True)
    def ellar_db_run(self, run: Run) -> Iterator[Any]:
        run.state["keeping"] = len(run.steps)
        return (yield)

    @hookimpl
    def ellar_db_committed(self, run: Run) -> None:
        self.runs.append(run)


def test_a_run_carries_what_a_plugin_keeps_and_the_options_of_the_command(followed: Project) -> None:
    keeping = Keeping()
    followed.configure()
    get_plugin_manager().register(keeping)

    followed.db("upgrade", "--lock-timeout", "7", "0")

    (run,) = keeping.runs
    assert run.state == {"keeping": 0}
    assert run.options["lock_timeout"] == 7
    assert run.options["revision"] == "0"
    assert [step.up_revision_id for step in run.plan or ()] == []
    assert run.package == ""


def test_scratch_databases_are_told_from_others(followed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    manager = get_plugin_manager()
    with (
        alembic_config() as config,
        scratch_databases(config.attributes["databases"], {}, followed.path, manager) as made,
        guarded("env.py"),
    ):
        config.attributes["databases"] = made
        command.upgrade(config, "head")

    lines = said(capsys.readouterr().err)
    assert "run scratch upgrade up default True" in lines
    assert lines[-1] == "ran 2"


def test_ellar_db_revision_written_gets_the_file(plain: Project) -> None:
    (plain.path / "adding.py").write_text(
        "import click\nfrom ellar_db import hookimpl\n@hookimpl\ndef ellar_db_revision_written(path, request):\n"
        "    click.echo(f'{path.name} {path.is_file()} {request.message} {request.autogenerate}')\n"
    )
    plain.configure(extra='plugins = ["adding"]\n')
    plain.db("init")

    assert plain.db("revision", "-m", "one", "--rev-id", "r1").stdout.splitlines()[-1] == "r1_one.py True one False"
    plain.db("upgrade")
    assert plain.db("migrate", "-m", "two", "--rev-id", "r2").stdout.splitlines()[-1] == "r2_two.py True two True"
    plain.db("revision", "--head", "r1", "--splice", "-m", "three", "--rev-id", "r3")
    assert plain.db("merge", "-m", "four", "--rev-id", "r4").stdout.splitlines()[-1] == "r4_four.py True four False"


@pytest.mark.parametrize(("arguments", "purpose"), [(["check"], "check"), (["migrate"], "write")])
def test_directives_know_what_they_are_for(plain: Project, arguments: list[str], purpose: str) -> None:
    (plain.path / "asking.py").write_text(
        "import click\nfrom ellar_db import hookimpl\n@hookimpl\n"
        "def ellar_db_process_revision_directives(database, purpose):\n    click.echo(f'{database.name} {purpose}')\n"
    )
    plain.configure(extra='plugins = ["asking"]\n')
    plain.db("init")

    assert f"default {purpose}\n" in plain.db(*arguments, exit_code=None).stdout


def test_the_transaction_of_a_run_is_the_steps_too(followed: Project, any_database: str) -> None:
    followed.configure(url=any_database, extra='plugins = ["noting"]\n')
    (followed.path / "noting.py").write_text(
        "import sqlalchemy as sa\nfrom ellar_db import hookimpl\n@hookimpl(wrapper=True)\n"
        "def ellar_db_step(run, step):\n    result = yield\n"
        "    run.connection.execute(sa.text('CREATE TABLE IF NOT EXISTS noted (id VARCHAR(32))'))\n"
        "    run.connection.execute(sa.text('INSERT INTO noted VALUES (:id)'), {'id': step.up_revision_id})\n"
        "    return result\n"
    )

    followed.db("upgrade")

    engine = sync_engine(any_database)
    with engine.connect() as connection:
        assert list(connection.execute(text("SELECT id FROM noted ORDER BY id")).scalars()) == ["0", "1"]


def test_tracing_shows_the_wrappers_and_whether_they_failed(
    followed: Project, monkeypatch: pytest.MonkeyPatch, install: Callable[..., Path]
) -> None:
    write_revision(followed.path / "migrations" / "versions", "2", "1", 'op.execute("nonsense")')
    install(
        "outer", "from ellar_db import hookimpl\n@hookimpl(wrapper=True)\ndef ellar_db_run():\n    return (yield)\n"
    )
    monkeypatch.setenv("ELLAR_DB_TRACE_PLUGINS", "1")
    get_plugin_manager.cache_clear()

    lines = followed.db("upgrade", exit_code=1).stderr.splitlines()

    traced = [
        line.partition(" in ")[0].split(") -> ")[-1] for line in lines if line.startswith("trace: ellar_db_step(")
    ]
    assert traced == [*["None from following (wrapper)"] * 2, "raised OperationalError from following (wrapper)"]
    (run,) = (line for line in lines if line.startswith("trace: ellar_db_run("))
    assert "-> raised OperationalError from following (wrapper), outer:outer (wrapper) in " in run
    # it ends after the steps that it is around
    assert lines.index(run) > max(at for at, line in enumerate(lines) if line.startswith("trace: ellar_db_step("))
    assert "<temp>" not in "".join(lines)
