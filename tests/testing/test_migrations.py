"""The ready tests of an application's migrations: each fails where it should, and only there."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable
from importlib.util import find_spec

import pytest
import sqlalchemy.dialects.mysql
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite  # imported by a suite in this process, they would be lost after it
from sqlalchemy import make_url

import ellar_db.testing.checks
import ellar_db.testing.migrations  # noqa: F401
from ellar_db.testing.application import Application, new_application
from ellar_db.testing.project import tables
from tests.support.servers import asynchronous, sync_engine
from tests.support.suites import EMAIL, MODELS, NO_EMAIL, Suite, run_pytest

NAMES = ["single_head", "upgrade", "downgrade_leaves_no_trace", "models_match_schema", "every_revision_has_a_downgrade"]
PASSED = [f"tests/conftest.py::migrations::test_{name} PASSED" for name in NAMES]


def shown(result: pytest.RunResult, name: str) -> list[str]:
    """Give the lines with which a ready test failed."""
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if f"_ migrations.test_{name} _" in line)
    end = next(number for number, line in enumerate(lines[start + 1 :], start + 1) if line.startswith(("___", "===")))
    return [line for line in lines[start + 1 : end] if not line.startswith("---") and "Running " not in line]


def test_one_line_gives_each_test_an_item_of_its_own(suite: Suite) -> None:
    result = suite.test("-v")

    items = [line.partition(" [")[0].strip() for line in result.outlines if "::test_" in line]
    assert items == [*PASSED, "tests/test_other.py::test_other PASSED"]
    assert "ellar-db: migrations are tested by tests/conftest.py::migrations" in result.outlines


def test_the_applications_own_database_stays_as_it_is(suite: Suite) -> None:
    suite.test().assert_outcomes(passed=6)

    assert not (suite.path / "app.db").exists()


@pytest.mark.parametrize("body", ["import no_such_module", "def upgrade(:"], ids=["import", "syntax"])
def test_a_revision_that_cannot_be_read_is_told_in_a_line(suite: Suite, body: str) -> None:
    suite.write("migrations/versions/third_.py", body)

    result = suite.test()

    result.assert_outcomes(passed=1, errors=5)
    assert not [line for line in result.outlines if "--traceback" in line or line.startswith("Traceback")]
    start = next(number for number, line in enumerate(result.outlines) if "_ ERROR at setup of" in line)
    assert re.match(
        r"/.*/third_\.py(, line 1: ModuleNotFoundError:| is no revision that can be read: SyntaxError:) ",
        result.outlines[start + 1],
    )
    assert result.outlines[start + 2].startswith("____")


def test_a_project_that_is_not_there_is_refused(suite: Suite) -> None:
    result = suite.test("--ellar-db-project=nowhere")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if "ERROR" in line] == [
        f"ERROR: --ellar-db-project: there is no folder {suite.path / 'nowhere'}"
    ]


def test_the_items_can_be_chosen_as_any_others(suite: Suite) -> None:
    suite.test("tests/test_other.py").assert_outcomes(passed=1)
    suite.test("tests/conftest.py::migrations").assert_outcomes(passed=5)
    suite.test("tests/conftest.py::migrations::test_upgrade").assert_outcomes(passed=1)
    suite.test("-k", "downgrade").assert_outcomes(passed=2, deselected=4)
    suite.test("-m", "ellar_db", "--strict-markers").assert_outcomes(passed=5, deselected=1)


def test_a_conftest_above_the_testpaths_takes_part_in_a_run_of_all(suite: Suite) -> None:
    (suite.path / "tests/conftest.py").rename(suite.path / "conftest.py")
    suite.write("pytest.ini", "[pytest]\ntestpaths = tests\n")

    suite.test().assert_outcomes(passed=6)
    suite.test("tests").assert_outcomes(passed=1)
    suite.test("conftest.py::migrations::test_upgrade").assert_outcomes(passed=1)


def test_two_heads(suite: Suite) -> None:
    suite.revision("third", "first", 'op.create_index("ix_name", "users", ["name"])', 'op.drop_index("ix_name")')
    suite.write("models.py", MODELS + '    __table_args__ = (Index("ix_name", "name"),)\n')

    result = suite.test()

    assert suite.failed(result) == ["single_head"]
    heads = sorted(shown(result, "single_head")[1:3])
    assert shown(result, "single_head")[0] == "the migrations have 2 heads:"
    assert heads == [
        "  second (Revision second., migrations/versions/second_.py)",
        "  third (Revision third., migrations/versions/third_.py)",
    ]
    assert "Join them with `ellar db merge -m" in shown(result, "single_head")[3]


def test_a_head_on_which_another_depends_is_reached(suite: Suite) -> None:
    suite.revision("third", "first", 'op.create_index("ix_name", "users", ["name"])', 'op.drop_index("ix_name")')
    file = suite.path / "migrations/versions/third_.py"
    file.write_text(f"{file.read_text()}\n\ndepends_on = 'second'\n")
    suite.write("models.py", MODELS + '    __table_args__ = (Index("ix_name", "name"),)\n')

    assert "upgrade" not in suite.failed(suite.test())


def test_an_upgrade_that_fails(suite: Suite) -> None:
    suite.second(up='op.execute("ALTER TABLE nowhere ADD COLUMN email TEXT")')

    result = suite.test("-rsf")

    assert suite.failed(result) == ["upgrade"]
    result.assert_outcomes(passed=3, failed=1, skipped=2)
    assert shown(result, "upgrade")[0].startswith("the upgrade from base to head fails: ")
    assert "first -> second, Revision second. failed on the database 'default'" in shown(result, "upgrade")[0]
    assert "no such table: nowhere" in shown(result, "upgrade")[0]


def test_an_upgrade_that_fails_is_told_by_the_others_where_its_own_test_is_left_out(suite: Suite) -> None:
    suite.second(up='op.execute("ALTER TABLE nowhere ADD COLUMN email TEXT")')

    result = suite.test("--ellar-db-skip=upgrade")

    assert suite.failed(result) == ["downgrade_leaves_no_trace", "models_match_schema"]


def test_an_environment_that_runs_nothing(suite: Suite) -> None:
    suite.write("migrations/env.py", "from ellar_db.env import run\n")

    result = suite.test("-k", "test_upgrade")

    assert suite.failed(result) == ["upgrade"]


TRACES = {
    "a view": (
        f'{EMAIL}op.execute("CREATE VIEW names AS SELECT 1 AS x")',
        NO_EMAIL,
        ["  left behind: view names CREATE VIEW names AS SELECT 1 AS x"],
    ),
    "a column": (
        EMAIL,
        'op.execute("SELECT 1")',
        ["  left behind: column users.email VARCHAR(64)"],
    ),
    "a lost column": (
        EMAIL,
        NO_EMAIL.replace('"email")', '"email")\n    batch.drop_column("name")'),
        ["  missing: column users.name VARCHAR(128) not null"],
    ),
    "another type": (
        EMAIL,
        NO_EMAIL.replace('"email")', '"email")\n    batch.alter_column("name", type_=sa.String(50))'),
        ["  changed: column users.name, was VARCHAR(128) not null, is VARCHAR(50) not null"],
    ),
    "a trigger, which Alembic doesn't see": (
        f'{EMAIL}op.execute("CREATE TRIGGER watch AFTER INSERT ON users BEGIN SELECT 1; END")',
        # batch makes the table anew, and with it the trigger is gone
        'op.execute("ALTER TABLE users DROP COLUMN email")',
        ["  left behind: trigger watch on users CREATE TRIGGER watch AFTER INSERT ON users BEGIN SELECT 1; END"],
    ),
}


@pytest.mark.sampled
@pytest.mark.parametrize("trace", TRACES)
def test_a_downgrade_that_leaves_a_trace(suite: Suite, trace: str) -> None:
    up, down, lines = TRACES[trace]
    suite.second(up, down)

    result = suite.test()

    assert suite.failed(result) == ["downgrade_leaves_no_trace"]
    title = "second (Revision second., migrations/versions/second_.py)"
    assert shown(result, "downgrade_leaves_no_trace") == [f"the downgrade of {title} leaves a trace:", *lines]


def test_a_downgrade_that_fails(suite: Suite) -> None:
    suite.second(down='op.drop_table("nowhere")')

    result = suite.test()

    assert suite.failed(result) == ["downgrade_leaves_no_trace"]
    assert "no such table: nowhere" in shown(result, "downgrade_leaves_no_trace")[0]


def test_an_upgrade_that_doesnt_work_twice(suite: Suite) -> None:
    counted = 'import builtins\nbuiltins.times = getattr(builtins, "times", 0) + 1\n'
    suite.second(up=f'{counted}if builtins.times % 2 == 0:\n    raise ValueError("twice"){EMAIL}')

    result = suite.test("-k", "leaves_no_trace")

    assert suite.failed(result) == ["downgrade_leaves_no_trace"]
    assert "can't be applied again after its downgrade" in shown(result, "downgrade_leaves_no_trace")[0]
    assert "ValueError: twice" in shown(result, "downgrade_leaves_no_trace")[0]


def test_models_ahead_of_the_revisions(suite: Suite) -> None:
    more = MODELS.replace("String(64)", "String(70)") + "    age: Mapped[int]\n"
    suite.write("models.py", more)

    result = suite.test()

    assert suite.failed(result) == ["models_match_schema"]
    assert shown(result, "models_match_schema") == [
        "the models and the schema that the revisions make differ; to make the schema what the models say:",
        "  add column users.age INTEGER NOT NULL",
        "  change type of users.email from VARCHAR(64) to VARCHAR(70)",
        '`ellar db migrate -m "..."` writes a revision that does it.',
    ]


def test_a_database_without_models_cant_be_compared(suite: Suite) -> None:
    suite.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n")

    result = suite.test()

    assert suite.failed(result) == ["models_match_schema"]
    assert "has no metadata" in shown(result, "models_match_schema")[0]


NO_DOWNGRADES = {
    "pass": ("pass", "", "downgrade() does nothing"),
    "docstring": ('"""Downgrade schema."""', "", "downgrade() does nothing"),
    "no reason": (
        "raise NotImplementedError",
        "",
        "downgrade() raises NotImplementedError and doesn't say why",
    ),
    "an empty reason": (
        "raise NotImplementedError('')",
        "",
        "downgrade() raises NotImplementedError and doesn't say why",
    ),
    "irreversible without a reason": (
        "pass",
        "irreversible = True",
        "irreversible is True; it must be a text that says why",
    ),
}


@pytest.mark.parametrize("case", NO_DOWNGRADES)
def test_a_revision_without_a_downgrade(suite: Suite, case: str) -> None:
    down, more, problem = NO_DOWNGRADES[case]
    suite.second(down=down, more=more)

    result = suite.test()

    assert suite.failed(result) == ["every_revision_has_a_downgrade"]
    assert shown(result, "every_revision_has_a_downgrade") == [
        "1 of 2 revisions can't be downgraded, and doesn't say why:",
        f"  second (Revision second., migrations/versions/second_.py): {problem}",
        'Write the downgrade, or say in the file why there is none: irreversible = "the reason".',
    ]


def test_a_revision_without_the_function(suite: Suite) -> None:
    file = suite.path / "migrations/versions/second_.py"
    file.write_text(file.read_text().partition("def downgrade")[0])

    result = suite.test()

    assert suite.failed(result) == ["every_revision_has_a_downgrade"]
    assert "upgrade() has no downgrade()" in shown(result, "every_revision_has_a_downgrade")[1]


@pytest.mark.parametrize(
    ("down", "more"),
    [
        ("pass", 'irreversible = "the addresses are gone"'),
        ("raise NotImplementedError('the addresses are gone')", ""),
        ("import os\nif os:\n    raise NotImplementedError('the addresses are gone')", ""),
    ],
    ids=["irreversible", "raises", "raises when it runs"],
)
def test_a_revision_that_says_why_it_has_no_downgrade(suite: Suite, down: str, more: str) -> None:
    suite.second(down=down, more=more)

    suite.test().assert_outcomes(passed=6)


def test_revisions_before_an_irreversible_one_are_still_tested(suite: Suite) -> None:
    suite.second(down="pass", more='irreversible = "the addresses are gone"')
    suite.revision("first", None, 'op.create_table("users", sa.Column("id", sa.Integer))', 'op.execute("SELECT 1")')

    result = suite.test("-k", "no_trace")

    assert shown(result, "downgrade_leaves_no_trace")[1:] == ["  left behind: table users"]


def test_branches_and_merges_are_walked(suite: Suite) -> None:
    table = 'op.create_table("{0}", sa.Column("id", sa.Integer))'
    for name in ("left", "right"):
        suite.revision(name, "second", table.format(name), f'op.drop_table("{name}")')
    suite.revision("third", None, "pass", "pass", "")
    file = suite.path / "migrations/versions/third_.py"
    file.write_text(file.read_text().replace("down_revision = None", 'down_revision = ("left", "right")'))

    suite.test("-k", "not models").assert_outcomes(passed=5, deselected=1)


def test_an_environment_that_connects_by_itself_is_refused(suite: Suite) -> None:
    suite.write(
        "migrations/env.py", "from sqlalchemy import create_engine\ncreate_engine('sqlite:///app.db').connect()\n"
    )

    result = suite.test("-k", "test_upgrade")

    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(["*env.py connects to databases by itself*let it call ellar_db.env.run()"])
    assert not (suite.path / "app.db").exists()


def test_a_revision_that_connects_to_another_database_is_refused(suite: Suite) -> None:
    suite.second(up=f"sa.create_engine('sqlite:///app.db').connect()\n{EMAIL}")

    result = suite.test("-k", "test_upgrade")

    assert suite.failed(result) == ["upgrade"]
    message = "".join(shown(result, "upgrade"))
    assert "first -> second, Revision second. failed on the database 'default': NotScratchError: " in message
    assert "app.db was to be connected to, which is no scratch database" in message
    assert not (suite.path / "app.db").exists()


def test_an_engine_keeps_its_listeners_and_options(suite: Suite) -> None:
    suite.write("app.py", ENGINE)
    suite.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['app']\n")
    suite.second(up=f"op.execute(\"INSERT INTO users (name) VALUES (shout('ada'))\"){EMAIL}")

    suite.test().assert_outcomes(passed=6)

    assert not (suite.path / "app.db").exists()


ENGINE = """
from sqlalchemy import create_engine, event

