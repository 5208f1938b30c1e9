"""Run real projects with Alembic, with ellar-db on the folder as it is, and with ellar-db once it is adopted.

usage: python benchmarks/real_projects.py [--operate FOLDER] ckan=CLONE polar=CLONE warehouse=CLONE mealie=CLONE
       mlflow=ENVIRONMENT

CLONE is a clone (bare ones too) of the project; its env.py and revisions are taken from HEAD. What these import from
the application is replaced by small stand-ins, below, unless it is part of what is taken. ENVIRONMENT is a virtual
environment with the project, ellar-db and drivers. Nothing of the projects is part of this repository.

With --operate, the adopted folder is what `lint --all`, `verify --all` and `graph --html` are run on, whose answers are
counted, and kept in the folder that is named.

Each way upgrades a database of its own to the newest revision, asks for `current` and `history`, and goes back one
revision. Outputs and schemas must be the same; the script prints a line for each project, and fails if one differs.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from databases import Scratch, scratch_databases

from ellar_db.databases.factory import make_databases
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.schema import differences, read_schema

METADATA = "from sqlalchemy import MetaData\n\nmetadata = MetaData()\n"

POLAR_CONFIG = """
import os


class settings:
    @staticmethod
    def get_postgres_dsn(driver):
        return os.environ["PROJECT_URL"].replace("+psycopg", f"+{driver}")
"""

MLFLOW_TABLES = """
import sys

from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy import create_engine

