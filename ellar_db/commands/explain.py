"""Explain common troubles."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Explain an error by its code.")
@click.argument("code", required=False, type=options.Named(options.TROUBLE))
def explain(code: str | None) -> None:
    """Print the page about an error, which names its code: what it means, and what to do.

    Without CODE, list all pages.
    """
    from ellar_db.cli.troubles import page, titles
    from ellar_db.config.command_line import program
    from ellar_db.util.errors import DbError, meant

    known = titles()
    if code is None:
        click.echo("\n".join(f"{each}  {title}" for each, title in known.items()))
        return
    if code.upper() not in known:
        if code.upper() in _rules():
            raise DbError(f"{code} is a rule, and no error; `{program()} lint --explain {code.upper()}` explains it")
        raise DbError(f"there is no page {code}; `{program()} explain` lists them{meant(code.upper(), known)}")
    click.echo(page(code.upper()).replace("ellar db ", f"{program()} "), nl=False)


def _rules() -> set[str]:
    """Return the codes of the rules; only those that are built in, if the project's settings can't be used."""
    from ellar_db.lint.registry import CODES, rules_of
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.util.errors import DbError

    try:
        return {rule.code for rule in rules_of(get_plugin_manager())}
    except DbError:
        return set(CODES)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield explain
