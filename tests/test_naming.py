"""Ids and file names of new revisions: `--rev-id`, the hooks, and what is refused before anything is written."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ellar_db.hooktypes import RevisionRequest
from ellar_db.revisions.names import as_docstring, check_message
from ellar_db.testing import Project
from tests.support.revisions import add

Install = Callable[..., Path]
RULE = "use letters, digits, underscores and dots"


@pytest.fixture
def folder(plain: Project) -> Iterator[Project]:
    """A folder with the revision first; at the end nothing else may lie anywhere in the project."""
    plain.db("init")
    add(plain, "first", None)
    yield plain
    assert [file.name for file in plain.path.rglob("*.py") if file.name.startswith("x")] == []


def revisions(project: Project) -> list[str]:
    found = (project.path / "migrations/versions").rglob("*.py")
    return sorted(str(file.relative_to(project.path / "migrations/versions")) for file in found)


def set_ini(project: Project, line: str) -> None:
    ini = project.path / "migrations/alembic.ini"
    ini.write_text(ini.read_text().replace("path_separator = os", f"path_separator = os\n{line}"))


@pytest.mark.parametrize(
    ("rev_id", "message"),
    [
        ("../../x", RULE),
        ("/tmp/x", RULE),
        ("x/y", RULE),
        ("x\\y", RULE),
        ("x@y", RULE),
        ("x-y", RULE),
        ("x+y", RULE),
        ("x:y", RULE),
        ("x y", RULE),
        ("x..y", RULE),
        (".x", RULE),
        ("-x", RULE),
        ("xä", RULE),
        ("x\n", RULE),
        ("", RULE),
        ("head", "which means something else to Alembic; take another"),
        ("heads", "which means something else to Alembic; take another"),
        ("base", "which means something else to Alembic; take another"),
        ("current", "which means something else to Alembic; take another"),
    ],
)
@pytest.mark.parametrize("command", ["revision", "migrate"])
def test_refuses_an_id_that_could_not_be_used(folder: Project, command: str, rev_id: str, message: str) -> None:
    result = folder.db(command, f"--rev-id={rev_id}", exit_code=1)

    separator = ", " if message.startswith("which") else "; "
    assert result.stderr == f"Error: --rev-id gives {rev_id!r} as revision id{separator}{message}\n"
    assert revisions(folder) == ["first_.py"]


def test_refuses_an_id_that_the_version_table_cannot_hold(folder: Project) -> None:
    folder.db("revision", "--rev-id", "y" * 32)

    result = folder.db("revision", "--rev-id", "x" * 33, exit_code=1)

    assert result.stderr == "Error: --rev-id gives a revision id of 33 characters; the version table holds 32\n"


def test_refuses_an_id_that_is_taken(folder: Project) -> None:
    result = folder.db("revision", "--rev-id", "first", exit_code=1)

    assert result.stderr == (
        f"Error: --rev-id gives 'first' as revision id, which {folder.path}/migrations/versions/first_.py has; "
        "take another\n"
    )
    assert revisions(folder) == ["first_.py"]


def test_merge_refuses_a_bad_id_too(folder: Project) -> None:
    add(folder, "left", "first")
    add(folder, "right", "first")

    assert folder.db("merge", "--rev-id", "../x", exit_code=1).stderr.startswith("Error: --rev-id gives '../x'")
    assert len(revisions(folder)) == 3


ID_PLUGIN = """
from ellar_db import hookimpl


@hookimpl
def ellar_db_revision_id(request):
    return {answer}
"""
FILE_PLUGIN = """
from ellar_db import hookimpl


@hookimpl
def ellar_db_revision_filename(request, rev_id):
    return {answer}