from ellar_db import Database, hookimpl
from models import Base

engine = create_engine("sqlite:///app.db", connect_args={"cached_statements": 5})


@event.listens_for(engine, "connect")
def shout(connection, record):
    connection.create_function("shout", 1, str.upper)


@hookimpl
def ellar_db_databases():
    yield Database("default", engine, Base.metadata)
"""


def test_an_engine_with_its_own_way_to_connect_is_refused(suite: Suite) -> None:
    creator = 'create_engine("sqlite://", creator=lambda: __import__("sqlite3").connect("app.db"))'
    suite.write(
        "app.py", ENGINE.replace('create_engine("sqlite:///app.db", connect_args={"cached_statements": 5})', creator)
    )
    suite.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['app']\n")

    result = suite.test("-k", "test_upgrade")

    result.assert_outcomes(errors=1, deselected=5)
    result.stdout.fnmatch_lines(["*connects in its own way (creator); name a URL with --ellar-db-url default=URL"])
    suite.test("--ellar-db-url=default=sqlite://", "-k", "test_upgrade").assert_outcomes(passed=1, deselected=5)


def test_several_databases(suite: Suite) -> None:
    suite.write("models.py", SEVERAL)
    suite.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        metadata = {default = "models:main", reports = "models:reports"}
        databases = {default = "sqlite:///app.db", reports = "sqlite+aiosqlite:///reports.db"}
        """,
    )
    suite.pytester.run("rm", "-r", "migrations")
    suite.forget("models")
    suite.db("init", "--multi")
    suite.db("migrate", "--rev-id", "one")
    suite.test().assert_outcomes(passed=6)

    file = suite.path / "migrations/versions/one_.py"
    file.write_text(file.read_text().replace("op.drop_table('figures')", "op.execute('SELECT 1')"))
    suite.write("models.py", SEVERAL.replace('"users", main,', '"users", main, Column("age", Integer),'))
    result = suite.test()

    assert suite.failed(result) == ["downgrade_leaves_no_trace", "models_match_schema"]
    assert shown(result, "downgrade_leaves_no_trace")[1:] == ["  reports: left behind: table figures"]
    assert shown(result, "models_match_schema")[1] == "  default: add column users.age INTEGER"


