"""ruff as a post-write hook of new migrations folders, if the project has it."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from ellar_db.project.settings import read_table
from ellar_db.util.errors import DbError

COMMENTED = re.compile(r"^# \[post_write_hooks\]\n(?:# .*\n)+", re.MULTILINE)
"""The example in the ini files of our templates."""

AS_MODULE = re.compile(r"^(ruff_\w+)\.type = module\n\1\.module = ", re.MULTILINE)

FILES = ("ruff.toml", ".ruff.toml")


def use_ruff(ini: Path) -> None:
    """Let new revisions be formatted by ruff, through Alembic's own post-write hooks, if it is found.

    Args:
        ini: The ini file of one of our templates; others have no example to enable.
    """
    runner = _runner()
    if runner is None or not ini.is_file():
        return
    text = ini.read_text(encoding="utf-8")
    enabled = COMMENTED.sub(lambda found: re.sub("^# ", "", found[0], flags=re.MULTILINE), text)
    if runner == "exec":
        enabled = AS_MODULE.sub(r"\1.type = exec\n\1.executable = ", enabled)
    ini.write_text(enabled, encoding="utf-8")


def _runner() -> str | None:
    """Return how Alembic runs ruff: as a "module" of this Python's, as a program of a project that has settings for it
    ("exec"), or None if it isn't there.
    """
    if find_spec("ruff") is not None:
        return "module"
    configured = any(Path(name).is_file() for name in FILES) or _has_table()
    return "exec" if configured and shutil.which("ruff") else None


def _has_table() -> bool:
    # a pyproject.toml that can't be read is reported by those who need it
    with suppress(DbError):
        return bool(read_table("ruff"))
    return False
