"""Run every command that reads or operates on big histories, in each kind of project, and note exit code and CPU time.

usage: python benchmarks/operating.py [--sizes 50,1000] [--projects ...] [--databases ...] [--json FILE] [--page FILE]
       [--show] [--keep FOLDER]

Each project has two databases and a history with branches, merges, labels and dependencies. `--show` prints what each
command says, `--keep` leaves the projects in a folder. A command that ends with another exit code than expected is
marked, and makes the script fail.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from databases import KINDS, Scratch, scratch_databases
from pairs import store
from startup import BIN, write

PROJECTS = ("ellar-sql", "EllarDBModule", "Alembic folder")
NAMES = ("default", "reports")

REVISION = '''"""{title}

Revision ID: {own}
Revises: {named}
Create Date: 2026-01-01 10:00:00.000000

"""
from alembic import op
import sqlalchemy as sa

revision = {own!r}
down_revision = {down!r}
branch_labels = {label!r}
depends_on = {needs!r}


def upgrade(engine_name: str) -> None:
    globals()[f"upgrade_{{engine_name}}"]()


def downgrade(engine_name: str) -> None:
    globals()[f"downgrade_{{engine_name}}"]()


def upgrade_default() -> None:
    {up}


def downgrade_default() -> None:
    {back}


def upgrade_reports() -> None:
    {up}


def downgrade_reports() -> None:
    {back}
'''

TABLE = (
    '{base} = Table({name!r}, {metadata}, Column("id", Integer, primary_key=True), Column("note", String(20)){more})'
)

PLAIN_MODELS = "from sqlalchemy import Column, Index, Integer, MetaData, String, Table\n\n"
ELLAR_SQL_MODELS = "from ellar_sql import model\n\n"
ELLAR_SQL_TABLE = """
class {base}(model.Model):
    __database__ = {database!r}
    __tablename__ = {name!r}
    {index}id = model.Column(model.Integer, primary_key=True)
    note = model.Column(model.String(20)){more}
"""

OURS = """
from ellar.common import Module
from ellar.core import ModuleBase

from ellar_db import EllarDBModule
from shop.models import METADATA


@Module(modules=[EllarDBModule.setup(databases={urls!r}, metadata=METADATA)])
class ApplicationModule(ModuleBase):
    pass
"""
THEIRS = """
from ellar.common import Module
from ellar.core import ModuleBase
from ellar_sql import EllarSQLModule

from ellar_db import EllarDBModule


@Module(
    modules=[
        EllarSQLModule.setup(
            databases={urls!r}, migration_options={{"directory": "migrations"}}, models=["shop.models"]
        ),
        EllarDBModule,
    ]
)
class ApplicationModule(ModuleBase):
    pass
"""


INTRODUCTION = """# Operating commands on big histories

