"""Objects that autogenerate ignores in every application."""

from __future__ import annotations

from typing import Any

from ellar_db.hookspecs import hookimpl


@hookimpl
def ellar_db_include_name(name: str | None, type_: str) -> bool | None:
    """Exclude the table of the journal, before it is reflected."""
    from ellar_db.guards.entry import NAME

    return False if type_ == "table" and name == NAME else None


@hookimpl
def ellar_db_include_object(object: Any) -> bool | None:
    """Exclude objects marked with `info={"skip_autogen": True}`."""
    return False if getattr(object, "info", {}).get("skip_autogen") else None
