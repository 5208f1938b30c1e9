"""Revisions and databases as documents that programs read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program
from ellar_db.config.invocation import invocation_of
from ellar_db.config.reports.broken_files import without_ini
from ellar_db.config.reports.refusals import reported
from ellar_db.history.documents import of_scripts, written
from ellar_db.inspection.plan import Plan
from ellar_db.inspection.standing import Standing, refuse_unclear, standings
from ellar_db.runtime.packages import with_packages
from ellar_db.util.errors import DbError
from ellar_db.util.masking import masked

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory

Documents = list[dict[str, Any]]


def print_revisions(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print the document of some revisions.

    Args:
        documents: The revisions.
    """
    click.echo(written(revisions=list(documents)))


def revisions_of(config: Config, choose: Callable[[ScriptDirectory], Iterable[Script]], **more: Any) -> Documents:
    """Return revisions of one folder.

    Args:
        config: The configuration of the application or of a package.
        choose: Returns them.
        more: Values that all of them have.
    """
    from alembic.script import ScriptDirectory

    package = invocation_of(config).package
    with reported(), without_ini(config):
        script = ScriptDirectory.from_config(config)
        return of_scripts(choose(script), package=package and package.name, **more)


def revisions(config: Config, choose: Callable[[ScriptDirectory], Iterable[Script]]) -> Documents:
    """Return revisions of each package, and of the application.

    Args:
        config: The command's configuration.
        choose: Returns those of one folder.
    """
    return [each for part in with_packages(config) for each in revisions_of(part, choose)]


def revisions_at(config: Config) -> Documents:
    """Return the revisions in the version tables, each with its database.

    Args:
        config: The configuration of the application or of a package.

    Raises:
        DbError: A database has a revision that the folder doesn't have, or can't be reached.
    """
    return [
        document
        for standing in _known(config)
        for document in of_scripts(standing.current, package=standing.package or None, database=standing.database)
    ]


def ranged(config: Config, rev_range: str | None, *, indicate_current: bool) -> Documents:
    """Return the revisions of a range, the newest first.

    Args:
        config: The command's configuration.
        rev_range: The range, as `history` takes it; None for all, those of packages too.
        indicate_current: Say at which of them databases are.

    Raises:
        DbError: A database has a revision that the folder doesn't have, or can't be reached.
    """
    base, _, head = (rev_range or ":").partition(":")
    found: Documents = []
    for part in [config] if rev_range is not None else with_packages(config):
        there = _known(part) if indicate_current or "current" in (base, head) else []
        own: Documents = []
        if "current" not in (base, head):
            own += revisions_of(part, lambda script: script.walk_revisions(base or "base", head or "heads"))
        for standing in there if "current" in (base, head) else ():
            at = tuple(each.revision for each in standing.current)
            first, last = (at if end == "current" else end for end in (base, head))
            if last or head != "current":
                own += revisions_of(
                    part,
                    # Alembic takes the revisions of a database too, and says only that it takes one
                    lambda script, first=first, last=last: script.walk_revisions(first or "base", last or "heads"),  # type: ignore[misc]
                    database=standing.database,
                )
        for document in own if indicate_current else ():
            document["current_in"] = [
                standing.database
                for standing in there
                if document["revision"] in {each.revision for each in standing.current}
            ]
        found += own
    return found


def print_current(config: Config, *, check_heads: bool) -> None:
    """Print the document of the databases' revisions.

    Args:
        config: The command's configuration.
        check_heads: Refuse databases that aren't at the newest revision.

    Raises:
        DbError: A database has a revision that the folder doesn't have, or isn't at the newest and has to be.
        UnavailableError: A database can't be reached.
    """
    found = [standing for part in with_packages(config) for standing in standings(part, whole=False)]
    click.echo(
        written(
            databases=[
                {
                    "database": each.database,
                    "package": each.package or None,
                    "revisions": of_scripts(each.current, package=each.package or None),
                    "unknown": list(each.unknown),
                    "at_head": None if each.error else not (each.pending or each.unknown),
                    "error": each.error or None,
                }
                for each in found
            ]
        )
    )
    refuse_unclear(found)
    behind = [each.database for each in found if each.pending]
    if check_heads and behind:
        raise DbError(f"{', '.join(behind)} isn't on all head revisions; `{program()} upgrade` runs the others")


def status(found: Sequence[Standing]) -> str:
    """Return the document of `status`.

    Args:
        found: Where the databases stand.
    """
    return written(databases=[_status(each) for each in found])


def _status(each: Standing) -> dict[str, Any]:
    return {
        "database": each.database,
        "package": each.package or None,
        "url": each.url or None,
        "state": each.state.replace(" ", "_"),
        "revisions": _short(each.current),
        "unknown": list(each.unknown),
        "pending": _short(each.pending),
        "holder": each.holder or None,
        "interrupted": each.interrupted or None,
        "leftovers": list(each.leftovers),
        "columns": dict(each.columns),
        "error": each.error or None,
    }


def plans(found: Sequence[Plan]) -> str:
    """Return the document of `plan`.

    Args:
        found: What would run on each database.
    """
    return written(databases=[_plan(each) for each in found])


def _plan(plan: Plan) -> dict[str, Any]:
    standing = plan.standing
    return {
        "database": standing.database,
        "package": standing.package or None,
        "from": [each.revision for each in standing.current],
        "to": list(plan.after),
        "others": plan.others,
        "steps": [
            {
                "revision": step.script.revision,
                "title": title(step.script),
                "direction": "upgrade" if step.is_upgrade else "downgrade",
                "file": str(step.script.path),
                "operations": [
                    {
                        "operation": each.operation,
                        "table": each.table,
                        "schema": each.schema,
                        "name": each.name,
                        "text": masked(each.text),
                    }
                    for each in step.differences
                ],
                "sql": step.sql,
                "problem": step.problem or None,
                "findings": [
                    {
                        "code": each.code,
                        "severity": each.severity,
                        "file": str(step.script.path),
                        "line": None,
                        "table": each.table,
                        "column": each.column,
                        "message": each.message,
                        "fix": each.fix,
                    }
                    for each in step.findings
                ],
            }
            for step in plan.steps
        ],
        "rows": [
            {"table": table, "rows": number, "is_estimate": about} for table, (number, about) in plan.rows.items()
        ],
    }


def _short(scripts: Sequence[Script]) -> list[dict[str, str]]:
    return [{"revision": each.revision, "title": title(each)} for each in scripts]


def title(script: Script) -> str:
    """Return the title of a revision, in one line.

    Args:
        script: The revision.
    """
    return " ".join((script.doc or "").split())


def _known(config: Config) -> list[Standing]:
    found = standings(config, whole=False)
    refuse_unclear(found)
    return found
