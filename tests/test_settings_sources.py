"""Where settings come from: pyproject.toml, ellar-db.toml, environment variables and files of these."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest

from ellar_db.databases.limits import limits_of
from ellar_db.lint.settings import lint_settings
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.env_files import use
from ellar_db.project.folder import project_folder
from ellar_db.project.keys import A_LIST, A_TEXT, KEYS, variable
from ellar_db.project.listing import listed_settings
from ellar_db.project.settings import Settings, read_settings
from ellar_db.project.toml import line_of
from ellar_db.testing import Project
from ellar_db.util.errors import DbError
from tests.support.documents import SCHEMAS, document
from tests.support.processes import run


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Let no variable of a file stay in the environment."""
    yield
    use({})


class TestOwnFile:
    def test_has_the_keys_at_its_top_level(self, project: Project) -> None:
        project.write("ellar-db.toml", "directory = 'changes'\ndatabase = 'sqlite:///own.db'\n")

        assert project.db("init").stdout.startswith("Made changes.")
        project.db("revision", "-m", "first")
        project.db("upgrade")

        assert (project.path / "own.db").exists()

    def test_makes_its_folder_the_project_s(self, project: Project) -> None:
        project.write("ellar-db.toml", "")
        (project.path / "below").mkdir()

        assert project_folder(project.path / "below") == project.path

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
    def test_of_another_user_is_not_used_from_below(self, project: Project) -> None:
        file = project.write("ellar-db.toml", "")
        project.write("pyproject.toml", "[tool.ellar]\n")
        (project.path / "below").mkdir()
        os.chown(file, 12345, 12345)

        assert project_folder(project.path / "below") == project.path / "below"

    def test_beside_a_pyproject_toml_without_our_table(self, project: Project) -> None:
        project.write("pyproject.toml", "[tool.ruff]\n[tool.ellar-db]\n")
        project.write("ellar-db.toml", "lock-timeout = 7\n")

        assert read_settings().table == {"lock-timeout": 7}

    def test_and_a_table_that_both_have_settings_are_refused(self, project: Project) -> None:
        project.configure()
        project.write("ellar-db.toml", "lock-timeout = 7\n")

        assert project.db("heads", exit_code=1).stderr == (
            f"Error: {project.path}/pyproject.toml has [tool.ellar-db], and {project.path}/ellar-db.toml has settings "
            "too; keep one of them\n"
        )
        project.write("ellar-db.toml", "")
        assert read_settings().path == project.path / "pyproject.toml"

    def test_with_the_table_s_name_is_refused(self, project: Project) -> None:
        project.write("ellar-db.toml", "[tool.ellar-db]\nlock-timeout = 7\n")

        assert project.db("heads", exit_code=1).stderr == (
            f"Error: {project.path}/ellar-db.toml has [tool]; write the settings at its top level, without "
            "[tool.ellar-db]\n"
        )

    def test_is_named_in_messages(self, project: Project) -> None:
        project.write("ellar-db.toml", "directory = 3\nfoo = 1\n")

        refused = project.db("heads", exit_code=1).stderr

        assert refused.splitlines() == [
            "Warning: ellar-db.toml has 'foo', which nothing reads.",
            f"Error: ellar-db.toml: directory must be a text, not 3; mend it in {project.path}/ellar-db.toml",
        ]

    def test_is_read_again_when_it_has_changed(self, project: Project) -> None:
        project.write("ellar-db.toml", "lock-timeout = 7\n")
        assert get_plugin_manager().settings.table == {"lock-timeout": 7}

        project.write("ellar-db.toml", "lock-timeout = 77\n")

        assert get_plugin_manager().settings.table == {"lock-timeout": 77}

    def test_leaves_settings_of_plugins_in_pyproject_toml(self, project: Project) -> None:
        from dataclasses import dataclass

        from ellar_db import plugin_settings

        @dataclass
        class Own:
            table: str = ""

        project.write("pyproject.toml", "[tool.a-plugin]\ntable = 'audit'\n")
        project.write("ellar-db.toml", "lock = false\n")

        assert plugin_settings("a-plugin", Own).table == "audit"


