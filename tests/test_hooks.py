"""Each hook: when it is called, with what, and what its answer does."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import create_engine, text

import ellar_db
from ellar_db import Database, hookimpl, hookspecs
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.plugins.record import Plugin as Record
from ellar_db.testing import Project

HOOKS = [name for name in vars(hookspecs) if name.startswith("ellar_db_")]

DEPRECATED = [name for name in HOOKS if getattr(hookspecs, name).ellar_db_spec["warn_on_impl"] is not None]

MORE = """

class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
"""


class Plugin:
    """A plugin made of functions, each under a hook's name."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        for name, function in functions.items():
            setattr(self, name, hookimpl(function))


@pytest.fixture
def answer(plain: Project) -> Callable[..., None]:
    """Register functions under hooks' names, as one plugin, for the commands that follow."""

    def register(name: str = "tried", **functions: Callable[..., Any]) -> None:
        get_plugin_manager().register(Plugin(**functions), name=name)

    return register


def source(project: Project, number: int = 0) -> str:
    return project.revisions()[number].read_text()


def migrated(project: Project) -> Project:
    project.db("init")
    project.db("migrate", "-m", "first")
    return project


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_has_a_user_among_the_built_ins_or_the_examples(name: str) -> None:
    root = Path(ellar_db.__file__).parent
    files = [*root.rglob("*.py"), *(root.parent / "plugins_example").rglob("*.py")]
    users = [
        file
        for file in files
        if file.name != "hookspecs.py" and "tests" not in file.parts and f"\ndef {name}(" in file.read_text("utf-8")
    ]

    # nobody should learn from these what will go away
    assert bool(users) != (name in DEPRECATED)


def test_deprecated_hooks_name_the_one_to_use() -> None:
    assert DEPRECATED == ["ellar_db_after_run", "ellar_db_step_applied"]
    for name in DEPRECATED:
        said = str(getattr(hookspecs, name).ellar_db_spec["warn_on_impl"])
        successors = re.findall(r"ellar_db_\w+", said.partition(": use ")[2])
        assert said.startswith(f"{name}: use ")
        assert successors
        assert set(successors) <= set(HOOKS) - set(DEPRECATED)
        assert f"(deprecated: use `{successors[0]}`)" in (inspect.getdoc(getattr(hookspecs, name)) or "")


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_tested_documented_typed_and_called(name: str) -> None:
    spec = getattr(hookspecs, name)
    tests = "".join(file.read_text() for file in Path(__file__).parent.rglob("test_*.py"))
    package = Path(ellar_db.__file__).parent
    code = "".join(file.read_text() for file in package.rglob("*.py") if file.name != "hookspecs.py")
    signature = inspect.signature(spec)

    assert re.search(rf"^def test_{name}_\w+\(", tests, re.MULTILINE), "no test is named after it"
    assert re.search(rf'"{name}"|hook\.{name}\(', code), "nothing calls it"
    doc = inspect.getdoc(spec) or ""
    assert f"Example:\n    @hookimpl(wrapper=True)\n    def {name}(" in doc or f"@hookimpl\n    def {name}(" in doc
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert re.search(rf"^    {parameter.name}: ", doc, re.MULTILINE), f"{parameter.name} isn't described"


@pytest.mark.parametrize("name", DEPRECATED)
def test_a_plugin_with_a_deprecated_hook_is_told_what_to_use(
    plain: Project, install: Callable[..., Path], name: str
) -> None:
    install("old", f"from ellar_db import hookimpl\n\n@hookimpl\ndef {name}(database):\n    print('called')\n")
    migrated(plain)
    get_plugin_manager.cache_clear()

    done = plain.db("upgrade")

    assert f"Warning: the plugin old 1.0 uses what will go away: {name}: use ellar_db_" in done.stderr
    assert done.stdout == "called\n"


def test_the_examples_of_the_hooks_are_python_and_answer_their_hooks() -> None:
    for name in HOOKS:
        doc = inspect.getdoc(getattr(hookspecs, name)) or ""
        example = inspect.cleandoc(doc.partition("Example:\n")[2])
        names: dict[str, Any] = {"hookimpl": hookimpl, "click": click}
        exec(compile(example, name, "exec"), names)
        assert inspect.isfunction(names[name]), name
        known = inspect.signature(getattr(hookspecs, name)).parameters
        assert set(inspect.signature(names[name]).parameters) <= set(known), name


