"""ellar-db-webhook."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import make_url

from ellar_db import DbError, alembic_config
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.databases import guarded, scratch_databases
from ellar_db.testing import Project
from ellar_db.testing.project import tables
from tests.support.servers import ASYNC_DRIVERS

NOW = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


@dataclass
class Server:
    """An HTTP server that records its requests.

    Args:
        url: Its URL.
        answers: The status of each response in turn; 200 after the last one, no response for 0.
        posts: The request bodies.
        headers: The headers of the last request.
        then: Called at each post.
    """

    url: str
    answers: list[int] = field(default_factory=list)
    posts: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    then: Callable[[], Any] = lambda: None


@pytest.fixture
def hook() -> Iterator[Server]:
    """A server on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            told.headers = dict(self.headers)
            told.then()
            status = told.answers.pop(0) if told.answers else 200
            if status:
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", told.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told = Server(f"http://127.0.0.1:{server.server_address[1]}/services/SECRET")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def shop(plain: Project, use: Callable[..., None], hook: Server, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with the package and two revisions, none applied."""
    use("ellar-db-webhook")
    monkeypatch.setenv("HOOK", hook.url)
    import ellar_db_webhook

    monkeypatch.setattr(ellar_db_webhook, "PAUSE", 0)
    setting(plain)
    plain.db("init")
    plain.db("migrate", "-m", "Add users", "--rev-id", "r1")
    plain.db("revision", "-m", "Größe & <more>", "--rev-id", "r2")
    return plain


def setting(project: Project, *lines: str, url: str = "sqlite:///app.db") -> None:
    project.configure(url=url, extra="\n".join(["[tool.ellar-db-webhook]", "url = '${HOOK}'", *lines]))


def breaking(project: Project) -> None:
    """Let the second revision fail."""
    file = project.revisions()[1]
    file.write_text(file.read_text().replace("    pass", "    op.execute('SELECT nonsense')", 1))
    project.forget()


def timeless(told: dict[str, Any]) -> dict[str, Any]:
    """Return a post without the values that vary, after checking them."""
    assert re.fullmatch(NOW, told["started"])
    assert 0 < told["seconds"] < 600
    assert told["host"] == socket.gethostname()
    assert told["user"] == getpass.getuser()
    return {key: value for key, value in told.items() if key not in ("started", "seconds", "host", "user")}


def step(revision: str, message: str = "", direction: str = "upgrade", package: str | None = None) -> dict[str, Any]:
    return {"direction": direction, "revision": revision, "message": message, "package": package}


FIRST, SECOND = step("r1", "Add users"), step("r2", "Größe & <more>")


def succeeded(command: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": "succeeded",
        "exit_code": 0,
        "error": None,
        "command": command,
        "databases": [{"name": "default", "url": "sqlite:///app.db", "steps": list(steps), "finished": True}],
    }


def test_what_was_done_is_posted(shop: Project, hook: Server) -> None:
    shop.db("upgrade")
    shop.db("downgrade", "-1")
    shop.db("stamp", "r2")
    shop.db("stamp", "base")

    assert [timeless(each) for each in hook.posts] == [
        succeeded("upgrade", FIRST, SECOND),
        succeeded("downgrade", {**SECOND, "direction": "downgrade"}),
        succeeded("stamp", step("r2", direction="stamp")),
        succeeded("stamp", step("base", direction="stamp")),
    ]
    assert hook.headers["Content-Type"] == "application/json; charset=utf-8"


def test_it_is_posted_when_all_is_committed(shop: Project, hook: Server) -> None:
    seen = []
    hook.then = lambda: seen.append(tables("sqlite:///app.db"))

    shop.db("upgrade")

    assert seen == [{"alembic_version", "users"}]


@pytest.mark.parametrize(
    "arguments",
    [["upgrade", "r1"], ["ensure-version"], ["current"], ["upgrade", "--sql"], ["stamp", "--sql", "head"], ["heads"]],
)
def test_nothing_is_posted_where_nothing_was_done(shop: Project, hook: Server, arguments: list[str]) -> None:
    shop.db("upgrade", "r1")
    hook.posts.clear()

    shop.db(*arguments)

    assert hook.posts == []