class TestVariables:
    def test_override_the_file_and_are_overridden_by_the_command_line(
        self, plain: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain.configure(extra="directory = 'one'\n")
        monkeypatch.setenv("ELLAR_DB_DIRECTORY", "two")

        assert plain.db("init").stdout.startswith("Made two.")
        assert plain.db("-d", "three", "init").stdout.startswith("Made three.")
        monkeypatch.setenv("ELLAR_DB_DIRECTORY", "")
        assert plain.db("init").stdout.startswith("Made one.")

    def test_override_what_plugins_and_the_application_say(
        self, plain: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain.configure(extra="plugins = ['place']\n")
        plain.write("place.py", "from ellar_db import hookimpl\n@hookimpl\ndef ellar_db_directory(): return 'theirs'\n")
        plain.forget("place")
        monkeypatch.setenv("ELLAR_DB_DIRECTORY", "given")

        assert plain.db("init").stdout.startswith("Made given.")
        plain.forget("place")

    def test_of_the_database_override_it(self, plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        plain.db("init")
        plain.db("revision", "-m", "first")
        for extra in ("", "[tool.ellar-db.databases]\ndefault = 'sqlite:///file.db'\n"):
            plain.write("pyproject.toml", f"[tool.ellar-db]\nmetadata = 'models:Base'\n{extra}")
            monkeypatch.setenv("ELLAR_DB_DATABASE", f"sqlite:///given{len(extra)}.db")
            plain.db("upgrade")
            assert (plain.path / f"given{len(extra)}.db").exists()
        plain.configure(url="sqlite:///file.db")
        monkeypatch.delenv("ELLAR_DB_DATABASE")
        monkeypatch.setenv("ELLAR_DB_DATABASES", 'default = "sqlite:///x.db"')
        assert plain.db("upgrade", exit_code=1).stderr == (
            "Error: the environment variable ELLAR_DB_DATABASES must be a table of URLs, or of tables with url, in "
            'JSON or TOML: {"default": "sqlite:///app.db"}\n'
        )
        monkeypatch.setenv("ELLAR_DB_DATABASES", '{default = "sqlite:///x.db"}')
        plain.db("upgrade")
        assert (plain.path / "x.db").exists()
        assert not (plain.path / "file.db").exists()

    def test_override_the_application_s_limits(self) -> None:
        class Application:
            limits = MappingProxyType({"lock_timeout": 2})

        settings = Settings(table={"lock-timeout": 3}, given={"lock-timeout": 3})

        assert limits_of(Application(), Settings(table={"lock-timeout": 1}), None).lock_timeout == 2
        assert limits_of(Application(), settings, None).lock_timeout == 3
        assert limits_of(Application(), settings, {"lock_timeout": 4}).lock_timeout == 4

    @pytest.mark.parametrize(
        ("key", "text", "value"),
        [
            ("lock", "false", False),
            ("lock", "1", True),
            ("lock-timeout", "2.5", 2.5),
            ("plugins", "a.b, c", ["a.b", "c"]),
            ("plugins", '["a.b"]', ["a.b"]),
            ("plugins", "['a.b']", ["a.b"]),
            ("metadata", "shop:Base", "shop:Base"),
            ("metadata", "shop:f(1,2)", "shop:f(1,2)"),
            ("metadata", "shop:Base,log:Base", ["shop:Base", "log:Base"]),
            ("metadata", '{"default": ["a:B"]}', {"default": ["a:B"]}),
            ("commands", '{seed = "x"}', {"seed": "x"}),
            ("lint", '{"ignore": ["DB101"]}', {"ignore": ["DB101"]}),
            ("env-file", ".one,.two", [".one", ".two"]),
        ],
    )
    def test_are_read_as_their_key_s_values(
        self, project: Project, monkeypatch: pytest.MonkeyPatch, key: str, text: str, value: object
    ) -> None:
        monkeypatch.setenv(variable(key), text)

        assert read_settings().table == {key: value}

    @pytest.mark.parametrize(
        ("key", "text", "wanted"),
        [
            ("lock", "perhaps", "true or false"),
            ("lock-timeout", "soon", "a number of seconds, 0 or more"),
            ("lock-timeout", "-1", "a number of seconds, 0 or more"),
            ("lock-timeout", "nan", "a number of seconds, 0 or more"),
            ("confirm", "never", '"always"'),
            ("plugins", "[1]", "a list of texts, separated by commas"),
            ("context-configure", "x", 'a table, in JSON or TOML: {"name": "value"}'),
        ],
    )
    def test_that_can_not_be_used_are_refused(
        self, plain: Project, monkeypatch: pytest.MonkeyPatch, key: str, text: str, wanted: str
    ) -> None:
        monkeypatch.setenv(variable(key), text)

        assert plain.db("heads", exit_code=1).stderr == (
            f"Error: the environment variable {variable(key)} must be {wanted}\n"
        )

    def test_are_named_in_messages(self, plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ELLAR_DB_REQUIRED_PLUGINS", "not-there")
        assert plain.db("heads", exit_code=1).stderr.startswith("Error: ELLAR_DB_REQUIRED_PLUGINS has 'not-there'")
        monkeypatch.delenv("ELLAR_DB_REQUIRED_PLUGINS")
        plain.db("init")
        monkeypatch.setenv("ELLAR_DB_DATABASE", "${NOT_SET}")
        assert plain.db("current", exit_code=1).stderr == (
            "Error: ELLAR_DB_DATABASE names the environment variable NOT_SET, which isn't set\n"
        )


class TestEnvFile:
    @pytest.fixture
    def filed(self, plain: Project) -> Project:
        plain.write(
            "pyproject.toml",
            "[tool.ellar-db]\nenv-file = '.env'\ndatabase = '${URL_OF_FILE}'\nmetadata = 'models:Base'\n",
        )
        plain.write(
            ".env",
            """
            # of this machine

            export URL_OF_FILE="sqlite:///dot.db"
            ELLAR_DB_LOCK_TIMEOUT=4
            RAW='${HOME}'
            API_TOKEN=hunter2222
            """,
        )
        return plain

    def test_gives_the_environment_its_variables(self, filed: Project) -> None:
        filed.db("init")
        filed.db("revision", "-m", "first")
        filed.db("upgrade")

        assert (filed.path / "dot.db").exists()
        assert os.environ["RAW"] == "${HOME}"
        assert get_plugin_manager().settings.table["lock-timeout"] == 4

    def test_overrides_nothing(self, filed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("URL_OF_FILE", "sqlite:///set.db")
        monkeypatch.setenv("ELLAR_DB_LOCK_TIMEOUT", "5")

        assert get_plugin_manager().settings.table["lock-timeout"] == 5
        assert os.environ["URL_OF_FILE"] == "sqlite:///set.db"

    def test_of_another_project_leaves_the_environment(
        self, filed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = get_plugin_manager()
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")

        assert get_plugin_manager().settings.table == {}
        assert "URL_OF_FILE" not in os.environ
        monkeypatch.chdir(filed.path)
        assert get_plugin_manager() is first
        assert os.environ["URL_OF_FILE"] == "sqlite:///dot.db"

    def test_is_read_again_when_it_has_changed(self, filed: Project) -> None:
        get_plugin_manager()
        filed.write(".env", "URL_OF_FILE=sqlite:///another.db\n")

        get_plugin_manager()

        assert os.environ["URL_OF_FILE"] == "sqlite:///another.db"
        assert "RAW" not in os.environ
        (filed.path / ".env").unlink()
        get_plugin_manager()
        assert "URL_OF_FILE" not in os.environ

    def test_counts_for_plugins_and_in_the_program_itself(self, filed: Project) -> None:
        filed.db("init")
        filed.write(".env", "URL_OF_FILE=sqlite:///dot.db\nELLAR_DB_DISABLE_PLUGINS=nosuch\n")

        assert "nosuch" in run(filed, "ellar-db", "plugins", "--check", exit_code=1).stderr
        run(filed, "alembic", "-c", "migrations/alembic.ini", "upgrade", "head")
        assert (filed.path / "dot.db").exists()

    def test_of_several_the_last_counts(self, plain: Project) -> None:
        plain.write("pyproject.toml", "[tool.ellar-db]\nenv-file = ['.one', '.two', '.three']\n")
        plain.write(".one", "A_OF_FILE=1\nB_OF_FILE=1\n")
        plain.write(".two", "B_OF_FILE=2\n")

        get_plugin_manager()

        assert (os.environ["A_OF_FILE"], os.environ["B_OF_FILE"]) == ("1", "2")

    @pytest.mark.parametrize(
        "text", ["# c\n\nA=1\n=b hunter2222\n", '\n\nC=3\n"x y hunter2222\n', "A=1\nB=2\nC=3\nX=a\0hunter2222\n"]
    )
    def test_that_is_none_is_refused_without_its_text(self, filed: Project, text: str) -> None:
        (filed.path / ".env").write_bytes(text.encode())
        assert filed.db("heads", exit_code=1).stderr == f"Error: {filed.path}/.env, line 4 isn't NAME=value; mend it\n"

    def test_that_can_not_be_read_is_refused(self, filed: Project) -> None:
        (filed.path / ".env").write_bytes(b"\xff\xfe")
        assert f"Error: {filed.path}/.env, which env-file names, can't be read" in filed.db("heads", exit_code=1).stderr
        filed.write("pyproject.toml", "[tool.ellar-db]\nenv-file = 3\n")
        assert filed.db("heads", exit_code=1).stderr == (
            "Error: [tool.ellar-db] env-file must be a path, or a list of paths; mend it in "
            f"{filed.path}/pyproject.toml\n"
        )

    def test_needs_python_dotenv(self, filed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "dotenv.parser", None)

        # both are ways to hear that there is no such module
        with pytest.raises(DbError) as refused:
            read_settings()
        assert refused.value.message == (
            f"env-file names {filed.path}/.env, and python-dotenv reads it; install it with pip install "
            '"ellar-db[dotenv]"'
        )
        (filed.path / ".env").unlink()
        assert read_settings().variables == {}


class TestCommand:
    def test_says_where_each_value_comes_from(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        project.write(
            "pyproject.toml",
            """
            [tool.ellar-db]
            env-file = ".env"
            "lock" = false

            [tool.ellar-db.databases]
            log = {url = "postgresql://ann:pa55word@h/x", connect_args = {password = "hunter2222"}}
            [tool.ellar-db.context-configure]
            compare_type = false
            """,
        )
        project.write(".env", "API_TOKEN=hunter3333\nELLAR_DB_REFERENCE=log\n")
        monkeypatch.setenv("ELLAR_DB_LOCK_TIMEOUT", "5")

        result = project.db("settings")

        rows = [re.split("  +", line.rstrip()) for line in result.stdout.splitlines()]
        assert rows[0] == ["Setting", "Value", "Source"]
        assert [row for row in rows[1:-2] if row[-1] != "default"] == [
            ["context-configure", '{"compare_type": false}', "pyproject.toml, line 7"],
            [
                "databases",
                '{"log": {"url": "postgresql://ann:***@h/x", "connect_args": {"password": "***"}}}',
                "pyproject.toml, line 5",
            ],
            ["env-file", ".env", "pyproject.toml, line 2"],
            ["lock", "false", "pyproject.toml, line 3"],
            ["lock-timeout", "5.0", "ELLAR_DB_LOCK_TIMEOUT"],
            ["reference", "log", "ELLAR_DB_REFERENCE, .env, line 2"],
        ]
        assert ["directory", "migrations", "default"] in rows
        assert rows[-1] == [".env gives API_TOKEN, ELLAR_DB_REFERENCE."]
        assert [row[0] for row in rows[1:-2]] == sorted(KEYS)
        assert "hunter" not in result.output

    def test_as_a_document(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        project.write("ellar-db.toml", "lock = 3\nfoo = 1\nenv-file = ['.none']\n")
        monkeypatch.setenv("ELLAR_DB_LOCK_TIMEOUT", "5")

        found = document(project, "settings", schema="settings-listed", exit_code=1)

        assert found["unknown"] == ["foo"]
        assert found["env_files"] == [{"file": str(project.path / ".none"), "is_there": False, "variables": []}]
        by_key = {each.pop("key"): each for each in found["settings"]}
        assert by_key["lock"] == {
            "value": 3,
            "source": "file",
            "file": str(project.path / "ellar-db.toml"),
            "line": 1,
            "variable": None,
            "problem": f"ellar-db.toml: lock must be true or false; mend it in {project.path}/ellar-db.toml",
            "urls": {},
        }
        assert by_key["lock-timeout"]["variable"] == "ELLAR_DB_LOCK_TIMEOUT"
        assert by_key["confirm"]["source"] == "default"

    def test_where_urls_lead_whose_variables_are_in_the_environment(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project.write(
            "pyproject.toml",
            """
            [tool.ellar-db]
            database = "${SHOP_URL}"
            databases.log = { url = "sqlite:///${LOG_FILE:-log.db}", echo = true }
            databases.old = "${OLD_URL}"
            databases.plain = "sqlite:///plain.db"
            """,
        )
        monkeypatch.setenv("SHOP_URL", "postgresql://ann:hunter22@h/x")

        result = project.db("settings")

        assert result.stdout.endswith(
            "\n\nThe database 'default' is at postgresql://ann:***@h/x.\nThe database 'log' is at sqlite:///log.db.\n"
            "The URL of the database 'old' names the environment variable OLD_URL, which isn't set.\n"
        )
        assert "hunter" not in result.output
        by_key = {
            each["key"]: each["urls"] for each in document(project, "settings", schema="settings-listed")["settings"]
        }
        assert by_key["database"] == {"default": "postgresql://ann:***@h/x"}
        assert by_key["databases"] == {"log": "sqlite:///log.db", "old": None}
        assert by_key["metadata"] == {}

    def test_refuses_what_nothing_reads(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        project.write("pyproject.toml", "[tool.ellar-db]\ndirectry = 'x'\n")
        monkeypatch.setenv("ELLAR_DB_LOK_TIMEOUT", "5")
        monkeypatch.setenv("ELLAR_DB_OF_A_PLUGIN", "5")

        assert project.db("settings", exit_code=1).stderr.splitlines()[-1] == (
            "Error: [tool.ellar-db] has 'directry' (did you mean 'directory'?), which nothing reads; nothing reads the "
            "environment variable ELLAR_DB_LOK_TIMEOUT (did you mean ELLAR_DB_LOCK_TIMEOUT?)"
        )

    def test_without_any_settings(self, project: Project) -> None:
        assert project.db("settings").stderr == ""


SAMPLES: list[Any] = [
    True, 0, -1, 1.5, "x", "always", "json", [], ["x"], [1], {}, {"a": "b"}, {"a": 1}, {"a": ["b"]}, {"a": [1]},
    {"a": {"url": "sqlite://"}}, {"a": {"url": 1}}, {"ignore": ["DB101"]}, {"ignore": "DB101"},
    {"severity": {"DB101": "note"}}, {"severity": {"DB101": "loud"}}, {"waivers": [{"code": "DB101", "reason": "r"}]},
    {"waivers": [{"code": "DB101"}]}, {"waivers": [{"code": "DB101", "reason": "r", "x": "y"}]}, {"release": 1},
]  # fmt: skip


def read_as_its_user_does(key: str, value: Any) -> None:
    """Read a setting as the part of the program that uses it."""
    settings = Settings(Path("pyproject.toml"), {key: value})
    kind = KEYS[key].kind
    if key == "lint":
        lint_settings(settings, ["DB101"])
    elif key in ("lock", "lock-timeout", "connect-wait", "db-lock-timeout", "statement-timeout"):
        limits_of(None, settings, None)
    elif kind is A_TEXT:
        settings.text(key)
    elif kind is A_LIST:
        settings.texts(key)
    elif kind.schema == {"type": "boolean"}:
        settings.flag(key)
    elif kind.schema == {"type": "object"}:
        settings.mapping(key)
    elif settings.wrong(key):
        raise DbError(settings.wrong(key))


@pytest.mark.parametrize("key", KEYS)
def test_the_schema_for_editors_takes_what_the_program_takes(key: str) -> None:
    schema = json.loads((SCHEMAS / "settings.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    editor = jsonschema.Draft7Validator(schema)
    taken = []
    for value in SAMPLES:
        try:
            read_as_its_user_does(key, value)
            taken.append(value)
        except DbError:
            pass

    assert [value for value in SAMPLES if editor.is_valid({key: value})] == taken
    assert taken
    assert schema["properties"].keys() == KEYS.keys()
    assert not editor.is_valid({"directry": "x"})


def test_the_table_of_the_page_has_each_key_with_its_variable() -> None:
    page = (SCHEMAS.parent / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| `(ELLAR_DB_[A-Z_]+)` \|", page, re.MULTILINE))

    assert rows == {key: variable(key) for key in KEYS}


def test_defaults_are_those_of_the_program() -> None:
    limits = limits_of(None, Settings(), None)

    listed = {each.key: each.value for each in listed_settings(Settings())}

    assert (listed["lock"], listed["lock-timeout"]) == (limits.lock, limits.lock_timeout)
    assert (listed["connect-wait"], listed["db-lock-timeout"]) == (limits.connect_wait, limits.db_lock_timeout)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[tool.ellar-db]\nlock = true\n", 2),
        ("[tool.other]\nlock = true\n[tool . ellar-db]\n'lock'=true\n", 4),
        ("[tool.ellar-db.lock]\n", 1),
        ("[[tool.ellar-db.lock.more]]\n", 1),
        ("[tool.ellar-db]\nlock.x = true\n", 2),
        ("[tool]\nellar-db = {lock = true}\n", None),
    ],
)
def test_the_line_of_a_key(text: str, line: int | None) -> None:
    assert line_of(text, "tool.ellar-db", "lock") == line