def test_ellar_db_register_commands_adds_a_command(plain: Project, answer: Callable[..., None]) -> None:
    @click.command(short_help="Say hello.")
    @click.argument("name")
    def hello(name: str) -> None:
        click.echo(f"hello {name}")

    manager = get_plugin_manager()
    record = Record("tried", "project", "tried")
    manager.load(record, lambda: Plugin(ellar_db_register_commands=lambda: [hello]))

    assert plain.db("hello", "you").output == "hello you\n"
    assert re.search(r"^  hello +Say hello\. \[tried\]$", plain.db("--help").stdout, re.MULTILINE)


def test_ellar_db_invoke_wraps_each_command(plain: Project) -> None:
    seen: list[Any] = []

    class Wrapper:
        def __init__(self, mark: str) -> None:
            self.mark = mark

        @hookimpl(wrapper=True)
        def ellar_db_invoke(self, ctx: click.Context, command: click.Command) -> Iterator[None]:
            seen.append((self.mark, command.name, ctx.params.get("verbose")))
            result = yield
            seen.append((self.mark, result))
            return result

    manager = get_plugin_manager()
    manager.register(Wrapper("inner"), name="inner")
    manager.register(Wrapper("outer"), name="outer")
    plain.db("list-templates")
    plain.db("heads", "-v", exit_code=1)

    assert seen == [
        ("outer", "list-templates", None),
        ("inner", "list-templates", None),
        ("inner", None),
        ("outer", None),
        ("outer", "heads", True),
        ("inner", "heads", True),
    ]


def test_ellar_db_invoke_may_refuse(plain: Project) -> None:
    class Wrapper:
        @hookimpl(wrapper=True)
        def ellar_db_invoke(self, command: click.Command) -> Iterator[None]:
            if command.name == "init":
                raise click.ClickException("not on a Friday")
            return (yield)

    get_plugin_manager().register(Wrapper(), name="friday")

    assert plain.db("init", exit_code=1).output == "Error: not on a Friday\n"
    assert not (plain.path / "migrations").exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_ellar_db_invoke_is_named_where_it_fails(plain: Project, when: str) -> None:
    class Wrapper:
        @hookimpl(wrapper=True)
        def ellar_db_invoke(self) -> Iterator[None]:
            if when == "before":
                raise ValueError("wrong")
            yield
            raise SystemExit("wrong")

    get_plugin_manager().register(Wrapper(), name="clumsy")

    kind = "ValueError" if when == "before" else "SystemExit"
    assert plain.db("list-templates", exit_code=1).stderr == (
        f"Error: the plugin clumsy failed in ellar_db_invoke: {kind}: wrong; mend it (--traceback shows where), or "
        "leave it out with ELLAR_DB_DISABLE_PLUGINS=clumsy\n"
    )


class Wrapper:
    @hookimpl(wrapper=True)
    def ellar_db_invoke(self) -> Iterator[None]:
        return (yield)


@click.command()
@click.argument("how", default="raise")
def crash(how: str) -> None:
    if how == "leave":
        raise SystemExit(7)
    raise KeyError(5)


def test_ellar_db_invoke_lets_pass_what_a_built_in_command_raises(plain: Project) -> None:
    manager = get_plugin_manager()
    manager.register(Wrapper(), name="fine")
    manager.load(Record("crash", "built-in", "ellar-db"), lambda: Plugin(ellar_db_register_commands=lambda: [crash]))

    with pytest.raises(KeyError, match="5"):
        plain.db("crash")


def test_a_plugin_whose_command_fails_is_named(plain: Project) -> None:
    manager = get_plugin_manager()
    manager.register(Wrapper(), name="fine")
    manager.load(Record("crash", "project", "crash"), lambda: Plugin(ellar_db_register_commands=lambda: [crash]))

    assert plain.db("crash", exit_code=1).stderr == (
        "Error: the plugin crash failed in its command crash: KeyError: 5; mend it (--traceback shows where), or leave "
        "it out with ELLAR_DB_DISABLE_PLUGINS=crash\n"
    )
    assert "raise KeyError(5)" in plain.db("--traceback", "crash", exit_code=1).stderr
    assert plain.db("crash", "leave", exit_code=7).stderr == ""


