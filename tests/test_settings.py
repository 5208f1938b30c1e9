"""`[tool.ellar-db]` of pyproject.toml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ellar_db import Database, alembic_config, migration_lock
from ellar_db.config.collection import collect_databases
from ellar_db.databases.limits import limits_of
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.keys import KEYS
from ellar_db.testing import Project
from ellar_db.util.errors import DbError


def test_keys_that_nothing_reads_are_warned_of(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\nrequire-plugins = ['guard']\nfoo = 1\ndirectory = 'here'\n")
    project.forget()

    result = project.db("init")

    assert result.stdout.startswith("Made here.")
    assert result.stderr == (
        "Warning: [tool.ellar-db] has 'foo', 'require-plugins' (did you mean 'required-plugins'?), "
        "which nothing reads.\n"
    )


def test_keys_that_are_read_are_not_warned_of(project: Project) -> None:
    project.configure(extra="lock-timeout = 3\nconfirm = 'always'\n[tool.ellar-db.commands]\n")

    assert project.db("init").stderr == ""


def test_what_is_documented_is_what_is_read() -> None:

    from pathlib import Path

    page = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE))

    assert documented >= set(KEYS)


def test_after_a_change_of_folder_everything_is_the_other_project_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, more in (("one", "lock-timeout = 1"), ("two", "lock-timeout = 2\nrequired-plugins = ['not-there']")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(
            f"[tool.ellar-db]\ndatabase = 'sqlite:///{name}.db'\n{more}\n", encoding="utf-8"
        )
    monkeypatch.chdir(tmp_path / "one")
    first = get_plugin_manager()

    def collected() -> tuple[str, float]:
        manager = get_plugin_manager()
        database = collect_databases(manager)["default"]
        return database.url, limits_of(database, manager.settings, None).lock_timeout

    assert collected() == ("sqlite:///one.db", 1)

    monkeypatch.chdir(tmp_path / "two")

    assert collected() == ("sqlite:///two.db", 2)
    with pytest.raises(DbError, match=r"^\[tool\.ellar-db\] required-plugins has 'not-there'"):
        get_plugin_manager().require()
    monkeypatch.chdir(tmp_path / "one")
    assert get_plugin_manager() is first


def test_a_changed_file_is_read_again(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\ndirectory = 'one'\n")
    first = get_plugin_manager()
    assert first.settings.text("directory") == "one"

    project.write("pyproject.toml", "[tool.ellar-db]\ndirectory = 'another'\n")

    assert get_plugin_manager() is not first
    assert get_plugin_manager().settings.text("directory") == "another"
    (project.path / "pyproject.toml").unlink()
    assert get_plugin_manager().settings.table == {}


KNOWN = "it takes lock, lock_timeout, connect_wait, db_lock_timeout, statement_timeout"


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"lock_timeot": 0}, f"has 'lock_timeot', which is no limit; {KNOWN}; did you mean lock_timeout?"),
        ({"lok": False}, f"has 'lok', which is no limit; {KNOWN}; did you mean lock?"),
        ({"lock-time-out": None}, f"has 'lock-time-out', which is no limit; {KNOWN}; did you mean lock_timeout?"),
        ({"directory": "here"}, f"has 'directory', which is no limit; {KNOWN}"),
    ],
)
def test_an_unknown_limit_is_refused(plain: Project, limits: dict[str, object], problem: str) -> None:
    plain.db("init")
    engine = create_engine("sqlite://")

    with pytest.raises(DbError) as refused, alembic_config(limits=limits):
        pass
    assert refused.value.message == f"limits {problem}"
    with pytest.raises(DbError) as refused:
        Database("d", engine, limits=limits)
    assert refused.value.message == f"limits of the database 'd' {problem}"
    with pytest.raises(DbError) as refused, migration_lock(Database("d", engine), limits):
        pass
    assert refused.value.message == f"limits {problem}"


def test_limits_are_known_by_either_spelling(plain: Project) -> None:
    database = Database("d", create_engine("sqlite://"), limits={"lock-timeout": 1, "connect_wait": None})

    assert limits_of(database, get_plugin_manager().settings, {"db-lock-timeout": 2}).lock_timeout == 1
