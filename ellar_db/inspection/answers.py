"""The answers of `check`: what differs between models, databases and the history of revisions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from json import dumps
from typing import TYPE_CHECKING, Any

import click

from ellar_db.autogenerate.uncompared import UNCOMPARED
from ellar_db.autogenerate.words import DATABASE, Difference, differences, lines
from ellar_db.config.command_line import program
from ellar_db.config.invocation import change_invocation, invocation_of
from ellar_db.inspection.drift import UNCOMPARED as NEVER_COMPARED
from ellar_db.inspection.drift import Deviation, Drift, find_drift, replaying
from ellar_db.revisions.replay import replayed
from ellar_db.runtime.package_checks import check_heads, heads_to_join, warn_of_heads
from ellar_db.runtime.packages import in_turn
from ellar_db.util.errors import DbError
from ellar_db.util.masking import masked

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import UpgradeOps


log = logging.getLogger("ellar_db")

KEYS = ("operation", "table", "schema", "name", "text")
"""What the JSON document has of each difference between models and a database."""


@dataclass(frozen=True)
class Compared:
    """In what the models and a database differ, or the models and what the revisions make.

    Args:
        database: The database's name.
        package: The package whose models were compared; None for the application's own.
        differences: What a revision would change, one after the other; none if they agree.
        not_compared: What wasn't compared, in words.
    """

    database: str
    package: str | None
    differences: tuple[Difference, ...]
    not_compared: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, object]:
        """The differences as `--json` has them."""
        return {
            "database": self.database,
            "package": self.package,
            "differences": [{key: getattr(each, key) for key in KEYS} for each in self.differences],
            "not_compared": list(self.not_compared),
        }


@dataclass(frozen=True)
class Drifted:
    """In what a database differs from what the revisions make that were run on it.

    Args:
        database: The database's name.
        at: The revisions at which it is.
        differences: The objects that are there in another way; none if there is no drift.
        not_compared: What wasn't compared, in words.
    """

    database: str
    at: tuple[str, ...]
    differences: tuple[Deviation, ...]
    not_compared: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, object]:
        """The differences as `--json` has them."""
        return {
            "database": self.database,
            "package": None,
            "at": list(self.at),
            "differences": [dict(vars(each)) for each in self.differences],
            "not_compared": list(self.not_compared),
        }


@dataclass
class Report:
    """What `check` has compared.

    Args:
        json: Print one document, and nothing else.
        question: What was asked, as the document has it: "database", "history" or "drift".
        refuses: Whether a difference is an error; if not, whoever asks looks at the answers.
        compared: The answers about models.
        drifted: The answers about databases and their revisions.
        unfinished: How many comparisons have begun and didn't end.
        told: The lines about what wasn't compared.
    """

    json: bool
    question: str = "database"
    refuses: bool = True
    compared: list[Compared] = field(default_factory=list)
    drifted: list[Drifted] = field(default_factory=list)
    unfinished: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, package: str | None, compared: Sequence[UpgradeOps]) -> None:
        """Add the databases of the application, or of a package, and print what wasn't compared."""
        uncompared: dict[str, list[str]] = {}
        for operations in compared:
            database, left_out = str(operations.info.get(DATABASE)), operations.info.get(UNCOMPARED, [])
            self.compared.append(Compared(database, package, tuple(differences(operations)), tuple(left_out)))
            uncompared.setdefault(", ".join(left_out), []).append(database)
        self._tell_uncompared(uncompared)

    def add_drift(self, found: Drift, left_out: Sequence[str]) -> None:
        """Add a database that was compared with its history."""
        deviations = tuple(_masked(each) for each in found.deviations)
        self.drifted.append(
            Drifted(found.place.database.name, tuple(found.place.revisions), deviations, tuple(left_out))
        )
        self._tell_uncompared({", ".join(left_out): [found.place.database.name]})

    def _tell_uncompared(self, uncompared: Mapping[str, Sequence[str]]) -> None:
        for left_out, names in uncompared.items():
            where = f" on {' and '.join(names)}" if len(uncompared) > 1 else ""
            line = f"Not compared{where}: {left_out}."
            if not self.json and line not in self.told:
                self.told.append(line)
                log.info("%s", line)

    def finish(self) -> None:
        """Print the document, if everything could be compared."""
        databases = [*(each.document for each in self.compared), *(each.document for each in self.drifted)]
        if self.json and databases and not self.unfinished:
            document = {"schema": 1, "question": self.question, "databases": databases}
            click.echo(dumps(document, indent=2, ensure_ascii=False))


def _masked(deviation: Deviation) -> Deviation:
    texts: dict[str, Any] = {name: value and masked(value) for name, value in vars(deviation).items()}
    return Deviation(**texts)


def search(config: Config, urls: Sequence[str], report: Report) -> None:
    """Compare the databases with the revisions that were run on them.

    Args:
        config: Alembic's configuration.
        urls: Where scratch databases are made.
        report: Gets the differences.

    Raises:
        DbError: They differ.
    """
    report.unfinished += 1
    found = find_drift(config, urls)
    for each in found:
        report.add_drift(each, NEVER_COMPARED)
        for deviation in each.deviations:
            label = f"{each.place.database.name}: " if len(found) > 1 else ""
            config.print_stdout("%s", masked(label + deviation.text))
    report.unfinished -= 1
    differ = [] if not report.refuses else [repr(each.place.database.name) for each in found if each.deviations]
    if differ:
        what = f"the database {differ[0]} differs" if len(differ) == 1 else f"the databases {', '.join(differ)} differ"
        raise DbError(
            f"{what} from what the applied revisions make; undo the differences there, or write a revision for them"
        )
    if not any(each.deviations for each in found):
        config.print_stdout("No drift detected.")


def compare_history(config: Config, urls: Sequence[str], report: Report) -> None:
    """Compare the models with what the revisions make.

    Args:
        config: Alembic's configuration.
        urls: Where scratch databases are made.
        report: Gets the differences.

    Raises:
        DbError: They differ.
    """
    from alembic.script import ScriptDirectory

    with ExitStack() as stack:
        with replaying():
            stack.enter_context(replayed(config, ScriptDirectory.from_config(config), urls))
        in_turn(config, partial(compare, report=report))


def compare(config: Config, report: Report) -> None:
    """Compare the databases with the models of the application, or of a package.

    Args:
        config: Alembic's configuration.
        report: Gets the differences.

    Raises:
        DbError: They differ, or a database isn't at the newest revision.
    """
    from alembic import command
    from alembic.util import AutogenerateDiffsDetected

    package = invocation_of(config).package
    report.unfinished += 1
    if package is not None:
        check_heads(config)
        if package.metadata is None:
            config.print_stdout("At the newest revision; it gives no models to compare.")
            report.unfinished -= 1
            return
    compared: list[UpgradeOps] = []
    change_invocation(config, found=compared.extend)
    try:
        command.check(config)
    except AutogenerateDiffsDetected as error:
        for line in lines(compared):
            config.print_stdout(masked(line))
        if not report.refuses:
            return
        option = f" --package {package.name}" if package is not None else ""
        heads = heads_to_join(config)
        first = f"`{program()} merge{option}` joins the heads {' and '.join(heads)}, then " if heads else ""
        scratch = " --scratch" if report.question == "history" else ""
        then = f"{first}`{program()} migrate{option}{scratch}` writes one"
        raise DbError(f"the models have changes that aren't in any revision; {then}") from error
    finally:
        if compared:
            report.add(None if package is None else package.name, compared)
            report.unfinished -= 1
    warn_of_heads(config)
