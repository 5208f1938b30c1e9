"""`ellar db migrate --ticket SHOP-12`: the ticket that asked for a change becomes the id of its revision."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from ellar_db import RevisionRequest, hookimpl, plugin_option

TICKET = re.compile(r"[A-Z]+-[0-9]+")


def _checked(ctx: click.Context, param: click.Parameter, ticket: str | None) -> str | None:
    if ticket is not None and not TICKET.fullmatch(ticket):
        raise click.BadParameter(f"{ticket!r} is no ticket; write it as in SHOP-12")
    return ticket


@hookimpl
def ellar_db_command_options(command: click.Command) -> Iterator[click.Option]:
    """Add the option to the commands that write revisions."""
    if command.name in ("migrate", "revision"):
        yield click.Option(["--ticket"], callback=_checked, help="The ticket that asks for it, such as SHOP-12.")


@hookimpl
def ellar_db_revision_id(request: RevisionRequest) -> str | None:
    """Return the ticket as an id: letters, digits and underscores."""
    ticket: str | None = plugin_option("ticket", None)
    return None if ticket is None else ticket.lower().replace("-", "_")
