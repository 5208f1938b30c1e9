"""Report to a URL, or Slack, what a migration did and how it ended."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any, Literal

import click

from ellar_db import Database, DbError, Run, Setting, hookimpl, plugin_settings

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo

log = logging.getLogger("ellar_db.webhook")

SETTINGS = "ellar-db-webhook"
WRITING = ("upgrade", "downgrade", "stamp", "ensure-version", "repair")
"""Commands whose failure is reported even if no database was reached."""

SHOWN = 10
"""The number of revisions per database that a message to Slack lists."""

PAUSE = 0.5
"""Seconds before the first retry, doubled before each further one."""


class UnusableError(DbError):
    """The settings can't be used, so that there is nowhere to report to."""


@hookimpl(wrapper=True, tryfirst=True)
def ellar_db_invoke(ctx: click.Context, command: click.Command) -> Iterator[Any]:
    """Report on a command once, for all its databases and packages; as the outermost wrapper, when all is over."""
    report = ctx.meta[SETTINGS] = Report(str(command.name))
    writing = command.name in WRITING and not ctx.params.get("sql")
    if writing:
        # refuse invalid settings before a database is reached
        checked()
    try:
        result = yield
    except BaseException as error:
        report.end(error)
        # a command that reached no database had no run that could fail
        if report.error and (report.runs or writing) and not isinstance(error, (click.UsageError, UnusableError)):
            tell(report)
        raise
    if report.steps:
        cause = tell(report)
        if cause:
            raise DbError(f"the {report.command} is done, but {cause}")
    return result


@hookimpl(tryfirst=True)
def ellar_db_before_run(run: Run) -> None:
    """Refuse invalid settings before anything is done, whoever starts the run."""
    if run.purpose == "apply":
        checked()


@hookimpl(wrapper=True)
def ellar_db_run(run: Run) -> Iterator[Any]:
    """Record what is applied: of a run that is rolled back, `ellar_db_failed` no longer knows it."""
    done = record_of(run)
    try:
        result = yield
        done.finished = True
        return result
    finally:
        done.steps += [described(step, run.package) for step in run.steps]


@hookimpl
def ellar_db_committed(run: Run) -> None:
    """Report a run that changed something."""
    report, is_commands = report_on(run)
    if report.steps and not is_commands:
        cause = tell(report)
        if cause:
            raise DbError(cause)


@hookimpl
def ellar_db_failed(run: Run, error: BaseException) -> None:
    """Report a run that failed."""
    report, is_commands = report_on(run)
    if not is_commands and not isinstance(error, UnusableError):
        report.end(error)
        if report.error:
            tell(report)


@dataclass
class DatabaseRun:
    """What was done on a database.

    Args:
        url: The database's URL, without user, password and options.
        steps: What was applied, in order.
        finished: Whether the run reached its end, before the commit.
    """

    url: str
    steps: list[dict[str, str | None]] = field(default_factory=list)
    finished: bool = False


def record_of(run: Run) -> DatabaseRun:
    """Return what is recorded of a run, which begins now if nothing is."""
    # the program that runs the migrations decides on its exit code
    begun: Report = run.state.setdefault(SETTINGS, Report(run.command, exit_code=None))
    return begun.runs.setdefault(run.database.name, DatabaseRun(address_of(run.database)))


def report_on(run: Run) -> tuple[Report, bool]:
    """Return the report that a run belongs to, and whether it is a command's, which has several runs.

    A program that runs migrations by itself has no command: each of its runs has its own report.
    """
    done = record_of(run)
    ctx = click.get_current_context(silent=True)
    report: Report | None = ctx.meta.get(SETTINGS) if ctx else None
    if report is None:
        own: Report = run.state[SETTINGS]
        return own, False
    # packages that ship migrations run before the application, on the same database
    known = report.runs.setdefault(run.database.name, DatabaseRun(done.url))
    known.steps += done.steps
    known.finished = done.finished
    return report, True


def described(step: MigrationInfo, package: str) -> dict[str, str | None]:
    """Return what is reported of an applied revision."""
    if step.is_stamp:
        revision, message = ", ".join(step.destination_revision_ids) or "base", ""
    else:
        revision, message = str(step.up_revision_id), str(getattr(step.up_revision, "doc", None) or "")
        # Alembic's text for a missing message
        message = "" if message == "empty message" else message
    direction = "stamp" if step.is_stamp else "upgrade" if step.is_upgrade else "downgrade"
    return {"direction": direction, "revision": revision, "message": message, "package": package or None}


