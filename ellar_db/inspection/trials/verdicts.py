"""What `verify` prints: a line for each revision, or one document."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program
from ellar_db.config.invocation import invocation_of
from ellar_db.inspection.trials.verification import Verdict, Verification, Verified
from ellar_db.options import Which
from ellar_db.output.style import BAD, GOOD, show, styled
from ellar_db.runtime.package_checks import heads_to_join
from ellar_db.util.errors import DbError
from ellar_db.util.masking import masked

if TYPE_CHECKING:
    from alembic.config import Config


log = logging.getLogger("ellar_db")

MARK = 6
"""How wide the mark of a line is: `ok` or `FAIL`, and the spaces after it."""


def verify(config: Config, which: Which, urls: Sequence[str] = (), *, keep_going: bool, rows: bool, json: bool) -> None:
    """Try revisions on scratch databases, print what is found, and refuse if there are problems.

    Args:
        config: The command's configuration.
        which: Which revisions are tried.
        urls: Where scratch databases are made.
        keep_going: Go on with the next revision after one that failed.
        rows: Put rows into the tables.
        json: Print one document, and nothing else.

    Raises:
        DbError: There are problems.
        UnavailableError: There is no answer.
    """
    found, heads, apart = tried(config, which, urls, keep_going=keep_going, rows=rows)
    if json:
        package = invocation_of(config).package
        document = {
            "schema": 1,
            "package": None if package is None else package.name,
            "heads": apart,
            "heads_to_join": heads,
            "databases": [_described(each) for each in found],
        }
        click.echo(dumps(document, indent=2, ensure_ascii=False))
    _refuse(config, found, heads)


def tried(
    config: Config, which: Which, urls: Sequence[str] = (), *, keep_going: bool, rows: bool
) -> tuple[list[Verified], list[str], list[str]]:
    """Try revisions on scratch databases, and print what is found, a line for each.

    Args:
        config: The command's configuration.
        which: Which revisions are tried.
        urls: Where scratch databases are made.
        keep_going: Go on with the next revision after one that failed.
        rows: Put rows into the tables.

    Returns:
        What was found of each database, the heads that must be joined, and all heads.

    Raises:
        UnavailableError: There is no answer.
    """

    # the one behind it, which leaves the colours in
    stream = getattr(config.stdout, "exact", config.stdout)

    def tell(verdict: Verdict, several: bool) -> None:
        mark, found = line(verdict)[:MARK], line(verdict)[MARK:]
        show(
            styled(f"{verdict.database}: " if several else ""),
            styled(mark.rstrip(), **(BAD if verdict.problem else GOOD)),
            " " * (MARK - len(mark.rstrip())),
            styled(found),
            file=stream,
        )

    heads, apart = _heads(config)
    found = Verification(config, which, urls, keep_going, rows, tell).run()
    for each in found:
        if each.models:
            label = f"{each.database}: " if len(found) > 1 else ""
            what = f"the models differ from what the revisions make: {each.models}"
            show(styled(label), styled("FAIL", **BAD), "  ", styled(what), file=stream)
    if heads:
        show(styled("FAIL", **BAD), "  ", styled(f"there are the heads {' and '.join(heads)}"), file=stream)
    elif len(apart) > 1:
        log.info("There are the heads %s, each with labels of its own.", " and ".join(apart))
    return found, heads, apart


def line(verdict: Verdict) -> str:
    """Return what was found of a revision, in one line."""
    if verdict.problem:
        return f"FAIL  {verdict.title}: {verdict.problem}"
    return f"ok    {verdict.title}{f' (irreversible: {verdict.reason})' if verdict.reason else ''}"


def _heads(config: Config) -> tuple[list[str], list[str]]:
    """Return the heads that must be joined, and all heads."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    return heads_to_join(config), sorted(str(head.revision) for head in script.get_revisions("heads"))


def _described(found: Verified) -> dict[str, Any]:
    return {
        "database": found.database,
        "revisions": [
            {
                "revision": verdict.revision.revision,
                "message": (verdict.revision.doc or "").partition("\n")[0],
                "file": Path(os.path.relpath(verdict.revision.path)).as_posix(),
                "result": "failed" if verdict.problem else "irreversible" if verdict.reason else "ok",
                "text": masked(verdict.problem or verdict.reason) or None,
            }
            for verdict in found.verdicts
        ],
        "untried": found.untried,
        "models": ("failed" if found.models else "ok") if found.compared else "not compared",
        "models_text": masked(found.models) or None,
    }


def _refuse(config: Config, found: Sequence[Verified], heads: Sequence[str]) -> None:
    """Refuse if there are problems.

    Raises:
        DbError: There are some.
    """
    package = invocation_of(config).package
    option = f" --package {package.name}" if package is not None else ""
    verdicts = [verdict for each in found for verdict in each.verdicts]
    failed = len({verdict.revision.revision for verdict in verdicts if verdict.problem})
    of = len({verdict.revision.revision for verdict in verdicts})
    problems = [
        f"{failed} of {of} revisions failed; change what the line says, and run the command again" if failed else "",
        f"`{program()} migrate{option} --scratch` writes what the models have and no revision makes"
        if any(each.models for each in found)
        else "",
        f"`{program()} merge{option}` joins the heads" if heads else "",
    ]
    if any(problems):
        raise DbError("; ".join(filter(None, problems)))
