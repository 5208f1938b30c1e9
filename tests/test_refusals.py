"""A table of refusals: each names a command or an option, which is typed as it stands there and works."""
# ruff: noqa: E501  # a table of inputs and messages reads best with a case a line

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

import ellar_db
from ellar_db.testing import Project
from tests.support.revisions import add, write_revision
from tests.support.servers import sync_engine

ROOT = Path(ellar_db.__file__).parent
EXAMPLES = ROOT.parent / "plugins_example"
ADVICE = re.compile(r"`((?:ellar-db|\.\.\.)(?: [^`]+)?)`")
"""A command in a message."""

BROKEN = """
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {parent!r}


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("nonsense")


def downgrade():
    op.drop_table("half")
"""
PACKAGE = """
from pathlib import Path

import sqlalchemy as sa

from ellar_db import PackageMigrations, hookimpl

metadata = sa.MetaData()
sa.Table("t_{name}0", metadata, sa.Column("id", sa.Integer, primary_key=True))


@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("{name}", Path({versions!r}), metadata=metadata, after={after!r})
"""
HOOK = "from ellar_db import hookimpl\n\n\n@hookimpl{wrapper}\ndef {hook}({arguments}):\n    {body}\n"


@dataclass(frozen=True)
class Refusal:
    """A refusal, and what follows from it.

    Args:
        command: The command line.
        told: What the error says, as a part of it.
        given: The functions of this module that make the situation.
        follow: Which of the commands that the error names are typed, in order; all by default.
        values: Values for the words in capitals that stand for what the user knows.
        option: An option that the error names; the command is typed again with it.
        again: Whether the refused command works afterwards.
        exit_code: The exit code of the refusal.
        leads_on: Exit codes of the commands that follow, where one only shows the next step.
        env: Environment variables that the error names, for the next commands.
    """

    command: str
    told: str
    given: Sequence[str] = ()
    follow: Sequence[int] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    option: str = ""
    again: bool = False
    exit_code: int = 1
    leads_on: Mapping[int, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    database: str = "sqlite"

    def __str__(self) -> str:
        return f"{self.command} ({', '.join(self.given) or 'a folder of one revision'})"


UNKNOWN = "which this folder doesn't have: it comes from another branch or a newer release of the code. Check that out, or deploy it; if the revision was removed on purpose, `ellar-db stamp --purge REVISION` records the one that the tables match"
MADE = "as by create_all, `ellar-db stamp head` records the revisions without running them; then compare: `ellar-db check` lists what differs from the models, and `ellar-db stamp base` undoes the record"
MULTIPLE = "`ellar-db heads` lists them, `ellar-db merge` joins them"
REFUSALS = [
    # the folder
    Refusal("upgrade", "make one with `ellar-db init`, or name another with -d", ["no_folder"], again=True),
    Refusal("upgrade", "make one with `ellar-db init`, or name another with -d", ["no_folder", "other_folder"], follow=[], option="-d other"),
    Refusal("upgrade -d nowhere", "make one with `ellar-db -d nowhere init`", again=True),
    Refusal("-d 'with space' heads", "make one with `ellar-db -d 'with space' init`", again=True),
    Refusal("init", "isn't empty; name another folder with -d", option="-d more"),
    # revisions
    Refusal("check", "Target database is not up to date; run `ellar-db upgrade` first", leads_on={0: 0}),
    Refusal("migrate", "Target database is not up to date; run `ellar-db upgrade` first", again=True),
    Refusal("-d other migrate", "run `ellar-db -d other upgrade` first", ["other_folder"], again=True),
    Refusal("-c alembic.ini migrate", "run `ellar-db -c alembic.ini upgrade` first", ["ini"], again=True),
    Refusal("-n shop migrate", "run `ellar-db -n shop upgrade` first", ["section"], again=True),
    Refusal("migrate", "run `ellar-db upgrade heads` first", ["two_heads"]),
    Refusal("check", "`ellar-db migrate` writes one", ["upgraded"], again=False),
    Refusal("check", "`ellar-db merge` joins the heads left and right, then `ellar-db migrate` writes one", ["two_heads", "at_heads"], leads_on={1: 1}),
    Refusal("upgrade", MULTIPLE, ["two_heads"], again=True),
    Refusal("stamp", MULTIPLE, ["two_heads"], again=True),
    Refusal("revision", MULTIPLE, ["two_heads"], again=True),
    Refusal("upgrade nonsense", "Can't locate revision identified by 'nonsense'; `ellar-db history` lists them"),
    Refusal("upgrade nowh+1", "`ellar-db history` lists", leads_on={0: 0}),
    Refusal("show heads-9", "`ellar-db history` lists"),
    Refusal("revision --head base-3", "`ellar-db history` lists"),
    Refusal("show -- -9", "-9 lies before the first revision; `ellar-db history` lists them"),
    Refusal("upgrade +9", "there is 1 revision after base; `ellar-db upgrade head` runs it"),
    Refusal("upgrade right@+9", "there is 1 revision after left and right; `ellar-db upgrade right@head` runs it", ["two_heads", "at_heads", "further"]),
    Refusal("upgrade +1", "name the one to go to, as in `ellar-db upgrade left`", ["two_heads", "at_first"]),
    Refusal("downgrade --yes", "name the one to go to, as in `ellar-db downgrade left`", ["two_heads", "merged", "upgraded"]),
    Refusal("upgrade +1", "name the one to go to, as in `ellar-db upgrade right@+1`", ["two_heads", "at_heads", "further"]),
    Refusal("downgrade", "name the one to go to, as in `ellar-db downgrade left@-1`", ["two_heads", "at_heads"], again=True),
    Refusal("downgrade -9", "there is 1 revision up to first; `ellar-db downgrade base` undoes it", ["upgraded"]),
    Refusal("upgrade -1", "`upgrade` goes forward, and -1 doesn't; `ellar-db downgrade -1` goes there", ["upgraded"]),
    Refusal("downgrade +1", "`ellar-db upgrade +1` goes there"),
    Refusal("upgrade first+9", "there are no revisions after first; `ellar-db history` lists them"),
    Refusal("upgrade --sql first:+9", "there is 1 revision after first; `ellar-db history` lists it", ["more"]),
    Refusal("current -c", "is at base; `ellar-db upgrade` runs the others", again=True),
    Refusal("current -c", "is at base; `ellar-db upgrade heads` runs the others", ["two_heads"], again=True),
    Refusal("upgrade", UNKNOWN, ["more", "upgraded", "less"], values={"REVISION": "first"}, again=True),
    Refusal("current", UNKNOWN, ["more", "upgraded", "less"], values={"REVISION": "first"}, again=True),
    Refusal("history -i", UNKNOWN, ["more", "upgraded", "less"], values={"REVISION": "first"}, again=True),
    Refusal("upgrade", MADE, ["made_otherwise"], follow=[0, 1], leads_on={1: 1}, again=True),
    Refusal("upgrade", MADE, ["made_otherwise"], follow=[0, 2]),
    # packages
    Refusal("check --package audit", "not at its newest revision; run `ellar-db upgrade` first", ["packages"], again=True),
    Refusal("upgrade --package bill", "run `ellar-db upgrade --package audit` first, or `ellar-db upgrade`", ["packages"], follow=[0], again=True),
    Refusal("upgrade --package bill", "run `ellar-db upgrade --package audit` first, or `ellar-db upgrade`", ["packages"], follow=[1], again=True),
    Refusal("downgrade --package audit base", "run `ellar-db downgrade --package bill base` first", ["packages", "upgraded"], again=True),
    Refusal("migrate --package audit", "run `ellar-db upgrade --package audit` first", ["packages"]),
    Refusal("upgrade --package audit +9", "`ellar-db upgrade --package audit head` runs it", ["packages"]),
    Refusal("downgrade --package audit +1", "`ellar-db upgrade --package audit +1` goes there", ["packages"]),
    Refusal("current --package audit -c", "`ellar-db upgrade --package audit` runs the others", ["packages"], again=True),
    Refusal("upgrade", "of the package audit, which the installed release doesn't have. Install the release that has it; if it was removed on purpose, `ellar-db stamp --package audit --purge REVISION` records the revision that the tables match", ["packages", "upgraded", "older_package"], values={"REVISION": "audit0"}, again=True),
    Refusal("upgrade --package audit", "`ellar-db stamp --package audit head` records the revisions", ["packages", "made_audit"], follow=[0]),
    Refusal("check --package audit", "`ellar-db migrate --package audit` writes one", ["packages", "upgraded", "bigger_package"]),
    Refusal("heads --package nope", "there is: audit, bill", ["packages"]),
    # interrupted runs
    Refusal("upgrade", "`ellar-db repair broken --applied`, or undo them and say `... --reverted`", ["broken"], follow=[0], database="mariadb"),
    Refusal("upgrade", "`ellar-db repair broken --applied`, or undo them and say `... --reverted`", ["broken"], follow=[1], database="mariadb"),
    Refusal("upgrade", "Complete it by hand and say `ellar-db repair broken --applied`, or undo it by hand and say `ellar-db repair broken --reverted`", ["broken", "interrupted"], follow=[0], again=True, database="mariadb"),
    Refusal("upgrade", "Complete it by hand and say `ellar-db repair broken --applied`, or undo it by hand and say `ellar-db repair broken --reverted`", ["broken", "interrupted"], follow=[1], database="mariadb"),
    Refusal("repair", "Say `ellar-db repair --applied` or `ellar-db repair --reverted`", ["broken", "interrupted"], follow=[0], database="mariadb"),
    Refusal("repair", "Say `ellar-db repair --applied` or `ellar-db repair --reverted`", ["broken", "interrupted"], follow=[1], database="mariadb"),
    # options
    Refusal("downgrade base", "say --yes if that is wanted", ["upgraded", "confirm"], option="--yes"),
    Refusal("upgrade -o x.sql", "needs --sql", option="--sql", exit_code=2),
    Refusal("migrate --sql", "then use upgrade --sql", exit_code=2),
    # databases that aren't there, or aren't ready
    Refusal("current", "`ellar-db create --database default` makes it", ["absent"], again=True, exit_code=3),
    Refusal("wait --timeout 0", "isn't there; `ellar-db create --database default` makes it", ["absent"], again=True),
    Refusal("wait --for head --timeout 0", "`ellar-db upgrade` runs what is missing", again=True),
    Refusal("wait --for head --timeout 0", "`ellar-db repair` says what it left", ["broken", "interrupted"], leads_on={0: 1}, database="mariadb"),
    Refusal("wait --timeout 0", "--timeout waits longer", ["absent"], follow=[0], again=True),
    # the history
    Refusal("heads --single", "`ellar-db merge` joins them, `ellar-db rebase` lets yours follow the other", ["two_heads"], leads_on={1: 1}, follow=[1]),
    Refusal("heads --single", "`ellar-db merge` joins them, `ellar-db rebase` lets yours follow the other", ["two_heads"], follow=[0], again=True),
    Refusal("heads --single", "`ellar-db heads --write` writes it", ["head_file"], again=True),
    Refusal("rebase", "say it, as in `ellar-db rebase left --onto right`", ["two_heads"]),
    Refusal("rebase left --onto right", "`ellar-db downgrade first` undoes it", ["two_heads", "at_left"], again=True),
    Refusal("squash base:left", "`ellar-db merge` joins them, `ellar-db rebase` lets yours follow the other", ["two_heads"], follow=[0]),
    Refusal("squash base:second", "say --yes if that is wanted", ["more"], option="--yes"),
    Refusal("squash base:third --yes", "--drop-data-steps leaves it out, if no database needs it any more", ["more", "rows"], option="--drop-data-steps"),
    Refusal("show current", "`ellar-db status` shows what is left of it", ["more", "at_first", "squashed"]),
    Refusal("explain E002", "`ellar-db explain` lists them"),
    Refusal("explain db303", "`ellar-db lint --explain DB303` explains it"),
    Refusal("lint --explain e07", "`ellar-db explain E07` explains it"),
    Refusal("lint --explain DB1O2", "`ellar-db lint --explain all` lists them"),
    Refusal("migrate", "which is no rule; `ellar-db lint --explain all` lists them", ["upgraded", "unknown_rule"], follow=[], option=""),
    Refusal("verify", "`ellar-db migrate --scratch` writes what the models have and no revision makes", again=True),
    Refusal("upgrade --dry-run", "`ellar-db plan` shows what an upgrade would do", database="mariadb"),
    Refusal("drop", "say --yes if that is wanted", ["upgraded"], option="--yes"),
    Refusal("upgrade --sql --create", "leave one of them out", exit_code=2),
    # names that other programs have
    Refusal("makemigrations", "it is `ellar-db migrate` here", ["upgraded"], exit_code=2),
    Refusal("showmigrations", "it is `ellar-db status` or `ellar-db history -i` here", exit_code=2),
    Refusal("sqlmigrate shop 0001", "it is `ellar-db upgrade --sql PARENT:REVISION` here", values={"PARENT": "base", "REVISION": "first"}, exit_code=2),
    Refusal("rollback", "it is `ellar-db downgrade` here", ["upgraded"], exit_code=2),
    Refusal("autogenerate", "it is `ellar-db migrate` here", ["upgraded"], exit_code=2),
    Refusal("-d other makemigrations", "it is `ellar-db -d other migrate` here", ["other_folder", "upgraded"], follow=[], exit_code=2),
    Refusal("migrate --fake", "that is `ellar-db stamp` here", exit_code=2),
    Refusal("upgrade first --fake", "--fake is `ellar-db stamp first` here", exit_code=2),
    Refusal("downgrade -1 --dry-run", "--dry-run is `ellar-db plan -1` here", ["upgraded"], exit_code=2),
    Refusal("migrate --check", "that is `ellar-db check` or `ellar-db status --exit-code` here", ["upgraded"], leads_on={0: 1}, exit_code=2),
    Refusal("upgrade --check", "that is `ellar-db status --exit-code` here", ["upgraded"], exit_code=2),
    Refusal("migrate --plan", "that is `ellar-db plan` here", exit_code=2),
    Refusal("migrate --empty", "that is `ellar-db revision` here", exit_code=2),
    Refusal("migrate --merge", "that is `ellar-db merge` here", ["two_heads"], exit_code=2),
    Refusal("downgrade base --dry-run", "--dry-run is `ellar-db plan base` here", ["upgraded"], exit_code=2),
    Refusal("migrate shop first1", "it writes a revision; `ellar-db upgrade first1` runs one", ["numbered"], exit_code=2),
    Refusal("migrate shop", "it writes a revision; `ellar-db upgrade` runs them", exit_code=2),
    Refusal("migrate shop zero", "it writes a revision; `ellar-db downgrade base` undoes all", ["upgraded"], exit_code=2),
    # plugins
    Refusal("upgrade", "leave it out with ELLAR_DB_DISABLE_PLUGINS=shop-plugin", ["failing_plugin"], again=True, env={"ELLAR_DB_DISABLE_PLUGINS": "shop-plugin"}),
    Refusal("tick", "leave one out (ELLAR_DB_DISABLE_PLUGINS=duo)", ["two_plugins"], again=True, env={"ELLAR_DB_DISABLE_PLUGINS": "duo"}),
    Refusal("upgrade", "took revision out of ctx.params, which upgrade needs; `ellar-db plugins --hooks` shows who wraps it", ["taking_plugin"]),
    Refusal("migrate", "belongs, with a set of imports; `ellar-db plugins --hooks` shows who answers it", ["upgraded", "nonsense_plugin"]),
    Refusal("plugins new shop-tools", "another folder with --into", ["taken_name"], option="--into elsewhere"),
    Refusal("downgrade --yes base", "if you mean it, add --unprotect default", ["upgraded", "protect"], option="--unprotect default"),
    Refusal("seed", "or say --seeds", ["seed", "seeds"], option="--seeds data"),
    Refusal("restore", "name a file with --from", ["backup"], leads_on={}),
]  # fmt: skip


@pytest.fixture
def shop(plain: Project, install: Callable[..., Path], new_database: Callable[[str], str]) -> Shop:
    return Shop(plain, install, new_database)


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_the_advice_of_a_refusal_works(shop: Shop, refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    project = shop.prepare(refusal)

    refused = project.db(*shlex.split(refusal.command), exit_code=refusal.exit_code)

    error = refused.stderr.splitlines()[-1]
    assert error.startswith("Error: ")
    assert refusal.told in error
    for name, value in refusal.env.items():
        assert f"{name}={value}" in error
        monkeypatch.setenv(name, value)
        project.forget()
    advised = ADVICE.findall(error)
    for number in range(len(advised)) if refusal.follow is None else refusal.follow:
        words = typed(advised, number, refusal.values)
        # in a test there is no terminal to ask on, and downgrades go on without
        project.db(*words, exit_code=refusal.leads_on.get(number, 0))
    if refusal.option:
        assert refusal.option.split()[0] in error
        project.db(*shlex.split(refusal.command), *refusal.option.split())
    if refusal.again:
        project.db(*shlex.split(refusal.command))


def typed(advised: Sequence[str], number: int, values: Mapping[str, str]) -> list[str]:
    """Return the arguments of a command that an error names; `...` stands for the beginning of the one before."""
    command = advised[number]
    if command.startswith("..."):
        command = f"{advised[number - 1].rpartition(' ')[0]} {command.removeprefix('... ')}"
    for name, value in values.items():
        command = command.replace(name, value)
    program, *words = shlex.split(command)
    assert program == "ellar-db"
    return words


class Shop:
    """A project in the situations of the table; each is a method."""

    def __init__(self, project: Project, install: Callable[..., Path], new_database: Callable[[str], str]) -> None:
        self.project = project
        self.install = install
        self.new_database = new_database
        self.url = "sqlite:///app.db"
        self.brought = project.path

    def prepare(self, refusal: Refusal) -> Project:
        """Make the folder with one revision, and then what the refusal needs."""
        if refusal.database != "sqlite":
            self.url = self.new_database(refusal.database)
            self.project.configure(url=self.url)
        if "no_folder" not in refusal.given:
            self.project.db("init")
            if "broken" not in refusal.given:
                add(self.project, "first", None)
        for name in refusal.given:
            getattr(self, name)()
        return self.project

    def sql(self, *statements: str) -> None:
        engine = sync_engine(self.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def no_folder(self) -> None: ...

    def other_folder(self) -> None:
        self.project.db("init", "other")
        add(self.project, "elsewhere", None, folder="other")

    def ini(self) -> None:
        self.project.write("alembic.ini", "[alembic]\nscript_location = migrations\n")

    def section(self) -> None:
        self.project.write("alembic.ini", "[shop]\nscript_location = other\n")
        self.other_folder()
        (self.project.path / "other/alembic.ini").unlink()
        self.project.configure(extra="directory = 'other'\n")

    def absent(self) -> None:
        self.project.configure(url="sqlite:///absent/app.db")

    def two_heads(self) -> None:
        add(self.project, "left", "first")
        add(self.project, "right", "first")

    def further(self) -> None:
        add(self.project, "further", "right")

    def at_left(self) -> None:
        self.project.db("upgrade", "left")

    def head_file(self) -> None:
        self.project.configure(extra="head-file = true")

    def merged(self) -> None:
        self.project.db("merge")

    def upgraded(self) -> None:
        self.project.db("upgrade")

    def at_heads(self) -> None:
        self.project.db("upgrade", "heads")

    def at_first(self) -> None:
        self.project.db("upgrade", "first")

    def more(self) -> None:
        add(self.project, "second", "first")

    def rows(self) -> None:
        write_revision(
            self.project.path / "migrations/versions", "third", "second", "op.execute('DELETE FROM t_first')"
        )

    def squashed(self) -> None:
        self.project.db("squash", "base:second", "--yes")

    def less(self) -> None:
        (self.project.path / "migrations/versions/second_.py").unlink()
        self.project.forget()

    def made_otherwise(self) -> None:
        self.sql("create table t_first (id integer primary key)")

    def package(self, name: str, *after: str) -> None:
        versions = self.project.path / "brought" / name
        self.brought = self.install(
            f"ellar-db-{name}", PACKAGE.format(name=name, versions=str(versions), after=list(after))
        )
        add(self.project, f"{name}0", None, folder=f"brought/{name}")
        # the folder of a package has no versions below it
        for file in (versions / "versions").iterdir():
            file.rename(versions / file.name)
        (versions / "versions").rmdir()

    def packages(self) -> None:
        self.package("audit")
        self.package("bill", "audit")

    def older_package(self) -> None:
        self.sql("update alembic_version_audit set version_num = 'audit9'")

    def made_audit(self) -> None:
        self.sql("create table t_audit0 (id integer primary key)")

    def bigger_package(self) -> None:
        file = self.brought.with_name("ellar_db_audit.py")
        file.write_text(f'{file.read_text()}\nsa.Table("bigger", metadata, sa.Column("id", sa.Integer))\n')
        self.project.forget("ellar_db_audit")

    def broken(self) -> None:
        self.project.write("migrations/versions/broken.py", BROKEN.format(revision="broken", parent=None))

    def interrupted(self) -> None:
        self.project.db("upgrade", exit_code=1)

    def confirm(self) -> None:
        self.project.configure(extra="confirm = 'always'\n")

    def plugin(self, hook: str, arguments: str, body: str, wrapper: str = "") -> None:
        self.install("shop-plugin", HOOK.format(hook=hook, arguments=arguments, body=body, wrapper=wrapper))

    def failing_plugin(self) -> None:
        self.plugin("ellar_db_before_run", "", "raise KeyError('x')")

    def taking_plugin(self) -> None:
        self.plugin("ellar_db_invoke", "ctx", "ctx.params.pop('revision', None)\n    return (yield)", "(wrapper=True)")

    def nonsense_plugin(self) -> None:
        self.plugin("ellar_db_process_revision_directives", "directives", "directives.append('x')")

    def two_plugins(self) -> None:
        tick = "click.Command('tick', callback=lambda: None)"
        for name in ("one", "duo"):
            source = HOOK.format(hook="ellar_db_register_commands", arguments="", body=f"return [{tick}]", wrapper="")
            self.install(name, f"import click\n{source}")

    def taken_name(self) -> None:
        (self.project.path / "shop-tools").mkdir()

    def example(self, name: str) -> None:
        module = f"ellar_db_{name}"
        self.install(f"ellar-db-{name}", (EXAMPLES / f"ellar-db-{name}" / f"{module}.py").read_text(), module=module)

    def protect(self) -> None:
        self.example("protect")
        settings = self.project.path / "pyproject.toml"
        settings.write_text(f"{settings.read_text()}\n[tool.ellar-db-protect]\ndatabases = 'all'\n")
        self.project.forget()

    def seed(self) -> None:
        self.example("seed")

    def seeds(self) -> None:
        self.project.write("data/01_users.json", "{}")

    def unknown_rule(self) -> None:
        self.project.configure(extra="lint = {ignore = ['DB1O2']}")

    def numbered(self) -> None:
        add(self.project, "first1", "first")

    def backup(self) -> None:
        self.example("backup")


def advice_in_sources() -> Iterator[tuple[str, str]]:
    """Yield each advice in the source of ellar_db: its place, and a pattern for the message."""
    for file in sorted(ROOT.rglob("*.py")):
        if file.is_relative_to(ROOT / "testing"):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.JoinedStr):
                continue
            parts = [part.value if isinstance(part, ast.Constant) else part for part in node.values]
            pattern = "".join(re.escape(str(part)) if isinstance(part, str) else ".*" for part in parts)
            typed = re.search(r"`(?:\.\*|ellar\\-db).*`", pattern)
            if typed is not None and any(_is_program(part) for part in parts if isinstance(part, ast.FormattedValue)):
                yield f"{file.relative_to(ROOT)}:{node.lineno}", typed.group()


def _is_program(part: ast.FormattedValue) -> bool:
    return "program" in ast.unparse(part.value)


ELSEWHERE = {
    "runtime/run.py": "the commit itself fails",
    "runtime/outcome.py": "the connection is lost",
    "runtime/repair.py": "several revisions didn't end",
    "config/reports/broken_files.py": "an env.py of Flask-Migrate or advanced-alchemy, with the tests of such folders",
    "fleet/parallel.py": "a process dies",
    "commands/init.py": "no refusal",
    "commands/list_templates.py": "no refusal",
    "commands/plugins/command.py": "no refusal",
    **dict.fromkeys(
        (f"inspection/diagnosis/{name}.py" for name in ("databases", "folder", "report", "settings", "standing")),
        "no refusal; the tests of doctor type each",
    ),
}
"""Advice that the table can't have, by module; each has a test of its own, or is what a command that worked says."""


def test_each_advice_of_the_sources_is_in_the_table() -> None:
    told = [refusal.told for refusal in REFUSALS]
    missing = [
        f"{place} {pattern}"
        for place, pattern in advice_in_sources()
        if not any(re.search(pattern, text) for text in told) and place.partition(":")[0] not in ELSEWHERE
    ]

    assert missing == []


def test_each_option_that_a_message_names_exists(project: Project) -> None:
    from ellar_db.cli import db
    from ellar_db.pytest_options import pytest_addoption

    assert pytest_addoption
    group = db.to_info_dict(db.make_context("ellar-db", ["heads"]))
    known = set(re.findall(r"--[a-z][\w-]+", repr(group)))
    named: dict[str, str] = {}
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise):
                named.update(dict.fromkeys(re.findall(r"(?<![\w-])--[a-z][\w-]+", ast.unparse(node)), file.name))

    # those of pip and of the pytest kit
    others = {name for name in named if name == "--editable" or name.startswith("--ellar-db-")}
    assert named.keys() - known - others == set()
    assert len(named) > 15


def test_the_table_is_read_from_the_sources() -> None:
    assert len(list(advice_in_sources())) > 15
