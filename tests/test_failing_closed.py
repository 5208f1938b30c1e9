"""Without a plugin that restrains, nothing is written or decided; what only reads goes on."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

from ellar_db import DbError, alembic_config, migration_lock
from ellar_db.hookspecs import PROJECT
from ellar_db.plugins.faults import OPTIONAL
from ellar_db.plugins.manager import create_plugin_manager, get_plugin_manager
from ellar_db.plugins.record import Plugin, leaving_out
from ellar_db.testing import Project
from tests.support.output import without_page

Install = Callable[..., Path]

GUARD = """import nonexistent_thing
import click
from ellar_db import hookimpl

@hookimpl
def ellar_db_include_object(type_, name):
    return not (type_ == "table" and name.startswith("celery_"))

@hookimpl
def ellar_db_before_run(database):
    raise click.ClickException("not today")
"""

NO_MODULE = "ModuleNotFoundError: No module named 'nonexistent_thing'"

WRITING = {
    "migrate": ["migrate", "-m", "again"],
    "revision": ["revision", "-m", "again"],
    "upgrade": ["upgrade"],
    "upgrade --sql": ["upgrade", "--sql"],
    "downgrade": ["downgrade", "--yes", "base"],
    "stamp": ["stamp", "head"],
    "create": ["create"],
    "drop": ["drop", "--yes"],
    "ensure-version": ["ensure-version"],
    "repair": ["repair"],
    "check": ["check"],
    "current --check-heads": ["current", "--check-heads"],
    "merge": ["merge", "heads"],
    "wait --for head": ["wait", "--for", "head"],
}

READING = {
    "heads": ["heads"],
    "history": ["history"],
    "graph": ["graph"],
    "show": ["show"],
    "branches": ["branches"],
    "current": ["current"],
    "history -i": ["history", "-i"],
    "show current": ["show", "current"],
    "list-templates": ["list-templates"],
    "plugins": ["plugins"],
    "--help": ["--help"],
    "upgrade --help": ["upgrade", "--help"],
}

ADDS = """
import click
from ellar_db import hookimpl

@hookimpl
def ellar_db_register_commands():
    yield click.Command("greet", callback=lambda: click.echo("hello"))