SEVERAL = """
from sqlalchemy import Column, Integer, MetaData, Table

main, reports = MetaData(), MetaData()
Table("users", main, Column("id", Integer, primary_key=True))
Table("figures", reports, Column("id", Integer, primary_key=True))
"""


@pytest.mark.sampled
@pytest.mark.parametrize("driver", ["sync", "async"])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_server_gets_a_scratch_database_which_is_dropped(
    suite: Suite, new_database: Callable[[str], str], scratch_names: Callable[[str], set[str]], kind: str, driver: str
) -> None:
    url = new_database(kind)
    suite.configure(url=asynchronous(url) if driver == "async" else url, models=MODELS)
    suite.second(up=f"print('on', op.get_bind().engine.url.database){EMAIL}")

    result = suite.test_apart("-s")

    result.assert_outcomes(passed=6)
    used = set(re.findall(r"\bon (\w+)$", result.stdout.str(), re.MULTILINE))
    assert used
    assert all(name.startswith("ellar_db_scratch_") for name in used)
    assert tables(url) == set()
    # other suites may have some there
    assert not used & scratch_names(kind)


SERVER_TRACES = {
    "a view": (
        "postgresql",
        'op.execute("CREATE MATERIALIZED VIEW names AS SELECT 1 AS x")',
        ["  left behind: materialized view names SELECT 1 AS x;"],
    ),
    "a type": (
        "postgresql",
        'sa.Enum("sad", "glad", name="mood").create(op.get_bind())',
        ["  left behind: type mood (sad, glad)"],
    ),
    "a function and a schema": (
        "postgresql",
        'op.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$")\nop.execute("CREATE SCHEMA s")',
        [
            "  left behind: function f() CREATE OR REPLACE FUNCTION public.f() RETURNS integer LANGUAGE sql AS "
            "$function$ SELECT 1 $function$",
            "  left behind: schema s",
        ],
    ),
    "a trigger": (
        "mariadb",
        'op.execute("CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.name = 1")',
        ["  left behind: trigger t on users SET NEW.name = 1"],
    ),
}


