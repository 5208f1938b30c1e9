"""What the rules find in revisions that are there already, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.config.groups import representatives
from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.database import Databases
from ellar_db.history.documents import written
from ellar_db.inspection.measuring.measurement import measured
from ellar_db.inspection.measuring.words import CODES
from ellar_db.inspection.recording import Recording, recorded
from ellar_db.inspection.trials.pending import revisions_of
from ellar_db.lint.findings import Finding
from ellar_db.lint.operations import Operations, name_of
from ellar_db.lint.probes import Probes
from ellar_db.lint.review import findings_of, ignored_codes
from ellar_db.options import Which
from ellar_db.plugins.dialects import dialect_named
from ellar_db.util.alembic import upgrade_steps
from ellar_db.util.files import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

WAIVER = re.compile(r"#\s*ellar-db:\s*(?P<codes>[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)\b[ \t:,-]*(?P<reason>.*)")
"""A comment that says why a finding is no problem, as in `# ellar-db: DB102 nothing reads it since 2.3`."""

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
"""GitHub's names of the severities."""


@dataclass(frozen=True)
class Located:
    """A finding in a revision file.

    Args:
        finding: The finding.
        revision: The revision.
        file: Its file.
        line: The line of the file; 0 if it isn't known.
        measured: It was seen when the revision ran on a scratch database.
    """

    finding: Finding
    revision: str
    file: Path
    line: int
    measured: bool = False

    @property
    def text(self) -> str:
        """The finding in one line, as compilers write it.

        Example:
            >>> finding = Finding("DB101", "warning", "default", "t", None, "drops it", "keep it")
            >>> Located(finding, "a1", Path("a1.py"), 9).text
            'a1.py:9: warning: DB101 t: drops it; keep it'
        """
        return f"{self.place}: {self.finding.severity}: {self.finding.line()}"

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{shown(self.file)}:{self.line}" if self.line else str(shown(self.file))

    @property
    def annotation(self) -> str:
        """The finding as a workflow of GitHub shows it beside the line."""
        values = {"file": shown(self.file).as_posix(), "line": self.line or 1, "title": self.finding.code}
        where = ",".join(f"{key}={_escaped(str(value), ',:')}" for key, value in values.items())
        return f"::{LEVELS[self.finding.severity]} {where}::{_escaped(self.finding.line())}"

    @property
    def document(self) -> dict[str, Any]:
        """The finding for programs."""
        finding = self.finding
        return {
            "code": finding.code,
            "severity": finding.severity,
            "file": shown(self.file).as_posix(),
            "line": self.line or None,
            "revision": self.revision,
            "database": finding.database,
            "table": finding.table,
            "column": finding.column,
            "message": finding.message,
            "fix": finding.fix,
            "measured": self.measured,
        }