def test_what_the_replaced_command_raises_is_not_laid_to_the_plugin(plain: Project) -> None:
    from ellar_db import OverridingCommand

    @click.command("crash", cls=OverridingCommand)
    @click.pass_context
    def replacing(ctx: click.Context, **_: object) -> None:
        ctx.command.call_replaced(ctx)  # type: ignore[attr-defined]

    manager = get_plugin_manager()
    manager.load(Record("below", "built-in", "ellar-db"), lambda: Plugin(ellar_db_register_commands=lambda: [crash]))
    manager.load(Record("above", "project", "above"), lambda: Plugin(ellar_db_register_commands=lambda: [replacing]))

    with pytest.raises(KeyError, match="5"):
        plain.db("crash")


def test_ellar_db_databases_supplies_a_database(plain: Project, answer: Callable[..., None]) -> None:
    audit = Database("audit", create_engine("sqlite:///audit.db"))
    answer(ellar_db_databases=lambda: [audit])

    result = plain.db("init", "--multi")
    assert result.exit_code == 0
    plain.db("revision", "-m", "x")

    assert "def upgrade_default()" in source(plain)
    assert "def upgrade_audit()" in source(plain)
    audit.sync_engine.dispose()


def test_ellar_db_databases_must_be_databases(plain: Project, answer: Callable[..., None]) -> None:
    plain.db("init")
    answer("odd", ellar_db_databases=lambda: ["sqlite:///x.db"])

    assert plain.db("current", exit_code=1).stderr == (
        "Error: odd supplied 'sqlite:///x.db' as a database; it must be an ellar_db.Database\n"
    )


def test_ellar_db_directory_names_the_folder_unless_the_command_line_does(
    plain: Project, answer: Callable[..., None]
) -> None:
    plain.configure(extra="directory = 'from-pyproject'")
    answer("silent", ellar_db_directory=lambda: None)
    answer("first", ellar_db_directory=lambda: "elsewhere")
    answer("silent-too", ellar_db_directory=lambda: None)

    plain.db("init")
    plain.db("init", "-d", "given")

    assert sorted(file.parent.name for file in plain.path.glob("*/env.py")) == ["elsewhere", "given"]


def test_ellar_db_templates_gives_templates(plain: Project, answer: Callable[..., None]) -> None:
    template = plain.path / "templates" / "house"
    plain.write("templates/house/README", "The style of the house.\n")
    plain.write("templates/house/env.py", "from ellar_db.env import run\n\nrun()\n")
    plain.write("templates/house/script.py.mako", "# house\nrevision = ${repr(up_revision)}\n")
    plain.write("templates/house/alembic.ini.mako", "[alembic]\nscript_location = ${script_location}\n")
    answer(ellar_db_templates=lambda: [template.parent])

    plain.db("init", "-t", "house")

    assert re.search(r"^\s*house\b.*The style of the house\.", plain.db("list-templates").stdout, re.MULTILINE)
    assert (plain.path / "migrations" / "script.py.mako").read_text().startswith("# house")


def test_ellar_db_templates_must_be_there(plain: Project, answer: Callable[..., None]) -> None:
    answer("lost", ellar_db_templates=lambda: [Path("nowhere")])

    assert plain.db("init", exit_code=1).stderr == (
        "Error: the plugin lost names nowhere as a folder of templates, and it isn't there\n"
    )


def test_ellar_db_configure_changes_the_configuration(plain: Project, answer: Callable[..., None]) -> None:
    plain.db("init")
    answer(ellar_db_configure=lambda config: config.set_main_option("file_template", "named_%%(rev)s"))

    plain.db("revision", "--rev-id", "a1")

    assert [file.name for file in plain.revisions()] == ["named_a1.py"]


def test_ellar_db_context_options_go_over_the_applications_and_the_first_asked_wins(
    plain: Project, answer: Callable[..., None]
) -> None:
    plain.configure(extra="[tool.ellar-db.context-configure]\nversion_table = 'theirs'\n")
    migrated(plain)
    asked = []

    def options(database: Database) -> dict[str, Any]:
        asked.append(database.name)
        return {"version_table": "last_registered"}

    answer("one", ellar_db_context_options=lambda: {"version_table": "first_registered"})
    answer("two", ellar_db_context_options=options)

    plain.db("upgrade")

    # the comparison of `migrate`, before the plugins came, made the application's own
    assert plain.tables() == {"users", "last_registered", "theirs"}
    assert asked == ["default"]