Made by `benchmarks/operating.py`, which runs the commands one after the other in new projects: each has two databases,
and a history with branches, merges, two lines with labels, and dependencies between them. Seconds are CPU time of the
whole program, that of `ellar` with the import of Ellar and of the application; what a server does isn't in them.
`{middle}` is a revision in the middle of a line, `{late}` the eighth from its end, `{stray}` one of a branch, `{head}`
the head of the line. A dry run is refused on MariaDB, and `verify`, `check --history` and `check --drift` on a folder
whose `env.py` connects by itself. `lint` finds indexes on PostgreSQL that block writes. A look of `wait --timeout 0`
got a second when this was measured, which was too short for 1,000 revisions on a busy machine (exit code 3); now five.
"""


@dataclass(frozen=True)
class Step:
    """A command on a history.

    Args:
        typed: What is typed after `db`. `{middle}`, `{late}` and `{stray}` are revisions.
        code: The exit code that it should have.
        apart: The exit code on a plain Alembic folder, where it differs.
        mariadb: The exit code on MariaDB, where it differs.
        postgresql: The exit code on PostgreSQL, where it differs.
        most: The most revisions on which it is run.
    """

    typed: str
    code: int = 0
    apart: int | None = None
    mariadb: int | None = None
    postgresql: int | None = None
    most: int = 1_000_000


STEPS = (
    Step("create", apart=1),
    Step("wait"),
    Step("status"),
    Step("status --exit-code", 1),
    Step("plan heads"),
    Step("plan heads --json"),
    Step("plan heads --sql"),
    Step("upgrade {middle}"),
    Step("status"),
    Step("status --json"),
    Step("wait --for head --timeout 0", 1),
    Step("graph"),
    Step("graph --offline"),
    Step("graph -r {late}:"),
    Step("graph --mermaid"),
    Step("graph --dot"),
    Step("graph --html history.html"),
    Step("heads"),
    Step("heads --single", 1),
    Step("heads --json"),
    Step("history"),
    Step("branches"),
    Step("current"),
    Step("plan {late}"),
    Step("plan heads"),
    Step("lint", postgresql=1),
    Step("lint --all", postgresql=1),
    Step("lint --all --json", postgresql=1),
    Step("lint --since {late}", postgresql=1),
    Step("upgrade heads --dry-run", mariadb=1),
    Step("verify --all", apart=3, most=50),
    Step("upgrade heads"),
    Step("status --exit-code"),
    Step("wait --for head"),
    Step("upgrade heads"),
    Step("plan {late}"),
    Step("check"),
    Step("check --history", apart=3),
    Step("check --drift", apart=3),
    Step("downgrade {late} --yes"),
    Step("verify", apart=3, most=50),
    Step("rebase {stray} --onto {head} --dry-run"),
    Step("drop --yes", apart=1),
)


class History:
    """Revisions with branches, merges, labels and dependencies, and the tables that they lead to.

    Args:
        number: How many there are.
    """

    def __init__(self, number: int) -> None:
        chosen = random.Random(number)
        self.ids = [f"{chosen.getrandbits(48):012x}" for _ in range(number)]
        # every fifth revision is of a second base, with another label
        self.lines: tuple[list[str], list[str]] = ([], [])
        self.texts: dict[str, str] = {}
        # by table: whether it has another column, and an index
        self.tables: dict[str, list[bool]] = {}
        for place, own in enumerate(self.ids):
            self._add(place, own)
        self.names = {
            "middle": self.lines[0][len(self.lines[0]) // 2],
            "late": self.lines[0][-8],
            "head": self.lines[0][-1],
            "stray": "aaaabbbbcccc",
        }

    def _add(self, place: int, own: str) -> None:
        blog = place % 5 == 4
        line = self.lines[blog]
        turn = len(line)
        down: tuple[str, ...] = (line[-1],) if line else ()
        if turn % 10 == 4:
            down = (line[-2],)
        elif turn % 10 == 7:
            down = (line[-1], line[-4])
        label = None if line else ("blog" if blog else "shop")
        needs = self.lines[0][-1] if blog and turn % 4 == 0 else None
        up, back = self._change(place, "blog" if blog else "shop")
        self.texts[own] = REVISION.format(
            title=f"Change number {place} of the schema",
            own=own,
            named=", ".join(down),
            down=None if not down else down[0] if len(down) == 1 else down,
            label=label,
            needs=needs,
            up=up,
            back=back,
        )
        line.append(own)

    def _change(self, place: int, kind: str) -> tuple[str, str]:
        name = f"{kind}_{place - place % 20 // 5 * 5}" if place % 20 >= 5 else f"{kind}_{place}"
        turn = place % 20 // 5
        if turn == 0:
            self.tables[name] = [False, False]
            columns = 'sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.String(20))'
            return f'op.create_table("{name}", {columns})', f'op.drop_table("{name}")'
        if turn == 1:
            self.tables[name][0] = True
            return (
                f'op.add_column("{name}", sa.Column("extra", sa.Integer()))',
                f'with op.batch_alter_table("{name}") as batch_op:\n        batch_op.drop_column("extra")',
            )
        if turn == 2:
            self.tables[name][1] = True
            return (
                f'op.create_index("ix_{name}", "{name}", ["note"])',
                f'op.drop_index("ix_{name}", table_name="{name}")',
            )
        return (
            f"op.execute(\"UPDATE {name} SET note = 'x' WHERE note IS NULL\")",
            f"op.execute(\"UPDATE {name} SET note = NULL WHERE note = 'x'\")",
        )

    def write(self, versions: Path) -> None:
        """Write the revision files."""
        for place, (own, text) in enumerate(self.texts.items()):
            (versions / f"{own}_change_number_{place}.py").write_text(text, encoding="utf-8")

    def stray(self, versions: Path) -> None:
        """Write a revision of a branch that is to follow the head."""
        text = REVISION.format(
            title="A stray revision", own=self.names["stray"], named=self.names["late"], down=self.names["late"],
            label=None, needs=None, up="pass", back="pass",
        )  # fmt: skip
        (versions / f"{self.names['stray']}_a_stray_revision.py").write_text(text, encoding="utf-8")

    def plain_models(self) -> str:
        """Return a module with the tables."""
        lines = [PLAIN_MODELS]
        for database in NAMES:
            lines.append(f"{database} = MetaData()")
            for name, (column, index) in self.tables.items():
                more = ', Column("extra", Integer)' if column else ""
                more += f', Index("ix_{name}", "note")' if index else ""
                lines.append(TABLE.format(base=f"{database}_{name}", name=name, metadata=database, more=more))
        return "\n".join([*lines, f"METADATA = {{{', '.join(f'{name!r}: {name}' for name in NAMES)}}}\n"])

    def ellar_sql_models(self) -> str:
        """Return a module with the same tables as models of ellar-sql."""
        lines = [ELLAR_SQL_MODELS]
        for database in NAMES:
            for name, (column, index) in self.tables.items():
                lines.append(
                    ELLAR_SQL_TABLE.format(
                        base=f"{database}_{name}".title(),
                        database=database,
                        name=name,
                        index=f'__table_args__ = (model.Index("ix_{name}", "note"),)\n    ' if index else "",
                        more="\n    extra = model.Column(model.Integer)" if column else "",
                    )
                )
        return "\n".join(lines)


def make(kind: str, folder: Path, history: History, urls: Mapping[str, str]) -> tuple[tuple[str, ...], Path]:
    """Make a project, and return how its commands are called, and the folder of its revisions.

    Args:
        kind: One of PROJECTS.
        folder: An empty folder.
        history: Its revisions.
        urls: The databases.
    """
    if kind == "Alembic folder":
        subprocess.run([str(BIN / "alembic"), "init", "-t", "multidb", "migrations"], cwd=folder, check=True, stdout=-3)
        sections = "".join(f"[{name}]\nsqlalchemy.url = {url.replace('%', '%%')}\n\n" for name, url in urls.items())
        ini = (
            f"[alembic]\nscript_location = migrations\nprepend_sys_path = .\npath_separator = os\n"
            f"databases = {', '.join(urls)}\n\n{sections}"
        )
        write(folder, {"alembic.ini": ini, "models.py": history.plain_models()})
        env = folder / "migrations" / "env.py"
        text = env.read_text(encoding="utf-8").replace(
            "target_metadata = {}", "from models import METADATA as target_metadata"
        )
        env.write_text(text.replace("    fileConfig(config.config_file_name)", "    pass"), encoding="utf-8")
        program: tuple[str, ...] = (str(BIN / "ellar-db"), "-c", "alembic.ini")
    else:
        quickstart = Path(__file__).parent.parent / "examples" / "quickstart"
        kept = ["pyproject.toml", "shop/__init__.py", "shop/server.py", "shop/config.py"]
        module, models = (THEIRS, history.ellar_sql_models()) if kind == "ellar-sql" else (OURS, history.plain_models())
        files = {name: (quickstart / name).read_text(encoding="utf-8") for name in kept}
        write(folder, {**files, "shop/root_module.py": module.format(urls=dict(urls)), "shop/models.py": models})
        program = (str(BIN / "ellar"), "db")
        subprocess.run([*program, "init", "--multi"], cwd=folder, check=True, stdout=-3, stderr=-3)
    # ellar-sql puts it beside the root module
    versions = next(folder.rglob("env.py")).parent / "versions"
    history.write(versions)
    return program, versions


@dataclass(frozen=True)
class Result:
    """What a command came to.

    Args:
        project: The kind of project.
        database: The kind of database.
        size: The number of revisions.
        command: What was typed.
        code: Its exit code.
        seconds: Its CPU time.
        expected: Whether the exit code is the right one.
    """

    project: str
    database: str
    size: int
    command: str
    code: int
    seconds: float
    expected: bool


def run(
    kind: str, databases: Sequence[Scratch], size: int, folder: Path, given: argparse.Namespace
) -> Iterator[Result]:
    """Run all commands in a new project, one after the other.

    Args:
        kind: The kind of project.
        databases: Two databases, which aren't there.
        size: The number of revisions.
        folder: An empty folder.
        given: The command line.
    """
    history = History(size)
    urls = dict(zip(NAMES, (each.url for each in databases), strict=True))
    program, versions = make(kind, folder, history, urls)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    apart = kind == "Alembic folder"
    for step in STEPS:
        if size > step.most or (step.typed.startswith("drop") and given.keep):
            continue
        if "{stray}" in step.typed:
            history.stray(versions)
        typed = step.typed.format(**history.names).split()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [*program, *typed], cwd=folder, env=environment, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        wanted = step.code
        if apart and step.apart is not None:
            wanted = step.apart
        else:
            own = {"mariadb": step.mariadb, "postgresql": step.postgresql}.get(databases[0].kind)
            wanted = step.code if own is None else own
        if given.show or done.returncode != wanted:
            for said in (done.stdout, done.stderr):
                lines = said.splitlines()
                print(
                    "\n".join(
                        f"    {each[:160]}"
                        for each in [*lines[:12], *(["..."] if len(lines) > 20 else []), *lines[12:][-8:]]
                    )
                )
        if apart and step.typed == "create":
            for database in databases:
                database.empty()
        yield Result(
            kind, databases[0].kind, size, step.typed, done.returncode, round(seconds, 3), done.returncode == wanted
        )


def page(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table for each kind of project: a row for each command, a column for each history."""
    for project in dict.fromkeys(each["project"] for each in results):
        own = [each for each in results if each["project"] == project]
        columns = list(dict.fromkeys((each["database"], each["size"]) for each in own))
        yield f"## {project}"
        yield ""
        yield f"| command | exit code | {' | '.join(f'{name}, {size:,}' for name, size in columns)} |"
        yield f"|---|---|{'---|' * len(columns)}"
        turns: dict[str, list[dict[tuple[str, int], Mapping[str, Any]]]] = {}
        for each in own:
            cells = turns.setdefault(each["command"], [{}])
            key = each["database"], each["size"]
            free = next((cell for cell in cells if key not in cell), None)
            if free is None:
                cells.append(free := {})
            free[key] = each
        for command, cells in turns.items():
            for cell in cells:
                codes = " or ".join(map(str, sorted({each["code"] for each in cell.values()})))
                times = [f"{cell[key]['seconds']:.1f}" if key in cell else "" for key in columns]
                yield f"| `{command}` | {codes} | {' | '.join(times)} |"
        yield ""