"""


@pytest.fixture
def migrated(plain: Project) -> Project:
    """A project at its only revision."""
    plain.db("init")
    plain.db("migrate", "-m", "first")
    plain.db("upgrade")
    return plain


def content(project: Project) -> tuple[list[str], str]:
    """Return the revision files, and all that is in the database."""
    with closing(sqlite3.connect(project.path / "app.db")) as connection:
        return [file.name for file in project.revisions()], "\n".join(connection.iterdump())


def refused(project: Project, *arguments: str) -> str:
    """Run a command that must change nothing, and return its error."""
    before = content(project)
    result: Result = project.db(*arguments, exit_code=1)
    assert content(project) == before
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return without_page(result.stderr.splitlines()[-1])


def list_guard(project: Project, source: str = GUARD, listed: str = "guard") -> None:
    project.write("guard.py", source)
    project.configure(extra=f"plugins = ['{listed}']")
    project.forget("guard")


@pytest.mark.parametrize("command", WRITING)
def test_what_the_project_lists_is_required_to_write_or_decide(migrated: Project, command: str) -> None:
    list_guard(migrated)

    assert refused(migrated, *WRITING[command]) == (
        "Error: nothing is written or decided here, since 'guard' (listed in plugins) can't be used: "
        f"{NO_MODULE} (guard.py, line 1); mend it, or go on without it: ELLAR_DB_DISABLE_PLUGINS=guard"
    )


def test_a_function_that_is_not_marked_is_no_guard(migrated: Project) -> None:
    marked = "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_revision_id():\n    return None\n"
    list_guard(migrated, f"{marked}\ndef ellar_db_before_run(database):\n    raise ValueError('no')\n")
    cause = "its function ellar_db_before_run isn't marked with @hookimpl, and would never be called; mark it"

    for command in ("upgrade", "check"):
        assert f"'guard' (listed in plugins) can't be used: {cause}" in refused(migrated, command)
    assert cause in migrated.db("plugins", "--check", exit_code=1).stderr.splitlines()[-1]

    # what a plugin imports, in order to wrap or document it, is marked or a specification
    list_guard(migrated, f"{marked}\nfrom ellar_db.hookspecs import ellar_db_before_run\n")
    migrated.db("plugins", "--check")


@pytest.mark.parametrize("command", READING)
def test_what_only_reads_goes_on_with_a_warning(migrated: Project, command: str) -> None:
    list_guard(migrated)

    result = migrated.db(*READING[command])

    assert result.stderr == (
        f"Warning: the plugin guard is left out: {NO_MODULE}. Mend or uninstall it, or say "
        "ELLAR_DB_DISABLE_PLUGINS=guard to hear no more of it.\n"
    )


@pytest.mark.parametrize("command", ["current", "history -i", "show current"])
def test_each_command_that_shows_a_database_warns(migrated: Project, command: str) -> None:
    list_guard(migrated)
    migrated.db("heads")

    for _ in range(2):
        assert "Warning: the plugin guard is left out" in migrated.db(*READING[command]).stderr
    # the plugins are loaded already, and no database is shown
    assert migrated.db("heads").stderr == ""


def test_what_is_advised_works(migrated: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    list_guard(migrated)
    advised = refused(migrated, "stamp", "base").rpartition(": ")[2]

    monkeypatch.setenv(*advised.split("="))
    get_plugin_manager.cache_clear()

    assert "Warning" not in migrated.db("stamp", "base").stderr
    assert "Error" not in migrated.db("plugins", "--check").stderr


def test_what_is_left_out_already_stays_so_where_the_advice_is_followed(
    migrated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "one two")
    list_guard(migrated)

    assert refused(migrated, "upgrade").endswith("go on without it: ELLAR_DB_DISABLE_PLUGINS=one,two,guard")
    assert leaving_out("one") == "ELLAR_DB_DISABLE_PLUGINS=one,two"


MISSPELT = {
    "gaurd": "there is no module gaurd; did you mean guard?",
    "ops.gaurd": "there is no module ops.gaurd; did you mean ops.guard?",
    "opps.guard": "there is no module opps; did you mean ops?",
    "wholly_else": "there is no module wholly_else",
    "guard.py": "'guard.py' is no module's name; did you mean guard?",
    "ops/guard.py": "'ops/guard.py' is no module's name; did you mean ops.guard?",
    "./guard.py": "'./guard.py' is no module's name; did you mean guard?",
    "guard:plugin": "'guard:plugin' is no module's name; did you mean guard?",
    "": "'' is no module's name",
}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_module_is_required_too_and_the_right_one_is_named(migrated: Project, name: str) -> None:
    migrated.write("ops/__init__.py", "")
    migrated.write("ops/guard.py", "raise SystemExit('imported')")
    list_guard(migrated, "raise SystemExit('imported')", name)
    migrated.forget("ops")

    error = refused(migrated, "upgrade")

    assert f"since {name!r} (listed in plugins) can't be used: {MISSPELT[name]}; mend it, or " in error
    assert error.endswith("take it out of plugins" if not name else f"ELLAR_DB_DISABLE_PLUGINS={name}")
    assert "imported" not in error


BREAKING = {
    "at import": (GUARD, NO_MODULE),
    "deeper": (
        "def begin():\n    return {}['key']\n\nbegin()\n" + GUARD.replace("import nonexistent_thing\n", ""),
        "KeyError: 'key'",
    ),
    "syntax": ("def half(:", "SyntaxError: invalid syntax (guard.py, line 1)"),
    "unknown hook": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_befor_run(database):\n    pass",
        "there is no hook ellar_db_befor_run; did you mean ellar_db_before_run?",
    ),
    "unknown argument": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_before_run(db):\n    pass",
        "ellar_db_before_run has no argument db; it has run, database, connection, plan",
    ),
    "not marked": (
        "def ellar_db_before_run(database):\n    raise SystemExit",
        "it has no function marked with @hookimpl",
    ),
    "async": (
        "from ellar_db import hookimpl\n\n@hookimpl\nasync def ellar_db_before_run(database):\n    pass",
        "its ellar_db_before_run is an async function, which nobody would await; make it a plain one",
    ),
    "other hooks": ("ELLAR_DB_API = '99.0'", "it was written for version 99.0 of the hooks"),
}


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "installed"])
@pytest.mark.parametrize("kind", BREAKING)
def test_however_a_plugin_breaks_it_is_missed(migrated: Project, install: Install, kind: str, listed: bool) -> None:
    source, cause = BREAKING[kind]
    if listed:
        list_guard(migrated, source)
    else:
        install("guard", source)

    error = refused(migrated, "upgrade")

    title = "'guard' (listed in plugins)" if listed else "the plugin guard 1.0"
    assert error.startswith(f"Error: nothing is written or decided here, since {title} can't be used: {cause}")
    assert error.endswith("mend it, or go on without it: ELLAR_DB_DISABLE_PLUGINS=guard")


def test_the_place_is_that_of_the_first_cause(migrated: Project) -> None:
    migrated.write(
        "helper.py", "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('odd') from error"
    )
    list_guard(migrated, "import helper")
    migrated.forget("helper")

    assert "can't be used: ValueError: odd (helper.py, line 2); mend it" in refused(migrated, "upgrade")


def test_all_that_are_missing_are_named_at_once(migrated: Project, install: Install) -> None:
    install("watcher", GUARD)
    list_guard(migrated)

    error = refused(migrated, "upgrade")

    assert f"the plugin watcher 1.0 can't be used: {NO_MODULE} (" in error
    assert f"; and 'guard' (listed in plugins) can't be used: {NO_MODULE} (guard.py, line 1)" in error
    assert error.endswith("ELLAR_DB_DISABLE_PLUGINS=watcher,guard")


def test_a_plugin_that_is_registered_under_another_name_is_not_missed(migrated: Project, install: Install) -> None:
    install("good", ADDS)
    list_guard(migrated, "", "good")

    assert migrated.db("upgrade").exit_code == 0


def test_a_plugin_whose_commands_cannot_be_used_is_missed(migrated: Project, install: Install) -> None:
    install("guard", GUARD.replace("import nonexistent_thing", "") + ADDS.replace('click.Command("greet"', 'print("x"'))

    assert "the plugin guard 1.0 can't be used: ellar_db_register_commands: TypeError" in refused(migrated, "upgrade")


# what says by its entry point that it only adds something


def optional(install: Install, name: str, source: str) -> None:
    install(name, source, group="ellar_db.optional")


def test_the_hooks_that_only_add_something_are_hooks() -> None:
    from ellar_db import hookspecs

    assert {name for name in OPTIONAL if not name.startswith(f"{PROJECT}_")} == set()
    assert OPTIONAL <= set(vars(hookspecs))


def test_an_optional_plugin_works_as_any_other(migrated: Project, install: Install) -> None:
    optional(install, "greeter", ADDS)

    assert migrated.db("greet").stdout == "hello\n"
    row = json.loads(migrated.db("plugins", "--json").stdout)["plugins"][1]
    assert (row["distribution"], row["kind"], row["state"]) == ("greeter", "installed", "active")
    assert migrated.db("plugins", "--check").stderr == ""


@pytest.mark.parametrize("source", ["import nonexistent_thing", "def half(:", "ELLAR_DB_API = '99.0'"])
def test_without_an_optional_plugin_everything_goes_on(migrated: Project, install: Install, source: str) -> None:
    optional(install, "greeter", source)

    for arguments in (["check"], ["downgrade", "--yes", "base"], ["upgrade"], ["revision"]):
        migrated.db(*arguments)
    get_plugin_manager.cache_clear()

    result = migrated.db("upgrade")
    assert result.stderr.startswith("Warning: the plugin greeter 1.0 is left out: ")
    assert "greeter 1.0 is " in migrated.db("plugins", "--check", exit_code=1).stderr


@pytest.mark.parametrize(
    "hook",
    [
        "ellar_db_before_run(database)",
        "ellar_db_include_name(name)",
        "ellar_db_lock(database)",
        "ellar_db_databases()",
        "ellar_db_after_run(database)",
    ],
)
def test_an_optional_plugin_that_restrains_or_supplies_is_a_fault(
    migrated: Project, install: Install, hook: str
) -> None:
    optional(install, "sly", ADDS + f"\n@hookimpl\ndef {hook}:\n    pass\n")

    cause = (
        f"it implements {hook.partition('(')[0]}, which must not be missing; its entry point belongs into the group "
        "ellar_db, not into ellar_db.optional"
    )
    assert f"the plugin sly 1.0 can't be used: {cause}" in refused(migrated, "upgrade")
    assert f"sly 1.0 is broken: {cause}" in migrated.db("plugins", "--check", exit_code=1).stderr


def test_an_optional_plugin_that_replaces_a_command_is_a_fault(migrated: Project, install: Install) -> None:
    optional(install, "sly", ADDS.replace("greet", "downgrade"))

    error = refused(migrated, "downgrade", "--yes")

    assert "the plugin sly 1.0 can't be used: it replaces the command downgrade, which must not be missing" in error


def test_two_optional_plugins_may_claim_one_command(migrated: Project, install: Install) -> None:
    optional(install, "one", ADDS)
    optional(install, "two", ADDS)

    assert "claimed by one and two" in migrated.db("greet", exit_code=1).stderr
    migrated.db("upgrade")


# wherever a run begins


OTHER = """
import click
from ellar_db import alembic_config, hookimpl