def test_what_a_plugin_adds_to_one_revision_is_not_in_the_next(plain: Project, answer: Callable[..., None]) -> None:
    plain.db("init")
    answer(ellar_db_process_revision_directives=lambda directives: directives[0].imports.add("import os"))
    plain.db("migrate", "--rev-id", "a1")
    plain.db("upgrade")
    plain.change_models(MORE)

    plain.db("migrate", "--rev-id", "b2")

    assert ["import os" in file.read_text() for file in plain.revisions()] == [True, False]


def test_ellar_db_context_options_that_are_functions_are_all_called(
    plain: Project, answer: Callable[..., None]
) -> None:
    plain.db("init")
    plain.change_models(MORE + MORE.replace("Item", "Thing").replace("items", "things"))
    applied = []

    def excluding(table: str) -> Callable[..., bool]:
        return lambda object_, name, type_, reflected, compare_to: name != table

    def directives(context: Any, revision: Any, directives: Any) -> None:
        directives[0].imports.add("import os")

    for number, table in enumerate(("items", "things")):
        answer(f"plugin{number}", ellar_db_context_options=lambda table=table: {"include_object": excluding(table)})
    answer(
        "rest",
        ellar_db_context_options=lambda: {
            "process_revision_directives": directives,
            "include_name": lambda name, type_, parent_names: name != "old",
            "on_version_apply": [lambda **values: applied.append(values["step"].up_revision_id)],
        },
    )
    engine = create_engine("sqlite:///app.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE old (id INTEGER)"))
    engine.dispose()

    plain.db("migrate", "--rev-id", "a1")
    plain.db("upgrade")

    assert re.findall(r"create_table\('(\w+)'", source(plain)) == ["users"]
    assert "import os" in source(plain)
    assert "old" not in source(plain)
    assert applied == ["a1"]


def test_ellar_db_context_options_must_be_a_mapping(plain: Project, answer: Callable[..., None]) -> None:
    migrated(plain)
    answer("odd", ellar_db_context_options=lambda: 5)

    assert plain.db("upgrade", exit_code=1).stderr == (
        "Error: the plugin odd failed in ellar_db_context_options: TypeError: 'int' object is not iterable; mend it "
        "(--traceback shows where), or leave it out with ELLAR_DB_DISABLE_PLUGINS=odd\n"
    )


def test_ellar_db_include_object_leaves_out_what_one_plugin_refuses(
    plain: Project, answer: Callable[..., None]
) -> None:
    plain.db("init")
    plain.change_models(MORE)
    seen = set()

    def include(database: Database, object: Any, name: str, type_: str, reflected: bool, compare_to: Any) -> bool:
        seen.add((database.name, object.name, name, type_, reflected, compare_to))
        return name != "items"

    answer("yes", ellar_db_include_object=lambda: True)
    answer("no", ellar_db_include_object=include)
    answer("none", ellar_db_include_object=lambda: None)

    plain.db("migrate")

    assert re.findall(r"create_table\('(\w+)'", source(plain)) == ["users"]
    assert ("default", "items", "items", "table", False, None) in seen


def test_ellar_db_include_name_leaves_out_what_one_plugin_refuses(plain: Project, answer: Callable[..., None]) -> None:
    migrated(plain)
    plain.db("upgrade")
    engine = create_engine("sqlite:///app.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE legacy (id INTEGER)"))
    engine.dispose()
    plain.db("check", exit_code=1)
    seen = []

    def include(database: Database, name: str, type_: str, parent_names: Any) -> bool:
        seen.append((database.name, name, type_, dict(parent_names)))
        return name != "legacy"

    answer("yes", ellar_db_include_name=lambda: None)
    answer("no", ellar_db_include_name=include)

    plain.db("check")

    assert ("default", "legacy", "table", {"schema_name": None, "schema_qualified_table_name": "legacy"}) in seen


