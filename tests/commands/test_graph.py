"""`graph`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from ellar_db.commands.graph import command as graph_command
from ellar_db.drawing import dot, mermaid, terminal
from ellar_db.drawing.picture import Node, Picture
from ellar_db.history.shortcuts import SLOWLY
from ellar_db.testing import Project
from tests.support.environments import FORMS, HEAD
from tests.support.pictures import Drawn, Page, in_dot, in_mermaid, in_terminal, known_to_alembic
from tests.support.revisions import add

READ = {"": in_terminal, "--mermaid": in_mermaid, "--dot": in_dot}

HISTORY = """\
* blog2 (head), Add blog2
| * last (head) (depends on blog1), Add last
| * joined (mergepoint), Add joined
| |\\
| * | left, Add left
| | * right (east), Add right
| |/
| * first (branchpoint), Add first
* blog1 (blog), Add blog1
"""


@pytest.fixture
def tangled(plain: Project) -> Project:
    """A folder with a branch, a merge, two bases, labels and a dependency."""
    plain.db("init")
    add(plain, "blog1", None, label="blog")
    add(plain, "blog2", "blog1")
    add(plain, "first", None)
    add(plain, "left", "first")
    add(plain, "right", "first", label="east")
    add(plain, "joined", ("left", "right"))
    add(plain, "last", "joined", depends_on="blog1")
    return plain


def expected(project: Project, **options: str) -> Drawn:
    """Return what Alembic knows of the project's folder."""
    config = Config()
    config.set_main_option("script_location", str(project.path / "migrations"))
    for name, value in options.items():
        config.set_main_option(name, value)
    return known_to_alembic(ScriptDirectory.from_config(config))


def drawn(project: Project, *arguments: str) -> dict[str, Drawn]:
    """Return what each kind of picture shows."""
    return {
        kind: read(project.db("graph", *filter(None, [kind]), *arguments).stdout.splitlines())
        for kind, read in READ.items()
    }


def test_draws_the_history(tangled: Project) -> None:
    assert tangled.db("graph", "--offline").stdout == HISTORY


def test_revisions_that_have_nothing_to_do_with_each_other_stand_apart(plain: Project) -> None:
    plain.db("init")
    add(plain, "one", None)
    add(plain, "two", None)

    assert plain.db("graph", "--offline").stdout == "* one (head), Add one\n\n* two (head), Add two\n"


@pytest.mark.parametrize("slowly", ["", "1"], ids=["read", "by Alembic"])
@pytest.mark.parametrize("arguments", [["--offline"], []], ids=" ".join)
def test_each_picture_has_the_lines_that_alembic_knows(
    tangled: Project, arguments: list[str], slowly: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SLOWLY, slowly)

    assert drawn(tangled, *arguments) == dict.fromkeys(READ, expected(tangled))


def test_several_folders_of_revisions(tangled: Project) -> None:
    (tangled.path / "more").mkdir()
    shutil.move(tangled.path / "migrations/versions/last_.py", tangled.path / "more/last_.py")
    ini = tangled.path / "migrations/alembic.ini"
    folders = f"{tangled.path}/migrations/versions {tangled.path}/more"
    ini.write_text(f"[alembic]\nscript_location = %(here)s\nversion_locations = {folders}\npath_separator = space\n")

    found = drawn(tangled, "--offline")

    assert found == dict.fromkeys(READ, expected(tangled, version_locations=folders, path_separator="space"))
    assert "last" in found["--dot"].ids


def test_says_where_each_database_is(several: Project) -> None:
    add(several, "first", None)
    add(several, "second", "first")
    several.db("stamp", "first")

    assert several.db("graph").stdout == "* second (head), Add second\n* first, Add first <- default, reports\n"
    several.db("stamp", "second", "--database", "reports")
    assert several.db("graph").stdout == ("* second (head), Add second <- reports\n* first, Add first <- default\n")
    assert '[("default")] === n1' in several.db("graph", "--mermaid").stdout
    assert 'd0 [label="reports", shape=cylinder]\n    d0 -> n0 ' in several.db("graph", "--dot").stdout
    assert several.db("graph", "--database", "default").stdout.count("<-") == 1
    assert "<-" not in several.db("graph", "--offline").stdout


