"""The plugin manager: who is loaded, in which order, and what a broken plugin leaves behind."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.plugins.builtin import BUILTINS
from ellar_db.plugins.manager import create_plugin_manager, get_plugin_manager
from ellar_db.plugins.record import Plugin
from ellar_db.testing import Project

Install = Callable[..., Path]

GOOD = """
import click
from ellar_db import hookimpl

@click.command(short_help="Say hello.")
def hello():
    click.echo("hello")

@hookimpl
def ellar_db_register_commands():
    yield hello
"""

BROKEN = {
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "exits-own-way": ("class Leave(SystemExit):\n    pass\n\nraise Leave('bye')", "SystemExit: bye"),
    "syntax": ("def half(:", "SyntaxError: invalid syntax (syntax.py, line 1)"),
    "imports": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "unknown-hook": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_befor_run(database):\n    pass",
        "there is no hook ellar_db_befor_run; did you mean ellar_db_before_run?",
    ),
    "arguments": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_before_run(db):\n    pass",
        "ellar_db_before_run has no argument db; it has run, database, connection, plan",
    ),
    "misspelt-argument": (
        "from ellar_db import hookimpl\n\n@hookimpl(specname='ellar_db_before_run')\ndef look(conection):\n    pass",
        "look has no argument conection; did you mean connection?",
    ),
    "no-arguments": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_directory(database):\n    pass",
        "ellar_db_directory has no argument database; it has none",
    ),
    "no-command": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_register_commands():\n    return ['hello']",
        "it registered 'hello', which is no click command",
    ),
    "no-list": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_register_commands():\n    return 5",
        "ellar_db_register_commands: TypeError: it gave 5, where a list belongs",
    ),
    "bad-name": (
        "import click\nfrom ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_register_commands():\n"
        "    return [click.Command('two words')]",
        "it registered a command named 'two words', which can't be typed",
    ),
    "raises": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_register_commands():\n    raise SystemExit(9)",
        "ellar_db_register_commands: SystemExit: 9",
    ),
    "refuses": (
        "import click\nfrom ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_register_commands():\n"
        "    raise click.UsageError('not here')",
        "UsageError: not here",
    ),
    "no-hooks": ("def ellar_db_register_commands():\n    return []", "it has no function marked with @hookimpl"),
    "one-unmarked": (
        f"{GOOD}\ndef ellar_db_before_run(database):\n    raise ValueError\n",
        "its function ellar_db_before_run isn't marked with @hookimpl, and would never be called; mark it",
    ),
    "no-wrapper": (
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_invoke(ctx):\n    return 1",
        "its ellar_db_invoke must be marked with @hookimpl(wrapper=True), and yield once",
    ),
}


def warning(distribution: str, cause: str) -> str:
    end = "" if cause.endswith("?") else "."
    return (
        f"Warning: the plugin {distribution} 1.0 is left out: {cause}{end} Mend or uninstall it, or say "
        f"ELLAR_DB_DISABLE_PLUGINS={distribution} to hear no more of it.\n"
    )


def test_built_ins_come_first_then_installed_ones_sorted_then_the_projects_own(
    project: Project, install: Install
) -> None:
    install("zebra", GOOD, entry_points={"b": "zebra"})
    install("Ant", GOOD.replace("hello", "ant"), module="ant", entry_points={"z": "ant"})
    install("ellar_db.Mole", GOOD.replace("hello", "mole"), module="mole")
    project.write("own.py", GOOD.replace("hello", "own"))
    project.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['own']\n")

    manager = create_plugin_manager()

    assert [record.name for record in manager.records][: len(BUILTINS)] == [f"ellar-db:{name}" for name in BUILTINS]
    assert [record.name for record in manager.records][len(BUILTINS) :] == [
        "Ant:z",
        "ellar_db.Mole:mole",
        "zebra:b",
        "own",
    ]
    asked = [plugin.name for plugin, _ in manager.answers("ellar_db_register_commands")]
    assert asked[:4] == ["own", "zebra:b", "ellar_db.Mole:mole", "Ant:z"]


def test_one_distribution_may_have_several_plugins_sorted_by_name(install: Install) -> None:
    file = install("pair", GOOD, entry_points={"second": "pair", "first": "pair_first"})
    file.with_name("pair_first.py").write_text(GOOD)

    manager = create_plugin_manager()

    assert [(record.name, record.state) for record in manager.records[len(BUILTINS) :]] == [
        ("pair:first", "active"),
        ("pair:second", "active"),
    ]


def test_an_entry_point_may_name_an_instance(plain: Project, install: Install) -> None:
    install(
        "instance",
        "from pathlib import Path\nfrom ellar_db import hookimpl\n\nclass Here:\n    @hookimpl\n"
        "    def ellar_db_directory(self):\n        return Path('elsewhere')\n\nhere = Here()",
        entry_points={"instance": "instance:here"},
    )

    plain.db("init")

    assert (plain.path / "elsewhere" / "env.py").is_file()


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_breaks_nothing_but_itself(plain: Project, install: Install, kind: str) -> None:
    source, cause = BROKEN[kind]
    if source.startswith(("raise SystemExit", "class Leave")):
        cause = f"it left the program at import ({cause})"
    install(kind, source, entry_points={f"do-{kind}": kind.replace("-", "_")})
    install("good", GOOD)

    result = plain.db("hello")

    assert result.stdout == "hello\n"
    assert result.stderr == warning(kind, cause)
    manager = get_plugin_manager()
    hooks = [name for name in vars(manager.hook) if name.startswith("ellar_db_")]
    left = {impl.plugin_name for name in hooks for impl in getattr(manager.hook, name).get_hookimpls()}
    assert f"{kind}:do-{kind}" not in left
    assert not manager.has_plugin(f"{kind}:do-{kind}")
    # the warning is given once a process, and the built-ins work
    assert plain.db("init").stderr == ""
    assert plain.db("heads").stderr == ""


def test_all_broken_plugins_at_once_beside_a_good_one(plain: Project, install: Install) -> None:
    for kind, (source, _) in BROKEN.items():
        install(kind, source)
    install("good", GOOD)

    help_ = plain.db("--help")

    warnings = help_.stderr.splitlines()
    assert len(warnings) == len(BROKEN)
    assert sorted(line.split()[3] for line in warnings) == sorted(BROKEN)
    for kind in BROKEN:
        assert f"{kind.replace('-', '_')} " in help_.stdout
        assert f"[{kind} is broken]" in help_.stdout
    assert "Say hello. [good]" in help_.stdout
    assert plain.db("hello").output == "hello\n"
    rows = {row["distribution"]: row for row in json.loads(plain.db("plugins", "--json").stdout)["plugins"]}
    assert {name for name, row in rows.items() if row["state"] == "broken"} == set(BROKEN)
    assert rows["good"]["state"] == "active"


def test_the_name_of_a_broken_plugin_says_what_is_the_matter(project: Project, install: Install) -> None:
    install("seed-maker", "import no_such_module", entry_points={"seed": "seed_maker"})

    result = project.db("seed", "--all", "users", exit_code=1)

    cause = "ModuleNotFoundError: No module named 'no_such_module'"
    assert result.stdout == ""
    assert result.stderr == f"{warning('seed-maker', cause)}Error: the plugin seed-maker 1.0 is broken: {cause}\n"


def test_a_broken_plugin_never_hides_a_command_that_works(plain: Project, install: Install) -> None:
    install("shadow", "import no_such_module", entry_points={"init": "shadow"})

    plain.db("init")

    assert (plain.path / "migrations" / "env.py").is_file()


def test_a_class_as_entry_point_is_left_out(project: Project, install: Install) -> None:
    install("classy", "class Plugin:\n    pass", entry_points={"classy": "classy:Plugin"})

    result = project.db("--help")

    assert result.stderr == warning("classy", "the entry point names a class; name a module, or an instance")


def test_a_module_registers_once(project: Project, install: Install) -> None:
    install("twice", GOOD, entry_points={"one": "twice", "two": "twice"})

    result = project.db("hello")

    assert result.stdout == "hello\n"
    assert result.stderr == warning("twice", "it is the same module as the plugin twice:one")


def test_a_module_that_is_installed_and_named_by_the_project_registers_once(project: Project, install: Install) -> None:
    install("good", GOOD)
    project.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['good', 'good']\n")

    result = project.db("hello")

    assert result.stdout == "hello\n"
    assert result.stderr == (
        "Warning: the plugin good is left out: it is the same module as the plugin good:good. "
        "Mend or uninstall it, or say ELLAR_DB_DISABLE_PLUGINS=good to hear no more of it.\n"
    )


def test_what_a_plugin_prints_at_import_stays_off_stdout(plain: Project, install: Install) -> None:
    install("chatty", "print('importing')\n" + GOOD.replace("yield hello", "print('asked')\n    yield hello"))

    result = plain.db("plugins", "--json")

    assert {row["distribution"] for row in json.loads(result.stdout)["plugins"]} == {"ellar-db", "chatty"}
    assert result.stderr == "importing\nasked\n"


def test_an_interrupt_at_import_ends_the_program(project: Project, install: Install) -> None:
    install("slow", "raise KeyboardInterrupt")

    assert project.db("--help", exit_code=1).stderr.strip() == "Aborted!"


def test_a_plugin_that_fails_in_a_hook_is_named_and_the_run_refused(plain: Project, install: Install) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "x")
    install(
        "watcher",
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_before_run(database):\n    raise SystemExit('no')",
    )

    result = plain.db("upgrade", exit_code=1)

    assert result.stderr == (
        "Error: the plugin watcher 1.0 failed in ellar_db_before_run: SystemExit: no; mend it (--traceback shows "
        "where), or leave it out with ELLAR_DB_DISABLE_PLUGINS=watcher\n"
    )
    assert plain.tables() <= {"alembic_version"}
    trace = plain.db("--traceback", "upgrade", exit_code=1).stderr
    assert "watcher.py" in trace
    assert "SystemExit: no" in trace


def test_nobody_is_advised_to_leave_a_built_in_out() -> None:
    record = Plugin("ellar-db:module", "built-in", "ellar-db", version="1.0")

    assert record.failure("ellar_db_databases", ValueError("odd")).message == (
        "ellar-db:module failed in ellar_db_databases: ValueError: odd"
    )


def test_a_plugin_that_an_application_registers_itself_is_asked(plain: Project) -> None:
    from ellar_db import hookimpl

    class Here:
        @hookimpl
        def ellar_db_directory(self) -> str:
            return "elsewhere"

    get_plugin_manager().register(Here(), name="here")

    plain.db("init")

    assert (plain.path / "elsewhere" / "env.py").is_file()


def test_disabled_plugins_are_not_imported(project: Project, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("ellar-db-one", GOOD, entry_points={"one": "ellar_db_one"})
    install("ellar-db-two", "raise SystemExit", entry_points={"two": "ellar_db_two"})
    install("ellar-db-three", "raise SystemExit", entry_points={"three": "ellar_db_three"})
    project.write("own.py", "raise SystemExit")
    project.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['own']\n")
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "Ellar_DB.Two, three,own")

    assert project.db("hello").output == "hello\n"

    states = {record.distribution: record.state for record in get_plugin_manager().records[len(BUILTINS) :]}
    assert states == {
        "ellar-db-one": "active",
        "ellar-db-two": "disabled",
        "ellar-db-three": "disabled",
        "own": "disabled",
    }


@pytest.mark.parametrize(
    ("value", "active"),
    [
        ("", []),
        ("one", ["ellar-db-one"]),
        ("Ellar-DB-Two,one", ["ellar-db-one", "ellar-db-two"]),
        (None, ["ellar-db-one", "ellar-db-two"]),
    ],
)
def test_load_plugins_chooses_the_installed_plugins(
    install: Install, monkeypatch: pytest.MonkeyPatch, value: str | None, active: list[str]
) -> None:
    install("ellar-db-one", GOOD, entry_points={"one": "ellar_db_one"})
    install("ellar-db-two", GOOD, entry_points={"two": "ellar_db_two"})
    if value is None:
        monkeypatch.delenv("ELLAR_DB_LOAD_PLUGINS")
    else:
        monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", value)

    records = create_plugin_manager().records

    ours = [record for record in records if record.distribution in ("ellar-db-one", "ellar-db-two")]
    assert [record.distribution for record in ours if record.state == "active"] == active


def test_load_plugins_says_which_of_them_is_not_installed(
    project: Project, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("good", GOOD)
    monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", "good,goood")

    result = project.db("hello")

    told = "ELLAR_DB_LOAD_PLUGINS names goood, and no such plugin is installed; did you mean good?"
    assert result.output == f"Warning: {told}\nhello\n"


def test_the_stack_trace_of_a_plugin_that_is_left_out_is_shown_where_it_is_asked_for(
    plain: Project, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("torn", "def begin():\n    raise ValueError('sqlite://user:sesame-street@host')\n\nbegin()")
    assert "begin()" not in plain.db("list-templates").stderr

    get_plugin_manager.cache_clear()
    shown = plain.db("--traceback", "list-templates").stderr
    monkeypatch.setenv("ELLAR_DB_TRACEBACK", "1")
    get_plugin_manager.cache_clear()
    also = plain.db("--help").stderr

    for text in (shown, also):
        assert "in begin\n" in text
        assert "Warning: the plugin torn 1.0 is left out: ValueError: " in text
        assert "sesame" not in text


def test_the_command_of_a_plugin_for_other_hooks_says_why_it_is_not_there(plain: Project, install: Install) -> None:
    install("newer", GOOD + "ELLAR_DB_API = '99.0'\n")

    assert "newer " in plain.db("--help").stdout
    assert "[newer is incompatible]" in plain.db("--help").stdout
    error = plain.db("newer", exit_code=1).stderr.splitlines()[-1]
    assert error.startswith("Error: the plugin newer 1.0 is incompatible: it was written for version 99.0 of the hooks")


def test_tracing_shows_each_hook_call(plain: Project, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        "here", "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_directory():\n    return 'elsewhere' * 20"
    )
    plain.db("init", "-d", "migrations")
    monkeypatch.setenv("ELLAR_DB_TRACE_PLUGINS", "1")
    get_plugin_manager.cache_clear()

    result = plain.db("heads", exit_code=1)

    lines = [line for line in result.stderr.splitlines() if "ellar_db_directory" in line]
    assert len(lines) == 1
    shown = ("'" + "elsewhere" * 20)[:97] + "..."
    assert lines[0].startswith(f"trace: ellar_db_directory() -> {shown} from here:here in ")
    assert lines[0].endswith(" ms")
    assert "trace: ellar_db_register_commands() -> [[<Command heads>]] from ellar-db:heads in " in result.stderr
    assert "trace: ellar_db_invoke(ctx=" in result.stderr
    assert "-> raised DbError from ellar-db:invoking in " in result.stderr

    monkeypatch.setenv("ELLAR_DB_TRACE_PLUGINS", "0")
    get_plugin_manager.cache_clear()
    assert "trace:" not in plain.db("heads", exit_code=1).stderr


REQUIREMENTS = {
    "not-there": "it isn't installed; install it with pip install 'not-there'",
    "good>=1.2": "1.0 is installed; install it with pip install 'good>=1.2'",
    "bad": "it is broken: ModuleNotFoundError: No module named 'no_such_module'",
    "off": "it is disabled",
    "what is this": "that isn't a requirement; write it as 'name>=1.2'",
}


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_a_required_plugin_that_is_not_as_it_should_be_stops_commands(
    plain: Project, install: Install, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    install("good", GOOD)
    install("bad", "import no_such_module")
    install("off", GOOD)
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "off")
    plain.configure(extra=f'required-plugins = ["{text}"]')

    for command in (["init"], ["heads"], ["hello"], ["list-templates"]):
        result = plain.db(*command, exit_code=1)
        assert result.stdout == ""
        assert result.stderr.splitlines()[-1] == (
            f"Error: [tool.ellar-db] required-plugins has {text!r}, and {REQUIREMENTS[text]}"
        )
    assert "init" in plain.db("--help").stdout
    assert "Options:" in plain.db("init", "--help").stdout
    missing = [row for row in json.loads(plain.db("plugins", "--json").stdout)["plugins"] if row["state"] == "missing"]
    assert [(row["distribution"], row["error"]) for row in missing] == [(text, REQUIREMENTS[text])]


def test_a_required_plugin_stops_an_application_that_migrates_at_its_start(plain: Project) -> None:
    from ellar_db import DbError, alembic_config

    plain.db("init")
    plain.configure(extra='required-plugins = ["not-there"]')

    with pytest.raises(DbError, match="required-plugins has 'not-there'"), alembic_config():
        pass


def test_a_required_plugin_stops_bare_alembic(plain: Project) -> None:
    plain.db("init")
    plain.configure(extra='required-plugins = ["not-there"]')

    done = plain.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head", exit_code=255)

    assert "FAILED: [tool.ellar-db] required-plugins has 'not-there'" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_required_plugins_that_are_there_say_nothing(plain: Project, install: Install) -> None:
    install("Good.Plugin", GOOD, module="good")
    plain.configure(extra="""required-plugins = ["good_plugin>=1,<2", "absent; python_version < '3'"]""")

    assert plain.db("hello").output == "hello\n"


def test_a_distributions_name_and_version_are_those_of_its_metadata(install: Install) -> None:
    file = install("Some.Plugin", GOOD, module="some", version="2.0rc1")
    metadata = next(file.parent.glob("*.dist-info")) / "METADATA"
    metadata.write_text(metadata.read_text() + "\nName: of something else\nVersion: none\n")

    record = create_plugin_manager().records[-1]

    assert (record.distribution, record.version) == ("Some.Plugin", "2.0rc1")


def test_a_distribution_without_metadata_still_loads(install: Install) -> None:
    file = install("bare", GOOD)
    next(file.parent.glob("*.dist-info")).joinpath("METADATA").write_text("")

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ELLAR_DB_LOAD_PLUGINS")
        records = create_plugin_manager().records

    assert [(record.title, record.state) for record in records if record.entry_point == "bare = bare"] == [
        ("bare", "active")
    ]


def test_plugins_load_without_parsing_whole_metadata(project: Project, install: Install) -> None:
    for number in range(3):
        install(f"plugin-{number}", "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_directory():\n    pass")

    done = project.run(
        "python",
        "-c",
        "import sys; from ellar_db.plugins.manager import get_plugin_manager; records = get_plugin_manager().records\n"
        "print([r.title for r in records[-3:]], 'importlib.metadata' in sys.modules, "
        "[n for n in ('packaging', 'alembic', 'sqlalchemy', 'ellar', 'rich') if n in sys.modules])",
        env={"PYTHONPATH": str(project.path / "site")},
    )

    assert done.stdout == "['plugin-0 1.0', 'plugin-1 1.0', 'plugin-2 1.0'] False []\n"


def test_the_manager_is_made_once() -> None:
    assert get_plugin_manager() is get_plugin_manager()
    assert create_plugin_manager() is not get_plugin_manager()


def test_a_project_module_is_found_in_the_working_directory(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("own.py", GOOD)
    project.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['own']\n")
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder not in ("", os.getcwd())])

    assert project.db("hello").output == "hello\n"


def test_a_plugins_title_is_its_distribution_and_version() -> None:
    assert Plugin("x:y", "installed", "x", version="1.0").title == "x 1.0"
    assert Plugin("own", "project", "own").title == "own"


ALEMBIC_BROKEN = {
    "raises at import": "raise RuntimeError('broken by design')",
    "exits at import": "raise SystemExit('broken by design')",
    "raises in setup": "def setup(plugin):\n    raise RuntimeError('broken by design')",
}


# before 1.20.1 Alembic takes only a list of modules here, and any later one takes both
AS_A_LIST = "import sys\n\nmodules = [sys.modules[__name__]]\n\n"


@pytest.mark.sampled
@pytest.mark.parametrize("kind", ALEMBIC_BROKEN)
def test_a_plugin_of_alembics_own_that_breaks_it_is_named(plain: Project, install: Install, kind: str) -> None:
    plain.db("init")
    fine = "import alembic\n\ndef setup(plugin):\n    pass"
    for name, source in (("a_fine_one", fine), ("culprit", ALEMBIC_BROKEN[kind])):
        install(name, AS_A_LIST + source, entry_points={name: f"{name}:modules"}, group="alembic.plugins")
    site = {"PYTHONPATH": str(plain.path / "site")}

    # where nothing has imported Alembic, whose plugins it imports itself
    done = Project.run(plain, "ellar-db", "current", exit_code=3, env=site)

    cause = f"{'SystemExit' if 'exits' in kind else 'RuntimeError'}: broken by design"
    assert done.stdout == ""
    assert done.stderr == (
        "Error: Alembic can't be imported, since one of its own plugins is broken: culprit (entry point "
        f"culprit = culprit:modules): {cause}. Mend or uninstall it.\n"
    )
    assert "culprit.py" in Project.run(plain, "ellar-db", "--traceback", "current", exit_code=3, env=site).stderr
    assert "upgrade" in Project.run(plain, "ellar-db", "--help", env=site).stdout
    assert Project.run(plain, "ellar-db", "heads", env=site).stderr == ""
    shown = json.loads(Project.run(plain, "ellar-db", "plugins", "--json", env=site).stdout)["plugins"]
    assert [(row["distribution"], row["state"], row["error"]) for row in shown if row["kind"] == "alembic"] == [
        ("a_fine_one", "active", ""),
        ("culprit", "broken", cause),
    ]