@dataclass
class Linted:
    """What was found in revisions.

    Args:
        found: The findings, in the order of the revisions.
        waived: Those for which their lines give a reason.
        unread: The revisions of which not all could be told, each with why.
        revisions: How many were read.
    """

    found: list[Located] = field(default_factory=list)
    waived: list[Located] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    revisions: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found but notes."""
        return all(each.finding.severity == "note" for each in self.found)

    @property
    def document(self) -> str:
        """The document for programs."""
        return written(
            revisions=self.revisions,
            findings=[each.document for each in self.found],
            waived=[each.document for each in self.waived],
            unread=[{"revision": revision, "why": why} for revision, why in self.unread.items()],
        )


def lint(config: Config, which: Which, *, measure: bool = False, urls: Sequence[str] = ()) -> Linted:
    """Apply the rules to revisions, read from their files.

    A database is only asked, by `revisions_of`, which revisions it has.

    Args:
        config: The configuration of the application or of a package.
        which: Which revisions are read.
        measure: Run them on scratch databases too.
        urls: Where scratch databases are made.

    Raises:
        DbError: There is no such revision, or env.py can't write SQL.
        UnavailableError: A revision can't be run on a scratch database.
    """
    from alembic.script import ScriptDirectory

    invocation = invocation_of(config)
    script = ScriptDirectory.from_config(config)
    given: Databases = config.attributes.get(DATABASES) or Databases([])
    databases = representatives(invocation.manager, given, invocation.chosen) if given else given
    linted = Linted()
    with reported():
        chosen = {each.name: revisions_of(which, script, each, invocation) for each in databases.values()}
        every = {each.revision for each in script.walk_revisions()}
    union = set().union(*chosen.values()) if chosen else every
    for found in recorded(
        config, script, lambda: upgrade_steps(script, "heads", ()), databases=list(databases), chosen=union
    ):
        name = found.database.name if found.database is not None else ""
        _read(found, chosen.get(name, every), linted, ignored_codes(invocation.manager.settings), config)
    linted.revisions = len(union)
    if measure:
        _measure(config, script, databases, chosen, urls, linted)
    return linted


def _measure(
    config: Config,
    script: ScriptDirectory,
    databases: Databases,
    chosen: Mapping[str, set[str]],
    urls: Sequence[str],
    linted: Linted,
) -> None:
    """Put what revisions do on scratch databases in the place of what rules say of the same."""
    seen = measured(config, script, databases, chosen, urls)

    def is_known(each: Located) -> bool:
        return each.finding.code in CODES and each.revision in seen.done.get(each.finding.database, ())

    linted.found = [each for each in linted.found if not is_known(each)]
    linted.waived = [each for each in linted.waived if not is_known(each)]
    ignored = ignored_codes(invocation_of(config).manager.settings)
    for finding, revision, line in seen.found:
        if finding.code not in ignored:
            _add(linted, Located(finding, revision.revision, Path(revision.path), line, measured=True))
    order = {revision.revision: number for number, revision in enumerate(script.walk_revisions())}
    linted.found.sort(key=lambda each: (-order[each.revision], each.line))


def _add(linted: Linted, located: Located) -> None:
    """Add a finding, unless another database has the same."""
    if not any(_key(each) == _key(located) for each in (*linted.found, *linted.waived)):
        (linted.waived if _is_waived(located) else linted.found).append(located)


def _read(found: Recording, chosen: set[str], linted: Linted, ignored: frozenset[str], config: Config) -> None:
    """Apply the rules to the revisions on one database."""
    from alembic.operations.ops import CreateTableOp, UpgradeOps

    database = found.database
    name = database.name if database is not None else "default"
    dialect = dialect_named(invocation_of(config).manager, found.dialect.name)
    for step in found.steps:
        if step.script.revision not in chosen:
            continue
        if step.problem:
            linted.unread.setdefault(step.script.revision, step.problem)
        lines = {id(operation): line for operation, line in step.operations}
        container = UpgradeOps([operation for operation, _ in step.operations])
        operations = Operations(container, dialect, found.dialect, Probes(database, dialect, None))
        # a table that is made in the same revision has no rows, and nobody uses it yet
        made = {name_of((each.schema, each.table_name)) for each in container.ops if isinstance(each, CreateTableOp)}
        for operation, finding in findings_of(operations, ignored, name):
            if finding.table in made:
                continue
            _add(linted, Located(finding, step.script.revision, Path(step.script.path), lines[id(operation)]))


def _key(each: Located) -> tuple[object, ...]:
    """Return what is equal for two databases on which one line does the same."""
    return each.file, each.line, each.finding.code, each.finding.table, each.finding.column


@cache
def _lines(file: Path) -> Sequence[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def _is_waived(located: Located) -> bool:
    """Return whether the line of a finding, or the comment above it, gives a reason to let it pass."""
    lines = _lines(located.file)
    for number in (located.line, located.line - 1):
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        if number != located.line and not text.lstrip().startswith("#"):
            continue
        waiver = WAIVER.search(text)
        if waiver and waiver["reason"].strip() and located.finding.code in re.split(r"\s*,\s*", waiver["codes"]):
            return True
    return False


def _escaped(text: str, more: str = "") -> str:
    """Return a text as a command of a workflow takes it.

    Example:
        >>> _escaped("50 %, all", ",")
        '50 %25%2C all'
    """
    return "".join(f"%{ord(each):02X}" if each in f"%\r\n{more}" else each for each in text)


def lines_of(linted: Linted, form: str) -> Iterator[str]:
    """Yield what `lint` prints.

    Args:
        linted: What was found.
        form: "text" or "github".
    """
    for each in linted.found:
        yield each.annotation if form == "github" else each.text


def explained(code: str) -> Mapping[str, str] | None:
    """Return what a rule is about; None if there is none of the code.

    Args:
        code: The rule's code.
    """
    from ellar_db.lint.rules import RULES

    rule = next((rule for rule in RULES if rule.code == code.upper()), None)
    return None if rule is None else {"title": f"{rule.code}: {rule.title}", "why": rule.why, "fix": rule.fix}
