"""The built-in templates of migrations folders: our own, then Alembic's."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from ellar_db.hookspecs import hookimpl


@hookimpl
def ellar_db_templates() -> Iterable[Path]:
    """Return both folders."""
    # it isn't imported, which would take long for a list of names
    spec = find_spec("alembic")
    theirs = [] if spec is None or spec.origin is None else [Path(spec.origin).with_name("templates")]
    return [Path(__file__).parent.with_name("templates"), *theirs]
