"""Ellar applications for the tests, written as `ellar new` writes them, with models and modules of one's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import inspect

from ellar_db.testing.application import (
    ELLAR_SQL_MODELS,
    MANAGE,
    PLAIN_MODELS,
    PYPROJECT,
    SERVER,
    Application,
    new_application,
)
from tests.support.servers import sync_engine

__all__ = [
    "ELLAR_SQL_ADDITION",
    "ELLAR_SQL_MODELS",
    "MANAGE",
    "PLAIN_ADDITION",
    "PLAIN_MODELS",
    "PYPROJECT",
    "REPORTS_MODEL",
    "SERVER",
    "Shop",
    "answer",
    "columns",
    "new_shop",
    "write_pending",
]

PLAIN_ADDITION = """
    email = Column(String(64))


class Item(Base):
    __tablename__ = "item"

    id = Column(Integer, primary_key=True)
"""
ELLAR_SQL_ADDITION = """
    email = model.Column(model.String(64))


class Item(model.Model):
    id = model.Column(model.Integer, primary_key=True)
"""
REPORTS_MODEL = """

class Report(model.Model):
    __database__ = "reports"

    id = model.Column(model.Integer, primary_key=True)
"""
"""A model of a second database, to append to the models of ellar-sql."""


class Shop(Application):
    """An Ellar application named shop, in a folder that is the working directory."""

    def tables(self, url: str = "sqlite:///app.db") -> set[str]:
        """Return the names of a database's tables, without the journal of unfinished steps."""
        return super().tables(url) - {"ellar_db_journal"}

    def columns(self, url: str, table: str) -> list[str]:
        """Return the names of a table's columns."""
        return columns(url, table)


def columns(url: str, table: str) -> list[str]:
    """Return the names of a table's columns."""
    engine = sync_engine(url)
    try:
        return [column["name"] for column in inspect(engine).get_columns(table)]
    finally:
        engine.dispose()


def answer(app: Any, path: str, sent: Any = None) -> Any:
    """Ask an application for a page, as a server would, and return the JSON of its answer.

    Args:
        app: The application.
        path: The path of the page.
        sent: What is sent to it by POST, as JSON; None for a GET.
    """

    async def ask() -> bytes:
        body = b""

        async def receive() -> dict[str, Any]:
            content = b"" if sent is None else json.dumps(sent).encode()
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal body
            body += message.get("body", b"")

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        method = "GET" if sent is None else "POST"
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return body

    return json.loads(asyncio.run(ask()))


@contextmanager
def new_shop(path: Path) -> Iterator[Shop]:
    """Return a folder for an application; at the end the connections that its engines kept are closed."""
    with new_application(path, Shop) as shop:
        yield shop


def write_pending(shop: Shop, url: str, body: str = "pass", interface: str = "") -> None:
    """Write an application whose folder has one revision that no database has."""
    shop.with_plain_sqlalchemy(url)
    shop.ellar("db", "init")
    shop.ellar("db", "migrate", "-m", "First", "--rev-id", "first")
    shop.with_plain_sqlalchemy(url, body=body)
    if interface:
        root = shop.path / "shop" / "root_module.py"
        bases = root.read_text().replace("(ModuleBase)", f"(ModuleBase, {interface})")
        root.write_text(f"from ellar.common import {interface}\n{bases}")
