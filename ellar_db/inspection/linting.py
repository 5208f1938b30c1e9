"""What the rules find in existing revisions, each with its line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

from ellar_db.config.command_line import program
from ellar_db.config.groups import representatives
from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.config.reports.refusals import reported
from ellar_db.config.revision_files import no_revisions
from ellar_db.databases.database import Databases
from ellar_db.ddl.catalog import Catalog
from ellar_db.history.documents import written
from ellar_db.history.git import naming_file
from ellar_db.inspection.measuring.measurement import Measured, measured
from ellar_db.inspection.measuring.words import CODES
from ellar_db.inspection.recording import Recording, Step, recorded
from ellar_db.inspection.trials.pending import none_of, revisions_of
from ellar_db.inspection.trials.reversal import reversal_of
from ellar_db.lint.findings import Finding
from ellar_db.lint.operations import Loss, Operations, Sql, name_of
from ellar_db.lint.probes import Probes
from ellar_db.lint.registry import rules_of
from ellar_db.lint.review import findings_of
from ellar_db.lint.settings import lint_settings
from ellar_db.lint.waivers import is_waived
from ellar_db.options import Which
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import PluginManager
from ellar_db.revisions.losses import losses
from ellar_db.runtime.package_checks import heads_to_join
from ellar_db.util.alembic import upgrade_steps, version_folders
from ellar_db.util.errors import DbError, meant
from ellar_db.util.files import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

log = logging.getLogger("ellar_db")

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
    def document(self) -> dict[str, object]:
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
    databases = representatives(config, given, invocation.chosen) if given else given
    with reported():
        chosen = {each.name: revisions_of(which, script, each, invocation) for each in databases.values()}
        every = {each.revision for each in script.walk_revisions()}
    wanted = set().union(*chosen.values()) if chosen else every
    if not wanted:
        log.info("%s", no_revisions(script) or none_of(which, " and ".join(chosen)))
    linted = Linted(revisions=len(wanted))
    reader = _Reader(config, script, which, linted)
    # what a revision prints isn't among the findings
    with redirect_stdout(sys.stderr):
        # those before them tell which tables and columns there are
        for found in recorded(
            config, script, lambda: upgrade_steps(script, "heads", ()), databases=list(databases), goes_on=True
        ):
            name = found.database.name if found.database is not None else ""
            reader.read(found, chosen.get(name, every))
        if measure:
            reader.take(measured(config, script, databases, chosen, urls))
    linted.found.sort(key=lambda each: reader.places[each.revision])
    return linted


class _Reader:
    """Applies the rules to what was recorded.

    Args:
        config: The configuration.
        script: The folder.
        which: Which revisions are read.
        linted: Where the findings go.
    """

    def __init__(self, config: Config, script: ScriptDirectory, which: Which, linted: Linted) -> None:
        self.manager = invocation_of(config).manager
        self.rules = rules_of(self.manager)
        self.settings = lint_settings(self.manager.settings, [rule.code for rule in self.rules])
        self.heads = heads_to_join(config)
        self.linted = linted
        self.places: dict[str, int] = {}
        self.release = named_in(script, self.settings.release or which.since_ref or "")
        self._seen: dict[tuple[object, ...], Finding] = {}

    def read(self, found: Recording, chosen: set[str]) -> None:
        """Apply the rules to the revisions on one database."""
        from alembic.operations.ops import UpgradeOps

        database = found.database
        dialect = dialect_named(self.manager, found.dialect.name)
        catalog = Catalog()
        for number, step in enumerate(found.steps):
            revision = step.script.revision
            self.places.setdefault(revision, number)
            if revision in chosen and step.problem:
                self.linted.unread.setdefault(revision, step.problem)
            lines: dict[int, int] = {}
            container = UpgradeOps([])
            for operation, line in step.everything:
                lines[id(operation)] = line
                container.ops.append(operation)
            operations = Operations(
                container, dialect, found.dialect, Probes(database, dialect, None), sql=self._sql(step, catalog, found)
            )
            if revision in chosen:
                name = database.name if database is not None else "default"
                for subject, finding, line in findings_of(operations, self.rules, self.settings, name):
                    self._add(step, finding, line or lines.get(id(subject), 0), operations)

    def _sql(self, step: Step, catalog: Catalog, found: Recording) -> Sql:
        name = found.database.token if found.database is not None else ""
        downgrades = ["downgrade", f"downgrade_{name}"]
        return Sql(
            step.statements,
            catalog,
            step.copied,
            step.asked,
            step.script,
            self.heads,
            reversal_of(step.script, name).problem,
            # of one that couldn't be read to its end, it isn't known what it makes
            []
            if step.problem
            else [Loss(each.schema, each.table, each.column) for each in losses(Path(step.script.path), downgrades)],
            self.release,
        )

    def _add(self, step: Step, finding: Finding, line: int, operations: Operations) -> None:
        # a table that is made in the same revision has no rows, and nobody uses it yet
        if finding.table in {name_of(each) for each in operations.made}:
            return
        self._keep(Located(finding, step.script.revision, Path(step.script.path), line))

    def take(self, seen: Measured) -> None:
        """Put what revisions did on scratch databases in the place of what the rules say of the same."""

        def is_known(each: Located) -> bool:
            return each.finding.code in CODES and each.revision in seen.done.get(each.finding.database, ())

        for kept in (self.linted.found, self.linted.waived):
            kept[:] = [each for each in kept if not is_known(each)]
        self._seen.clear()
        for finding, revision, line in seen.found:
            if finding.code not in self.settings.ignored:
                severity = self.settings.severities.get(finding.code, finding.severity)
                told = replace(finding, severity=severity)
                self._keep(Located(told, revision.revision, Path(revision.path), line, measured=True))

    def _keep(self, located: Located) -> None:
        """Add a finding to those that count, or to those that are let pass."""
        finding = located.finding
        # one line that does the same on several databases is one finding
        first = self._seen.setdefault(_key(located), finding)
        if first is not finding and (first.database != finding.database or first.message == finding.message):
            return
        waived = is_waived(finding, located.revision, located.file, located.line, self.settings)
        (self.linted.waived if waived else self.linted.found).append(located)


def named_in(script: ScriptDirectory, ref: str) -> Callable[[str], str | None]:
    """Return a function that returns a file of a commit in which a name is, the revisions aside.

    Args:
        script: The folder of the revisions.
        ref: The commit; if it is empty, the function returns None, as it isn't known.
    """
    if not ref:
        return lambda _: None
    folder = Path(script.dir)
    own = [folder, *version_folders(script)]
    return cache(lambda name: naming_file(folder, ref, name, own))


def _key(each: Located) -> tuple[object, ...]:
    """Return what is equal for two databases on which one line does the same."""
    return each.file, each.line, each.finding.code, each.finding.table, each.finding.column


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


def explained(code: str, manager: PluginManager) -> str:
    """Return what a rule is about, or a line for each of all.

    Args:
        code: The rule's code, or "all".
        manager: The plugins, which may bring it.

    Raises:
        DbError: There is no such rule.
    """
    rules = rules_of(manager)
    if code == "all":
        return "\n".join(f"{rule.code} {rule.title}" for rule in rules)
    rule = next((rule for rule in rules if rule.code == code.upper()), None)
    if rule is None:
        codes = [rule.code for rule in rules]
        raise DbError(
            f"there is no rule {code}; `{program()} lint --explain all` lists them{meant(code.upper(), codes)}"
        )
    parts = [f"{rule.code}: {rule.title}", rule.why, f"What to do: {rule.fix[0].lower()}{rule.fix[1:]}"]
    for title, example in (("Found in:", rule.bad), ("Instead:", rule.good)):
        if example:
            parts.append(f"{title}\n\n{indent(example, '    ')}")
    return "\n\n".join(parts)