def test_ellar_db_process_revision_directives_changes_what_is_written(
    plain: Project, answer: Callable[..., None]
) -> None:
    plain.db("init")
    order = []

    def process(context: Any, revision: tuple[str, ...], directives: list[Any]) -> None:
        order.append((context.dialect.name, revision))
        directives[0].message = "changed"

    answer(ellar_db_process_revision_directives=process)

    plain.db("migrate", "-m", "x", "--rev-id", "a1")

    assert order == [("sqlite", ())]
    assert source(plain).startswith('"""changed')


def test_ellar_db_revision_id_names_revisions_and_the_command_line_beats_it(
    plain: Project, answer: Callable[..., None]
) -> None:
    plain.db("init")
    requests: list[Any] = []

    def rev_id(request: Any) -> str:
        requests.append(request)
        return f"r{len(requests)}"

    answer("last", ellar_db_revision_id=lambda: "never")
    answer("first", ellar_db_revision_id=rev_id)

    plain.db("migrate", "-m", "Add users")
    plain.db("upgrade")
    plain.db("revision", "-m", "two", "--branch-label", "side")
    plain.db("revision", "-m", "two and a half", "--head", "r1", "--splice", "--rev-id", "given")
    plain.db("merge", "-m", "three", "heads")

    assert plain.db("heads").stdout == "r3 (side) (head)\n"
    assert plain.db("history").stdout.count("given") == 2
    assert [(each.message, each.slug, each.parents, each.branch_label, each.autogenerate) for each in requests] == [
        ("Add users", "add_users", (), None, True),
        ("two", "two", ("r1",), "side", False),
        ("three", "three", requests[2].parents, None, False),
    ]
    assert set(requests[2].parents) == {"r2", "given"}
    assert requests[0].directory == Path("migrations")
    assert requests[0].create_date.year >= 2026


def test_ellar_db_revision_id_holds_for_bare_alembics_autogenerate_too(
    plain: Project, install: Callable[..., Path]
) -> None:
    plain.db("init")
    install("naming", "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_revision_id():\n    return 'r1'")

    plain.run(
        "alembic", "-c", "migrations/alembic.ini", "revision", "--autogenerate", "-m", "x",
        env={"PYTHONPATH": str(plain.path / "site")},
    )  # fmt: skip

    assert [file.name.partition("_")[0] for file in plain.revisions()] == ["r1"]


@pytest.mark.parametrize("bad", ["../../x", "a-b", "head", "x" * 33, 5, ""])
def test_ellar_db_revision_id_that_cant_be_used_is_refused(
    plain: Project, answer: Callable[..., None], bad: Any
) -> None:
    plain.db("init")
    answer("odd", ellar_db_revision_id=lambda: bad)

    result = plain.db("revision", "-m", "x", exit_code=1)

    assert result.stderr.startswith("Error: the plugin odd gives ")
    assert len(result.stderr.splitlines()) == 1
    assert plain.revisions() == []


def test_ellar_db_revision_filename_names_the_file(plain: Project, answer: Callable[..., None]) -> None:
    plain.db("init")
    answer(ellar_db_revision_filename=lambda request, rev_id: f"{rev_id} {request.slug} 100%")

    plain.db("revision", "-m", "Add users", "--rev-id", "a1")
    plain.db("revision", "-m", "more")

    names = {file.name for file in plain.revisions()}
    (generated,) = names - {"a1 add_users 100%.py"}
    assert len(names) == 2
    assert re.fullmatch(r"[0-9a-f]{12} more 100%\.py", generated)
    assert plain.db("heads").stdout == f"{generated[:12]} (head)\n"


@pytest.mark.parametrize("bad", ["../x", "/x", "a\\b", "", "x?", 5, "sub/x"])
def test_ellar_db_revision_filename_that_cant_be_used_is_refused(
    plain: Project, answer: Callable[..., None], bad: Any
) -> None:
    plain.db("init")
    answer("odd", ellar_db_revision_filename=lambda: bad)

    result = plain.db("revision", exit_code=1)

    assert result.stderr.startswith(f"Error: the plugin odd gives {bad!r} as file name; ")
    assert len(result.stderr.splitlines()) == 1
    assert [file for file in plain.path.rglob("*.py") if "migrations" in file.parts] == [
        plain.path / "migrations" / "env.py"
    ]