def test_a_database_without_revisions_is_at_the_base(linear: Project) -> None:
    assert linear.db("graph").stdout.splitlines()[-2:] == ["* first, Add first", "(base) <- default"]
    assert '[("default")] === base(["base"])' in linear.db("graph", "--mermaid").stdout
    assert "d0 -> base " in linear.db("graph", "--dot").stdout
    assert not (linear.path / "app.db").exists()


def test_on_each_kind_of_database(linear: Project, any_database: str) -> None:
    linear.configure(url=any_database)
    linear.db("upgrade", "second")

    shown = linear.db("graph")

    assert shown.stdout == "* third (head), Add third\n* second, Add second <- default\n* first, Add first\n"
    assert shown.stderr == ""


@pytest.mark.parametrize("kind", READ)
def test_a_database_that_cannot_be_reached_is_left_out(linear: Project, kind: str) -> None:
    linear.configure(url="postgresql+psycopg://ann:hunter2token@127.0.0.1:1/shop")

    shown = linear.db("graph", *filter(None, [kind]))

    (line,) = shown.stderr.splitlines()
    assert line.startswith("Warning: the database 'default' (postgresql+psycopg://ann:***@127.0.0.1:1/shop) can't be ")
    assert READ[kind](shown.stdout.splitlines()) == expected(linear)
    assert "hunter2" not in shown.output


def test_those_that_can_be_reached_are_shown_beside_it(several: Project) -> None:
    add(several, "first", None)
    several.db("stamp", "first", "--database", "reports")
    toml = several.path / "pyproject.toml"
    toml.write_text(toml.read_text().replace("sqlite:///app.db", "sqlite:///no/such/folder/app.db"))
    several.forget()

    shown = several.db("graph")

    assert shown.stdout == "* first (head), Add first <- reports\n"
    assert shown.stderr.startswith(
        "Warning: the database 'default' (sqlite:///no/such/folder/app.db) can't be reached: "
    )
    assert shown.stderr.endswith("or `ellar-db create --database default` makes it\n")


def test_a_server_that_cannot_be_reached_is_told_once(several: Project) -> None:
    add(several, "first", None)
    url = "postgresql+psycopg://ann@127.0.0.1:1"
    several.write(
        "pyproject.toml",
        f"[tool.ellar-db.databases]\ndefault = '{url}/one'\nreports = '{url}/two'\nothers = '{url}/three'\n",
    )
    several.forget()

    (line,) = several.db("graph").stderr.splitlines()

    assert line.startswith(f"Warning: the database 'default' ({url}/one) can't be reached: ")
    assert line.endswith("; nor can others on this server be asked: reports, others")


def test_one_that_is_no_database_does_not_hide_the_others(several: Project) -> None:
    add(several, "first", None)
    several.db("stamp", "first")
    (several.path / "reports.db").write_bytes(b"no database" * 1000)

    shown = several.db("graph")

    assert shown.stdout == "* first (head), Add first <- default\n"
    (line,) = shown.stderr.splitlines()
    assert line.startswith("Warning: the database 'reports' (sqlite:///reports.db) can't be used: DatabaseError: ")


def test_a_folder_of_somebody_elses_is_asked_too(linear: Project) -> None:
    linear.db("upgrade", "second")
    linear.write("pyproject.toml", "")
    linear.write("alembic.ini", "[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///app.db\n")
    linear.write("migrations/env.py", HEAD + FORMS["generic"])
    linear.forget()

    assert linear.db("-c", "alembic.ini", "graph").stdout.splitlines()[1] == "* second, Add second <- default"

    linear.write("migrations/env.py", "import nowhere\n")
    broken = linear.db("-c", "alembic.ini", "graph")

    assert broken.stdout.splitlines()[1] == "* second, Add second"
    assert broken.stderr.startswith("Warning: ")
    assert "nowhere" in broken.stderr
    assert linear.db("-c", "alembic.ini", "graph", "--offline", "-r", "first:").stderr == ""


def test_a_revision_that_the_folder_lacks_is_told(linear: Project) -> None:
    linear.db("upgrade")
    (linear.path / "migrations/versions/third_.py").unlink()

    shown = linear.db("graph")

    assert shown.stdout == "* second (head), Add second\n* first, Add first\n"
    assert shown.stderr == "Warning: the database 'default' is at third, which the folder doesn't have\n"


