"""Arguments that can't be what they are: one line that says what they must be."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ellar_db import DbError, alembic_config, library
from ellar_db.testing import Project

HUGE = 10**400

WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("status", (), {"app": "shop.server:app"}, "app must be an ellar.app.App, not 'shop.server:app'"),
    ("upgrade", (), {"app": 3}, "app must be an ellar.app.App, not 3"),
    ("upgrade", (), {"only": None}, "only must be a list of texts, not None"),
    ("upgrade", (), {"groups": None}, "groups must be a list of texts, not None"),
    ("heads", (), {"x_arg": None}, "x_arg must be a list of texts, not None"),
    ("heads", (), {"only": 3}, "only must be a list of texts, not 3"),
    ("check", (), {"scratch_urls": None}, "scratch_urls must be a list of texts, not None"),
    ("drift", (), {"scratch_urls": None}, "scratch_urls must be a list of texts, not None"),
    ("migrate", (), {"rename": None}, "rename must be a list of texts, not None"),
    ("migrate", (), {"fill": None}, "fill must be a list of texts, not None"),
    ("migrate", (), {"scratch": None}, "scratch must be a list of texts, not None"),
    ("migrate", (), {"depends_on": None}, "depends_on must be a list of texts, not None"),
    ("migrate", (), {"head": None}, "head must be a text, not None"),
    ("migrate", (), {"version_path": 3}, "version_path must be a text or a path, not 3"),
    ("migrate", (), {"dry_run": "no"}, "dry_run must be True or False, not 'no'"),
    ("revision", (), {"version_path": b"x"}, "version_path must be a text or a path, not b'x'"),
    ("revision", (), {"splice": 1}, "splice must be True or False, not 1"),
    ("merge", (None,), {}, "a revision must be a text, not None"),
    ("merge", (), {"splice": None}, "splice must be True or False, not None"),
    ("upgrade", (None,), {}, "revision must be a text, not None"),
    ("downgrade", (None,), {}, "revision must be a text, not None"),
    ("plan", (None,), {}, "revision must be a text, not None"),
    ("stamp", (None,), {}, "a revision must be a text, not None"),
    ("stamp", (), {"purge": "x"}, "purge must be True or False, not 'x'"),
    ("upgrade", (), {"create": "x"}, "create must be True or False, not 'x'"),
    ("upgrade", (), {"tag": 3}, "tag must be a text, not 3"),
    ("downgrade", (), {"yes": "no"}, "yes must be True or False, not 'no'"),
    ("heads", (), {"resolve_dependencies": 1}, "resolve_dependencies must be True or False, not 1"),
    ("check", (), {"history": "x"}, "history must be True or False, not 'x'"),
    ("lint", (), {"all": "x"}, "all must be True or False, not 'x'"),
    ("lint", (), {"measure": None}, "measure must be True or False, not None"),
    ("verify", (), {"all": "x"}, "all must be True or False, not 'x'"),
    ("verify", (), {"rows": "x"}, "rows must be True or False, not 'x'"),
    (
        "upgrade",
        (),
        {"connect_wait": HUGE},
        "connect_wait must be a number of seconds, 0 or more, not one too large",
    ),
    ("wait", (), {"timeout": HUGE}, "timeout must be a number of seconds, 0 or more, not one too large"),
    ("upgrade", (), {"lock": 1}, "lock must be True or False, not 1"),
]


@pytest.mark.parametrize(("function", "arguments", "named", "message"), WRONG)
def test_values_of_a_wrong_kind(
    linear: Project, function: str, arguments: tuple[Any, ...], named: dict[str, Any], message: str
) -> None:
    with pytest.raises(DbError, match=f"^{re.escape(message)}"):
        getattr(library, function)(*arguments, **named)


def test_an_application_of_a_wrong_kind_for_the_seam(linear: Project) -> None:
    wrong: Any = "shop.server:app"

    with pytest.raises(DbError, match=r"^app must be an ellar\.app\.App, not 'shop\."), alembic_config(app=wrong):
        pass


def test_a_limit_of_the_project_that_is_too_large(linear: Project) -> None:
    linear.configure(extra=f"connect-wait = {HUGE}\n")

    assert "connect-wait = 1000" in linear.db("upgrade", exit_code=1).stderr