def test_a_failure_is_posted_with_what_had_run_and_what_is_wrong(shop: Project, hook: Server) -> None:
    breaking(shop)

    failed = shop.db("upgrade", exit_code=1)

    (told,) = hook.posts
    assert timeless(told) == {
        **succeeded("upgrade"),
        "databases": [{"name": "default", "url": "sqlite:///app.db", "steps": [FIRST], "finished": False}],
        "state": "failed",
        "exit_code": 1,
        "error": failed.stderr.splitlines()[-1].removeprefix("Error: "),
    }
    assert "the run was rolled back" in told["error"]


def test_a_failure_before_the_first_database_is_posted_without_the_password(shop: Project, hook: Server) -> None:
    setting(shop, url="postgresql+psycopg://ann:p4ss@127.0.0.1:1/shop?sslpassword=p4ss")

    shop.db("upgrade", exit_code=3)

    (told,) = hook.posts
    assert (told["state"], told["exit_code"], told["databases"]) == ("failed", 3, [])
    assert told["error"].startswith("the database 'default' (postgresql+psycopg://ann:***@127.0.0.1:1/shop")
    assert "p4ss" not in json.dumps(told)


def test_an_exception_that_quotes_a_url_doesnt_give_its_password_away(
    shop: Project, hook: Server, install_distribution: Any
) -> None:
    install_distribution(
        "leaky",
        """
        import click
        from ellar_db import hookimpl

        @hookimpl
        def ellar_db_before_run():
            raise click.ClickException("no postgresql://ann:p4:ss:word@db/shop, nor https://example.com:80/x")
        """,
    )

    shop.db("upgrade", exit_code=1)

    assert hook.posts[0]["error"] == "no postgresql://ann:***@db/shop, nor https://example.com:80/x"


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["heads", "--nonsense"], 2),
        (["upgrade", "-o", "x"], 2),
        (["show", "nowhere"], 1),
        (["upgrade", "--sql", "nowhere"], 1),
    ],
)
def test_other_failures_are_nobodys_business(shop: Project, hook: Server, arguments: list[str], exit_code: int) -> None:
    shop.db(*arguments, exit_code=exit_code)

    assert hook.posts == []


def test_where_the_database_is_is_told_and_no_secret(
    shop: Project, hook: Server, any_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = make_url(any_database)
    kind = {"mysql": "mariadb"}.get(parsed.get_backend_name(), parsed.get_backend_name())
    url = parsed.set(drivername=ASYNC_DRIVERS[kind])
    setting(shop, url=url.render_as_string(hide_password=False))

    shop.db("upgrade")

    (database,) = hook.posts[0]["databases"]
    where = f"{parsed.host}:{parsed.port}" if parsed.host else ""
    assert database["url"] == f"{parsed.get_backend_name()}://{where}/{parsed.database}"
    assert database["steps"] == [FIRST, SECOND]


def test_several_databases_are_one_post(plain: Project, shop: Project, hook: Server) -> None:
    shop.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        directory = "both"
        metadata = {default = "models:Base"}
        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite+aiosqlite:///reports.db"
        [tool.ellar-db-webhook]
        url = "${HOOK}"
        """,
    )
    shop.db("init", "--multi")
    shop.db("revision", "-m", "Both", "--rev-id", "b1")

    shop.db("upgrade")

    assert hook.posts[0]["databases"] == [
        {"name": name, "url": f"sqlite:///{file}.db", "steps": [step("b1", "Both")], "finished": True}
        for name, file in (("default", "app"), ("reports", "reports"))
    ]

    shop.db("revision", "-m", "Half", "--rev-id", "b2")
    file = next(file for file in shop.revisions("both") if file.name.startswith("b2"))
    half = file.read_text().replace(
        "def upgrade_reports() -> None:\n    pass", "def upgrade_reports() -> None:\n    op.nonsense()"
    )
    file.write_text(half)
    shop.db("upgrade", exit_code=1)

    assert [(each["name"], each["finished"]) for each in hook.posts[1]["databases"]] == [
        ("default", True),
        ("reports", False),
    ]


def test_several_databases_of_start_up_code_are_a_post_each(shop: Project, hook: Server) -> None:
    shop.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        directory = "both"
        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite+aiosqlite:///reports.db"
        [tool.ellar-db-webhook]
        url = "${HOOK}"
        """,
    )
    shop.db("init", "--multi")
    shop.db("revision", "-m", "Both", "--rev-id", "b1")

    with alembic_config() as config:
        command.upgrade(config, "head")

    assert [[database["name"] for database in each["databases"]] for each in hook.posts] == [["default"], ["reports"]]