"""


def test_a_plugin_names_the_id_from_the_request(folder: Project, install: Install) -> None:
    answer = "f'{request.parents[0]}.{request.slug}.{request.branch_label}.{request.autogenerate}'"
    install("acme-ids", ID_PLUGIN.format(answer=answer))

    folder.db("revision", "-m", "Add: 100 %", "--branch-label", "shop")

    assert revisions(folder) == ["first.add_100.shop.False_add_100.py", "first_.py"]


def test_rev_id_beats_the_plugin(folder: Project, install: Install) -> None:
    install("acme-ids", ID_PLUGIN.format(answer="'theirs'"))

    folder.db("revision", "--rev-id", "mine")

    assert revisions(folder) == ["first_.py", "mine_.py"]


def test_a_plugin_may_leave_the_id_to_alembic(folder: Project, install: Install) -> None:
    install("acme-ids", ID_PLUGIN.format(answer="None"))

    folder.db("revision", "-m", "y")

    assert len(revisions(folder)) == 2


@pytest.mark.parametrize("command", ["revision", "migrate", "merge"])
def test_all_three_commands_ask_the_plugin(folder: Project, install: Install, command: str) -> None:
    install("acme-ids", ID_PLUGIN.format(answer="'_'.join(['y', *sorted(request.parents)])"))
    add(folder, "left", "first")
    if command == "merge":
        add(folder, "right", "first")
    else:
        folder.db("upgrade")

    folder.db(command)

    assert f"y_left{'_right' if command == 'merge' else ''}_.py" in revisions(folder)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("'../x'", f"'../x' as revision id; {RULE}"),
        ("'head'", "'head' as revision id, which means something else to Alembic; take another"),
        ("7", f"7 as revision id; {RULE}"),
        ("''", f"'' as revision id; {RULE}"),
        ("'x' * 40", "a revision id of 40 characters; the version table holds 32"),
    ],
)
def test_a_bad_id_of_a_plugin_is_refused_and_the_plugin_named(
    folder: Project, install: Install, answer: str, said: str
) -> None:
    install("acme-ids", ID_PLUGIN.format(answer=answer))

    for command in ("revision", "migrate"):
        assert folder.db(command, exit_code=1).stderr == f"Error: the plugin acme-ids 1.0 gives {said}\n"
    assert revisions(folder) == ["first_.py"]


def test_a_plugin_names_the_file(folder: Project, install: Install) -> None:
    install("acme-files", FILE_PLUGIN.format(answer="f'{rev_id}-{request.slug} 100%'"))

    folder.db("revision", "-m", "Add users", "--rev-id", "mine")

    assert revisions(folder) == ["first_.py", "mine-add_users 100%.py"]
    assert folder.db("heads").stdout == "mine (head)\n"


def test_the_file_name_has_the_id_that_alembic_would_make(folder: Project, install: Install) -> None:
    install("acme-files", FILE_PLUGIN.format(answer="'y' + rev_id"))

    folder.db("revision")

    name = revisions(folder)[1]
    assert folder.db("heads").stdout == f"{name[1:-3]} (head)\n"


def test_a_file_in_a_folder_needs_recursive_version_locations(folder: Project, install: Install) -> None:
    install("acme-files", FILE_PLUGIN.format(answer="f'2026/11/{rev_id}'"))

    refused = folder.db("revision", "--rev-id", "mine", exit_code=1)
    assert refused.stderr == (
        "Error: the plugin acme-files 1.0 gives '2026/11/mine' as file name; folders need "
        "recursive_version_locations = true in alembic.ini\n"
    )
    assert revisions(folder) == ["first_.py"]
    assert not (folder.path / "migrations/versions/2026").exists()

    set_ini(folder, "recursive_version_locations = true")
    folder.db("revision", "--rev-id", "mine")
    assert revisions(folder) == ["2026/11/mine.py", "first_.py"]
    assert folder.db("heads").stdout == "mine (head)\n"


@pytest.mark.parametrize(
    "answer",
    [
        "'../x'",
        "'/tmp/x'",
        "'x/../../y'",
        "'C:/x'",
        "'a\\\\b'",
        "''",
        "'.'",
        "' x'",
        "'x.'",
        "'x\\0'",
        "'x\\ny'",
        "'é?'",
    ],
)
def test_a_file_name_that_leads_elsewhere_is_refused(folder: Project, install: Install, answer: str) -> None:
    set_ini(folder, "recursive_version_locations = true")
    install("acme-files", FILE_PLUGIN.format(answer=answer))

    result = folder.db("revision", exit_code=1)

    assert result.stderr == (
        f"Error: the plugin acme-files 1.0 gives {answer} as file name; it must lie in the versions folder and use "
        "letters, digits, spaces and .+=@,%()-_\n"
    ).replace("'x\\0'", "'x\\x00'")
    assert revisions(folder) == ["first_.py"]


def test_a_file_name_that_is_no_text_or_taken_is_refused(folder: Project, install: Install) -> None:
    file = install("acme-files", FILE_PLUGIN.format(answer="7"))
    assert folder.db("revision", exit_code=1).stderr == (
        "Error: the plugin acme-files 1.0 gives 7 as file name; it must be a text\n"
    )

    file.write_text(FILE_PLUGIN.format(answer="'first_'"))
    folder.forget("acme_files")

    assert folder.db("revision", exit_code=1).stderr.endswith("versions/first_.py already exists\n")
    assert revisions(folder) == ["first_.py"]


def test_of_two_plugins_the_project_chooses_which_names_the_revision(folder: Project, install: Install) -> None:
    install("acme-ids", ID_PLUGIN.format(answer="'acme'"))
    install("zebra-ids", ID_PLUGIN.format(answer="'zebra'"))

    assert "ellar_db_revision_id is answered by zebra-ids 1.0 and by acme-ids 1.0" in (
        folder.db("revision", exit_code=1).stderr
    )
    assert revisions(folder) == ["first_.py"]

    folder.configure(extra='[tool.ellar-db.hooks]\nrevision_id = "zebra-ids"')
    folder.db("revision")

    assert revisions(folder) == ["first_.py", "zebra_.py"]


def test_a_plugin_that_fails_is_named_and_nothing_is_written(folder: Project, install: Install) -> None:
    install("acme-ids", ID_PLUGIN.format(answer="1 / 0"))

    assert folder.db("revision", exit_code=1).stderr == (
        "Error: the plugin acme-ids 1.0 failed in ellar_db_revision_id: ZeroDivisionError: division by zero; mend it "
        "(--traceback shows where), "
        "or leave it out with ELLAR_DB_DISABLE_PLUGINS=acme-ids\n"
    )
    assert revisions(folder) == ["first_.py"]


def test_a_file_name_has_no_ending(folder: Project, install: Install) -> None:
    install("acme-files", FILE_PLUGIN.format(answer="'zz.py'"))

    assert folder.db("revision", exit_code=1).stderr == (
        "Error: the plugin acme-files 1.0 gives 'zz.py' as file name; leave its ending out\n"
    )


def test_a_file_name_that_no_system_takes_is_refused(folder: Project, install: Install) -> None:
    install("acme-files", FILE_PLUGIN.format(answer="'x' * 300"))

    assert folder.db("revision", exit_code=1).stderr == (
        "Error: the plugin acme-files 1.0 gives a file name of 300 characters; 250 bytes is the most\n"
    )
    assert revisions(folder) == ["first_.py"]


def test_bare_alembic_asks_the_plugins_when_it_autogenerates(folder: Project, install: Install) -> None:
    install("acme-ids", ID_PLUGIN.format(answer="'y' + request.parents[0]"))
    install("acme-files", FILE_PLUGIN.format(answer="f'{rev_id}-{request.slug}-{request.autogenerate}'"))
    folder.db("upgrade")

    done = folder.run(
        "alembic", "-c", "migrations/alembic.ini", "revision", "--autogenerate", "-m", "Add users",
        env={"PYTHONPATH": str(folder.path / "site")},
    )  # fmt: skip

    assert revisions(folder) == ["first_.py", "yfirst-add_users-True.py"]
    assert "yfirst-add_users-True.py ...  done" in done.stdout


@pytest.mark.parametrize(("hook", "answer"), [(ID_PLUGIN, "'../x'"), (FILE_PLUGIN, "'../x'")])
def test_bare_alembic_refuses_a_bad_name_too(folder: Project, install: Install, hook: str, answer: str) -> None:
    install("acme-names", hook.format(answer=answer))
    folder.db("upgrade")

    done = folder.run(
        "alembic", "-c", "migrations/alembic.ini", "revision", "--autogenerate",
        env={"PYTHONPATH": str(folder.path / "site")}, exit_code=255,
    )  # fmt: skip

    assert "the plugin acme-names 1.0 gives '../x' as" in done.stdout + done.stderr
    assert revisions(folder) == ["first_.py"]


def request(message: str | None) -> RevisionRequest:
    return RevisionRequest(
        message=message,
        parents=(),
        branch_label=None,
        autogenerate=False,
        directory=Path("migrations"),
        create_date=datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc),
        taken=frozenset(),
    )


@pytest.mark.parametrize(
    ("message", "slug"),
    [
        (None, ""),
        ("Add users", "add_users"),
        ("../../x", "x"),
        ("  100 % of it!\n", "100_of_it"),
        ("Größe", "größe"),
        ("word " * 20, "word_word_word_word_word_word_word_word"),
    ],
)
def test_a_slug_is_the_message_as_part_of_a_file_name(message: str | None, slug: str) -> None:
    assert request(message).slug == slug


@pytest.mark.parametrize("message", ['"', '""', '"""', '"""" x', "\\", 'x\\"', "\\\\", 'a """ b "'])
def test_a_docstring_gives_the_message_back(message: str) -> None:
    written = as_docstring(message)

    assert eval(f'"""{written}\n"""') == f"{message}\n"


def test_no_message_has_no_docstring() -> None:
    assert as_docstring(None) is None
    assert check_message(None) is None
