"""Answers mean something: where none is wanted, and where one counts and several are given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.plugins.requirements import CHOICES
from ellar_db.testing import Project

Install = Callable[..., Path]

HOOK = """
from pathlib import Path
from ellar_db import hookimpl

@hookimpl
def {hook}:
    return {answer}
"""


@pytest.fixture
def migrated(plain: Project) -> Project:
    """A project with a revision that isn't applied."""
    plain.db("init")
    plain.db("migrate", "-m", "first")
    return plain


UNWANTED = {
    "before_run False": ("ellar_db_before_run(database)", "False", "upgrade"),
    "before_run True": ("ellar_db_before_run(plan)", "True", "upgrade"),
    "after_run": ("ellar_db_after_run(steps)", "steps", "upgrade"),
    "step_applied": ("ellar_db_step_applied(step)", "0", "upgrade"),
    "configure": ("ellar_db_configure(config)", "config", "upgrade"),
    "directives": ("ellar_db_process_revision_directives(directives)", "[]", "migrate"),
}


@pytest.mark.parametrize("kind", UNWANTED)
def test_an_answer_where_none_is_wanted_is_an_error(migrated: Project, install: Install, kind: str) -> None:
    hook, answer, command = UNWANTED[kind]
    name = hook.partition("(")[0]
    install("says", HOOK.format(hook=hook, answer=answer))
    if command == "migrate":
        (file,) = migrated.revisions()
        file.unlink()

    result = migrated.db(command, exit_code=1)

    error = result.stderr.splitlines()[-1]
    assert error.startswith(f"Error: the plugin says 1.0 failed in {name}: TypeError: it returned ")
    assert "where no answer is wanted; to refuse, raise a click.ClickException; mend it" in error
    assert "ELLAR_DB_DISABLE_PLUGINS=says" in error
    # nothing was done, or it was rolled back
    assert "users" not in migrated.tables()
    assert len(migrated.revisions()) == (0 if command == "migrate" else 1)


def test_false_before_a_run_stops_it_before_anything_is_done(migrated: Project, install: Install) -> None:
    migrated.db("upgrade")
    install("says", HOOK.format(hook="ellar_db_before_run(database)", answer="False"))

    result = migrated.db("downgrade", "--yes", "base", exit_code=1)

    assert "it returned False" in result.stderr
    assert "  ok  " not in result.stderr
    assert "users" in migrated.tables()


def test_bare_alembic_refuses_an_answer_too(migrated: Project, install: Install) -> None:
    migrated.write("own.py", HOOK.format(hook="ellar_db_before_run(database)", answer="False"))
    migrated.configure(extra="plugins = ['own']")

    done = migrated.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head", exit_code=255)

    assert "the plugin own failed in ellar_db_before_run: TypeError: it returned False" in done.stdout + done.stderr
    assert "users" not in migrated.tables()


# a wrapper of a hook that nobody else implements


def test_a_wrapper_checks_whether_or_not_there_is_something_to_wrap(migrated: Project, install: Install) -> None:
    install(
        "alone",
        """
        import click
        from ellar_db import hookimpl

        @hookimpl(wrapper=True)
        def ellar_db_before_run(database):
            yield
            raise click.ClickException("not today")
        """,
    )

    assert migrated.db("upgrade", exit_code=1).stderr == "Error: not today\n"
    assert "users" not in migrated.tables()


def test_a_wrapper_that_forgets_the_answers_is_named(migrated: Project, install: Install) -> None:
    install("plain", HOOK.format(hook="ellar_db_before_run(database)", answer="None"))
    wrapper = HOOK.format(hook="ellar_db_before_run(database)", answer="None").replace(
        "@hookimpl", "@hookimpl(wrapper=True)"
    )
    install("wraps", wrapper.replace("    return None", "    yield"))

    error = migrated.db("upgrade", exit_code=1).stderr

    assert error.startswith(
        "Error: the plugin wraps 1.0 failed in ellar_db_before_run: TypeError: it returned None; it must return what "
    )


# one answer counts