@pytest.mark.sampled
@pytest.mark.parametrize("trace", SERVER_TRACES)
def test_a_trace_on_a_server(
    suite: Suite, new_database: Callable[[str], str], scratch_names: Callable[[str], set[str]], trace: str
) -> None:
    kind, up, lines = SERVER_TRACES[trace]
    suite.configure(url=new_database(kind), models=MODELS)
    suite.second(up=f"print(op.get_bind().engine.url.database, file=open('used', 'a'))\n{up}{EMAIL}")

    result = suite.test_apart()

    # where alembic-postgresql-enum is installed, the comparison sees a type that no model has, too
    seen = ["models_match_schema"] if trace == "a type" and find_spec("alembic_postgresql_enum") else []
    assert suite.failed(result) == ["downgrade_leaves_no_trace", *seen]
    assert shown(result, "downgrade_leaves_no_trace")[1:] == lines
    used = set((suite.path / "used").read_text().split())
    assert used
    # other suites may have some there
    assert not used & scratch_names(kind)


@pytest.mark.long
def test_a_database_that_isnt_there_yet_is_no_hindrance(suite: Suite, new_database: Callable[[str], str]) -> None:
    url = make_url(new_database("postgresql")).set(database="not_there").render_as_string(hide_password=False)
    suite.configure(url=url, models=MODELS)

    suite.test_apart().assert_outcomes(passed=6)


