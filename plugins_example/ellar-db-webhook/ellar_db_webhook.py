"""Report to a URL, or Slack, what a migration did and how it ended."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any, Literal

import click

from ellar_db import Database, DbError, Setting, hookimpl, plugin_settings

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo
    from sqlalchemy import Connection

log = logging.getLogger("ellar_db.webhook")

SETTINGS = "ellar-db-webhook"
WRITING = ("upgrade", "downgrade", "stamp", "ensure-version", "repair")
"""Commands whose failure is reported even if no database was reached."""

SHOWN = 10
"""The number of revisions per database that a message to Slack lists."""

PAUSE = 0.5
"""Seconds before the first retry, doubled before each further one."""

_running: ContextVar[Report | None] = ContextVar("ellar_db_webhook", default=None)


@hookimpl(wrapper=True, tryfirst=True)
def ellar_db_invoke(ctx: click.Context, command: click.Command) -> Iterator[Any]:
    """Watch a command, and report how it ended: as the outermost wrapper, so that everything is committed by then."""
    report = Report(str(command.name))
    offline = bool(ctx.params.get("sql"))
    writing = command.name in WRITING and not offline
    if writing:
        # refuse invalid settings before anything is done
        settings = Settings.read()
        if settings.required:
            settings.address()
    token = _running.set(report)
    try:
        result = yield
    except BaseException as error:
        report.failed(error)
        if report.exit_code and (report.runs or writing) and not isinstance(error, click.UsageError):
            tell(report, Settings.read())
        raise
    finally:
        _running.reset(token)
    if any(run.steps for run in report.runs.values()):
        settings = Settings.read()
        cause = tell(report, settings)
        if cause and settings.required:
            raise DbError(f"the {report.command} is done, but {cause}")
    return result


@hookimpl
def ellar_db_before_run(database: Database, connection: Connection | None) -> None:
    """Record the databases of the command. With --sql there is no connection, and nothing to report."""
    report = _running.get()
    if report is not None and connection is not None:
        # packages that ship migrations run before the application, on the same database
        report.runs.setdefault(database.name, DatabaseRun(address_of(database))).finished = False


@hookimpl
def ellar_db_step_applied(database: Database, step: MigrationInfo) -> None:
    """Record an applied revision."""
    report = _running.get()
    if report is None or database.name not in report.runs:
        return
    if step.is_stamp:
        revision, message = ", ".join(step.destination_revision_ids) or "base", ""
    else:
        revision, message = str(step.up_revision_id), str(getattr(step.up_revision, "doc", None) or "")
        # Alembic's text for a missing message
        message = "" if message == "empty message" else message
    direction = "stamp" if step.is_stamp else "upgrade" if step.is_upgrade else "downgrade"
    report.runs[database.name].steps.append(
        {"direction": direction, "revision": revision, "message": message, "package": database.package or None}
    )


@hookimpl
def ellar_db_after_run(database: Database) -> None:
    """Record which databases are finished: one of several may have failed."""
    report = _running.get()
    if report is not None and database.name in report.runs:
        report.runs[database.name].finished = True


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


@dataclass
class Report:
    """The report on one command.

    Args:
        command: Its name.
        runs: What was done on each database, by its name.
        error: The error.
        exit_code: The exit code of the program.
    """

    command: str
    runs: dict[str, DatabaseRun] = field(default_factory=dict)
    error: str | None = None
    exit_code: int = 0
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    clock: float = field(default_factory=time.monotonic)

    def failed(self, error: BaseException) -> None:
        """Record an error."""
        from ellar_db import masked

        if isinstance(error, click.exceptions.Exit):
            self.exit_code, said = error.exit_code, f"exit code {error.exit_code}"
        elif isinstance(error, click.ClickException):
            self.exit_code, said = error.exit_code, error.format_message()
        elif isinstance(error, (click.Abort, KeyboardInterrupt)):
            self.exit_code, said = 1, "aborted"
        else:
            self.exit_code, said = 1, f"{type(error).__name__}: {error}"
        if self.exit_code:
            # a driver, or a plugin, may quote a URL
            self.error = masked(" ".join(said.split()))

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "state": "failed" if self.exit_code else "succeeded",
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


def tell(report: Report, settings: Settings) -> str:
    """Post a report. If that fails, the program continues with a warning, unless a post is required.

    Returns:
        The error, or "".
    """
    try:
        url, headers = settings.address()
    except DbError as error:
        cause = f"the webhook was not told: {error.message}"
    else:
        if not url:
            return ""
        content = report.as_slack() if settings.format == "slack" else report.as_json()
        cause = post(url, headers, json.dumps(content, ensure_ascii=False).encode(), settings)
    if cause and (report.exit_code or not settings.required):
        log.warning("%s", cause)
    return cause


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
