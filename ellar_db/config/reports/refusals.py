"""Report errors of Alembic, files and databases in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ellar_db.config.checks import ini_problem
from ellar_db.config.command_line import program, provision
from ellar_db.config.reports.broken_files import broken_file, raised_in
from ellar_db.config.reports.names import meant_revision
from ellar_db.config.reports.position import NOWHERE, explained, position_of
from ellar_db.databases.connections import UnreachableError, UnusableError, connection_in, named_in
from ellar_db.databases.database import Database
from ellar_db.plugins.dialects import details, dialect_of
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.urls import CUT, is_cut_host
from ellar_db.util.click import replace_exit_code
from ellar_db.util.errors import FULL, DbError, UnavailableError, summary
from ellar_db.util.masking import remember

CROWDED = "let others end, use fewer --jobs, or wait with --connect-wait"
"""What to do about a server that has too many connections."""


@contextmanager
def reported() -> Iterator[None]:
    """Convert errors of Alembic, files and databases into errors of one line."""
    from configparser import Error as IniError

    from alembic.script.revision import RevisionError
    from alembic.util import CommandError
    from mako.exceptions import MakoException
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except UnreachableError as error:
        told = ""
        if isinstance(error.database, Database):
            dialect, cause = dialect_of(get_plugin_manager(), error.database), error.__cause__ or error
            told = dialect.misplaced(error.database) or (CROWDED if dialect.is_full(cause) else "")
            told = told or _absence(error.database, dialect.absence(error.database, cause))
        raise error.advised(told) from error.__cause__
    except UnusableError as error:
        # of an env.py of somebody else's, which connects by itself
        raise error.named(named_in(error)) from error.__cause__
    except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
        raise
    except (CommandError, RevisionError) as error:
        raise DbError(_at_position(error) or _next_step(_said(error)) + meant_revision(error)) from error
    except IniError as error:
        raise DbError(ini_problem(error)) from error
    except DBAPIError as error:
        connection = connection_in(error)
        if connection is not None and is_cut_host(connection.engine.url.host):
            # of an env.py of somebody else's, which connects by itself
            remember(connection.engine.url)
            raise DbError(f"the URL of the database that env.py connects to can't be understood: {CUT}") from error
        # the run has already reported errors of revisions, so this one is the database's
        broken = broken_file(error, environment=False)
        said = [f"{named_in(error)} can't be used: {summary(error)}", *details(get_plugin_manager(), error.orig)]
        raise broken or UnavailableError("; ".join(said)) from error
    except SQLAlchemyError as error:
        raise broken_file(error) or DbError(f"SQLAlchemy refused: {summary(error)}") from error
    except SyntaxError as error:
        raise broken_file(error) or DbError(f"{error.filename} can't be imported: {summary(error)}") from error
    except MakoException as error:
        raise DbError(f"the template script.py.mako can't be rendered: {summary(error)}") from error
    except (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError, UnicodeError) as error:
        raise broken_file(error) or DbError(f"a file can't be read or written: {error}") from error
    except OSError as error:
        if error.errno in FULL:
            raise DbError(f"{error.filename or 'the output'} can't be written: {error.strerror}") from error
        if error.filename is not None:
            raise broken_file(error) or DbError(f"a file can't be read or written: {error}") from error
        broken = broken_file(error, environment=False)
        raise broken or UnavailableError(f"the database can't be reached: {summary(error)}") from error
    except (AssertionError, ImportError) as error:
        broken = broken_file(error)
        if broken is None and not raised_in("alembic", error):
            raise
        # Alembic raises ImportError without an env.py, and AssertionError if a revision's name leads nowhere
        missing = str(error) if isinstance(error, ImportError) else "there is no such revision"
        told = _at_position(error) or f"{missing}; `{program()} history` lists the revisions"
        raise broken or DbError(told) from error
    except BaseException as error:  # env.py and the revisions are the project's own: they may raise anything
        broken = broken_file(error)
        if broken is None or _left_in_peace(error):
            raise
        replace_exit_code(broken, _exit_code(error))
        raise broken from error


def _absence(database: Database, told: str) -> str:
    """Return what to do about a database that isn't there, which can be made."""
    return f"{told}; or {provision(database)}" if told else told


def _at_position(error: Exception) -> str:
    """Return what an error about revisions means for the database that was asked, or an empty string."""
    position = position_of(error)
    return "" if position is None else explained(error, position, program())


def _left_in_peace(error: BaseException) -> bool:
    """Return whether an env.py ended the program without an error; a revision that does so isn't applied."""
    return isinstance(error, SystemExit) and not error.code and broken_file(error, environment=False) is None


def _exit_code(error: BaseException) -> int:
    """Return the exit code with which `sys.exit` was called, as in Alembic; 1 for any other error."""
    code = error.code if isinstance(error, SystemExit) else None
    # an operating system takes 256 for 0, which would mean that all is well
    return code if isinstance(code, int) and code % 256 else 1


def _said(error: Exception) -> str:
    """Return Alembic's message, or that of its cause if it explains an invalid revision better."""
    cause = str(error.__cause__ or "")
    return cause if cause.startswith("Multiple revisions") or "at least four characters" in cause else str(error)


def _next_step(message: str) -> str:
    """Add the next step to Alembic's message if it doesn't name one."""
    if message.startswith(("Can't locate revision", "Multiple revisions", "No such revision")):
        return f"{message}; `{program()} history` lists them"
    if message.startswith("Multiple head revisions are present") or message.startswith("Multiple heads"):
        return f"{message.rstrip('.')}; `{program()} heads` lists them, `{program()} merge` joins them"
    if message.startswith(NOWHERE):
        return f"{message}; `{program()} history` lists the revisions"
    return message