def test_a_url_leads_to_another_server(suite: Suite, new_database: Callable[[str], str]) -> None:
    url = new_database("mariadb")
    suite.second(up=f"print('on', op.get_bind().engine.url){EMAIL}")

    result = suite.test_apart("-s", f"--ellar-db-url=default={url}", "-k", "test_upgrade")

    result.assert_outcomes(passed=1, deselected=5)
    result.stdout.fnmatch_lines(["*on mysql+pymysql://*ellar_db_scratch_*"])


def test_settings_of_pytests_own_file(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOWHERE", "sqlite+nowhere://")
    (suite.path / "migrations").rename(suite.path / "revisions")
    suite.write(
        "pytest.ini",
        """
        [pytest]
        ellar_db_directory = revisions
        ellar_db_skip = single_head test_models_match_schema
        """,
    )
    suite.test().assert_outcomes(passed=4, skipped=2)

    suite.write("pytest.ini", "[pytest]\nellar_db_directory = revisions\nellar_db_url =\n    default=${NOWHERE}\n")
    suite.test("-k", "test_upgrade").stdout.fnmatch_lines(["*no dialect 'sqlite+nowhere'*"])


def test_a_project_in_a_folder_of_its_own(suite: Suite) -> None:
    (suite.path / "backend").mkdir()
    for name in ("migrations", "models.py", "pyproject.toml"):
        (suite.path / name).rename(suite.path / "backend" / name)

    suite.test("--ellar-db-project=backend").assert_outcomes(passed=6)
    suite.write("pytest.ini", "[pytest]\nellar_db_project = backend\n")
    suite.test().assert_outcomes(passed=6)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--ellar-db-skip=heads", "*there is no test_heads; there is test_single_head, *"),
        ("--ellar-db-url=x=sqlite://", "*a URL is given for x; there is default"),
        ("--ellar-db-url=mssql+pymssql://h", "*isn't installed; install it with pip"),
        ("--ellar-db-directory=nowhere", "*there is no migrations folder at *nowhere*"),
    ],
)
def test_a_wrong_option_is_told_in_a_line(suite: Suite, option: str, message: str) -> None:
    result = suite.test(option)

    assert result.ret != 0
    (result.stderr if "skip" in option else result.stdout).fnmatch_lines([message])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_options_without_the_tests_are_refused(suite: Suite) -> None:
    suite.write("tests/conftest.py", "")

    result = suite.pytester.runpytest_inprocess("-p", "ellar_db.pytest_options", "--ellar-db-skip=upgrade")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--ellar-db-skip is for the tests of pytest_plugins = *"])


