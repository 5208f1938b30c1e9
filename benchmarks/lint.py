"""Compare what linters say of the revisions of `lint_corpus/` with what these do, which `lint_truth.py` has measured.

A linter is right about a revision if it says that programs have to wait exactly if they do. Only its rules about that
count: that a column is dropped, or that a name has changed, is another question.

    python benchmarks/lint.py --json benchmarks/results/lint.json
    python benchmarks/lint.py --only lint --names        # ellar_db alone, and which revisions it gets wrong
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.databases import SERVERS
from benchmarks.lint_corpus import CASES
from benchmarks.lint_corpus.case import MARIADB, POSTGRESQL, Case
from benchmarks.lint_corpus.report import wrong
from benchmarks.lint_truth import RESULTS

PACKAGES = {
    "alembic-guard": ("alembic-guard",),
    "alembic-migration-linter": ("alembic-migration-linter",),
    "lockcheck": ("lockcheck",),
    "squawk": ("squawk-cli", "alembic-squawk", "alembic"),
    "zdm": ("zdm",),
}
"""What is installed for each of the peers; the first package's version is told."""

INI = "[alembic]\nscript_location = alembic\nsqlalchemy.url = {url}\n"

OFFLINE = """
from alembic import context

context.configure(url=context.config.get_main_option("sqlalchemy.url"), literal_binds=True)
with context.begin_transaction():
    context.run_migrations()
"""

OWN = "from ellar_db.env import run\n\nrun()\n"

SETTINGS = '[tool.ellar-db]\ndirectory = "migrations"\n\n[tool.ellar-db.databases]\ndefault = "{url}"\n'

SIDE_SUBJECTS = {
    # a column or table that goes away or has another name, and what fails rather than waits
    "alembic-guard": {"AG001", "AG003", "AG004", "AG005"},
    "alembic-migration-linter": {"DROP_TABLE", "DROP_COLUMN", "RENAME_TABLE", "RENAME_COLUMN", "NOT_NULL"},
    "lockcheck": {"LC001", "LC003"},
    "zdm": {"R004", "R005", "R008", "R009", "R010", "R011", "R012", "R013", "R014", "R019"},
}
"""The rules of the peers that aren't about programs that wait."""

WAITING = {
    "adding-foreign-key-constraint",
    "adding-serial-primary-key-field",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "adding-not-nullable-field",
    "require-concurrent-index-creation",
    "require-concurrent-index-deletion",
    "require-concurrent-partition-detach",
    "require-concurrent-reindex",
    "require-concurrent-refresh-materialized-view",
    "adding-field-with-default",
    "ban-alter-domain-with-add-constraint",
    "ban-create-domain-with-constraint",
    "ban-truncate-cascade",
}
"""Squawk's rules about programs that wait; most of its rules are about style, names and settings."""


@dataclass(frozen=True)
class Linter:
    """A program that says something of a revision.

    Args:
        name: What it is called in the results.
        kinds: The kinds of databases of which it says something.
        run: Returns the codes of its rules that find something in a case, of those about programs that wait.
    """

    name: str
    kinds: Sequence[str]
    run: Callable[[Case], set[str]]


