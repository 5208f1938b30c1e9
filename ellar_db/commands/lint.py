"""Apply the rules to revisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection, Which


@click.command(short_help="Apply the rules to revisions, from their files.")
@options.environment
@options.databases
@options.package
@options.which
@click.option(
    "--measure", is_flag=True, help="Run them on a scratch database, and tell what makes other programs wait there."
)
@options.scratch_url
@click.option(
    "--explain",
    type=options.Named(options.RULE),
    metavar="CODE|all",
    help="Say what a rule is about, or list all, and nothing else.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "github", "json"]), default="text", help="How findings are written."
)
@options.json
def lint(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    measure: bool,
    scratch_urls: tuple[str, ...],
    explain: str | None,
    form: str,
    json: bool,
    chosen: Selection,
    which: Which,
) -> None:
    """Apply the rules to revisions, read from their files.

    Those that the database doesn't have yet, or all if it can't be asked; nothing else is asked of it. A comment at the
    line lets a finding pass, with a reason: `# ellar-db: DB102 nothing reads it since 2.3`. The project's settings can
    do so too, and give rules other severities.

    Exit code 0: nothing but notes. 1: there are findings.
    """
    import logging

    from ellar_db.cli.troubles import titles
    from ellar_db.config.command_line import program
    from ellar_db.config.invocation import invocation_of
    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection import linting
    from ellar_db.lint.registry import rules_of
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.util.errors import DbError
    from ellar_db.util.masking import say

    if explain is not None:
        manager, code = get_plugin_manager(), explain.upper()
        if code in titles() and code not in {rule.code for rule in rules_of(manager)}:
            raise DbError(f"{explain} is an error, and no rule; `{program()} explain {code}` explains it")
        say(linting.explained(explain, manager))
        return
    with alembic_config(directory, x_arg=x_arg, package=package, decides=True, chosen=chosen) as config:
        measure = measure or invocation_of(config).manager.settings.flag("lint-measure")
        found = linting.lint(config, which, measure=measure, urls=scratch_urls)
    if json or form == "json":
        click.echo(found.document)
    else:
        for line in linting.lines_of(found, form):
            _show(line)
    for revision, why in found.unread.items():
        logging.getLogger("ellar_db").warning("%s: %s", revision, why)
    revisions = f"{found.revisions:,} revision{'s' if found.revisions != 1 else ''}"
    if not found.is_clean:
        number = len(found.found)
        raise DbError(
            f"{number:,} finding{'s' if number > 1 else ''} in {revisions}; `--explain CODE` says more of a rule"
        )
    if found.revisions and not found.found:
        logging.getLogger("ellar_db").info("No findings in %s.", revisions)


def _show(line: str) -> None:
    """Print a finding, with its severity in a colour; commands for GitHub begin with `::`."""
    from ellar_db.output.style import BAD, FAINT, WARNING, show, styled

    for severity, style in (("error", BAD), ("warning", WARNING), ("note", FAINT)):
        place, mark, rest = line.partition(f": {severity}: ")
        if mark and not line.startswith("::"):
            show(styled(f"{place}: "), styled(f"{severity}:", **style), styled(f" {rest}"))
            return
    show(styled(line))


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield lint
