"""The command group `db`, the same in `ellar db` and in the console script `ellar-db`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import click

from ellar_db.cli.group import DbGroup
from ellar_db.options import FORMATS, PATH
from ellar_db.output.absent import all_streams
from ellar_db.util.errors import stack_trace
from ellar_db.util.masking import say

COMPLETE = "_ELLAR_DB_COMPLETE"
"""The environment variable by which the script of `completion` asks."""


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    from ellar_db.version import __version__

    click.echo(f"ellar-db {__version__} (alembic {version('alembic')}, sqlalchemy {version('sqlalchemy')})")
    ctx.exit()


@click.group(
    "db",
    cls=DbGroup,
    short_help="Database migrations, by Alembic.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("-d", "--directory", type=PATH, help='Migration script directory (default is "migrations").')
@click.option(
    "-x",
    "--x-arg",
    multiple=True,
    help="Additional arguments consumed by custom env.py scripts, as in -x setting=value.",
)
@click.option(
    "-c",
    "--config",
    type=PATH,
    multiple=True,
    help="An Alembic ini file or pyproject.toml: run that Alembic project as it is. May be given twice, once for each.",
)
@click.option(
    "-n", "--name", default="alembic", show_default=True, help="Section of the ini file for Alembic's settings."
)
@click.option("-q", "--quiet", is_flag=True, help="Do not log to standard output and error.")
@click.option("-v", "--verbose", count=True, help="Show Alembic's log too; -vv: and the SQL, as SQLAlchemy logs it.")
@click.option(
    "--log-format",
    type=click.Choice(FORMATS),
    envvar="ELLAR_DB_LOG_FORMAT",
    help="How the log is written to standard error; json: one object a line.",
)
@click.option("--raiseerr", "--traceback", is_flag=True, help="On an error, show the full traceback too.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the versions and exit.",
)
def db(**_: Any) -> None:
    """Database migrations: every Alembic command, for Ellar applications and plain SQLAlchemy."""


def _lighten() -> None:
    """Skip work that only costs a short-lived program time; the process belongs to this program alone."""
    # Mako, which Alembic needs, would import Pygments for colours in HTML error pages
    sys.modules.setdefault("mako.ext.pygmentplugin", None)  # type: ignore[arg-type]


def _complete_in_shells() -> None:
    """Answer the script of `completion`, and write nothing but the answer to the terminal."""
    from click.shell_completion import add_completion_class

    from ellar_db.cli.shells.passing import passed_on
    from ellar_db.cli.shells.scripts import Bash

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    code = passed_on()
    if code is not None:
        sys.exit(code)
    add_completion_class(Bash)


def main() -> None:
    """Run the console script `ellar-db`."""
    _lighten()
    with all_streams():
        _run()


def _run() -> None:
    if COMPLETE in os.environ:
        _complete_in_shells()
    # an error that nobody expected may quote anything
    sys.excepthook = lambda _, error, __: say(stack_trace(error).rstrip("\n"), err=True)
    # models are imported from the working directory, as by `ellar` and `alembic`
    with suppress(FileNotFoundError):
        # without a working directory, the command says so
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())
    db.main(prog_name="ellar-db")