def test_what_a_package_brings_along_is_told_with_its_name(
    shop: Project, hook: Server, install_distribution: Any
) -> None:
    install_distribution.from_folder(Path(__file__).parents[2] / "ellar-db-audit")

    shop.db("upgrade")

    (database,) = hook.posts[0]["databases"]
    assert [(each["package"], each["revision"]) for each in database["steps"]] == [
        ("audit", "0001"),
        (None, "r1"),
        (None, "r2"),
    ]
    setting(shop, "format = 'slack'")
    shop.db("downgrade", "--package", "audit", "base")
    assert "(sqlite:///app.db): audit 0001" in hook.posts[1]["text"]


def test_slack_gets_a_text(shop: Project, hook: Server) -> None:
    setting(shop, "format = 'slack'")
    shop.db("upgrade")
    breaking(shop)
    shop.db("downgrade", "r1")
    failed = shop.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    texts = [re.sub(r"[0-9]+\.[0-9] s", "T", post.pop("text")) for post in hook.posts]
    assert hook.posts == [{}, {}, {}]
    who = f"({getpass.getuser()} on {socket.gethostname()}, T)"
    escaped = failed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert texts[0] == (
        f"*upgrade succeeded* {who}\ndefault (sqlite:///app.db): r1 Add users; r2 Größe &amp; &lt;more&gt;"
    )
    assert texts[2] == f"*upgrade failed* {who}\ndefault (sqlite:///app.db): until then nothing\n{escaped}"


def test_slack_isnt_flooded(shop: Project, hook: Server) -> None:
    setting(shop, "format = 'slack'")
    for number in range(3, 14):
        shop.db("revision", "--rev-id", f"r{number}")

    shop.db("upgrade")

    assert hook.posts[0]["text"].endswith("; r9; r10 and 3 more")


