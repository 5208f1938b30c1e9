"""`doctor`: what is in order, and what is broken, with the next step; each part by itself."""

from __future__ import annotations

import json
import re
import shlex
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from sqlalchemy import Engine, make_url, text

from ellar_db.dialects.postgresql import PostgreSQL
from ellar_db.dialects.rights.mysql import granted, has_roles
from ellar_db.inspection.diagnosis.databases import is_pooled
from ellar_db.inspection.diagnosis.packages import compared
from ellar_db.testing import Project
from tests.support.applications import ELLAR_SQL_MODELS, PLAIN_MODELS, Shop, new_shop
from tests.support.documents import document
from tests.support.environments import ForeignEnvironment
from tests.support.revisions import add
from tests.support.servers import OwnPgBouncer, asynchronous, server, sync_engine
from tests.support.users import NOBODY, as_root, run_as


def found(project: Project, *arguments: str, broken: bool = False) -> list[tuple[str, str, str, str | None]]:
    """Return the findings but those about the machine."""
    told = document(project, "doctor", *arguments, schema="doctor", exit_code=int(broken))
    assert bool(told["broken"]) is broken
    assert [each["subject"] for each in told["findings"][:2]] == ["python", "packages"]
    return [tuple(each.values()) for each in told["findings"][2:]]  # type: ignore[misc]


def of(findings: list[tuple[str, str, str, str | None]], subject: str) -> list[tuple[str, str, str | None]]:
    """Return the findings about one part."""
    return [(state, message, fix) for state, about, message, fix in findings if about == subject]


def states(findings: list[tuple[str, str, str, str | None]]) -> dict[str, str]:
    """Return the worst state of each part."""
    order = ("ok", "look", "broken")
    worst: dict[str, str] = {}
    for state, subject, _, _ in findings:
        worst[subject] = max(state, worst.get(subject, "ok"), key=order.index)
    return worst