def running(name):
    def run():
        from alembic import command

        with alembic_config() as config:
            work = getattr(command, name)
            work(config, "base") if name in ("downgrade", "stamp") else work(config)

    return click.Command(f"my-{name.replace('_', '-')}", callback=run)

@hookimpl
def ellar_db_register_commands():
    return [running(name) for name in ("downgrade", "stamp", "check", "ensure_version", "current", "heads")]
"""


def test_a_command_of_a_third_party_is_refused_by_what_it_does(migrated: Project, install: Install) -> None:
    optional(install, "other", OTHER)
    list_guard(migrated)

    for name in ("downgrade", "stamp", "check", "ensure-version"):
        assert "'guard' (listed in plugins) can't be used" in refused(migrated, f"my-{name}")
    for name in ("current", "heads"):
        migrated.db(f"my-{name}")


def test_so_it_is_on_a_folder_with_an_env_py_of_somebody_elses(migrated: Project, install: Install) -> None:
    migrated.run("alembic", "init", "theirs")
    ini = migrated.path / "alembic.ini"
    text = ini.read_text(encoding="utf-8")
    ini.write_text(
        re.sub("^sqlalchemy.url = .*$", "sqlalchemy.url = sqlite:///app.db", text, flags=re.M), encoding="utf-8"
    )
    env = migrated.path / "theirs" / "env.py"
    env.write_text(
        env.read_text(encoding="utf-8")
        .replace("= None", "= Base.metadata", 1)
        .replace("from alembic import context", "from alembic import context\nfrom models import Base"),
        encoding="utf-8",
    )
    shutil.copy(migrated.revisions()[0], migrated.path / "theirs" / "versions")
    optional(install, "other", OTHER)
    migrated.db("-c", "alembic.ini", "my-current")
    list_guard(migrated)

    for name in ("my-downgrade", "my-stamp", "my-check", "my-ensure-version", "upgrade", "migrate"):
        assert "'guard' (listed in plugins) can't be used" in refused(migrated, "-c", "alembic.ini", name)
    assert migrated.db("-c", "alembic.ini", "my-current").stdout.startswith(migrated.db("current").stdout.split()[0])


def test_code_of_an_application_is_refused(migrated: Project) -> None:
    from alembic import command

    list_guard(migrated)
    before = content(migrated)

    with pytest.raises(DbError, match="'guard'"), alembic_config() as config:
        command.downgrade(config, "base")
    with pytest.raises(DbError, match="'guard'"), alembic_config(limits={}):
        pass
    with pytest.raises(DbError, match="'guard'"), alembic_config(autogenerate=True):
        pass
    with pytest.raises(DbError, match="'guard'"), alembic_config(decides=True):
        pass
    with (
        pytest.raises(DbError, match="'guard'"),
        alembic_config() as config,
        migration_lock(config.attributes["databases"]["default"]),
    ):
        pass
    with alembic_config() as config:
        command.current(config)
        command.history(config, indicate_current=True)
    assert content(migrated) == before


@pytest.fixture
def revisions_run_env(migrated: Project) -> Project:
    """A project whose env.py also runs for revisions that are written by hand."""
    ini = migrated.path / "migrations" / "alembic.ini"
    ini.write_text(
        ini.read_text(encoding="utf-8").replace("[alembic]", "[alembic]\nrevision_environment = true"), encoding="utf-8"
    )
    return migrated


@pytest.mark.parametrize(
    "arguments",
    [
        "upgrade head",
        "upgrade head --sql",
        "downgrade base",
        "stamp base",
        "ensure_version",
        "check",
        "current --check-heads",
        "revision",
        "revision --autogenerate",
    ],
)
def test_bare_alembic_on_our_folder_is_refused(revisions_run_env: Project, arguments: str) -> None:
    list_guard(revisions_run_env)
    before = content(revisions_run_env)

    done = revisions_run_env.run("alembic", "-c", "migrations/alembic.ini", *arguments.split(), exit_code=255)

    assert "FAILED: nothing is written or decided here, since 'guard'" in done.stdout + done.stderr
    assert content(revisions_run_env) == before


@pytest.mark.parametrize("arguments", [["current"], ["heads"], ["history", "-i"]], ids=" ".join)
def test_bare_alembic_goes_on_where_it_only_reads(migrated: Project, arguments: list[str]) -> None:
    list_guard(migrated)

    migrated.run("alembic", "-c", "migrations/alembic.ini", *arguments)


def test_each_way_in_restrains_while_the_plugin_works(migrated: Project) -> None:
    list_guard(migrated, GUARD.replace("import nonexistent_thing", ""))

    assert refused(migrated, "downgrade", "--yes", "base") == "Error: not today"
    done = migrated.run("alembic", "-c", "migrations/alembic.ini", "downgrade", "base", exit_code=255)
    assert "FAILED: not today" in done.stdout + done.stderr


# allowed-plugins


def states() -> dict[str, str]:
    return {
        record.distribution: record.state for record in create_plugin_manager().records if record.kind != "built-in"
    }


def test_nothing_but_what_is_allowed_is_imported(project: Project, install: Install) -> None:
    install("ellar-db.One", ADDS, module="one")
    install("other", "from pathlib import Path\nPath('imported').touch()\n", entry_points={"one": "other"})
    optional(install, "third", "from pathlib import Path\nPath('imported').touch()\n")
    project.write("own.py", ADDS.replace("greet", "own"))
    project.configure(extra="allowed-plugins = ['Ellar_DB-one']\nplugins = ['own']")

    assert states() == {"ellar-db.One": "active", "other": "not allowed", "third": "not allowed", "own": "active"}
    assert project.db("greet").stdout == "hello\n"
    assert "upgrade" in project.db("--help").stdout
    assert not (project.path / "imported").exists()
    assert project.db("plugins", "--check").stderr == ""
    lines = project.db("plugins").stdout.splitlines()
    assert any(line.split()[:2] == ["other", "1.0"] and " not allowed " in line for line in lines)
    assert project.db("other", exit_code=2).stderr.endswith("No such command 'other'.\n")


def test_allowing_nothing_leaves_the_built_in_ones(project: Project, install: Install) -> None:
    install("one", ADDS)
    project.configure(extra="allowed-plugins = []")

    assert states() == {"one": "not allowed"}
    project.db("init")
    # what isn't to be there isn't missed
    assert project.db("migrate").exit_code == 0


def test_what_is_allowed_and_not_installed_is_told(project: Project, install: Install) -> None:
    install("ellar-db-seed", ADDS)
    project.configure(extra="allowed-plugins = ['ellar-db-sede', 'nothing-like-it', 'ellar-db']")

    assert project.db("list-templates").stderr.splitlines() == [
        "Warning: allowed-plugins names ellar-db-sede, and no such plugin is installed; did you mean ellar-db-seed?",
        "Warning: allowed-plugins names nothing-like-it, and no such plugin is installed.",
    ]
    error = project.db("plugins", "--check", exit_code=1).stderr
    assert "allowed-plugins names nothing-like-it, and no such plugin is installed" in error


def test_allowed_works_together_with_the_other_switches(
    project: Project, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two", "three"):
        install(name, ADDS.replace("greet", name))
    project.configure(extra="allowed-plugins = ['one', 'two']\nrequired-plugins = ['three']")
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "two")

    assert states() == {"one": "active", "two": "disabled", "three": "not allowed"}
    assert project.db("heads", exit_code=1).stderr == (
        "Error: [tool.ellar-db] required-plugins has 'three', and it is not allowed: allowed-plugins doesn't name it\n"
    )
    monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", "one,three")
    project.configure(extra="allowed-plugins = ['two', 'three']")
    assert states() == {"one": "not allowed", "two": "disabled", "three": "active"}


def test_a_plugin_is_missed_unless_something_says_otherwise() -> None:
    assert Plugin("new", "installed", "new").restrains
