"""What the shells complete: the answers, the script, and the shells themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from ellar_db.cli import db
from ellar_db.cli.shells.places import install, place_for
from ellar_db.cli.shells.scripts import Bash, script_for
from ellar_db.testing import Project
from tests.support.marks import needs_ellar
from tests.support.pages import ROOT
from tests.support.revisions import add
from tests.support.terminals import all_on_terminal, terminal

DATABASES = """
[tool.ellar-db.databases]
acme = {url = "sqlite:///acme.db", group = "tenants"}
bolt = {url = "sqlite:///bolt.db", group = "tenants"}
orders = "sqlite:///orders.db"
"""
SEED = """
import click
from ellar_db import hookimpl

@hookimpl
def ellar_db_register_commands():
    yield click.Command("seed", short_help="Sow.", params=[click.Option(["--rows"])])
"""
AUDIT = """
from pathlib import Path
from ellar_db import PackageMigrations, hookimpl

@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("audit", Path(__file__).parent / "audit_versions")
"""


@pytest.fixture
def shop(plain: Project) -> Project:
    plain.configure(extra=DATABASES)
    plain.db("init")
    add(plain, "a1b2c3d4", None, label="shop")
    add(plain, "a2b2c3d4", "a1b2c3d4")
    return plain


def answers(*words: str) -> dict[str, str]:
    """Return what the last of some words may become, and the help of each."""
    found = ShellComplete(db, {}, "ellar-db", "").get_completions(list(words[:-1]), words[-1])
    return {item.value: item.help or "" for item in found}


class TestAnswers:
    def test_commands_with_their_lines(self, shop: Project) -> None:
        assert answers("upg") == {"upgrade": "Upgrade to a later version."}
        assert {"heads", "migrate", "completion"} <= answers("").keys()

    def test_commands_and_options_of_installed_plugins(self, shop: Project, install: Callable[..., Path]) -> None:
        install("ellar-db-seed", SEED)
        assert answers("see") == {"seed": "Sow."}
        assert "--rows" in answers("seed", "--r")

    def test_options(self, shop: Project) -> None:
        assert answers("upgrade", "--dry") == {"--dry-run": "Run the revisions in a transaction, and roll it back."}
        assert "--traceback" in answers("--tr")

    def test_revisions_with_their_titles(self, shop: Project) -> None:
        assert answers("upgrade", "") == {
            "head": "Add a2b2c3d4",
            "base": "before the first revision",
            "shop": "label of a1b2c3d4",
            "shop@head": "the newest revision of shop",
            "a2b2c3d4": "Add a2b2c3d4",
            "a1b2c3d4": "Add a1b2c3d4",
        }
        assert answers("show", "a2") == {"a2b2c3d4": "Add a2b2c3d4"}

    def test_heads_in_place_of_head_where_there_are_several(self, shop: Project) -> None:
        add(shop, "a3b2c3d4", "a1b2c3d4")
        assert answers("upgrade", "hea") == {"heads": "Add a2b2c3d4, Add a3b2c3d4"}

    @pytest.mark.parametrize(
        "words",
        [
            ("merge", "a2b2c3d4"),
            ("revision", "--head"),
            ("migrate", "--depends-on"),
            ("lint", "--since"),
            ("rebase", "--onto"),
            ("history", "-r"),
            ("stamp",),
            ("squash",),
        ],
    )
    def test_revisions_wherever_one_is_wanted(self, shop: Project, words: Sequence[str]) -> None:
        assert answers(*words, "a1").keys() == {"a1b2c3d4"}

    def test_parts_of_ranges_and_branches(self, shop: Project) -> None:
        assert answers("upgrade", "base:a1").keys() == {"base:a1b2c3d4"}
        assert answers("squash", "shop@h").keys() == {"shop@head"}
        assert answers("history", "-r", "base:shop@").keys() == {"base:shop@head", "base:shop@base"}

    def test_databases_and_groups(self, shop: Project) -> None:
        assert answers("upgrade", "--database", "").keys() == {"default", "acme", "bolt", "orders"}
        assert answers("upgrade", "--database", "a") == {"acme": "of the group tenants"}
        assert answers("status", "--group", "").keys() == {"tenants"}

    def test_packages_and_their_revisions(self, shop: Project, install: Callable[..., Path]) -> None:
        site = install("ellar-db-audit", AUDIT).parent
        (site / "audit_versions").mkdir()
        (site / "audit_versions" / "z1.py").write_text('"""Audit."""\nrevision = "z1y2"\ndown_revision = None\n')
        assert answers("heads", "--package", "").keys() == {"audit"}
        assert answers("upgrade", "--package", "audit", "z") == {"z1y2": "Audit."}

    def test_templates_and_rules(self, shop: Project) -> None:
        assert {"single", "multi", "generic"} <= answers("init", "-t", "").keys()
        assert answers("lint", "--explain", "DB101") == {"DB101": "Table dropped"}

    def test_names_below_the_folder_of_the_project(self, shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        shop.write("src/x.txt", "")
        (shop.path / "migrations").rename(shop.path / "other")
        monkeypatch.chdir(shop.path / "src")
        assert answers("show", "-d", "../other", "a1").keys() == {"a1b2c3d4"}
        assert answers("-d", "../other", "show", "a1").keys() == {"a1b2c3d4"}
        assert answers("show", "a1") == {}

    def test_nothing_is_said_where_nothing_can_be_known(
        self, shop: Project, capfd: pytest.CaptureFixture[str], install: Callable[..., Path]
    ) -> None:
        shop.write("migrations/versions/odd.py", "revision = 'a1b2c3d4'\ndown_revision = None\n")
        assert answers("show", "a") == {}
        install("ellar-db-audit", "from ellar_db import hookimpl\n@hookimpl\ndef ellar_db_migrations():\n    1 / 0\n")
        assert answers("heads", "--package", "") == {}
        assert capfd.readouterr() == ("", "")

    def test_what_could_harm_the_terminal_is_left_out(self, shop: Project) -> None:
        file = shop.path / "migrations" / "versions" / "odd.py"
        file.write_text('"""A \x1b[31m title."""\nrevision = "x1y2"\ndown_revision = "a2b2c3d4"\n')
        assert answers("show", "x1") == {"x1y2": "A \\x1b[31m title."}
        shop.configure(extra='[tool.ellar-db.databases]\n"a\\u001b[31m" = "sqlite://"')
        assert answers("status", "--database", "").keys() == {"default"}

    @pytest.mark.parametrize(
        "words", ["upg", "upgrade a1", "upgrade --database d", "init -t s", "heads --package a", "lint --explain D"]
    )
    def test_neither_the_application_nor_alembic_is_imported(self, shop: Project, words: str) -> None:
        code = (
            "import atexit, sys; heavy = {'alembic', 'asyncio', 'sqlalchemy', 'models'}; "
            "atexit.register(lambda: print(sorted(heavy & set(sys.modules)))); from ellar_db.cli import main; main()"
        )
        env = {"_ELLAR_DB_COMPLETE": "bash_complete", "COMP_LINE": f"ellar-db {words}"}
        assert shop.run("python", "-c", code, env=env).stdout.splitlines()[-1] == "[]"


class TestBash:
    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("ellar-db ", ([], "")),
            ("ellar-db upg", ([], "upg")),
            ("ellar-db upgrade ", (["upgrade"], "")),
            ("ellar-db upgrade base:a", (["upgrade"], "base:a")),
            ("ellar-db show 'a b", (["show"], "a b")),
            ("ellar-db show a\\ ", (["show"], "a ")),
            ("ellar-db show 'a' ", (["show", "a"], "")),
        ],
    )
    def test_the_line_is_read_as_bash_reads_it(
        self, monkeypatch: pytest.MonkeyPatch, line: str, words: tuple[list[str], str]
    ) -> None:
        monkeypatch.setenv("COMP_LINE", line)
        assert Bash(db, {}, "ellar-db", "").get_completion_args() == words

    def test_what_is_inserted_is_quoted(self, shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        shop.configure(extra='[tool.ellar-db.databases]\n"$(touch x)" = "sqlite://"')
        monkeypatch.setenv("COMP_LINE", "ellar-db status --database \\$")
        assert Bash(db, {}, "ellar-db", "").complete() == "plain,'$(touch x)'"

    def test_what_bash_takes_for_a_word_of_its_own_is_not_repeated(
        self, shop: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COMP_LINE", "ellar-db upgrade shop@h")
        monkeypatch.setenv("COMP_WORDBREAKS", " \t\n\"'@><=;|&(:")
        assert Bash(db, {}, "ellar-db", "").complete() == "plain,@head"


STARTS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source <({} completion bash)"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -u -D; source <({} completion zsh)"),
    "fish": (["fish", "--no-config", "-i"], "{} completion fish | source"),
}


LINES = [
    ("ellar-db hea\t", "ds", "a2b2c3d4 (shop) (head)"),
    ("ellar-db show a1\t", "b2c3d4", "Add a1b2c3d4"),
    ("ellar-db show shop@h\t", "ead", "Add a2b2c3d4"),
    ("ellar-db upgrade --dry-run --database or\t", "ders", "Dry run: 2 revisions"),
]
OF_ELLAR = [
    ("ellar db hea\t", "ds", "a2b2c3d4 (shop) (head)"),
    ("ellar db show shop@h\t", "ead", "Add a2b2c3d4"),
]
"""What is typed, how the word goes on, and what the command says."""


@terminal
@pytest.mark.long
@pytest.mark.parametrize("shell", STARTS)
@pytest.mark.parametrize(
    ("folder", "program", "lines"),
    [("shop", "ellar-db", LINES), pytest.param("application", "ellar db", OF_ELLAR, marks=needs_ellar)],
)
def test_a_line_that_a_shell_has_completed_runs(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    shell: str,
    folder: str,
    program: str,
    lines: Sequence[tuple[str, str, str]],
) -> None:
    project: Project = request.getfixturevalue(folder)
    command, prepare = STARTS[shell]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{shell} isn't installed")
    env = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with all_on_terminal(command, project.path, env) as screen:
        os.write(screen.ours, f"{prepare.format(program)}; echo rea'd'y\n".encode())
        said = "ready\n"
        for typed, completed, said_next in lines:
            screen.answer(said, typed)
            screen.answer(completed, "\n")
            said = said_next
        screen.answer(said, "")


@pytest.fixture
def application(project: Project) -> Project:
    """A project as `ellar new` makes it, whose folder of migrations only the application knows."""
    shutil.copytree(ROOT / "examples" / "quickstart", project.path, dirs_exist_ok=True)
    project.run("ellar", "db", "init")
    add(project, "a1b2c3d4", None, label="shop", folder="shop/migrations")
    add(project, "a2b2c3d4", "a1b2c3d4", folder="shop/migrations")
    return project


@needs_ellar
class TestEllar:
    """`ellar db`, of another program, whose script asks `ellar-db`."""

    @pytest.mark.parametrize("begin", ["ellar db ", "ellar   db\t", "/opt/shop/bin/ellar db "])
    def test_what_follows_is_completed_without_the_application(
        self, application: Project, begin: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COMP_WORDBREAKS", "@:")
        application.write("shop/server.py", 'raise SystemExit("imported")')
        assert _asked(application, "bash", COMP_LINE=f"{begin}upgrade a1") == "plain,a1b2c3d4\n"
        assert _asked(application, "zsh", COMP_WORDS=f"{begin}show shop@he -v", COMP_CWORD="3").split() == [
            "plain",
            "shop@head",
            "_",
        ]
        # in the form of the release of click
        assert "heads" in re.split(r"[\s,]", _asked(application, "fish", COMP_WORDS=f"{begin}hea", COMP_CWORD="hea"))

    @pytest.mark.sampled
    @pytest.mark.parametrize(
        ("shell", "given"),
        [
            ("bash", {"COMP_LINE": "ellar d"}),
            ("bash", {"COMP_LINE": "ellar db"}),
            ("zsh", {"COMP_WORDS": "ellar d", "COMP_CWORD": "1"}),
            # the cursor is at the second of four words
            ("zsh", {"COMP_WORDS": "ellar db upgrade a1", "COMP_CWORD": "1"}),
            ("fish", {"COMP_WORDS": "ellar d", "COMP_CWORD": "d"}),
        ],
    )
    def test_its_own_words_are_completed_by_ellar(
        self, application: Project, shell: str, given: dict[str, str]
    ) -> None:
        assert "db" in re.split(r"[\s,]", _asked(application, shell, **given))

    def test_where_there_are_two_folders_none_is_guessed(self, application: Project) -> None:
        shutil.copytree(application.path / "shop" / "migrations", application.path / "other" / "migrations")
        assert _asked(application, "bash", COMP_LINE="ellar db upgrade a1", COMP_WORDBREAKS=":") == "\n"

    @pytest.mark.parametrize("shell", STARTS)
    def test_the_script_asks_the_neighbour(self, shell: str) -> None:
        script = script_for(shell, db, "ellar")
        [line] = [line for line in script.splitlines() if "_COMPLETE" in line]
        assert f"_ELLAR_DB_COMPLETE={shell}_complete" in line
        assert "ellar-db" in line
        assert "_ellar_completion" in script
        assert script_for(shell, db, "other").count("ellar") == 0

    def test_the_former_script_is_replaced(self, home: Path) -> None:
        place = place_for("fish", "ellar")
        place.file.parent.mkdir(parents=True)
        place.file.write_text("# _ELLAR_COMPLETE=fish_complete ellar")
        assert install(place, "# new", "ellar")
        assert place.file.read_text() == "# new"


def _asked(project: Project, shell: str, **given: str) -> str:
    env = {**given, "_ELLAR_DB_COMPLETE": f"{shell}_complete", "COLUMNS": "80"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "ellar_db"],
        cwd=project.path,
        env={**os.environ, **env, "PATH": path, "ELLAR_DB_LOAD_PLUGINS": ""},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


class TestScript:
    def test_it_is_what_the_shell_can_read(self, shop: Project) -> None:
        for shell in STARTS:
            script = shop.db("completion", shell).stdout
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=script, text=True, check=True)

    def test_an_unknown_shell(self, shop: Project) -> None:
        assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in shop.db("completion", "tcsh", exit_code=2).stderr


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    return home


FILES = {
    "bash": ".local/share/bash-completion/completions/ellar-db",
    "zsh": ".zfunc/_ellar-db",
    "fish": ".config/fish/completions/ellar-db.fish",
}


BROKEN = {
    "no toml": "[tool.x\n",
    "no such table": "[tool.ellardb]\n",
    "no format": "[tool.ellar-db]\nlog-format = 'xml'\n",
    "no plugin": "[tool.ellar-db]\nrequired-plugins = ['no-such-plugin']\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
class TestBrokenSettings:
    """What start-up files of shells run works in each folder."""

    def test_the_script_is_printed(self, project: Project, text: str) -> None:
        project.write("pyproject.toml", text)
        project.db("heads", exit_code=1)

        result = project.db("completion", "bash")

        assert "_ELLAR_DB_COMPLETE" in result.stdout
        assert result.stderr == ""

    def test_it_is_installed(self, project: Project, home: Path, text: str) -> None:
        project.write("pyproject.toml", text)

        assert project.db("completion", "bash", "--install").stdout.startswith("Wrote ")

    def test_errors_are_explained(self, project: Project, text: str) -> None:
        project.write("pyproject.toml", text)

        assert project.db("explain").stdout.startswith("E01  ")
        assert "# E01" in project.db("explain", "E01").stdout
        assert "there is no page E99" in project.db("explain", "E99", exit_code=1).stderr


@pytest.mark.parametrize("shell", FILES)
class TestInstall:
    def test_it_is_written_once(self, shop: Project, home: Path, shell: str) -> None:
        file = home / FILES[shell]
        first = shop.db("completion", shell, "--install").stdout.splitlines()
        assert first[0] == f"Wrote {file}"
        assert file.read_text() == shop.db("completion", shell).stdout
        assert shop.db("completion", shell, "--install").stdout.splitlines() == [f"{file} is up to date.", *first[1:]]

    def test_an_older_one_is_replaced_and_that_of_others_is_not(self, shop: Project, home: Path, shell: str) -> None:
        file = home / FILES[shell]
        shop.db("completion", shell, "--install")
        file.write_text("# _ELLAR_DB_COMPLETE\n")
        assert shop.db("completion", shell, "--install").stdout.startswith("Wrote")
        file.write_text("# mine\n")
        told = f"Error: {file} already exists and isn't from ellar-db; move it away first\n"
        assert shop.db("completion", shell, "--install", exit_code=1).stderr == told
        assert file.read_text() == "# mine\n"

    def test_no_link_is_followed(self, shop: Project, home: Path, tmp_path: Path, shell: str) -> None:
        target = tmp_path / "elsewhere"
        target.mkdir()
        link = home / Path(FILES[shell]).parts[0]
        link.symlink_to(target)
        told = shop.db("completion", shell, "--install", exit_code=1).stderr
        assert told.startswith(f"Error: {link} is a symbolic link, and no link is followed; ")
        assert list(target.iterdir()) == []

    def test_a_folder_that_cannot_be_made(self, shop: Project, home: Path, shell: str) -> None:
        (home / Path(FILES[shell]).parts[0]).write_text("")
        told = shop.db("completion", shell, "--install", exit_code=1).stderr
        assert "can't be written: " in told