@dataclass
class Report:
    """The report on one command, or on one run of a program that has no command.

    Args:
        command: Its name.
        runs: What was done on each database, by its name.
        error: The error, or None.
        exit_code: The exit code of the command; None if the program has no command of ellar_db's.
    """

    command: str
    runs: dict[str, DatabaseRun] = field(default_factory=dict)
    error: str | None = None
    exit_code: int | None = 0
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    clock: float = field(default_factory=time.monotonic)

    @property
    def steps(self) -> list[dict[str, str | None]]:
        """What was applied, on all databases."""
        return [step for run in self.runs.values() for step in run.steps]

    def end(self, error: BaseException) -> None:
        """Record the error that ended the command, unless it is an exit with code 0."""
        from ellar_db import masked

        code, said = 1, f"{type(error).__name__}: {error}"
        if isinstance(error, click.exceptions.Exit):
            code, said = error.exit_code, f"exit code {error.exit_code}"
        elif isinstance(error, click.ClickException):
            code, said = error.exit_code, error.format_message()
        elif isinstance(error, (click.Abort, KeyboardInterrupt)):
            said = "aborted"
        if self.exit_code is not None:
            self.exit_code = code
        if code:
            # a driver, or a plugin, may quote a URL
            self.error = masked(" ".join(said.split()))

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "state": "succeeded" if self.error is None else "failed",
            "exit_code": self.exit_code,
            "error": self.error,
            "command": self.command,
            "databases": [{"name": name, **vars(run)} for name, run in self.runs.items()],
            "started": f"{self.started:%Y-%m-%dT%H:%M:%SZ}",
            "seconds": round(time.monotonic() - self.clock, 3),
            "host": socket.gethostname(),
            "user": user(),
        }

    def as_slack(self) -> dict[str, Any]:
        """Return the payload for Slack's incoming webhooks."""
        told = self.as_json()
        lines = [f"*{told['command']} {told['state']}* ({told['user']} on {told['host']}, {told['seconds']:.1f} s)"]
        for database in told["databases"]:
            steps = [
                " ".join(filter(None, (step["package"], step["revision"], step["message"])))
                for step in database["steps"]
            ]
            more = f" and {len(steps) - SHOWN} more" if len(steps) > SHOWN else ""
            shown = f"{'; '.join(steps[:SHOWN]) or 'nothing'}{more}"
            # it may have been rolled back, which the error says
            until = "until then " if told["error"] else ""
            lines.append(f"{database['name']} ({database['url']}): {until}{shown}")
        if told["error"]:
            lines.append(f"Error: {told['error']}")
        text = "\n".join(lines)
        return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


@dataclass(frozen=True)
class Settings:
    """`[tool.ellar-db-webhook]`.

    Args:
        url: Where to post; if it is missing or empty, nothing is posted.
        format: "json" or "slack".
        headers: HTTP headers.
        timeout: Seconds to wait for a response.
        retries: The number of retries.
        required: Whether a failed post makes the command fail.
    """

    # a variable that isn't set is no reason to refuse a run, unless a post is required
    url: Annotated[str, Setting(expand=False)] = ""
    format: Literal["json", "slack"] = "json"
    headers: Annotated[dict[str, str], Setting(expand=False)] = field(default_factory=dict)
    timeout: Annotated[float, Setting("a number of seconds above 0", lambda value: value > 0)] = 5.0
    retries: Annotated[int, Setting("a number from 0 to 10", lambda value: 0 <= value <= 10)] = 2
    required: bool = False

    @classmethod
    def read(cls) -> Settings:
        """Read the settings.

        Raises:
            DbError: One of them can't be used.
        """
        return plugin_settings(SETTINGS, cls)

    def address(self) -> tuple[str, dict[str, str]]:
        """Return the URL and the headers, with `${VARIABLES}` replaced.

        Raises:
            DbError: A variable isn't set, or the URL isn't valid for a webhook.
        """
        from urllib.parse import urlsplit

        from ellar_db import expanded

        where = f"[tool.{SETTINGS}] url"
        url = expanded(self.url, where)
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            # the URL is a secret: anyone who has it can post
            raise DbError(f"{where} is no http or https URL")
        if not url and self.required:
            raise DbError(f"{where} is needed, since required = true")
        return url, {name: expanded(value, f"[tool.{SETTINGS}] headers") for name, value in self.headers.items()}


def checked() -> None:
    """Check the settings, and the URL where a post is required.

    Raises:
        UnusableError: One of them can't be used.
    """
    try:
        settings = Settings.read()
        if settings.required:
            settings.address()
    except DbError as error:
        raise UnusableError(error.message) from error


def tell(report: Report) -> str:
    """Post a report. If that fails, the program continues with a warning, unless a post is required.

    Returns:
        The error of a post that is required, if nothing else failed; else "".
    """
    required = False
    try:
        settings = Settings.read()
        required = settings.required
        url, headers = settings.address()
    except DbError as error:
        cause = f"the webhook was not told: {error.message}"
    else:
        if not url:
            return ""
        content = report.as_slack() if settings.format == "slack" else report.as_json()
        cause = post(url, headers, json.dumps(content, ensure_ascii=False).encode(), settings)
    if cause and required and report.error is None:
        return cause
    if cause:
        log.warning("%s", cause)
    return ""


def post(url: str, headers: dict[str, str], body: bytes, settings: Settings) -> str:
    """Post to a URL, and retry if the network or the server failed.

    Returns:
        The error, or "".
    """
    from http.client import HTTPException, InvalidURL
    from urllib.error import HTTPError, URLError
    from urllib.parse import urlsplit
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirect(HTTPRedirectHandler):
        # don't send the token to another server
        def redirect_request(self, *_: Any) -> None:
            return None

    opener = build_opener(NoRedirect)
    cause = ""
    for attempt in range(settings.retries + 1):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            request = Request(url, body, {"Content-Type": "application/json; charset=utf-8", **headers}, method="POST")
            with opener.open(request, timeout=settings.timeout):
                return ""
        except HTTPError as error:
            error.close()
            cause = f"it answered {error.code} {error.reason}".strip()
            if error.code < 500 and error.code != 429:
                break
        except (InvalidURL, ValueError):
            cause = "the URL or a header has characters that can't stand there"
            break
        except URLError as error:
            cause = str(error.reason)
        except OSError as error:
            cause = str(error)
        except HTTPException:
            cause = "its answer isn't HTTP"
    tries = f" after {attempt + 1} tries" if attempt else ""
    return f"the webhook at {urlsplit(url).hostname} was not told{tries}: {cause}"


def address_of(database: Database) -> str:
    """Return a database's URL, without user, password and options."""
    from sqlalchemy import URL

    url = database.sync_engine.url
    return URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database).render_as_string()


def user() -> str:
    """Return the name of the user who runs the program."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # a container may run under a user id without a name
        return "unknown"