def main() -> int:
    """Print a line for each command.

    Returns:
        1 if one ended with another exit code than it should, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="50,1000")
    parser.add_argument("--projects", default=",".join(PROJECTS))
    parser.add_argument("--databases", default=",".join(KINDS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--page", type=Path, help="only write the tables of the stored results, in Markdown")
    given = parser.parse_args()
    if given.page is not None:
        stored = json.loads(given.json.read_text(encoding="utf-8"))
        versions = ", ".join(f"{name} {number}" for name, number in stored["versions"].items())
        lines = [INTRODUCTION, f"{stored['machine']}; {versions}.", "", *page(stored["results"])]
        given.page.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
        return 0
    found: list[Result] = []
    for size in map(int, given.sizes.split(",")):
        for kind in given.projects.split(","):
            for kind_of_database in given.databases.split(","):
                with ExitStack() as stack:
                    place = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    work = place / f"{kind.replace(' ', '-')}-{kind_of_database}-{size}"
                    work.mkdir(parents=True)
                    databases = [
                        each for _ in NAMES for each in stack.enter_context(scratch_databases(work, [kind_of_database]))
                    ]
                    for database in databases:
                        database.drop()
                    for result in run(kind, databases, size, work, given) if databases else ():
                        mark = "" if result.expected else "  NOT EXPECTED"
                        print(
                            f"{kind}, {kind_of_database}, {size}: {result.command}: exit {result.code}, "
                            f"{result.seconds:.2f} s{mark}",
                            flush=True,
                        )
                        found.append(result)
                store(given.json, found, ("project", "database", "size"))
    return int(not all(each.expected for each in found))


if __name__ == "__main__":
    sys.exit(main())