def test_ellar_db_before_run_may_refuse_before_anything_is_done(plain: Project, answer: Callable[..., None]) -> None:
    migrated(plain)
    asked = []

    def refuse(database: Database, connection: Any) -> None:
        asked.append((database.name, connection.execute(text("SELECT 1")).scalar()))
        raise click.ClickException(f"{database.name} is a replica")

    answer(ellar_db_before_run=refuse)

    for command in (["upgrade"], ["downgrade", "base"], ["stamp"], ["ensure-version"]):
        assert plain.db(*command, exit_code=1).stderr == "Error: default is a replica\n"
    assert asked == [("default", 1)] * 4
    assert "users" not in plain.tables()
    plain.db("current")
    plain.db("migrate", exit_code=1)
    assert len(asked) == 4


def test_ellar_db_before_run_has_no_connection_offline(plain: Project, answer: Callable[..., None]) -> None:
    migrated(plain)
    asked: list[Any] = []
    answer(ellar_db_before_run=lambda database, connection: asked.append((database.name, connection)))

    assert "CREATE TABLE users" in plain.db("upgrade", "--sql").stdout
    assert asked == [("default", None)]


@pytest.mark.parametrize(
    ("arguments", "plan"),
    [
        (["upgrade"], ["+r2", "+r3"]),
        (["upgrade", "+1"], ["+r2"]),
        (["upgrade", "r1"], []),
        (["downgrade"], ["-r1"]),
        (["stamp", "r3"], ["=r3"]),
        (["stamp", "--purge", "r1"], ["=r1"]),
        (["ensure-version"], []),
        (["upgrade", "--sql"], ["+r1", "+r2", "+r3"]),
        (["upgrade", "--sql", "r2:head"], ["+r3"]),
    ],
)
def test_ellar_db_before_run_knows_what_will_be_applied(
    plain: Project, answer: Callable[..., None], arguments: list[str], plan: list[str]
) -> None:
    plain.db("init")
    for number in (1, 2, 3):
        plain.db("revision", "--rev-id", f"r{number}")
    plain.db("upgrade", "r1")
    told, applied = [], []

    def mark(step: Any) -> str:
        return f"{'=' if step.is_stamp else '+' if step.is_upgrade else '-'}{step.up_revision_id}"

    answer(
        ellar_db_before_run=lambda plan: told.append([mark(step) for step in plan]),
        ellar_db_step_applied=lambda step: applied.append(mark(step)),
    )

    plain.db(*arguments)

    assert told == [plan]
    assert applied == plan


def test_ellar_db_before_run_reads_the_version_table_that_plugins_name(
    plain: Project, answer: Callable[..., None]
) -> None:
    migrated(plain)
    plans = []
    answer(
        ellar_db_context_options=lambda: {"version_table": "versions"},
        ellar_db_before_run=lambda plan: plans.append(len(plan)),
    )

    plain.db("upgrade")
    plain.db("upgrade")

    assert plans == [1, 0]


def test_ellar_db_after_run_knows_the_steps_and_is_part_of_the_run(plain: Project, answer: Callable[..., None]) -> None:
    migrated(plain)
    plain.db("revision", "-m", "second", "--rev-id", "r2")
    runs = []

    def after(database: Database, connection: Any, steps: Any) -> None:
        runs.append((database.name, [step.up_revision_id for step in steps]))
        connection.execute(text("CREATE TABLE noted (id INTEGER)"))

    answer(ellar_db_after_run=after)

    plain.db("upgrade")

    first = plain.db("history").stdout.splitlines()[-1].split("-> ")[1].split()[0].rstrip(",")
    assert runs == [("default", [first, "r2"])]
    assert plain.tables() == {"alembic_version", "users", "noted"}


def test_ellar_db_step_applied_sees_each_revision(plain: Project, answer: Callable[..., None]) -> None:
    migrated(plain)
    plain.db("revision", "-m", "second", "--rev-id", "r2")
    steps = []

    def applied(database: Database, step: Any) -> None:
        steps.append((database.name, step.is_upgrade, step.up_revision_id))

    answer(ellar_db_step_applied=applied)

    plain.db("upgrade")
    plain.db("downgrade", "-1")

    assert len(steps) == 3
    assert steps[1:] == [("default", True, "r2"), ("default", False, "r2")]
