"""Discovery of plugins: the entry points of installed packages, and the project's own modules."""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import click

from ellar_db.hookspecs import PROJECT as GROUP
from ellar_db.plugins.record import INSTALLED, Plugin

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def installed() -> list[tuple[Plugin, EntryPoint]]:
    """Return the entry points of the group, sorted by (distribution, name), each with its record."""
    only, disabled = names_in("ELLAR_DB_LOAD_PLUGINS"), names_in("ELLAR_DB_DISABLE_PLUGINS") or set()
    if only is not None and not only:
        return []
    from importlib.metadata import entry_points

    found = []
    known: set[str] = set()
    for entry_point in entry_points(group=GROUP):
        distribution, version = _title(entry_point)
        record = Plugin(
            f"{distribution}:{entry_point.name}",
            INSTALLED,
            distribution,
            f"{entry_point.name} = {entry_point.value}",
            version,
        )
        names = {normal_name(distribution), normal_name(entry_point.name)}
        known |= names
        if (only is not None and not names & only) or names & disabled:
            record.state = "disabled"
        found.append((record, entry_point))
    for name in sorted((only or set()) - known):
        click.echo(f"Warning: ELLAR_DB_LOAD_PLUGINS names {name}, and no such plugin is installed.", err=True)
    return sorted(found, key=lambda pair: (normal_name(pair[0].distribution), pair[1].name))


def _title(entry_point: EntryPoint) -> tuple[str, str]:
    """Return the name and the version of an entry point's distribution; without metadata, the module's name.

    `Distribution.name` and `version` parse the whole file, including the description, on each access.
    """
    dist = entry_point.dist
    text = (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "") if dist else ""
    name, version = (re.search(rf"^{key}:[ \t]*(\S+)", text, re.MULTILINE) for key in ("Name", "Version"))
    return (name[1] if name else entry_point.module, version[1] if version else "")


def names_in(variable: str) -> set[str] | None:
    """Return the names that an environment variable lists, normalized; None if it isn't set."""
    value = os.environ.get(variable)
    if value is None:
        return None
    return {normal_name(name) for name in value.replace(",", " ").split()}


def normal_name(name: str) -> str:
    """Return a distribution's name as packaging normalizes it, without importing packaging.

    Example:
        >>> normal_name("Ellar_DB.Seed")
        'ellar-db-seed'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def project_module(name: str) -> ModuleType:
    """Import one of the project's own modules."""
    # the console script doesn't put the working directory on the path
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())
    return import_module(name)


def unknown_names() -> list[tuple[str, str]]:
    """Return the names in the environment variables that aren't installed, each with its variable."""
    from importlib.metadata import entry_points

    known: set[str] = set()
    for entry_point in entry_points(group=GROUP):
        known |= {normal_name(_title(entry_point)[0]), normal_name(entry_point.name)}
    variables = ("ELLAR_DB_LOAD_PLUGINS", "ELLAR_DB_DISABLE_PLUGINS")
    return [(variable, name) for variable in variables for name in sorted((names_in(variable) or set()) - known)]