def test_without_a_conftest_the_tests_have_no_place(suite: Suite) -> None:
    (suite.path / "tests/conftest.py").unlink()

    result = suite.pytester.runpytest_inprocess("-p", "ellar_db.testing.migrations")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*belongs into a conftest.py*"])


@pytest.mark.long
@pytest.mark.parametrize("kind", ["plain SQLAlchemy", "ellar-sql"])
def test_in_an_ellar_application(pytester: pytest.Pytester, kind: str) -> None:
    with new_application(pytester.path, Application) as shop:
        if kind == "ellar-sql":
            shop.with_ellar_sql("sqlite:///app.db", options="{}")
        else:
            shop.with_plain_sqlalchemy("sqlite:///app.db")
        shop.db("init")
        shop.db("migrate", "--rev-id", "one")
    shop.write("conftest.py", 'pytest_plugins = ["ellar_db.testing.migrations"]\n')
    size = sum(file.stat().st_size for file in pytester.path.rglob("app.db"))
    environment = dict(os.environ)

    run_pytest(pytester.path, "-W", "error::pytest.PytestWarning").assert_outcomes(passed=5)

    assert sum(file.stat().st_size for file in pytester.path.rglob("app.db")) == size
    (file,) = pytester.path.rglob("one_.py")
    file.write_text(file.read_text().replace("op.drop_table", "op.get_bind() and str"))
    result = run_pytest(pytester.path)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*left behind: table user"])
    assert dict(os.environ) == environment