Base.metadata.create_all(create_engine(sys.argv[1]))
"""


@dataclass(frozen=True)
class RealProject:
    """A project with migrations.

    Args:
        kind: The kind of database.
        taken: Files and folders of its repository that are taken.
        root: The folder in which it is run.
        ini: Its ini file, from there, or the text of one.
        stubs: What stands for the rest, by path.
        in_environment: The project is installed in an environment, and `root`, among its packages, is its folder.
        version_table: The name of its version table.
        prepare: A program that makes what is there before the first revision, given the database's URL.
    """

    kind: str
    taken: Sequence[str]
    root: str
    ini: str
    stubs: Mapping[str, str] = field(default_factory=dict)
    in_environment: bool = False
    version_table: str = "alembic_version"
    prepare: str = ""


PROJECTS = {
    "ckan": RealProject(
        "postgresql",
        ["ckan/migration"],
        ".",
        "ckan/migration/alembic.ini",
        {
            "ckan/__init__.py": "",
            "ckan/model/__init__.py": "def init_model(engine):\n    pass\n",
            "ckan/model/meta.py": METADATA,
            "ckan/plugins.py": "def plugin_loaded(name):\n    return True\n",
        },
    ),
    "polar": RealProject(
        "postgresql",
        ["server/migrations", "server/alembic.ini"],
        "server",
        "alembic.ini",
        {
            "server/polar/__init__.py": "",
            "server/polar/config.py": POLAR_CONFIG,
            "server/polar/models.py": f"{METADATA}\n\nclass Model:\n    metadata = metadata\n",
        },
    ),
    "warehouse": RealProject(
        "postgresql",
        ["warehouse/migrations", "warehouse/utils/db/types.py"],
        ".",
        "[alembic]\nscript_location = warehouse:migrations\nurl = URL\npath_separator = os\n",
        {
            "warehouse/__init__.py": "",
            "warehouse/db.py": METADATA,
            "warehouse/utils/__init__.py": "",
            "warehouse/utils/db/__init__.py": "",
        },
    ),
    "mlflow": RealProject(
        "sqlite",
        [],
        "mlflow/store/db_migrations",
        "alembic.ini",
        in_environment=True,
        prepare=MLFLOW_TABLES,
    ),
}


class Way:
    """A project's files in a folder, and a way to run its migrations.

    Args:
        project: The project.
        source: Its clone, or its environment.
        folder: An empty folder.
        database: An empty database.
        program: "alembic" or "ellar-db".
    """

    def __init__(self, project: RealProject, source: Path, folder: Path, database: Scratch, program: str) -> None:
        self.project, self.database, self.program, self.source = project, database, program, source
        self.top = folder
        if project.in_environment:
            packages = next(source.glob("lib/python3*/site-packages"))
            _copied(packages / project.root, folder)
        else:
            _taken(source, project.taken, folder)
        for name, text in project.stubs.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self.cwd = folder if project.in_environment else folder / project.root
        self.ini = project.ini
        if "\n" in project.ini:
            (self.cwd / "alembic.ini").write_text(project.ini, encoding="utf-8")
            self.ini = "alembic.ini"
        self._set_url()
        self.options: tuple[str, ...] = ("-c", self.ini)
        if project.prepare:
            subprocess.run([str(self.programs / "python"), "-c", project.prepare, database.url], check=True)

    def _set_url(self) -> None:
        file = self.cwd / self.ini
        url = self.database.url.replace("%", "%%")
        text = file.read_text(encoding="utf-8")
        text = text.replace("url = URL", f"url = {url}")
        text, found = re.subn(r"(?m)^#?\s*sqlalchemy\.url\s*=.*$", f"sqlalchemy.url = {url}", text)
        if not found:
            text = text.replace("[alembic]\n", f"[alembic]\nsqlalchemy.url = {url}\n", 1)
        if self.project.in_environment:
            # the folder lies elsewhere in its package
            text = re.sub(r"(?m)^script_location\s*=.*$", "script_location = %(here)s", text)
        file.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        done = subprocess.run(
            [str(self.programs / self.program), *self.options, *arguments],
            cwd=self.cwd,
            env={**os.environ, "PYTHONPATH": "" if self.project.in_environment else str(self.cwd), **self.env},
            capture_output=True,
            text=True,
            check=False,
        )
        return done

    @property
    def programs(self) -> Path:
        """The folder of the programs."""
        return self.source / "bin" if self.project.in_environment else Path(sys.executable).parent

    @property
    def env(self) -> dict[str, str]:
        """What the project's settings read."""
        return {"PROJECT_URL": self.database.url, "DATABASE_URL": self.database.url}

    def answers(self) -> list[tuple[str, str]]:
        """Run the commands, and return what each answers."""
        found = []
        for command in (("upgrade", "head"), ("current",), ("history",), ("downgrade", "-1"), ("current",)):
            done = self.run(*command)
            output = done.stdout if command[0] in ("current", "history") else ""
            failed = "" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr.strip()[-400:]}"
            found.append((" ".join(command), output + failed))
            if command[0] == "upgrade":
                self.schema = self._schema()
        self.schema_after = self._schema()
        return found

    def _schema(self) -> dict[str, str]:
        manager = get_plugin_manager()
        database = make_databases(self.database.url, pooled=False)["default"]
        leave_out = {self.project.version_table, "ellar_db_journal"}
        dialect = dialect_of(manager, database)
        return database.transaction(lambda connection: read_schema(connection, dialect, leave_out))


