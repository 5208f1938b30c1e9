"""`adopt`: folders that other programs made, with data in their databases."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from ellar_db.project.toml import parse_toml
from ellar_db.revisions.rewriting.environment import ELSEWHERE, own_code
from ellar_db.testing import Project
from tests.support.folders import MAKERS, WHOLE, ForeignFolder
from tests.support.processes import python, run
from tests.support.servers import sync_engine

NewDatabase = Callable[[str], str]

pytestmark = pytest.mark.filterwarnings("ignore:Attribute name 'registry'")

OURS = {False: "from ellar_db.env import run\n\nrun()\n", True: "from ellar_db.env import run\n\nrun(multiple=True)\n"}


@pytest.fixture
def make(project: Project, new_database: NewDatabase) -> Callable[..., ForeignFolder]:
    """Make a folder with two revisions, the first of which is applied, and a row in each database."""

    def made(name: str, kind: str = "sqlite") -> ForeignFolder:
        folder = MAKERS[name](project, new_database, kind)
        create = (
            "op.create_table({0!r}, sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(9)))"
        )
        folder.write("first", None, create.format("one"), "op.drop_table('one')", message="First")
        folder.write("second", "first", create.format("two"), "op.drop_table('two')", message="Second")
        folder.bare("upgrade", "first")
        execute(folder, "INSERT INTO one VALUES (1, 'kept')")
        return folder

    return made


def execute(folder: ForeignFolder, statement: str) -> None:
    for url in folder.urls.values():
        engine = sync_engine(url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()


def rows(folder: ForeignFolder, table: str) -> list[tuple[object, ...]]:
    found = []
    for url in folder.urls.values():
        engine = sync_engine(url)
        with engine.connect() as connection:
            found += [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
        engine.dispose()
    return found


def named(folder: ForeignFolder) -> list[str]:
    """Return `--app`, where it is needed."""
    return ["--app", "app:config"] if folder.kind.startswith("advanced") else []


@pytest.mark.sampled
@pytest.mark.parametrize(
    "name", MAKERS if WHOLE else ["generic", "flask-multidb", "advanced-alchemy-sync", "ellar-sql"]
)
def test_moves_in(make: Callable[..., ForeignFolder], name: str) -> None:
    folder = make(name)
    before = folder.files()

    done = folder.adopted("adopt", "--yes", *named(folder))

    after = folder.files()
    assert "answer as before" in done.stdout
    assert after["migrations/env.py"] == OURS[folder.several]
    # a copy of each file that was there
    for path, content in before.items():
        assert content in (after[path], after.get(f"{path}.before-adopt")) or path == "pyproject.toml", path
    # as before, and further on
    assert folder.heads() == {name: ["first"] for name in folder.urls}
    assert rows(folder, "one") == [(1, "kept")] * len(folder.urls)
    folder.adopted("upgrade")
    assert folder.heads() == {name: ["second"] for name in folder.urls}
    folder.adopted("migrate", "-m", "Models", "--rev-id", "third")
    written = next((folder.path / "versions").glob("*third*.py")).read_text(encoding="utf-8")
    assert "create_table('user'" in written
    assert ("create_table('entry'" in written) is folder.several
    folder.adopted("downgrade", "--yes", "first")
    assert rows(folder, "one") == [(1, "kept")] * len(folder.urls)
    # bare Alembic too
    ini = "alembic.ini" if "alembic.ini" in after else "migrations/alembic.ini"
    bare = run(folder.project, "alembic", "-c", ini, "current")
    assert set(bare.stdout.split()) - {"Rev:"} >= {"first"}
    assert "nothing to adopt" in folder.adopted("adopt", "--yes").stdout.lower()


@pytest.mark.parametrize(
    "name", ["generic", "flask-multidb", "advanced-alchemy-async"] if WHOLE else ["advanced-alchemy-async"]
)
@pytest.mark.parametrize("kind", ["postgresql"])
def test_moves_in_with_databases_on_a_server(make: Callable[..., ForeignFolder], name: str, kind: str) -> None:
    folder = make(name, kind)

    folder.adopted("adopt", "--yes", *named(folder))
    folder.adopted("upgrade")

    assert folder.heads() == {name: ["second"] for name in folder.urls}
    assert rows(folder, "one") == [(1, "kept")] * len(folder.urls)


@pytest.mark.parametrize("name", ["flask", "flask-multidb"])
def test_flask_goes_on_with_its_own_program(make: Callable[..., ForeignFolder], name: str) -> None:
    folder = make(name)

    folder.adopted("adopt", "--yes")
    folder.bare("upgrade")

    assert folder.heads() == {name: ["second"] for name in folder.urls}


class TestPlan:
    """What is shown before anything is done."""

    def test_says_what_the_folder_is_and_what_would_change(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask-multidb")
        before = folder.files()

        done = folder.adopted("adopt", "--dry-run")

        shown = re.sub(r"sqlite:////\S*/", "sqlite:///", done.stdout)
        assert shown.splitlines()[0] == "migrations was made by Flask-Migrate. Revisions: 2."
        assert "log = 'app:db.metadatas[\"log\"]'" in shown
        assert (
            "migrations/versions/first_.py upgrade_() -> upgrade_default(), downgrade_() -> downgrade_default()"
            in shown
        )
        assert folder.files() == before

    @pytest.mark.parametrize("options", [(), ("--replace-env",)])
    def test_needs_a_yes_where_nobody_can_be_asked(
        self, make: Callable[..., ForeignFolder], options: tuple[str, ...]
    ) -> None:
        folder = make("generic")
        before = folder.files()

        done = folder.adopted("adopt", *options, exit_code=1)

        assert done.stderr == "Error: not adopted, since there is no terminal to ask on; say --yes if that is wanted\n"
        assert "migrations/env.py is replaced by ellar_db's (copy: migrations/env.py.before-adopt)" in done.stdout
        assert folder.files() == before

    def test_two_folders(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")

        assert "two folders are given" in folder.adopted("adopt", "-d", "migrations", "other", exit_code=2).stderr


class TestOwnCode:
    """Code of an env.py that can't be taken over."""

    CODE = """
import os
import sys
sys.path.append("lib")


def include_object(object, name, type_, reflected, compare_to):
    return not name.startswith("celery_")


tenant = context.get_x_argument(as_dictionary=True).get("tenant")
"""

    def test_is_named_with_its_place(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        env = folder.path / "env.py"
        source = env.read_text(encoding="utf-8").replace(
            "def run_migrations_offline", f"{self.CODE}\n\ndef run_migrations_offline"
        )
        source = source.replace(
            "connection=connection, target", "connection=connection, include_object=include_object, target"
        )
        env.write_text(source, encoding="utf-8")
        before = folder.files()

        done = folder.adopted("adopt", "--yes", exit_code=1)

        own = re.findall(r"^  line \d+: (\S+) -> (.*)$", done.stdout, re.MULTILINE)
        assert dict(own) == {
            "sys.path.append": "prepend_sys_path in alembic.ini",
            "include_object": "the hook ellar_db_include_object of a plugin of the project",
            "context.get_x_argument": "the hook ellar_db_context_options, with `from alembic import context` in it",
            "tenant": ELSEWHERE,
        }
        assert "say --replace-env (a copy is kept)" in done.stderr
        assert folder.files() == before

        folder.adopted("adopt", "--yes", "--replace-env")
        assert (folder.path / "env.py.before-adopt").read_text(encoding="utf-8") == source

    def test_x_arguments_reach_the_old_env_py(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        env = folder.path / "env.py"
        source = env.read_text(encoding="utf-8")
        check = 'assert context.get_x_argument(as_dictionary=True) == {"tenant": "a"}\n\n\ndef run_migrations_offline'
        env.write_text(source.replace("def run_migrations_offline", check, 1), encoding="utf-8")

        assert "AssertionError" in folder.adopted("adopt", "--yes", exit_code=3).stderr
        folder.adopted("adopt", "--yes", "--replace-env", "-x", "tenant=a")

        assert folder.adopted("current").stdout == "first\n"

    def test_a_function_that_the_flask_application_gives(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask")
        app = folder.project.path / "app.py"
        source = app.read_text(encoding="utf-8").replace("Migrate(app, db)", "Migrate(app, db, include_object=keep)")
        app.write_text("def keep(*_):\n    return True\n\n\n" + source, encoding="utf-8")

        done = folder.adopted("adopt", "--yes", exit_code=1)

        assert "include_object -> the hook ellar_db_include_object" in done.stdout

    @pytest.mark.parametrize("package", ["alembic", "flask_migrate", "advanced_alchemy/alembic", "ellar_sql"])
    def test_no_template_has_any(self, package: str) -> None:
        name, _, below = package.partition("/")
        found = find_spec(name)
        if found is None:
            pytest.skip(f"{name} isn't installed")
        files = sorted((Path(str(found.origin)).parent / below / "templates").glob("*/env.py"))

        assert len(files) > 1
        assert {str(file): own_code(file) for file in files if own_code(file)} == {}

    @pytest.mark.parametrize(
        "line",
        [
            "import logging; logging.basicConfig()",
            "context.configure(render_item=lambda *_: False)",
            "config.attributes['x'] = print(1)",
            "class Own: pass",
            "naming = {}",
            "URL = os.environ['OTHER_URL']",
            "run_migrations_online(subprocess.run(['ls']), patch())",
        ],
    )
    def test_siblings(self, tmp_path: Path, line: str) -> None:
        env = tmp_path / "env.py"
        env.write_text(f"import marker\n{line}\n", encoding="utf-8")

        assert [each.line for each in own_code(env)][:1] == [2]
        # it isn't run: there is no module marker
        assert "marker" not in sys.modules


class TestSettings:
    """What is written into pyproject.toml."""

    def test_what_is_there_stays(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        pyproject = folder.project.path / "pyproject.toml"
        own = "# ours\r\n[project]\r\nname='x' # y\r\n\r\n[tool.ruff]\r\nline-length = 99"
        pyproject.write_bytes(own.encode())

        folder.adopted("adopt", "--yes")

        text = pyproject.read_bytes().decode()
        assert text.startswith(own + "\r\n\r\n[tool.ellar-db]\r\n")
        assert parse_toml(text)["tool"]["ruff"] == {"line-length": 99}

    @pytest.mark.parametrize("own", ["tool = {}\n", "[tool]\nellar-db = {}\n", "[tool]\nellar-db.lock = true\n"])
    def test_a_file_to_which_nothing_can_be_appended(self, make: Callable[..., ForeignFolder], own: str) -> None:
        folder = make("generic")
        (folder.project.path / "pyproject.toml").write_text(own, encoding="utf-8")
        before = folder.files()

        done = folder.adopted("adopt", "--yes", exit_code=None)

        assert done.returncode in (1, 3)
        assert "Traceback" not in done.stderr
        assert folder.files() == before

    def test_settings_by_hand_are_used(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        own = f"[tool.ellar-db]\ndatabase = '{folder.urls['default']}'\nmetadata = 'models:Base'\n"
        (folder.project.path / "pyproject.toml").write_text(own, encoding="utf-8")

        folder.adopted("adopt", "--yes")

        assert folder.files()["pyproject.toml"] == own

    def test_the_variable_of_another_url_is_named(self, make: Callable[..., ForeignFolder]) -> None:
        told = make("flask-multidb").adopted("adopt", "--dry-run").stdout
        for name in ("DATABASE_URL", "LOG_DATABASE_URL"):
            assert f"set {name} where it is another one, as on a server." in told

    def test_a_password_is_not_written(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic", "postgresql")
        ini = folder.project.path / "alembic.ini"
        url = make_url(folder.urls["default"]).set(password="s3cret word")
        text = ini.read_text(encoding="utf-8").replace(
            folder.urls["default"], url.render_as_string(hide_password=False).replace("%", "%%")
        )
        ini.write_text(text, encoding="utf-8")

        done = folder.adopted("adopt", "--yes")

        assert "Set the environment variable DATABASE_URL to the URL with the password: postgresql" in done.stdout
        assert "s3cret" not in done.stdout + done.stderr
        assert parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["database"] == "${DATABASE_URL}"
        assert "s3cret" not in folder.files()["pyproject.toml"]
        assert "DATABASE_URL, which isn't set" in folder.adopted("current", exit_code=1).stderr
        env = {"DATABASE_URL": url.render_as_string(hide_password=False)}
        assert folder.adopted("current", env=env).stdout == "first\n"

    def test_the_variable_that_has_the_url_is_named(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        env = folder.path / "env.py"
        source = env.read_text(encoding="utf-8").replace(
            "config = context.config",
            'import os\nconfig = context.config\nconfig.set_main_option("sqlalchemy.url", os.environ["SHOP_DB"])',
        )
        env.write_text(source, encoding="utf-8")

        folder.adopted("adopt", "--yes", env={"SHOP_DB": folder.urls["default"], "DATABASE_URL": "sqlite:///other.db"})

        database = parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["database"]
        assert database.startswith("${SHOP_DB:-sqlite:///")

    def test_another_database_url_in_the_environment_is_not_taken(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        other = {"DATABASE_URL": "sqlite:///other.db"}

        folder.adopted("adopt", "--yes", env=other)

        assert folder.adopted("current", env=other).stdout == "first\n"
        assert "${" not in folder.files()["pyproject.toml"]

    def test_models_in_several_modules(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        project = folder.project
        model = "from base import Base\nfrom sqlalchemy import Column, Integer\n\n\nclass {0}(Base):\n" + (
            "    __tablename__ = '{0}'\n    id = Column(Integer, primary_key=True)\n"
        )
        project.write(
            "base.py", "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n"
        )
        project.write("users.py", model.format("users"))
        project.write("items.py", model.format("items"))
        env = folder.path / "env.py"
        source = env.read_text(encoding="utf-8")
        env.write_text(
            source.replace("from models import Base", "import items, users\nfrom base import Base"), encoding="utf-8"
        )

        folder.adopted("adopt", "--yes")

        metadata = parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["metadata"]
        assert {"users:Base", "items:Base"} <= set(metadata)
        folder.adopted("upgrade")
        folder.adopted("migrate", "-m", "m", "--rev-id", "third")
        written = (folder.path / "versions" / "third_m.py").read_text(encoding="utf-8")
        assert "create_table('items'" in written
        assert "create_table('users'" in written

    def test_models_of_an_installed_package(
        self, make: Callable[..., ForeignFolder], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        folder = make("generic")
        installed = tmp_path_factory.mktemp("installed")
        (folder.project.path / "models.py").rename(installed / "vendor_models.py")
        env_py = folder.path / "env.py"
        source = env_py.read_text(encoding="utf-8")
        env_py.write_text(source.replace("from models import", "from vendor_models import"), encoding="utf-8")

        folder.adopted("adopt", "--yes", env={"PYTHONPATH": str(installed)})

        assert parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["metadata"] == "vendor_models:Base"

    def test_the_application_that_flask_finds_by_its_variable(
        self, make: Callable[..., ForeignFolder], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = make("flask")
        (folder.project.path / "app.py").rename(folder.project.path / "shop.py")
        monkeypatch.setenv("FLASK_APP", "shop")

        folder.project.db("adopt", "--yes")

        assert 'metadata = "shop:db"' in (folder.project.path / "pyproject.toml").read_text()

    @pytest.mark.parametrize("variables", [".env", ".flaskenv"])
    def test_the_application_that_flask_finds_by_a_file(
        self, make: Callable[..., ForeignFolder], variables: str
    ) -> None:
        pytest.importorskip("dotenv", reason="python-dotenv isn't installed, without which flask reads no files")
        folder = make("flask")
        (folder.project.path / "app.py").rename(folder.project.path / "store.py")
        folder.project.write(variables, "FLASK_APP=store\n")

        folder.adopted("adopt", "--yes")

        assert parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["metadata"] == "store:db"

    def test_the_module_of_an_application_of_flask(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask")
        (folder.project.path / "app.py").rename(folder.project.path / "store.py")

        folder.adopted("adopt", "--yes", "--app", "store")

        assert parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["metadata"] == "store:db"

    def test_a_module_in_which_flask_finds_no_application(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask")
        folder.project.write("store.py", "from app import db\n")
        before = folder.files()

        done = folder.adopted("adopt", "--yes", "--app", "store", exit_code=3)

        assert done.stderr.endswith(
            "Error: the folder can't be run: --app is 'store', in which `flask` finds no application; name it, or its "
            "factory, as in --app store:create_app\n"
        )
        assert folder.files() == before

    @pytest.mark.parametrize("named", ["app:create_app", "app"])
    def test_a_factory_of_flask(self, make: Callable[..., ForeignFolder], named: str) -> None:
        folder = make("flask")
        app = folder.project.path / "app.py"
        source = app.read_text(encoding="utf-8")
        head, models = source.split("\n\n\nclass User")
        body = head.split("app = Flask(__name__)")
        folder.project.write(
            "app.py",
            body[0]
            + "\n\ndef create_app(name='shop'):\n    app = Flask(name)"
            + body[1].replace("\n", "\n    ")
            + f"\n\n    class User{models.replace(chr(10), chr(10) + '    ').rstrip()}\n\n    return app\n",
        )

        folder.adopted("adopt", "--yes", "--app", named)
        folder.adopted("migrate", "-m", "m", "--rev-id", "third", exit_code=1)  # the database is behind
        folder.adopted("upgrade")
        folder.adopted("migrate", "-m", "m", "--rev-id", "third")

        metadata = parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["metadata"]
        assert metadata == "app:create_app().extensions['migrate'].db"
        assert "create_table('user'" in (folder.path / "versions" / "third_m.py").read_text(encoding="utf-8")

    def test_the_application_that_flasks_variable_names(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask")
        (folder.project.path / "app.py").rename(folder.project.path / "store.py")

        folder.adopted("adopt", "--yes", env={"FLASK_APP": "store:app"})

        assert parse_toml(folder.files()["pyproject.toml"])["tool"]["ellar-db"]["metadata"] == "store:db"


class TestNothingIsLost:
    """Everything is put back where an answer would change, and copies are never overwritten."""

    def test_where_an_answer_would_change(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        own = "[tool.ellar-db]\ndatabase = 'sqlite:///elsewhere.db'\nmetadata = 'models:Base'\n"
        (folder.project.path / "pyproject.toml").write_text(own, encoding="utf-8")
        before = folder.files()

        done = folder.adopted("adopt", "--yes", exit_code=1)

        assert "everything was put back, since an answer would have changed: the databases were" in done.stderr
        assert folder.files() == before

    def test_where_the_models_would_be_others(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        own = f"[tool.ellar-db]\ndatabase = '{folder.urls['default']}'\nmetadata = 'models:Log'\n"
        (folder.project.path / "pyproject.toml").write_text(own, encoding="utf-8")
        before = folder.files()

        done = folder.adopted("adopt", "--yes", exit_code=1)

        assert "would have changed: the tables of the models" in done.stderr
        assert "user before, entry after" in done.stderr
        assert folder.files() == before

    def test_where_there_is_no_answer_afterwards(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask-multidb")
        (folder.project.path / "pyproject.toml").write_text("[tool.ellar-db]\nplugins = ['gone']\n", encoding="utf-8")
        before = folder.files()

        done = folder.adopted("adopt", "--yes", exit_code=None)

        assert done.returncode in (1, 3)
        assert "Traceback" not in done.stderr
        assert folder.files() == before

    def test_one_that_was_killed_is_done_again(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask-multidb")
        before = folder.files()
        folder.adopted("adopt", "--yes")
        after = folder.files()
        # the last steps are missing
        for name in ("migrations/env.py", "migrations/versions/first_.py"):
            (folder.project.path / name).write_text(before[name], encoding="utf-8")

        folder.adopted("adopt", "--yes")

        assert folder.files() == after

    def test_an_earlier_copy_is_kept(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        (folder.path / "env.py.before-adopt").write_text("precious", encoding="utf-8")
        source = (folder.path / "env.py").read_text(encoding="utf-8")

        folder.adopted("adopt", "--yes")

        assert (folder.path / "env.py.before-adopt").read_text(encoding="utf-8") == "precious"
        assert (folder.path / "env.py.before-adopt.2").read_text(encoding="utf-8") == source

    def test_the_sql_of_before_is_not_written_over(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("multidb")
        (folder.project.path / "engine1.sql").write_text("-- of last year\n", encoding="utf-8")

        folder.adopted("adopt", "--yes")

        assert (folder.project.path / "engine1.sql").read_text(encoding="utf-8") == "-- of last year\n"
        assert not (folder.project.path / "engine2.sql").exists()

    def test_a_linked_env_py(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        env = folder.path / "env.py"
        target = env.rename(folder.project.path / "shared_env.py")
        env.symlink_to(target)
        before = target.read_text(encoding="utf-8")

        assert "is a link" in folder.adopted("adopt", "--yes", exit_code=1).stderr
        assert env.is_symlink()
        assert target.read_text(encoding="utf-8") == before

    def test_an_unreachable_database(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("generic")
        ini = folder.project.path / "alembic.ini"
        text = re.sub(
            r"sqlalchemy.url = .*", "sqlalchemy.url = postgresql+psycopg://u:pa55word@127.0.0.1:1/x", ini.read_text()
        )
        ini.write_text(text, encoding="utf-8")
        before = folder.files()

        done = folder.adopted("adopt", "--yes", exit_code=3)

        assert "the folder can't be run: OperationalError" in done.stderr
        assert "pa55word" not in done.stderr
        assert folder.files() == before

    def test_the_ini_file_of_flask_migrate_has_gone(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask")
        (folder.path / "alembic.ini").unlink()

        told = folder.adopted("adopt", "--yes", exit_code=3).stderr.splitlines()[-1]

        ini = (folder.path / "alembic.ini").relative_to(folder.project.path)
        assert told.endswith(f"; no ini file was read, since {ini} isn't there; get it back from version control")

    def test_revisions_stay_as_they_are_but_for_the_names(self, make: Callable[..., ForeignFolder]) -> None:
        folder = make("flask-multidb")
        file = folder.path / "versions" / "first_.py"
        own = "\r\n# über upgrade_ and 'upgrade_'\r\nUNTOUCHED = 'def upgrade_():'\r\n"
        file.write_bytes(file.read_text(encoding="utf-8").replace("\n", "\r\n").encode() + own.encode())
        before = file.read_bytes().decode()

        folder.adopted("adopt", "--yes")

        after = file.read_bytes().decode()
        assert after == before.replace("def upgrade_():\r\n    op", "def upgrade_default():\r\n    op").replace(
            "def downgrade_():\r\n    op", "def downgrade_default():\r\n    op"
        )
        assert after.endswith(own)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_asks_on_a_terminal(make: Callable[..., ForeignFolder]) -> None:
    folder = make("generic")
    before = folder.files()

    answers = "import os, pty, sys\npid, fd = pty.fork()\n" + (
        "if not pid:\n    from ellar_db.cli import main\n    sys.argv = ['ellar-db', 'adopt']\n    main()\n"
        "os.write(fd, sys.argv[1].encode() + b'\\n')\nread = b''\ntry:\n"
        "    while part := os.read(fd, 1024):\n        read += part\nexcept OSError:\n    pass\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), read.decode())\n"
    )
    for typed, code in (("n", 1), ("y", 0)):
        program = python("-c", answers, typed, cwd=folder.project.path)
        output, _ = program.communicate()
        assert output.startswith(f"{code} ")
        assert "Adopt it? [y/N]" in output
        assert (folder.files() == before) is (code == 1)