def test_headers_may_come_from_the_environment(shop: Project, hook: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(shop, "headers = {Authorization = 'Bearer ${TOKEN}', X-Team = 'shop'}")
    monkeypatch.setenv("TOKEN", "t0ken")

    shop.db("upgrade")

    assert hook.headers["Authorization"] == "Bearer t0ken"
    assert hook.headers["X-Team"] == "shop"


@pytest.mark.parametrize("answers", [[500], [503, 429], [0], [0, 502]])
def test_it_tries_again_where_the_server_fails(shop: Project, hook: Server, answers: list[int]) -> None:
    hook.answers = list(answers)

    result = shop.db("upgrade")

    assert len(hook.posts) == len(answers) + 1
    assert "Warning" not in result.output


@pytest.mark.parametrize(
    ("answers", "tries", "cause"),
    [
        ([500] * 3, 3, "was not told after 3 tries: it answered 500 Internal Server Error"),
        ([0] * 3, 3, "was not told after 3 tries: Remote end closed connection without response"),
        ([404], 1, "was not told: it answered 404 Not Found"),
        ([302], 1, "was not told: it answered 302 Found"),
    ],
)
def test_a_post_that_fails_is_a_warning(
    shop: Project, hook: Server, answers: list[int], tries: int, cause: str
) -> None:
    hook.answers = list(answers)

    result = shop.db("upgrade")

    assert result.stderr.splitlines()[3:] == [f"Warning: the webhook at 127.0.0.1 {cause}"]
    assert len(hook.posts) == tries
    assert shop.db("current").stdout == "r2 (head)\n"


def test_a_server_that_doesnt_answer_in_time_is_given_up(shop: Project, hook: Server) -> None:
    setting(shop, "timeout = 0.05", "retries = 0")
    over = threading.Event()
    hook.then = lambda: over.wait(10)

    try:
        result = shop.db("upgrade")
    finally:
        over.set()

    assert result.stderr.splitlines()[3:] == ["Warning: the webhook at 127.0.0.1 was not told: timed out"]


def test_a_post_that_is_required_and_fails_is_the_commands_failure(shop: Project, hook: Server) -> None:
    setting(shop, "required = true")
    hook.answers = [404]

    result = shop.db("upgrade", exit_code=1)

    assert result.stderr.splitlines()[3:] == [
        "Error: the upgrade is done, but the webhook at 127.0.0.1 was not told: it answered 404 Not Found"
    ]
    assert shop.db("current").stdout == "r2 (head)\n"


def test_the_commands_own_failure_comes_first(shop: Project, hook: Server) -> None:
    setting(shop, "required = true")
    breaking(shop)
    hook.answers = [404]

    lines = shop.db("upgrade", exit_code=1).stderr.splitlines()

    assert lines[-2] == "Warning: the webhook at 127.0.0.1 was not told: it answered 404 Not Found"
    assert lines[-1].startswith("Error: ")
    assert "nonsense" in lines[-1]


def test_without_a_url_nothing_is_posted(shop: Project, hook: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.configure()
    assert "Warning" not in shop.db("upgrade").output
    shop.configure(extra="[tool.ellar-db-webhook]\nurl = '${NO_HOOK:-}'")
    assert "Warning" not in shop.db("downgrade", "base").output

    assert hook.posts == []


def test_a_variable_that_isnt_set_is_a_warning(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK")

    assert shop.db("upgrade").stderr.splitlines()[3:] == [
        "Warning: the webhook was not told: [tool.ellar-db-webhook] url names the environment variable HOOK, "
        "which isn't set"
    ]
    assert "Warning" not in shop.db("upgrade").output


@pytest.mark.parametrize(
    ("hook_url", "message"),
    [
        (None, "url names the environment variable HOOK, which isn't set"),
        ("", "url is needed, since required = true"),
        ("file:///etc/passwd", "url is no http or https URL"),
        ("https://", "url is no http or https URL"),
    ],
)
def test_where_a_post_is_required_it_must_be_possible_before_anything_is_done(
    shop: Project, monkeypatch: pytest.MonkeyPatch, hook_url: str | None, message: str
) -> None:
    setting(shop, "required = true")
    if hook_url is None:
        monkeypatch.delenv("HOOK")
    else:
        monkeypatch.setenv("HOOK", hook_url)

    assert shop.db("upgrade", exit_code=1).output == f"Error: [tool.ellar-db-webhook] {message}\n"
    assert shop.db("current").stdout == ""


ALEMBIC = ("alembic", "-c", "migrations/alembic.ini")


@pytest.fixture
def site(shop: Project) -> dict[str, str]:
    """The variables with which a program finds the package."""
    return {"PYTHONPATH": os.pathsep.join(map(str, (shop.path / "site", Path(__file__).parents[1])))}


def test_bare_alembic_is_reported_too(shop: Project, hook: Server, site: dict[str, str]) -> None:
    shop.run(*ALEMBIC, "upgrade", "head", env=site)
    shop.run(*ALEMBIC, "upgrade", "head", env=site)
    shop.run(*ALEMBIC, "upgrade", "r1:head", "--sql", env=site)
    shop.run(*ALEMBIC, "current", env=site)

    (told,) = hook.posts
    assert timeless(told) == {**succeeded("upgrade", FIRST, SECOND), "exit_code": None}


def test_a_failure_of_bare_alembic_is_reported_too(shop: Project, hook: Server, site: dict[str, str]) -> None:
    breaking(shop)

    shop.run(*ALEMBIC, "upgrade", "head", exit_code=None, env=site)

    (told,) = hook.posts
    assert (told["state"], told["exit_code"], told["databases"][0]["steps"]) == ("failed", None, [FIRST])
    assert "the run was rolled back" in told["error"]
    assert timeless(told)["databases"][0]["finished"] is False


def test_start_up_code_is_reported_when_all_is_committed(shop: Project, hook: Server) -> None:
    seen = []
    hook.then = lambda: seen.append(tables("sqlite:///app.db"))

    with alembic_config() as config:
        command.upgrade(config, "head")
        command.upgrade(config, "head")

    (told,) = hook.posts
    assert timeless(told) == {**succeeded("upgrade", FIRST, SECOND), "exit_code": None}
    assert seen == [{"alembic_version", "users"}]


def test_start_up_code_is_refused_where_a_required_post_is_impossible(
    shop: Project, hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting(shop, "required = true")
    monkeypatch.setenv("HOOK", "file:///etc/passwd")

    with pytest.raises(DbError, match=r"^\[tool.ellar-db-webhook\] url is no http"), alembic_config() as config:
        command.upgrade(config, "head")

    assert shop.db("current").stdout == ""
    assert hook.posts == []


def test_start_up_code_hears_of_a_required_post_that_fails(shop: Project, hook: Server) -> None:
    setting(shop, "required = true")
    hook.answers = [404]

    with (
        pytest.raises(DbError, match=r"^the run is committed, but the webhook at 127.0.0.1 was not told: it answered"),
        alembic_config() as config,
    ):
        command.upgrade(config, "head")

    assert shop.db("current").stdout == "r2 (head)\n"


def test_a_run_on_a_scratch_database_is_nobodys_business(shop: Project, hook: Server) -> None:
    manager = get_plugin_manager()
    breaking(shop)
    with (
        alembic_config() as config,
        scratch_databases(config.attributes["databases"], {}, shop.path, manager) as made,
        guarded(),
    ):
        config.attributes["databases"] = made
        command.upgrade(config, "r1")
        with pytest.raises(DbError, match="nonsense"):
            command.upgrade(config, "head")

    assert hook.posts == []


def test_a_refusal_before_the_run_is_reported_in_start_up_code_too(
    shop: Project, hook: Server, install_distribution: Any
) -> None:
    install_distribution(
        "refusing",
        """
        import click
        from ellar_db import hookimpl

        @hookimpl
        def ellar_db_before_run():
            raise click.ClickException("not now")
        """,
    )

    with pytest.raises(Exception, match="not now"), alembic_config() as config:
        command.upgrade(config, "head")

    assert [(each["state"], each["error"]) for each in hook.posts] == [("failed", "not now")]


@pytest.mark.parametrize("odd", ["{url} x", "{url}é"])
def test_an_odd_url_is_not_shown(shop: Project, hook: Server, monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    monkeypatch.setenv("HOOK", odd.format(url=hook.url))

    result = shop.db("upgrade")

    assert result.stderr.splitlines()[3:] == [
        "Warning: the webhook at 127.0.0.1 was not told: the URL or a header has characters that can't stand there"
    ]
    assert hook.posts == []


def test_no_secret_is_shown(shop: Project, hook: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(shop, "headers = {Authorization = 'Bearer ${TOKEN}'}")
    monkeypatch.setenv("TOKEN", "t0ken\nX-Other: x")
    monkeypatch.setenv("ELLAR_DB_TRACE_PLUGINS", "1")

    result = shop.db("--traceback", "upgrade")

    assert (
        "Warning: the webhook at 127.0.0.1 was not told: the URL or a header has characters that can't stand there"
        in (result.stderr)
    )
    assert "SECRET" not in result.output
    assert "t0ken" not in result.output
    assert hook.posts == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("format = 'xml'", """format must be "json" or "slack", not 'xml'"""),
        ("headers = 'x'", "headers must be a table of texts, not 'x'"),
        ("headers = {a = 1}", "headers must be a table of texts, not {'a': 1}"),
        ("timeout = 0", "timeout must be a number of seconds above 0, not 0"),
        ("retries = -1", "retries must be a number from 0 to 10, not -1"),
        ("required = 1", "required must be true or false, not 1"),
        ("token = 'x'", "has no token; it takes url, format, headers, timeout, retries, required"),
    ],
)
def test_settings_that_cant_be_used_are_refused_before_anything_is_done(
    shop: Project, hook: Server, line: str, message: str
) -> None:
    setting(shop, line)

    assert shop.db("upgrade", exit_code=1).output == f"Error: [tool.ellar-db-webhook] {message}\n"
    shop.configure()
    assert shop.db("current").stdout == ""
    assert hook.posts == []
