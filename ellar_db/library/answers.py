"""The functions that compare and try: what they find isn't an error."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from ellar_db.config.invocation import invocation_of
from ellar_db.inspection import linting
from ellar_db.inspection.answers import Compared, Drifted, Report, compare, compare_history, search
from ellar_db.inspection.trials.verdicts import tried
from ellar_db.inspection.trials.verification import Verdict
from ellar_db.inspection.trials.verification import Verified as Found
from ellar_db.library.arguments import Where, flags, opened, revision_named, text_of, texts
from ellar_db.library.results import Linted, Trial, Verified, VerifiedDatabase, of_alembic
from ellar_db.options import Which, wrong_commit
from ellar_db.runtime.package_checks import warn_of_leftovers
from ellar_db.runtime.packages import in_turn
from ellar_db.util.errors import DbError
from ellar_db.util.masking import masked

if TYPE_CHECKING:
    from typing_extensions import Unpack


def check(*, history: bool = False, scratch_urls: Sequence[str] = (), **where: Unpack[Where]) -> list[Compared]:
    """Compare the models with the databases, and return in what they differ.

    Args:
        history: Compare the models with what the revisions make on a scratch database; no database of the application
            is used.
        scratch_urls: Where scratch databases are made, each `URL` or `NAME=URL`; with `history`.
        where: The arguments of `Where`.

    Returns:
        For each database and package, the differences; none if `migrate` would write nothing.

    Raises:
        DbError: A database isn't at the newest revision, so that there is no answer.
        UnavailableError: A database can't be reached, or the revisions can't be run on a scratch database.

    Example:
        from ellar_db.library import check

        assert [each.differences for each in check()] == [()]
    """
    flags(history=history)
    urls = texts("scratch_urls", scratch_urls)
    if urls and not history:
        raise DbError("scratch_urls says where a scratch database is made, and needs history=True")
    report = Report(json=False, question="history" if history else "database", refuses=False)
    with opened(check, where, decides=True) as config:
        if history:
            compare_history(config, urls, report)
        else:
            warn_of_leftovers(config)
            in_turn(config, partial(compare, report=report))
    return list(report.compared)


def drift(*, scratch_urls: Sequence[str] = (), **where: Unpack[Where]) -> list[Drifted]:
    """Compare the databases with the revisions that were run on them (`check --drift`).

    Args:
        scratch_urls: Where scratch databases are made, each `URL` or `NAME=URL`.
        where: The arguments of `Where`, without `package`.

    Returns:
        For each database, what is there in another way; nothing if there is no drift.

    Raises:
        DbError: A database is at a revision that the folder doesn't have.
        UnavailableError: A database can't be reached, or the revisions can't be run on a scratch database.

    Example:
        from ellar_db.library import drift

        for each in drift():
            print(each.database, [difference.text for difference in each.differences])
    """
    urls = texts("scratch_urls", scratch_urls)
    if where.get("package") is not None:
        raise DbError("drift compares whole databases, with the tables of all packages; leave package out")
    report = Report(json=False, question="drift", refuses=False)
    with opened(drift, where, decides=True) as config:
        search(config, urls, report)
    return list(report.drifted)


def lint(
    *,
    since: str | None = None,
    since_ref: str | None = None,
    all: bool = False,
    measure: bool = False,
    scratch_urls: Sequence[str] = (),
    **where: Unpack[Where],
) -> Linted:
    """Apply the rules to revisions, read from their files: those that a database doesn't have yet, or those chosen.

    Args:
        since: A revision: those that come after it.
        since_ref: A commit of git: those whose files were added or changed since.
        all: All revisions.
        measure: Run them on a scratch database too, and find what makes other programs wait.
        scratch_urls: Where scratch databases are made, each `URL` or `NAME=URL`.
        where: The arguments of `Where`.

    Returns:
        What was found.

    Raises:
        DbError: There is no such revision, or the rules' settings can't be used.
        UnavailableError: The revisions can't be run on a scratch database, for `measure`.

    Example:
        from ellar_db.library import lint

        found = lint(all=True)
        print(found.revisions, [each.text for each in found.findings])
    """
    flags(all=all, measure=measure)
    which, urls = _which(since, since_ref, all), texts("scratch_urls", scratch_urls)
    with opened(lint, where, decides=True) as config:
        measures = measure or invocation_of(config).manager.settings.flag("lint-measure")
        found = linting.lint(config, which, measure=measures, urls=urls)
    unread = MappingProxyType(dict(found.unread))
    return Linted(tuple(found.found), tuple(found.waived), unread, found.revisions)


def verify(
    *,
    since: str | None = None,
    since_ref: str | None = None,
    all: bool = False,
    keep_going: bool = False,
    rows: bool = True,
    scratch_urls: Sequence[str] = (),
    **where: Unpack[Where],
) -> Verified:
    """Try revisions on a scratch database: up, down and up again, with rows in the tables.

    Those that a database doesn't have yet, or those chosen.

    Args:
        since: A revision: those that come after it.
        since_ref: A commit of git: those whose files were added or changed since.
        all: All revisions.
        keep_going: Go on with the next revision after one that failed.
        rows: Put rows into the tables.
        scratch_urls: Where scratch databases are made, each `URL` or `NAME=URL`.
        where: The arguments of `Where`.

    Returns:
        What the trials have shown.

    Raises:
        DbError: There is no such revision.
        UnavailableError: The revisions can't be run on a scratch database.

    Example:
        from ellar_db.library import verify

        assert verify(all=True).is_clean
    """
    flags(all=all, keep_going=keep_going, rows=rows)
    which, urls = _which(since, since_ref, all), texts("scratch_urls", scratch_urls)
    with opened(verify, where, decides=True) as config:
        package = invocation_of(config).package
        found, heads, _ = tried(config, which, urls, keep_going=keep_going, rows=rows)
    name = "" if package is None else package.name
    return Verified(tuple(_verified(each, name) for each in found), tuple(heads))


def _which(since: str | None, since_ref: str | None, every: bool) -> Which:
    if sum((since is not None, since_ref is not None, every)) > 1:
        raise DbError("since, since_ref and all choose revisions in three ways; use one of them")
    if since is not None:
        revision_named(since, "since")
    problem = wrong_commit(text_of("since_ref", since_ref))
    if problem:
        raise DbError(f"since_ref: {problem}")
    return Which(since, since_ref, every)


def _verified(found: Found, package: str) -> VerifiedDatabase:
    return VerifiedDatabase(
        database=found.database,
        trials=tuple(_trial(each, package) for each in found.verdicts),
        untried=tuple(found.untried),
        models=("failed" if found.models else "ok") if found.compared else "not compared",
        models_text=masked(found.models) or None,
    )


def _trial(verdict: Verdict, package: str) -> Trial:
    return Trial(
        revision=of_alembic([verdict.revision], package)[0],
        result="failed" if verdict.problem else "irreversible" if verdict.reason else "ok",
        text=masked(verdict.problem or verdict.reason) or None,
    )
