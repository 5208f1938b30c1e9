"""What squawk, a linter of SQL for PostgreSQL, says of the SQL of revisions."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from typing import Any

from ellar_db import DbError, Problem, Rule, hookimpl

ELLAR_DB_API = "1.5"

SECONDS = 60
"""How long squawk may take for a revision."""


def program() -> str:
    """Return the path of squawk: beside this Python, where pip puts it, or on the path.

    Raises:
        DbError: It is in neither place.
    """
    found = shutil.which("squawk", path=sysconfig.get_path("scripts")) or shutil.which("squawk")
    if found is None:
        raise DbError("squawk isn't installed; install it: pip install squawk-cli")
    return found


def check(operations: Any) -> Iterator[Problem]:
    """Yield what squawk says of the statements of a revision.

    Args:
        operations: What is known of the revision.

    Raises:
        DbError: squawk isn't installed, or fails.
    """
    starts: list[tuple[int, int]] = []
    script = ""
    for statement in operations.statements:
        starts.append((script.count("\n"), statement.line))
        script += f"{statement.sql};\n"
    if not script:
        return
    for found in _complaints(script):
        # the last statement that begins at or before the line
        line = next((line for start, line in reversed(starts) if start <= found["line"]), 0)
        yield Problem(
            "",
            None,
            f"{found['rule_name']}: {found['message']}",
            found.get("help") or "read https://squawkhq.com/docs/rules",
            "error" if found["level"] == "Error" else "warning",
            line=line,
        )


def _complaints(script: str) -> list[dict[str, Any]]:
    command = [program(), "--reporter", "json", "--assume-in-transaction"]
    try:
        done = subprocess.run(
            command, input=script, capture_output=True, encoding="utf-8", check=False, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DbError(f"squawk can't be run: {error}") from error
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError as error:
        said = (done.stderr or done.stdout).strip().partition("\n")[0]
        raise DbError(f"squawk failed: {said}") from error
    # the bounds of transactions are Alembic's; an option that excludes the rule would take the place of .squawk.toml
    return [each for each in found if each["rule_name"] != "transaction-nesting"]


@hookimpl
def ellar_db_lint_rules() -> Iterator[Rule]:
    """Yield the rule."""
    yield Rule(
        "SQUAWK1",
        "Found by squawk",
        "squawk reads the SQL of a revision, and knows rules about PostgreSQL of its own.",
        "Read the page that squawk has of each of its rules: https://squawkhq.com/docs/rules",
        check,
        lambda dialect: "postgresql" in dialect.names,
        about="revision",
    )