def test_without_a_database(linear: Project) -> None:
    linear.write("pyproject.toml", "[tool.ellar-db]\n")
    linear.forget()

    shown = linear.db("graph")

    assert shown.stdout == "* third (head), Add third\n* second, Add second\n* first, Add first\n"
    assert shown.stderr == ""


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ("first:joined", "joined left right first"),
        ("right:", "last joined right"),
        (":left", "left first"),
        (":", "last joined left right first blog2 blog1"),
        ("blog@base:blog@head", "blog2 blog1"),
        ("current:", "last joined left"),
        (":current", "left first"),
    ],
)
def test_draws_a_range(tangled: Project, given: str, ids: str) -> None:
    tangled.db("stamp", "left")
    whole = expected(tangled)
    kept = set(ids.split())
    lines = {(newer, older) for newer, older in whole.lines if {newer, older} <= kept}

    for kind, found in drawn(tangled, "-r", given).items():
        assert (found.ids, found.lines) == (kept, lines), kind
    listed = tangled.db("history", "-r", given).stdout
    assert set(re.findall(r"-> (\w+)", listed)) == kept


def test_a_range_up_to_a_database_without_revisions_is_empty(linear: Project) -> None:
    assert linear.db("graph", "-r", ":current").stdout == ""


@pytest.mark.parametrize("given", ["first", "a:b:c", ""])
def test_refuses_what_is_no_range(linear: Project, given: str) -> None:
    assert linear.db("graph", "-r", given, exit_code=2).stderr.splitlines()[-1] == (
        "Error: Invalid value for '-r' / '--rev-range': a range is [start]:[end], [start]: or :[end]"
    )


def test_refuses_a_range_that_leads_nowhere(linear: Project) -> None:
    assert linear.db("graph", "-r", "nowhere:", exit_code=1).stderr == (
        "Error: Can't locate revision identified by 'nowhere'; `ellar-db history` lists them [ellar-db explain E03]\n"
    )


def test_refuses_current_where_that_could_be_several_revisions(several: Project) -> None:
    add(several, "first", None)

    assert several.db("graph", "-r", "current:", exit_code=1).stderr == (
        "Error: `current` could mean the revision of each database (default, reports); choose one with --database\n"
    )
    assert several.db("graph", "-r", "current:", "--database", "default").stdout == "* first (head), Add first\n"
    assert several.db("graph", "-r", "current:", "--offline", exit_code=1).stderr == (
        "Error: a range can't have `current` with --offline or without a database; name a revision\n"
    )


def test_refuses_current_of_a_database_that_cannot_be_reached(linear: Project) -> None:
    linear.configure(url="postgresql+psycopg://ann@127.0.0.1:1/shop")

    assert linear.db("graph", "-r", "current:", exit_code=3).stderr.startswith(
        "Error: a range can't have `current`, since the database 'default' "
    )


def test_several_forms_at_once_are_refused(linear: Project) -> None:
    assert linear.db("graph", "--dot", "--mermaid", exit_code=2).stderr.splitlines()[-1] == (
        "Error: --dot and --mermaid are different kinds of pictures; choose one"
    )


def test_packages_have_pictures_of_their_own(linear: Project, install: Callable[..., Path]) -> None:
    versions = linear.path / "brought"
    install(
        "ellar-db-audit",
        "from pathlib import Path\nfrom ellar_db import PackageMigrations, hookimpl\n\n\n@hookimpl\n"
        f"def ellar_db_migrations():\n    yield PackageMigrations('audit', Path({str(versions)!r}))\n",
    )
    linear.write(
        "brought/log.py", "'''Make a log.'''\nrevision = 'first'\ndown_revision = None\n\n\ndef upgrade():\n    pass\n"
    )
    linear.db("upgrade", "second")
    linear.db("upgrade", "--package", "audit")

    assert linear.db("graph").stdout == (
        "Package audit (ellar-db-audit 1.0):\n* first (head), Make a log. <- default\n"
        "Application:\n* third (head), Add third\n* second, Add second <- default\n* first, Add first\n"
    )
    assert linear.db("graph", "--package", "audit", "--offline").stdout == "* first (head), Make a log.\n"
    for form in ("--mermaid", "--dot"):
        both = linear.db("graph", form).stdout
        assert (both.count("p0n0"), both.count("p1n1")) == (2, 4), form