class Peers:
    """The other linters, each in an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions: dict[str, str] = {}

    def linters(self, names: Iterable[str]) -> Iterator[Linter]:
        """Install some of them, and yield those that could be installed."""
        both = (POSTGRESQL, MARIADB)
        for name in names:
            if self._install(name, PACKAGES[name]):
                kinds = both if name == "alembic-migration-linter" else (POSTGRESQL,)
                yield Linter(name, kinds, getattr(self, f"_{name.replace('-', '_')}"))

    def _install(self, name: str, packages: Sequence[str]) -> bool:
        home = self.folder / name
        if not home.exists():
            venv.create(home, with_pip=True)
        python = home / "bin" / "python"
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "-q", *packages, "psycopg[binary]", "pymysql"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"left out: {name}, {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return False
        code = f"from importlib.metadata import version; print(version({packages[0]!r}))"
        self.versions[name] = subprocess.check_output([str(python), "-c", code], text=True).strip()
        return True

    def _output(self, name: str, program: str, *arguments: str) -> str:
        home = self.folder / name / "bin"
        env = {**os.environ, "PATH": f"{home}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
        env.pop("PYTHONPATH", None)
        done = subprocess.run(
            [str(home / program), *arguments], capture_output=True, text=True, check=False, env=env, timeout=60
        )
        return done.stdout

    def _codes(self, name: str, found: set[str]) -> set[str]:
        return found - SIDE_SUBJECTS[name]

    def _alembic_guard(self, _: Case) -> set[str]:
        output = self._output("alembic-guard", "alembic-guard", "alembic/versions/change_.py")
        return self._codes("alembic-guard", set(re.findall(r"\bAG\d{3}\b", output)))

    def _lockcheck(self, _: Case) -> set[str]:
        output = self._output("lockcheck", "lockcheck", "alembic/versions/change_.py")
        return self._codes("lockcheck", set(re.findall(r"^\s+\d+\s+(LC\d{3})\b", output, re.MULTILINE)))

    def _zdm(self, _: Case) -> set[str]:
        output = self._output("zdm", "zdm", "--output-format", "compact", "alembic/versions/change_.py")
        return self._codes("zdm", set(re.findall(r"\bR\d{3}\b", output)))

    def _alembic_migration_linter(self, case: Case) -> set[str]:
        dialect = "postgresql" if case.kind == POSTGRESQL else "mysql"
        output = self._output("alembic-migration-linter", "alembic-lint", "--no-cache", "-d", dialect, "-r", "change")
        return self._codes("alembic-migration-linter", set(re.findall(r"^\s+([A-Z_]+)$", output, re.MULTILINE)))

    def _squawk(self, _: Case) -> set[str]:
        self._output("squawk", "alembic-squawk", "--out-dir", "sql", "--revisions", "before:change")
        files = [str(file) for file in Path("sql").glob("*.sql")]
        if not files:
            return set()
        options = ("--assume-in-transaction", "--pg-version=15", "--reporter", "json")
        output = self._output("squawk", "squawk", *options, *files)
        return {each["rule_name"] for each in json.loads(output or "[]")} & WAITING


def own(*, measure: bool) -> Callable[[Case], set[str]]:
    """Return a function that runs `ellar-db lint` over a case."""

    def run(_: Case) -> set[str]:
        from click.testing import CliRunner

        from ellar_db.cli import db

        arguments = ["lint", *(["--measure"] if measure else []), "--since", "before", "--json"]
        result = CliRunner().invoke(db, arguments, prog_name="ellar-db")
        try:
            found = json.loads(result.stdout)["findings"]
        except ValueError as error:
            raise RuntimeError(result.output) from error
        return {each["code"] for each in found if each["code"].startswith("DB3") and each["severity"] != "note"}

    return run


@contextmanager
def project(case: Case) -> Iterator[None]:
    """Work in a folder that has the revisions of a case, for Alembic alone and for ellar_db."""
    variable, default = SERVERS[case.kind]
    url = os.environ.get(variable, default)
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for program, env in (("alembic", OFFLINE), ("migrations", OWN)):
            case.write(folder / program / "versions")
            (folder / program / "env.py").write_text(env)
        (folder / "alembic.ini").write_text(INI.format(url=url.replace("%", "%%")))
        (folder / "pyproject.toml").write_text(SETTINGS.format(url=url))
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def compared(linters: Sequence[Linter], truth: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return the codes that each linter says of each case, by the names of both."""
    found: dict[str, dict[str, list[str]]] = {linter.name: {} for linter in linters}
    for case in CASES:
        key = f"{case.kind}/{case.name}"
        if key not in truth:
            continue
        with project(case):
            for linter in linters:
                if case.kind in linter.kinds:
                    found[linter.name][key] = sorted(linter.run(case))
    return found


def main() -> int:
    """Run the linters, print how often each is right, and store what they say."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, help="where the results are stored")
    parser.add_argument(
        "--only", choices=("lint", "measure", "peers", *PACKAGES), action="append", help="leave the others out"
    )
    parser.add_argument("--peers", type=Path, help="where the peers are installed, to be used again")
    parser.add_argument("--names", action="store_true", help="name the revisions that ellar_db gets wrong")
    given = parser.parse_args()
    stored = json.loads(RESULTS.read_text())
    truth = stored["cases"]
    only = given.only or ("lint", "measure", "peers")
    both = (POSTGRESQL, MARIADB)
    linters = [Linter("ellar_db lint", both, own(measure=False))] if "lint" in only else []
    linters += [Linter("ellar_db lint --measure", both, own(measure=True))] if "measure" in only else []
    with tempfile.TemporaryDirectory() as name:
        peers = Peers(given.peers or Path(name))
        linters += peers.linters(PACKAGES if "peers" in only else [name for name in PACKAGES if name in only])
        said = compared(linters, truth)
        versions = {**{linter.name: version("ellar-db") for linter in linters}, **peers.versions}
    for kind in both:
        of = [key for key in truth if key.startswith(f"{kind}/")]
        dangerous = sum(truth[key]["dangerous"] for key in of)
        print(f"{kind} {stored['servers'][kind]}: {dangerous} dangerous, {len(of) - dangerous} harmless")
        for linter in linters:
            if kind in linter.kinds:
                missed, false = (wrong(said[linter.name], truth, kind, missed=which) for which in (True, False))
                print(f"  {linter.name:26} missed {len(missed):3}   false alarms {len(false):3}")
                if given.names and linter.name.startswith("ellar_db"):
                    print(f"    missed: {', '.join(missed) or 'none'}\n    false: {', '.join(false) or 'none'}")
    if given.json:
        # what the others said before stays
        known = json.loads(given.json.read_text()) if given.json.exists() else {"versions": {}, "said": {}}
        results = {
            "servers": stored["servers"],
            "rows": stored["rows"],
            "versions": {**known["versions"], **versions},
            "truth": truth,
            "said": {**known["said"], **said},
        }
        given.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
