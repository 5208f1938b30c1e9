"""The pages about the library: each example of the reference runs, and those of the how-to do what they say."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ellar_db import library
from ellar_db.library import check, current, heads, upgrade
from ellar_db.testing import Project
from tests.support.applications import Shop, new_shop
from tests.support.pages import ROOT, blocks

REFERENCE = (ROOT / "docs/reference/library.md").read_text(encoding="utf-8")
SECTIONS = {text.partition("\n")[0]: text for text in REFERENCE.split("\n## ")[1:]}
FUNCTIONS = [name for name in library.__all__ if name.islower()]
START, HEALTH, SCRIPT, WHERE = blocks(
    (ROOT / "docs/how-to/use-it-as-a-library.md").read_text(encoding="utf-8"), "python"
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_runs(plain: Project, name: str) -> None:
    plain.db("init")
    plain.db("migrate", "--rev-id", "one")
    plain.db("upgrade")
    plain.db("revision", "--rev-id", "two")
    plain.db("upgrade")
    _, example = blocks(SECTIONS[name], "python")

    assert re.search(rf"\b{name}\(", example)
    exec(compile(example, name, "exec"), {})


def test_every_name_is_described() -> None:
    assert set(FUNCTIONS) <= SECTIONS.keys()
    assert {f"{name} (value)" for name in library.__all__ if name not in FUNCTIONS} <= SECTIONS.keys()
    assert len(FUNCTIONS) == 16


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_is_described(name: str) -> None:
    for argument in getattr(library, name).__annotations__:
        assert argument == "return" or f"\n- `{argument}`: " in SECTIONS[name]


def created(shop: Shop) -> str:
    """Write an application whose folder has one revision that its database doesn't have."""
    url = f"sqlite:///{shop.path}/app.db"
    shop.with_plain_sqlalchemy(url)
    shop.ellar("db", "init")
    shop.ellar("db", "migrate", "--rev-id", "first")
    return url


def test_the_program_upgrades_before_it_starts(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    url = created(shop)
    assert START.startswith("# serve.py\n")
    shop.restart()

    exec(compile(START, "serve.py", "exec"), {})

    assert capsys.readouterr().out == "default: now at first\n"
    assert shop.tables(url) == {"alembic_version", "user"}


async def got(app: Any, path: str) -> tuple[int, Any]:
    """Ask an application for a path, as a server does, and return the status and the document."""
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return answers[0]["status"], json.loads(b"".join(each.get("body", b"") for each in answers))


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
def test_the_endpoint_tells_whether_the_databases_are_ready(shop: Shop, driver: str) -> None:
    created(shop)
    shop.with_plain_sqlalchemy(f"{driver}:///{shop.path}/app.db")
    shop.write("shop/health.py", HEALTH)
    root = shop.path / "shop/root_module.py"
    source = root.read_text().replace("@Module(", "@Module(routers=[router], ")
    root.write_text(f"from shop.health import router\n{source}")
    app = shop.application()

    async def serve() -> list[tuple[int, Any]]:
        first = await got(app, "/health")
        await asyncio.to_thread(upgrade, app=app)
        return [first, *await asyncio.gather(got(app, "/health"), got(app, "/health"))]

    behind, *ready = asyncio.run(serve())

    assert behind == (503, {"default": {"state": "behind", "pending": 1}})
    assert ready == [(200, {"default": {"state": "at head", "pending": 0}})] * 2


def script(project: Project) -> subprocess.CompletedProcess[str]:
    """Run the script as the page does."""
    command = [sys.executable, "trim.py", "users", "name"]
    return subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=False)


def test_the_script_writes_a_revision(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "--rev-id", "one")
    plain.write("trim.py", SCRIPT)
    upgrade()

    done = script(plain)

    (head,) = heads()
    assert (head.title, head.down_revisions) == ("Trim users.name", ("one",))
    assert Path(done.stdout.strip()).samefile(head.file)
    with_sql = head.file.read_text(encoding="utf-8")
    assert 'op.execute("UPDATE users SET name = TRIM(name)")' in with_sql
    assert [each.revisions for each in upgrade()] == [(head.revision,)]
    assert [each.differences for each in check()] == [()]


def test_the_script_tells_what_is_wrong(plain: Project) -> None:
    plain.write("trim.py", SCRIPT)

    done = script(plain)

    assert done.returncode == 1

    assert done.stderr.startswith("there is no migrations folder at migrations; make one with ")
    assert len(done.stderr.splitlines()) == 1


def test_databases_and_folder_are_given(linear: Project) -> None:
    exec(compile(WHERE, "where", "exec"), {})

    assert not (linear.path / "app.db").exists()
    assert [each.at_head for each in current()] == [False]
    assert (linear.path / "shop.db").exists()