def test_a_title_is_cut_to_the_width_of_a_terminal(tangled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_command, "_width", lambda: 30)

    shown = tangled.db("graph").stdout.splitlines()

    assert max(map(len, shown)) == 30
    assert "| * last (head) (depends on..." in shown


@pytest.mark.parametrize("width", range(0, 50))
def test_a_line_is_never_wider_than_the_terminal(width: int) -> None:
    nodes = [Node("a1", doc="Größe 表表表表表表表 and a long rest of the title"), Node("b2", labels=("shop",))]
    picture = Picture(nodes, marks={"a1": ["default"], "": ["reports"]})

    for line in terminal.lines(picture, width):
        assert terminal.columns(line) <= width
        if width >= 30 and "a1" in line:
            assert line.endswith(" <- default")


def test_many_databases_are_counted() -> None:
    picture = Picture([Node("a1")], marks={"a1": [f"shop{number}" for number in range(1000)]})

    assert list(terminal.lines(picture)) == ["* a1 (head) <- shop0, shop1, shop2, shop3, shop4 and 995 more"]


PROGRAM = """
import sys
from ellar_db.cli import db
db.main({arguments!r}, prog_name="ellar-db", standalone_mode=False)
print([name for name in ("alembic", "sqlalchemy", "models") if name in sys.modules])
"""