@pytest.fixture(autouse=True)
def no_leftovers(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Look for what killed programs left in a folder of the test's own; other programs use the user's."""
    folder = tmp_path_factory.mktemp("scratch") / "notes"
    monkeypatch.setattr("ellar_db.scratch.leftovers._folder", lambda: folder)
    return folder


def everything(project: Project) -> dict[str, bytes]:
    return {
        str(file.relative_to(project.path)): file.read_bytes()
        for file in project.path.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def history(project: Project) -> None:
    project.db("init")
    add(project, "first", None)
    add(project, "second", "first")


MAY = "its user may make tables, write to the version table and take the lock"
DRIFT = (
    "ok",
    "drift",
    "not looked at: whether the tables, or the models, differ from the history",
    "`ellar-db check --drift`, `ellar-db check`",
)


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_all_is_in_order(project: Project, any_database: str, driver: str) -> None:
    project.configure(url=any_database if driver == "sync" else asynchronous(any_database))
    history(project)
    project.db("upgrade")
    before = everything(project)

    told = found(project)

    answers = told.pop(6)
    assert answers[:2] == ("ok", "database default")
    assert re.search(r" answers: (PostgreSQL|SQLite|MariaDB|MySQL) \d+\.\d+", answers[2])
    assert told == [
        ("ok", "settings", f"{project.path}/pyproject.toml with [tool.ellar-db]", None),
        ("ok", "application", "no application of Ellar is named, and none is needed", None),
        ("ok", "folder", "migrations, with ellar-db's env.py", None),
        ("ok", "databases", "default", None),
        ("ok", "revisions", "2, the head is second", None),
        ("ok", "plugins", "none besides ellar-db's own", None),
        ("ok", "database default", MAY, None),
        ("ok", "database default", "at second, the newest revision", None),
        DRIFT,
    ]
    assert everything(project) == before


def test_for_people(linear: Project) -> None:
    lines = linear.db("doctor").stdout.splitlines()

    assert lines[0].startswith("ok      python: ellar-db ")
    assert lines[-3:] == [
        "look    database default: app.db isn't there yet",
        "        next: `ellar-db upgrade`",
        "Nothing is broken, 1 to look at.",
    ]
    assert not (linear.path / "app.db").exists()


def test_from_below_and_with_variables(linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (linear.path / "below").mkdir()
    monkeypatch.chdir(linear.path / "below")
    monkeypatch.setenv("ELLAR_DB_LOCK_TIMEOUT", "5")

    assert of(found(linear), "settings") == [
        (
            "ok",
            f"{linear.path}/pyproject.toml with [tool.ellar-db], found above {linear.path}/below, where this was "
            "started; from the environment: lock-timeout",
            None,
        )
    ]


class TestSettings:
    @pytest.mark.parametrize("where", [".", "below"])
    def test_a_broken_pyproject_toml_hides_nothing_else(
        self, plain: Project, where: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain.db("init")
        plain.write("pyproject.toml", "[tool")
        (plain.path / "below").mkdir()
        monkeypatch.chdir(plain.path / where)

        told = found(plain, "-d", str(plain.path / "migrations"), broken=True)

        assert told[0][:2] == ("broken", "settings")
        assert told[0][2].startswith(f"{plain.path}/pyproject.toml can't be read: ")
        assert [each[:2] for each in told[1:]] == [("look", "plugins"), ("ok", "folder")]

    def test_what_nothing_reads_and_what_is_wrong(self, plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        plain.db("init")
        plain.configure(extra="directry = 'x'\nlock = 3\nlog-format = 'xml'\nenv-file = '.env'\n[tool.ellar_db]\n")
        plain.write(".env", "A_OF_FILE=hunter2222\n")
        monkeypatch.setenv("ELLAR_DB_LOK", "1")

        told = of(found(plain, broken=True), "settings")

        assert [(state, message) for state, message, _ in told[1:]] == [
            ("broken", f"{plain.path}/pyproject.toml has [tool.ellar_db], which nothing reads"),
            ("look", "[tool.ellar-db] has 'directry' (did you mean 'directory'?), which nothing reads"),
            ("look", "nothing reads the environment variable ELLAR_DB_LOK (did you mean ELLAR_DB_LOCK?)"),
            ("broken", f"[tool.ellar-db] lock must be true or false; mend it in {plain.path}/pyproject.toml"),
            (
                "broken",
                f'[tool.ellar-db] log-format must be "text" or "json"; mend it in {plain.path}/pyproject.toml',
            ),
            ("ok", "the file of variables .env gives A_OF_FILE"),
        ]


class TestPackages:
    def test_one_that_is_too_old(self) -> None:
        told = list(compared([Requirement("click>=999"), Requirement("rich>=1"), Requirement("nosuch>=1")]))

        assert [(each.state, each.message.partition(" ")[0], each.fix) for each in told] == [
            ("ok", "rich", ""),
            ("broken", "click", 'pip install --upgrade "click>=999"'),
            ("broken", "nosuch", 'pip install --upgrade "nosuch>=1"'),
        ]

    def test_one_of_an_extra(self) -> None:
        extra = "; extra == 'x'"
        told = list(compared([Requirement(f"click>=999{extra}"), Requirement(f"nosuch>=1{extra}")]))

        assert [each.state for each in told] == ["look"]


class TestFolder:
    def test_none_at_all(self, plain: Project) -> None:
        told = found(plain, broken=True)

        assert of(told, "folder") == [
            (
                "broken",
                "there is no migrations folder at migrations; make one with `ellar-db init`, or name another with -d",
                None,
            )
        ]
        assert states(told)["database default"] == "look"

    def test_neither_settings_nor_a_folder(self, project: Project) -> None:
        told = found(project, broken=True)

        assert of(told, "settings") == [
            (
                "ok",
                "none: no [tool.ellar-db] in a pyproject.toml, and no ellar-db.toml, in "
                f"{project.path} or above; the defaults count",
                None,
            )
        ]
        assert states(told)["databases"] == "look"

    def test_several_heads(self, plain: Project) -> None:
        history(plain)
        add(plain, "other", "first")

        assert of(found(plain), "revisions") == [
            ("look", "3, with 2 heads: other, second", '`ellar-db merge -m "Join the heads."`')
        ]
        plain.db("merge", "-m", "Join the heads.")
        assert states(found(plain))["revisions"] == "ok"

    def test_a_revision_that_can_not_be_read(self, plain: Project) -> None:
        history(plain)
        plain.write("migrations/versions/x.py", "revision = 'x'\nnonsense(\n")

        told = found(plain, broken=True)

        assert states(told)["revisions"] == "broken"
        assert "x.py" in of(told, "revisions")[0][1]
        assert states(told)["database default"] == "look"

    @pytest.mark.parametrize("form", ["generic", "async"])
    def test_of_alembic_with_an_env_py_of_its_own(self, project: Project, any_database: str, form: str) -> None:
        folder = ForeignEnvironment(project, any_database, form).write()
        folder.revision("first", None, "op.execute('SELECT 1')")
        project.db("-c", "theirs.ini", "upgrade")
        before = everything(project)

        document = json.loads(project.db("-c", "theirs.ini", "doctor", "--json").stdout)
        told = [tuple(each.values()) for each in document["findings"]]

        assert of(told, "folder") == [
            (
                "ok",
                "theirs, with the env.py of Alembic or one's own",
                "to have ellar-db's, which knows the application's databases: `ellar-db -c theirs.ini adopt`",
            )
        ]
        answers, *rest = of(told, "database default")
        assert " answers: " in answers[1]
        assert rest == [("ok", MAY, None), ("ok", "at first, the newest revision", None)]
        assert everything(project) == before

    def test_of_alembic_makes_no_file(self, project: Project) -> None:
        ForeignEnvironment(project, "sqlite:///own.db", "generic").write()

        lines = project.db("-c", "theirs.ini", "doctor").stdout.splitlines()

        assert "look    databases: own.db isn't there yet" in lines
        assert not (project.path / "own.db").exists()

    def test_whose_env_py_fails(self, project: Project) -> None:
        folder = ForeignEnvironment(project, "sqlite://", "raise ValueError('nonsense')").write()
        folder.revision("first", None, "pass")

        told = json.loads(project.db("-c", "theirs.ini", "doctor", "--json", exit_code=1).stdout)["findings"]

        assert [(each["state"], each["subject"]) for each in told[-1:]] == [("broken", "databases")]
        assert "ValueError: nonsense" in told[-1]["message"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


@pytest.mark.filterwarnings("ignore:Attribute name 'registry'")
class TestApplication:
    @pytest.mark.parametrize(
        ("modules", "models"),
        [
            (
                "EllarDBModule, EllarSQLModule.setup(databases='sqlite:///app.db', migration_options={'directory': "
                "'migrations'}, models=['shop.models'])",
                ELLAR_SQL_MODELS,
            ),
            ("EllarDBModule.setup(databases='sqlite:///app.db')", PLAIN_MODELS),
        ],
        ids=["beside ellar-sql", "with EllarDBModule alone"],
    )
    @pytest.mark.parametrize("program", ["ellar", "ellar-db"])
    def test_of_ellar(self, shop: Shop, modules: str, models: str, program: str) -> None:
        shop.create(modules, models=models)
        asked = (lambda *words: shop.ellar("db", *words)) if program == "ellar" else shop.db
        asked("init")
        asked("revision", "-m", "x")
        asked("upgrade")

        lines = asked("doctor").stdout.splitlines()

        assert "ok      application: that of [tool.ellar] starts" in lines
        assert f"ok      database default: {MAY}" in lines
        assert lines[-1] == "Nothing is broken, nothing to look at."

    def test_of_ellar_that_is_broken(self, shop: Shop) -> None:
        shop.create("EllarDBModule.setup(databases='sqlite:///app.db')", models=PLAIN_MODELS)
        shop.db("init")
        module = next(shop.path.rglob("root_module.py"))
        module.write_text(module.read_text() + "\nimport nosuch_module\n")
        shop.restart()

        told = shop.db("doctor", exit_code=1).stdout.splitlines()

        assert [line.partition(":")[0] for line in told if not line.startswith(" ")][3:6] == [
            "broken  application",
            "ok      folder",
            "look    databases",
        ]
        assert "look    databases: those of the application aren't known as long as it doesn't start" in told

    def test_the_folder_is_not_known_without_it(self, plain: Project) -> None:
        plain.configure(extra="application = 'shop:app'\n")
        plain.write("shop.py", "import nosuch_module\n")

        told = found(plain, broken=True)

        assert of(told, "folder") == [("look", "not known as long as the application doesn't start", None)]
        assert [subject for state, subject, _, _ in told if state == "broken"] == ["application"]
        assert states(found(plain, "-d", "nowhere", broken=True))["folder"] == "broken"

    def test_that_can_not_be_imported(self, plain: Project) -> None:
        history(plain)
        plain.configure(extra="application = 'shop:app'\n")
        plain.write("shop.py", "import nosuch_module\n")

        told = found(plain, broken=True)

        [(state, message, _)] = of(told, "application")
        assert state == "broken"
        assert "nosuch_module" in message
        assert states(told)["folder"] == "ok"
        assert states(told)["revisions"] == "ok"
        assert states(told)["database default"] == "look"


class TestPlugins:
    def test_a_broken_one(self, plain: Project, install: Callable[..., Path]) -> None:
        install("sick", "raise ValueError('ill')\n")
        history(plain)

        told = found(plain, broken=True)

        [(_, _, _), (state, message, fix)] = of(told, "plugins")
        assert (state, fix) == ("broken", "`ellar-db plugins --check`")
        assert "ill" in message
        assert states(told)["revisions"] == "ok"

    def test_a_required_one_that_is_missing(self, plain: Project) -> None:
        history(plain)
        plain.configure(extra="required-plugins = ['nosuch']\n")

        told = found(plain, broken=True)

        assert "nosuch" in of(told, "folder")[0][1]
        assert states(told)["database default"] == "look"


class TestDatabase:
    def test_without_models(self, project: Project) -> None:
        project.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n")
        project.db("init")

        told = found(project)

        assert of(told, "databases")[1] == (
            "ok",
            "default without models, so that migrate and check have nothing to compare",
            "metadata=... for EllarDBModule.setup, or metadata in [tool.ellar-db]",
        )
        assert of(told, "revisions") == [("look", "there is none yet", '`ellar-db revision -m "Initial migration."`')]

    def test_that_is_down_beside_another(self, several: Project) -> None:
        text = (several.path / "pyproject.toml").read_text()
        (several.path / "pyproject.toml").write_text(
            text.replace("sqlite:///reports.db", "postgresql+psycopg://ann:pa55word99@127.0.0.1:9/none")
        )
        several.forget()
        several.db("revision", "--rev-id", "a1", exit_code=None)
        several.db("upgrade", "--database", "default", exit_code=None)

        told = found(several, broken=True)

        [(state, message, _)] = of(told, "database reports")
        assert state == "broken"
        assert message.startswith(
            "the database 'reports' (postgresql+psycopg://ann:***@127.0.0.1:9/none) can't be reached: "
        )
        assert states(told)["database default"] == "ok"

    def test_that_does_not_answer(self, plain: Project) -> None:
        with closing(socket.socket()) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"postgresql+psycopg://ann@127.0.0.1:{silent.getsockname()[1]}/shop"
            plain.configure(url=url)
            history(plain)

            told = found(plain, "--timeout", "0.2", broken=True)

        assert of(told, "database default") == [
            ("broken", f"the database 'default' ({url}) didn't answer within 0.2 s; --timeout waits longer", None)
        ]

    def test_with_a_wrong_password(self, plain: Project) -> None:
        url = server("mariadb").url.set(password="wr0ngpassw0rd")
        plain.configure(url=url.render_as_string(hide_password=False))
        history(plain)

        result = plain.db("doctor", exit_code=1)

        assert "Access denied" in result.stdout
        assert result.stderr == "Error: broken: database default\n"
        assert "wr0ngpassw0rd" not in result.output

    def test_with_a_driver_that_is_missing(self, plain: Project) -> None:
        plain.configure(url="postgresql+pg8000://ann@127.0.0.1/x")
        history(plain)

        told = found(plain, broken=True)

        assert "isn't installed" in of(told, "databases")[0][1]
        assert states(told)["plugins"] == "ok"
        assert states(told)["revisions"] == "ok"

    def test_is_behind_or_at_an_unknown_revision(self, linear: Project) -> None:
        linear.db("upgrade", "first")
        assert of(found(linear), "database default")[-1] == (
            "look",
            "at first, 2 revisions behind",
            "`ellar-db upgrade`",
        )
        with sync_engine("sqlite:///app.db").begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'elsewhere'"))
        state, message, _ = of(found(linear, broken=True), "database default")[-1]
        assert state == "broken"
        assert "elsewhere" in message

    def test_that_is_interrupted(self, project: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("mariadb")
        project.configure(url=url)
        history(project)
        project.write(
            "migrations/versions/third.py",
            "from alembic import op\nimport sqlalchemy as sa\nrevision = 'third'\ndown_revision = 'second'\n"
            "def upgrade():\n    op.create_table('half', sa.Column('id', sa.Integer))\n    op.execute('nonsense')\n"
            "def downgrade():\n    pass\n",
        )
        project.db("upgrade", exit_code=1)

        state, message, _ = of(found(project, broken=True), "database default")[-1]

        assert state == "broken"
        assert "`ellar-db repair`" in message

    def test_of_many_some_are_looked_at(self, project: Project) -> None:
        rows = "".join(f"t{number:02} = {{url = 'sqlite:///t{number:02}.db', group = 'all'}}\n" for number in range(12))
        project.write("pyproject.toml", f"[tool.ellar-db.databases]\n{rows}")
        project.db("init", "--group", "all")

        told = found(project)

        assert of(told, "databases")[-1] == ("look", "2 more aren't looked at", "`ellar-db status`, or --database NAME")
        assert [each[1] for each in found(project, "--database", "t11") if "database " in each[1]] == ["database t11"]


@contextmanager
def user_of(engine: Engine, *grants: str) -> Iterator[str]:
    """Make a user without rights on a server, and return the name."""
    name = f"ellar_db_doctor_{engine.url.database}"[:32]
    where = "" if engine.dialect.name == "postgresql" else "@'%'"
    login = "ROLE {} LOGIN" if engine.dialect.name == "postgresql" else "USER {}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE {login.format(name + where)}"))
        for grant in grants:
            connection.execute(text(grant.format(f"{name}{where}")))
        try:
            yield name
        finally:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"DROP OWNED BY {name}"))
                connection.execute(text(f"DROP ROLE {name}"))
            else:
                connection.execute(text(f"DROP USER {name}{where}"))


class TestRights:
    def test_on_postgresql(self, plain: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        history(plain)
        plain.configure(url=url)
        plain.db("upgrade")
        engine = sync_engine(url)
        with user_of(
            engine, "REVOKE CREATE ON SCHEMA public FROM PUBLIC", "GRANT SELECT ON alembic_version TO {}"
        ) as name:
            plain.configure(url=make_url(url).set(username=name).render_as_string())

            told = of(found(plain, broken=True), "database default")

            assert told[1:] == [
                (
                    "broken",
                    "its user can't make tables in the schema public",
                    f"GRANT CREATE ON SCHEMA public TO {name}",
                ),
                (
                    "broken",
                    "its user can't INSERT, UPDATE, DELETE on the version table public.alembic_version",
                    f"GRANT INSERT, UPDATE, DELETE ON public.alembic_version TO {name}",
                ),
                ("ok", "at second, the newest revision", None),
            ]
            with engine.begin() as connection:
                for _, _, fix in told[1:3]:
                    connection.execute(text(str(fix)))
            assert of(found(plain), "database default")[1] == ("ok", MAY, None)
            with engine.begin() as connection:
                connection.execute(text(f"ALTER ROLE {name} SET default_transaction_read_only = on"))
            assert of(found(plain, broken=True), "database default")[1][1:] == (
                "its user can't write, since its transactions are read-only",
                f"ALTER ROLE {name} SET default_transaction_read_only = off",
            )
            with engine.begin() as connection:
                connection.execute(text(f"ALTER ROLE {name} SET default_transaction_read_only = off"))
                connection.execute(text(f"ALTER ROLE {name} SET search_path = nowhere"))
            assert "search_path" in of(found(plain, broken=True), "database default")[1][1]

    def test_on_mariadb(self, plain: Project, new_database: Callable[[str], str]) -> None:
        url = make_url(new_database("mariadb"))
        history(plain)
        engine = sync_engine(url.render_as_string(hide_password=False))
        with user_of(engine, f"GRANT SELECT, CREATE ON `{url.database}`.* TO {{}}") as name:
            plain.configure(url=url.set(username=name).render_as_string())

            state, message, fix = of(found(plain, broken=True), "database default")[1]

            lost = "ALTER, DROP, INDEX, INSERT, UPDATE, DELETE"
            assert (state, message) == ("broken", f"its user can't {lost} in the database {url.database}")
            assert fix == f"GRANT {lost} ON `{url.database}`.* TO '{name}'@'%'"
            with engine.begin() as connection:
                connection.execute(text(str(fix)))
            assert of(found(plain), "database default")[1] == ("ok", MAY, None)

    @as_root
    def test_on_a_read_only_folder_of_sqlite(self, linear: Project) -> None:
        linear.db("upgrade")
        linear.path.chmod(0o755)
        for folder in linear.path.parents:
            if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o011)

        done = run_as(NOBODY, ["doctor"], linear.path)

        assert done.returncode == 1, done.stderr
        lines = done.stdout.splitlines()
        assert "broken  database default: its user can't write the file app.db" in lines
        assert "        next: chmod u+w app.db" in lines
        assert "broken  database default: its user can't make files in the folder ., such as SQLite's journal" in lines

    def test_of_a_sqlite_file_whose_folder_is_not_there(self, plain: Project) -> None:
        plain.configure(url="sqlite:///data/app.db")
        history(plain)

        assert of(found(plain, broken=True), "database default") == [
            ("broken", "its user can't make the file data/app.db, since its folder isn't there", "mkdir -p data"),
            ("look", "data/app.db isn't there yet", "`ellar-db upgrade`"),
        ]

    @pytest.mark.parametrize(
        ("grants", "database", "rights"),
        [
            (["GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION"], "shop", True),
            (["GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`"], "shop", True),
            (["GRANT ALL PRIVILEGES ON `sh%`.* TO `a`@`%`"], "shop", True),
            (["GRANT ALL PRIVILEGES ON `sho_`.* TO `a`@`%`"], "shop", True),
            (["GRANT ALL PRIVILEGES ON `sho\\_`.* TO `a`@`%`"], "shop", False),
            (["GRANT ALL PRIVILEGES ON `shop`.`t` TO `a`@`%`"], "shop", False),
            (["GRANT ALL PRIVILEGES ON `other`.* TO `a`@`%`"], "shop", False),
        ],
    )
    def test_what_grants_say(self, grants: list[str], database: str, rights: bool) -> None:
        assert ("CREATE" in granted(grants, database)) is rights
        assert not has_roles(grants)


class TestPooler:
    @pytest.mark.parametrize("mode", ["transaction", "session"])
    def test_in_front_of_postgresql(self, project: Project, new_database: Callable[[str], str], mode: str) -> None:
        with OwnPgBouncer(new_database("postgresql"), mode, 2) as pooler:
            project.configure(url=pooler.url)
            history(project)

            told = of(found(project), "database default")

        assert [message.partition(" seems")[0] for state, message, _ in told if state == "look"] == [
            "a pooler such as PgBouncer",
            "at base, 2 revisions behind",
        ]

    def test_is_guessed_by_the_session(self, new_database: Callable[[str], str]) -> None:
        mine, other = (1, 0.1), (2, 0.1)

        assert not is_pooled([mine, mine], 0.1)
        assert is_pooled([mine, other], 0.2)
        assert is_pooled([mine, mine], 0.01)
        with sync_engine(new_database("postgresql")).connect() as connection:
            facts = PostgreSQL().session(connection)
            assert facts is not None
            assert facts[0] == connection.execute(text("SELECT pg_backend_pid()")).scalar()
            assert facts[1] >= 0


def nothing_there(project: Project) -> None:
    pass


def no_models(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n")
    project.db("init")


def no_revisions(project: Project) -> None:
    project.db("init")


def two_heads(project: Project) -> None:
    history(project)
    add(project, "other", "first")


def labelled_heads(project: Project) -> None:
    history(project)
    add(project, "other", None, label="log")
    project.db("upgrade", "heads")


def behind(project: Project) -> None:
    history(project)
    project.db("upgrade", "first")


def at_head(project: Project) -> None:
    history(project)
    project.db("upgrade")


def unknown_key(project: Project) -> None:
    at_head(project)
    project.configure(extra="directry = 'x'\n")


def many(project: Project) -> None:
    rows = "".join(f"t{number} = {{url = 'sqlite:///t{number}.db', group = 'all'}}\n" for number in range(11))
    project.write("pyproject.toml", f"[tool.ellar-db.databases]\n{rows}")
    project.db("init", "--group", "all")


def foreign(project: Project) -> None:
    project.write(
        "alembic.ini", f"[alembic]\nscript_location = theirs\nsqlalchemy.url = sqlite:///{project.path}/app.db\n"
    )
    ForeignEnvironment(project, f"sqlite:///{project.path}/app.db", "generic").write()


@pytest.mark.parametrize(
    ("prepare", "steps", "better"),
    [
        (nothing_there, ["init", "upgrade"], "folder"),
        (no_revisions, ["migrate -m 'Initial migration.'", "upgrade"], "revisions"),
        (no_models, ["revision -m 'Initial migration.'", "upgrade"], "revisions"),
        (two_heads, ["merge -m 'Join the heads.'", "upgrade"], "revisions"),
        (labelled_heads, ["heads", "check --drift", "check"], ""),
        (behind, ["upgrade"], "database default"),
        (at_head, ["check --drift", "check"], ""),
        (unknown_key, ["settings", "check --drift", "check"], ""),
        (
            many,
            ["revision -m 'Initial migration.'", *(f"upgrade --database t{each}" for each in range(10)), "status"],
            "",
        ),
        (foreign, ["adopt", "migrate -m 'Initial migration.'", "upgrade"], ""),
    ],
)
def test_each_next_step_is_a_command_that_can_be_typed(
    plain: Project, prepare: Callable[[Project], None], steps: list[str], better: str
) -> None:
    prepare(plain)
    text = plain.db("doctor", exit_code=None).stdout
    typed = [shlex.split(each)[1:] for each in re.findall("`(ellar-db [^`]*)`", text)]

    assert sorted(typed) == sorted(map(shlex.split, steps))
    for each in typed:
        result = plain.db(*each, exit_code=None)
        assert result.exit_code in (0, 1), result.output
        plain.forget("models")
    if better:
        assert states(found(plain))[better] == "ok"


def test_a_database_that_is_not_there_by_name(plain: Project) -> None:
    history(plain)

    assert of(found(plain, "--database", "nosuch", broken=True), "databases")[0][1].startswith(
        "no database is called nosuch; there is: default"
    )
    plain.db("doctor", "--timeout", "-1", exit_code=2)


def test_leftovers_of_killed_runs(plain: Project, no_leftovers: Path) -> None:
    from ellar_db.scratch.leftovers import new_name, scratch_folder

    history(plain)
    assert "leftovers" not in states(found(plain))
    assert not no_leftovers.exists()
    with scratch_folder() as folder:
        assert "leftovers" not in states(found(plain))
        left = folder.with_name(new_name())
        left.mkdir()
        assert of(found(plain), "leftovers") == [
            (
                "look",
                "1 scratch database of killed runs; the next command that needs a scratch database drops them",
                "`ellar-db verify`",
            )
        ]


def test_no_plugin_may_replace_it(plain: Project, install: Callable[..., Path]) -> None:
    install(
        "quack",
        "import click\nfrom ellar_db import hookimpl\n@click.command()\ndef doctor():\n    click.echo('quack')\n"
        "@hookimpl\ndef ellar_db_register_commands():\n    yield doctor\n",
    )
    plain.db("init")

    result = plain.db("doctor", exit_code=1)

    assert "quack" not in result.stdout.splitlines()
    assert "it registered a command named doctor, which is ellar-db's alone" in result.stdout