def test_the_environment_and_the_folder_are_restored(suite: Suite) -> None:
    suite.write(
        "tests/test_other.py",
        """
        import os, sys

        def test_other(request):
            assert os.getcwd() == str(request.config.invocation_params.dir)
            assert "ELLAR_CONFIG_MODULE" not in os.environ
        """,
    )

    suite.test("--ellar-db-project=.").assert_outcomes(passed=6)


OWN = """
from sqlalchemy import text


def test_names_become_addresses(ellar_db_migrations):
    database = ellar_db_migrations.databases["default"]
    ellar_db_migrations.upgrade("first")
    database.transaction(lambda connection: connection.execute(text("INSERT INTO users (name) VALUES ('ada')")))

    ellar_db_migrations.upgrade("second")

    rows = database.transaction(lambda connection: connection.execute(text("SELECT email FROM users")).scalars().all())
    assert rows == ["ada@example.org"]
    ellar_db_migrations.downgrade("first")
    assert ellar_db_migrations.look()["default"].heads == ("first",)
"""


def test_tests_of_ones_own_have_the_migrations_too(suite: Suite) -> None:
    suite.write("tests/test_other.py", OWN)
    assert suite.test("tests/test_other.py").parseoutcomes() == {"failed": 1}

    suite.second(up=f"{EMAIL}op.execute(\"UPDATE users SET email = name || '@example.org'\")")
    suite.test("tests/test_other.py").assert_outcomes(passed=1)


@pytest.mark.long
def test_a_conftest_gives_urls_and_prepares_databases(suite: Suite, new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    suite.configure(
        models="from sqlalchemy import MetaData\nBase = MetaData()\n",
        extra="context-configure = {include_schemas = true}",
    )
    suite.revision(
        "first", None, 'op.create_table("a", sa.Column("id", sa.Integer), schema="s")', 'op.drop_table("a", schema="s")'
    )
    (suite.path / "migrations/versions/second_.py").unlink()
    suite.write(
        "tests/conftest.py",
        f"""
        import pytest
        from sqlalchemy import text

        pytest_plugins = ["ellar_db.testing.migrations"]

        @pytest.fixture(scope="session")
        def ellar_db_urls():
            return {{"default": {url!r}}}

        @pytest.fixture
        def ellar_db_prepare():
            return lambda database: database.transaction(lambda connection: connection.execute(text("CREATE SCHEMA s")))
        """,
    )

    suite.test_apart("-k", "not models").assert_outcomes(passed=5, deselected=1)
    engine = sync_engine(url)
    with engine.connect() as connection:
        assert "s" not in sqlalchemy.inspect(connection).get_schema_names()


def test_the_tests_keep_to_themselves_where_nobody_asked(suite: Suite) -> None:
    suite.write("tests/conftest.py", "")
    suite.write(
        "tests/test_other.py",
        textwrap.dedent(
            """
            import sys

            def test_other():
                assert {"alembic", "sqlalchemy", "ellar", "click"} & set(sys.modules) == set()
                assert "ellar_db.testing" not in sys.modules
            """
        ),
    )

    suite.pytester.runpytest_subprocess("-p", "ellar_db.pytest_options").assert_outcomes(passed=1)