def test_offline_neither_alembic_nor_the_models_are_imported(tangled: Project) -> None:
    program = PROGRAM.format(arguments=["graph", "--offline"])
    done = subprocess.run([sys.executable, "-c", program], cwd=tangled.path, capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("arguments", [["--offline"], []], ids=" ".join)
def test_no_revision_is_run(linear: Project, arguments: list[str]) -> None:
    file = linear.path / "migrations/versions/second_.py"
    file.write_text(f"{file.read_text()}\nimport a_package_that_is_not_here\n")

    assert linear.db("graph", *arguments).stdout.startswith("* third (head), Add third\n* second, Add second\n")


@pytest.mark.parametrize("arguments", [["--offline"], []], ids=" ".join)
def test_a_file_that_cannot_be_compiled_is_a_warning(linear: Project, arguments: list[str]) -> None:
    file = linear.path / "migrations/versions/second_.py"
    # only the syntax tree shows what is wrong with the rest of a file, and this has it read
    file.write_text(f"{file.read_text()}\n# a revision\ndef broken(:\n")

    shown = linear.db("graph", *arguments)

    assert "* second, Add second\n" in shown.stdout
    assert shown.stderr.startswith(f"Warning: {Path('migrations/versions/second_.py')} can't be compiled: ")


def test_a_folder_that_only_alembic_understands(linear: Project) -> None:
    file = linear.path / "migrations/versions/second_.py"
    file.write_text(file.read_text().replace("revision = 'second'", "revision = 'sec' + 'ond'", 1))

    assert drawn(linear) == dict.fromkeys(READ, expected(linear))
    assert drawn(linear, "--offline") == dict.fromkeys(READ, expected(linear))


def test_a_flowchart_that_is_too_big_is_told(plain: Project) -> None:
    plain.db("init")
    for number in range(mermaid.MOST + 2):
        down = f"r{number - 1}" if number else None
        plain.write(f"migrations/versions/r{number}.py", f"revision = 'r{number}'\ndown_revision = {down!r}\n")

    shown = plain.db("graph", "--offline", "--mermaid")

    assert shown.stderr.startswith("Warning: 501 lines are more than the 500 ")
    assert len(in_mermaid(shown.stdout.splitlines()).lines) == 501
    assert plain.db("graph", "--offline", "--mermaid", "-r", "r10:r400").stderr == ""


TITLES = [
    "end",
    'Add "users" & <b>bold</b> [x](y) {z} |p| 100% #35; &amp; &quot;',
    "1. first",
    "- list",
    'style: x"y" style fill:#f9f;',
    "`code` *em* _em_ __x__ ~~s~~ a_b_c \\n \\",
    "Größe 表 😀",
    "</script><script>alert(1)</script>",
    "%%comment %%{init}%%",
    "A --> B; n0 -.-> n1",
    "fa:fa-car :::head @{shape: x}",
    "$$x^2$$",
    "a<br/>b",
    "",
]


def test_titles_keep_their_text_in_each_format() -> None:
    picture = Picture([Node(f"r{place}", doc=title, following=1) for place, title in enumerate(TITLES)])

    flowchart, graph = list(mermaid.lines([picture])), list(dot.lines([picture]))

    for place, title in enumerate(TITLES):
        (box,) = [line for line in flowchart if line.startswith(f"    n{place}[")]
        written = box.removeprefix(f'    n{place}["r{place}').removesuffix('"]').removeprefix("<br/>")
        # nothing is left that means anything to Mermaid
        assert re.fullmatch(r"(?:[\w ,()/'.-]|#\d+;)*", written), written
        text = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), written)
        assert text.replace(mermaid.APART, "") == title
        assert not re.search(r"\\n|\$\$|:fa-", text)
        (box,) = [line for line in graph if line.startswith(f"    n{place} ")]
        found = re.fullmatch(r'    n\d+ \[label="r\d+(?:\\n)?((?:[^"\\]|\\["\\])*)"\]', box)
        assert found is not None, box
        assert re.sub(r"\\(.)", r"\1", found[1]).replace("&amp;", "&") == title


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz isn't installed")
def test_graphviz_reads_the_graph() -> None:
    nodes = [
        Node(f"r{place}", (f"r{place + 1}",) if place + 1 < len(TITLES) else (), doc=title)
        for place, title in enumerate(TITLES)
    ]
    picture = Picture(nodes, 'My "title"', {"r1": ['re"ports']})

    done = subprocess.run(
        ["dot", "-Tplain"],
        input="\n".join(dot.lines([picture, picture])),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert done.stderr == ""
    assert done.stdout.count("\nedge ") == 2 * len(TITLES)


class TestHtml:
    """`--html`."""

    def test_writes_a_page(self, linear: Project) -> None:
        linear.db("upgrade", "second")

        assert linear.db("graph", "--html", "docs/history.html").output == ""

        (history,) = Page((linear.path / "docs/history.html").read_text(encoding="utf-8")).histories
        assert [each["id"] for each in history["revisions"]] == ["third", "second", "first"]
        assert history["revisions"][0]["file"] == str(Path("migrations/versions/third_.py"))
        assert history["revisions"][0]["operations"] == ["create table t_third"]
        assert history["databases"] == [{"name": "default", "at": [1], "elsewhere": []}]

    def test_a_range_and_no_database(self, linear: Project) -> None:
        linear.configure(url="sqlite:///no/such/folder/app.db")

        linear.db("graph", "--html", "page.html", "--offline", "-r", "second:")

        (history,) = Page((linear.path / "page.html").read_text(encoding="utf-8")).histories
        assert [each["id"] for each in history["revisions"]] == ["third", "second"]
        assert history["databases"] == []
        assert history["revisions"][1]["more"] == ["first"]

    @pytest.mark.parametrize("offline", [["--offline"], []])
    @pytest.mark.parametrize("name", ["app.db", "app.db-wal", "link"])
    def test_no_database_is_overwritten(self, linear: Project, name: str, offline: list[str]) -> None:
        linear.db("upgrade")
        (linear.path / "link").symlink_to("app.db")
        before = (linear.path / "app.db").read_bytes()

        told = linear.db("graph", *offline, "--html", name, exit_code=1).stderr

        assert told.endswith("database 'default'; name another file for the page with --html\n") or (
            told.endswith("SQLite database; name another file for the page with --html\n")
        )
        assert (linear.path / "app.db").read_bytes() == before
        assert not (linear.path / "app.db-wal").exists()

    def test_a_link_stays_and_its_target_is_written(self, linear: Project) -> None:
        (linear.path / "target.html").write_text("old")
        (linear.path / "page.html").symlink_to("target.html")

        linear.db("graph", "--html", "page.html")

        assert (linear.path / "page.html").is_symlink()
        assert (linear.path / "target.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")

    def test_refuses_what_cannot_be_written(self, linear: Project) -> None:
        assert linear.db("graph", "--html", "migrations", exit_code=1).stderr == (
            "Error: the page can't be written to migrations: Is a directory\n"
        )
        assert linear.db("graph", "--html", "", exit_code=2).stderr.splitlines()[-1] == (
            "Error: Invalid value for '--html': a file can't have an empty name"
        )
        assert linear.db("graph", "--dot", "--html", "page.html", exit_code=2).stderr.splitlines()[-1] == (
            "Error: --dot and --html are different kinds of pictures; choose one"
        )