def _taken(clone: Path, names: Sequence[str], folder: Path) -> None:
    done = subprocess.run(["git", "-C", str(clone), "archive", "HEAD", *names], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _copied(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.is_file() and file.suffix in (".py", ".ini", ".mako"):
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())


def compare(name: str, source: Path, work: Path) -> list[str]:
    """Return in what the ways differ.

    Args:
        name: The project.
        source: Its clone, or its environment.
        work: An empty folder.
    """
    project = PROJECTS[name]
    wrong: list[str] = []
    expected: Way | None = None
    before: list[tuple[str, str]] = []
    for way in ("alembic", "ellar-db", "adopted"):
        folder = work / way
        folder.mkdir()
        with scratch_databases(folder, [project.kind]) as databases:
            if not databases:
                return [f"no {project.kind} server"]
            run = Way(project, source, folder, databases[0], "alembic" if way == "alembic" else "ellar-db")
            if way == "adopted":
                done = run.run("adopt", "--yes", "--replace-env")
                if done.returncode:
                    wrong.append(f"adopt: {done.stderr.strip()[-600:]}")
                    continue
                run.options = ()
            answers = run.answers()
            if expected is None:
                expected, before = run, answers
                print(f"{name}: alembic: {'; '.join(_brief(answer) for answer in answers)}", flush=True)
                continue
            for (command, found), (_, wanted) in zip(answers, before, strict=True):
                if found != wanted:
                    wrong.append(f"{way}: {command}: {found!r} instead of {wanted!r}")
            wrong += [f"{way}: {line}" for line in differences(expected.schema, run.schema)]
            wrong += [f"{way}, downgraded: {line}" for line in differences(expected.schema_after, run.schema_after)]
    return wrong


def operate(name: str, source: Path, work: Path, kept: Path) -> list[str]:
    """Run commands that read and try a history, print what they found, and return what went wrong.

    Args:
        name: The project.
        source: Its clone, or its environment.
        work: An empty folder.
        kept: Where the answers go.
    """
    project = PROJECTS[name]
    wrong: list[str] = []
    kept.mkdir(parents=True, exist_ok=True)
    with scratch_databases(work, [project.kind]) as databases:
        if not databases:
            return [f"no {project.kind} server"]
        run = Way(project, source, work / "adopted", databases[0], "ellar-db")
        done = run.run("adopt", "--yes", "--replace-env")
        if done.returncode:
            return [f"adopt: {done.stderr.strip()[-600:]}"]
        run.options = ()
        page = kept / f"{name}.html"
        for command in (
            ("lint", "--all", "--json"),
            ("lint", "--all"),
            ("graph", "--html", str(page)),
            ("graph",),
            ("verify", "--all", "--keep-going", "--json"),
        ):
            started = time.perf_counter()
            done = run.run(*command)
            seconds = time.perf_counter() - started
            told = " ".join(command).replace(str(page), page.name)
            file = kept / f"{name}-{'-'.join(each.strip('-') for each in command if '/' not in each)}.txt"
            file.write_text(done.stdout + done.stderr, encoding="utf-8")
            print(f"{name}: {told}: exit {done.returncode}, {seconds:.1f} s{_counted(done.stdout)}", flush=True)
            if done.returncode not in (0, 1):
                wrong.append(f"{told}: {done.stderr.strip()[-600:]}")
    return wrong


def _counted(output: str) -> str:
    """Return how many of what a document in JSON has."""
    try:
        found = json.loads(output)
    except ValueError:
        return ""
    if "findings" in found:
        codes = Counter(each["code"] for each in found["findings"])
        unread = f", {len(found['unread'])} not read" if found["unread"] else ""
        return f": {found['revisions']} revisions{unread}; {dict(sorted(codes.items()))}"
    verdicts = Counter(each["result"] for database in found["databases"] for each in database["revisions"])
    return f": {dict(sorted(verdicts.items()))}"


def _brief(answer: tuple[str, str]) -> str:
    command, output = answer
    return (
        f"{command}: {len(output.splitlines())} lines"
        if command == "history"
        else f"{command}: {output.strip() or 'done'}"
    )


def main() -> int:
    """Print a line for each project.

    Returns:
        1 if one differs, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operate", type=Path, metavar="FOLDER")
    parser.add_argument("projects", nargs="+", metavar="NAME=PATH", help=", ".join(PROJECTS))
    failed = False
    given = parser.parse_args()
    for each in given.projects:
        name, _, path = each.partition("=")
        source = Path(path).absolute()
        with tempfile.TemporaryDirectory() as work:
            if given.operate is not None:
                wrong = operate(name, source, Path(work), given.operate.absolute())
            else:
                wrong = compare(name, source, Path(work))
                print(f"{name}: {'the same' if not wrong else 'differs'}", flush=True)
        failed |= bool(wrong)
        for line in wrong:
            print(f"  {line}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
