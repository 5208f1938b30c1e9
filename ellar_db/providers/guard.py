"""The guard of every env.py, whoever wrote it."""

from __future__ import annotations

from ellar_db.hookspecs import hookimpl


@hookimpl
def ellar_db_configure() -> None:
    """Let locks, transactions and the journal hold for whatever env.py the folder has."""
    from ellar_db.runtime.interception import guard_environments

    guard_environments()