COUNTED = {
    "revision_id": ("ellar_db_revision_id(request)", "'{0}1'", ["revision"]),
    "revision_filename": ("ellar_db_revision_filename(request)", "'{0}1'", ["revision"]),
    "directory": ("ellar_db_directory()", "'{0}1'", ["heads"]),
    "lock": ("ellar_db_lock(database)", "Held('{0}1')", ["upgrade", "--lock-timeout", "0"]),
    "context_options": ("ellar_db_context_options(database)", "{{'version_table': '{0}1'}}", ["upgrade"]),
}

HELD = """

class Held:
    def __init__(self, name):
        self.name = name

    def acquire(self):
        return False

    def release(self):
        pass

    def holder(self):
        return self.name
"""


def answering(name: str, hook: str) -> str:
    signature, answer, _ = COUNTED[hook]
    return HOOK.format(hook=signature, answer=answer.format(name)) + HELD


def seen(project: Project, hook: str) -> str:
    """Return whose answer counted."""
    result = project.db(*COUNTED[hook][2], exit_code=None)
    files = " ".join(file.name for file in project.revisions())
    texts = " ".join(file.read_text(encoding="utf-8") for file in project.revisions())
    everything = " ".join((result.output, files, texts, *project.tables()))
    return " ".join(name for name in ("ant", "bee", "own") if f"{name}1" in everything)


@pytest.mark.parametrize("hook", COUNTED)
def test_two_installed_plugins_that_answer_are_an_error(migrated: Project, install: Install, hook: str) -> None:
    install("ant", answering("ant", hook))
    install("bee", answering("bee", hook))

    result = migrated.db(*COUNTED[hook][2], exit_code=1)

    what = "the option version_table is given" if hook == "context_options" else f"ellar_db_{hook} is answered"
    assert result.stderr.splitlines()[-1] == (
        f"Error: {what} by bee 1.0 and by ant 1.0, and one counts; leave one out (ELLAR_DB_DISABLE_PLUGINS=ant), or "
        f'choose in pyproject.toml: [tool.ellar-db.hooks] {hook} = "bee"'
    )
    assert len(migrated.revisions()) == 1
    assert "users" not in migrated.tables()


@pytest.mark.parametrize("hook", COUNTED)
@pytest.mark.parametrize("choice", ["ant", "bee", "B_E.E"])
def test_the_project_chooses_whose_answer_counts(migrated: Project, install: Install, hook: str, choice: str) -> None:
    install("ant", answering("ant", hook))
    install("bee" if choice != "B_E.E" else "b-e-e", answering("bee", hook), module="bee")
    migrated.configure(extra=f"[tool.ellar-db.hooks]\n{hook} = '{choice}'")

    assert seen(migrated, hook) == ("ant" if choice == "ant" else "bee")


@pytest.mark.parametrize("hook", COUNTED)
def test_leaving_one_out_is_a_cure_too(
    migrated: Project, install: Install, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    install("ant", answering("ant", hook))
    install("bee", answering("bee", hook))
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "ant")

    assert seen(migrated, hook) == "bee"


@pytest.mark.parametrize("hook", COUNTED)
def test_the_projects_own_answer_comes_before_an_installed_one(migrated: Project, install: Install, hook: str) -> None:
    install("ant", answering("ant", hook))
    migrated.write("own.py", answering("own", hook))
    migrated.configure(extra="plugins = ['own']")

    assert seen(migrated, hook) == "own"


def test_an_installed_answer_comes_before_a_built_in_one(migrated: Project, install: Install) -> None:
    install("ant", answering("ant", "directory"))
    migrated.configure(extra="directory = 'migrations'")

    assert seen(migrated, "directory") == "ant"


def test_one_that_gives_no_answer_is_no_rival(migrated: Project, install: Install) -> None:
    install("ant", answering("ant", "revision_id"))
    install("bee", HOOK.format(hook="ellar_db_revision_id()", answer="None"))

    assert seen(migrated, "revision_id") == "ant"


