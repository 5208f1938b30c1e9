"""What autogenerate leaves out, whatever the application."""

from __future__ import annotations

from typing import Any

from ellar_db.hookspecs import hookimpl


@hookimpl
def ellar_db_include_object(object: Any, name: str | None, type_: str, reflected: bool) -> bool | None:
    """Leave out what is marked with `info={"skip_autogen": True}`, and the table of the journal."""
    from ellar_db.journal import NAME

    if getattr(object, "info", {}).get("skip_autogen") or (type_ == "table" and reflected and name == NAME):
        return False
    return None