def test_two_plugins_of_one_distribution_are_no_rivals(migrated: Project, install: Install) -> None:
    install("ant", answering("ant", "revision_id"), entry_points={"a": "ant", "b": "ant_more"})
    migrated.write("ant_more.py", answering("bee", "revision_id"))

    assert seen(migrated, "revision_id") == "bee"


def test_equal_options_are_no_conflict(migrated: Project, install: Install) -> None:
    for name in ("ant", "bee"):
        install(name, HOOK.format(hook="ellar_db_context_options()", answer="{'compare_type': True}"))

    migrated.db("upgrade")


def test_a_choice_that_cannot_be_used_is_an_error(migrated: Project, install: Install) -> None:
    install("ant", answering("ant", "revision_id"))
    install("torn", "import nonexistent_thing", group="ellar_db.optional")
    cases = {
        "revison_id = 'ant'": f"has revison_id, and takes {', '.join(CHOICES)}; did you mean revision_id?",
        "before_run = 'ant'": f"has before_run, and takes {', '.join(CHOICES)}",
        "revision_id = 'wasp'": "gives revision_id to 'wasp', and only ant has it",
        "lock = 'ant'": "gives lock to 'ant', and only ellar-db has it",
        "revision_id = 1": "revision_id must be the name of a distribution, not 1",
        "revision_id = 'torn'": (
            "gives revision_id to 'torn', and it is broken: ModuleNotFoundError: No module named 'nonexistent_thing'"
        ),
    }
    for setting, problem in cases.items():
        migrated.configure(extra=f"[tool.ellar-db.hooks]\n{setting}")
        command = "upgrade" if "lock" in setting else "revision"
        error = migrated.db(command, exit_code=1).stderr.splitlines()[-1]
        assert error == f"Error: [tool.ellar-db.hooks] {problem}"
    assert len(migrated.revisions()) == 1


def test_check_finds_a_choice_that_cannot_be_used(migrated: Project, install: Install) -> None:
    install("ant", answering("ant", "revision_id"))
    migrated.configure(extra="[tool.ellar-db.hooks]\nrevision_filename = 'ant'\nrevision_id = 'ant'")

    assert migrated.db("plugins", "--check", exit_code=1).stderr == (
        "Error: [tool.ellar-db.hooks] gives revision_filename to 'ant', and no plugin has it\n"
    )


def test_a_choice_that_is_left_out_by_name_stops_nothing(
    migrated: Project, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("ant", answering("ant", "revision_id"))
    install("bee", answering("bee", "revision_id"))
    migrated.configure(extra="[tool.ellar-db.hooks]\nrevision_id = 'ant'")
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "ant")
    get_plugin_manager.cache_clear()

    assert seen(migrated, "revision_id") == ""


def test_check_finds_two_that_name_the_folder(migrated: Project, install: Install) -> None:
    install("ant", answering("ant", "directory"))
    install("bee", answering("bee", "directory"))

    assert (
        "ellar_db_directory is answered by bee 1.0 and by ant 1.0"
        in migrated.db("plugins", "--check", exit_code=1).stderr
    )


def test_a_template_that_two_installed_plugins_bring_is_an_error(project: Project, install: Install) -> None:
    from shutil import copytree

    import ellar_db

    ours = Path(ellar_db.__file__).parent / "templates"
    for name in ("ant", "bee"):
        copytree(ours / "single", project.path / name / "shop")
        # one that hides ours is no conflict
        copytree(ours / "single", project.path / name / ("multi" if name == "ant" else "more"))
        install(name, HOOK.format(hook="ellar_db_templates()", answer=f"[Path({name!r})]"))

    assert project.db("init", "-t", "shop", exit_code=1).stderr == (
        "Error: the template shop is brought by bee 1.0 and by ant 1.0; give the path of one, or leave one out "
        "(ELLAR_DB_DISABLE_PLUGINS=ant)\n"
    )
    assert "shop" in project.db("list-templates").stdout
    project.db("init", "-t", "ant/shop", "first")
    project.db("init", "--multi", "second")
