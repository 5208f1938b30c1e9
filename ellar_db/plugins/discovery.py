"""Discovery of plugins: the entry points of installed packages, and the project's own modules."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from ellar_db.hookspecs import PROJECT as GROUP
from ellar_db.plugins.record import DISABLE, INSTALLED, Plugin
from ellar_db.util.errors import DbError, meant

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OPTIONAL_GROUP = f"{GROUP}.optional"
"""The group of plugins without which all commands may go on, since they only add something."""

LOAD = "ELLAR_DB_LOAD_PLUGINS"
"""The environment variable that names the only installed plugins to load."""

NOT_ALLOWED = "not allowed"
"""The state of a plugin that the project's `allowed-plugins` doesn't name."""

OURS = "ellar-db"
"""The distribution of the built-in plugins, which are always there."""


def installed(allowed: Collection[str] | None = None) -> list[tuple[Plugin, EntryPoint]]:
    """Return the entry points of both groups, sorted by (distribution, name), each with its record.

    Args:
        allowed: The only distributions whose plugins may be imported (`allowed-plugins`); None allows all.
    """
    only, disabled = names_in(LOAD), names_in(DISABLE) or set()
    if only is not None and not only:
        return []
    permitted = None if allowed is None else {normal_name(name) for name in allowed}
    found = []
    known: set[str] = set()
    for entry_point, restrains in _entry_points():
        distribution, version = _title(entry_point)
        record = Plugin(
            f"{distribution}:{entry_point.name}",
            INSTALLED,
            distribution,
            f"{entry_point.name} = {entry_point.value}",
            version,
            restrains=restrains,
        )
        names = {normal_name(distribution), normal_name(entry_point.name)}
        known |= names
        if (only is not None and not names & only) or names & disabled:
            record.state = "disabled"
        elif permitted is not None and normal_name(distribution) not in permitted:
            record.state, record.error = NOT_ALLOWED, "allowed-plugins doesn't name it"
        found.append((record, entry_point))
    for name in sorted((only or set()) - known):
        click.echo(f"Warning: {LOAD} names {name}, and no such plugin is installed.", err=True)
    for problem in not_installed(allowed or (), (record.distribution for record, _ in found)):
        click.echo(f"Warning: {problem}{'' if problem.endswith('?') else '.'}", err=True)
    return sorted(found, key=lambda pair: (normal_name(pair[0].distribution), pair[1].name))


def _entry_points() -> Iterator[tuple[EntryPoint, bool]]:
    """Yield the entry points of both groups, each with whether its plugin restrains."""
    if not mentioned_on(sys.path):
        return
    from importlib.metadata import entry_points

    # all groups, since each call reads the metadata of every installed package
    found = entry_points()
    for group, restrains in ((GROUP, True), (OPTIONAL_GROUP, False)):
        for entry_point in found.select(group=group):
            yield entry_point, restrains


def mentioned_on(path: Iterable[str]) -> bool:
    """Return whether a package on a path may have plugins, by the text of its metadata.

    To import `importlib.metadata` takes longer than to read the entry points of a hundred packages, most of which
    have none. Only it can tell what is in an archive, or what another finder than Python's own brings.

    Args:
        path: The path, as `sys.path`.
    """
    theirs = [finder for finder in sys.meta_path if finder is not PathFinder]
    if any(hasattr(finder, "find_distributions") for finder in theirs):
        return True
    mark = f"[{GROUP}".encode()
    for folder in dict.fromkeys(entry or "." for entry in path):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return True
        egg = folder.lower().rstrip("/\\").endswith(".egg")
        for name in names:
            lower = name.lower()
            if not lower.endswith((".dist-info", ".egg-info")) and not (egg and lower == "egg-info"):
                continue
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:
                    if mark in file.read():
                        return True
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                return True
    return False


def not_installed(allowed: Iterable[str], distributions: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with `allowed-plugins`: the entries that aren't installed.

    Args:
        allowed: The entries.
        distributions: The distributions of the installed plugins.

    Example:
        >>> list(not_installed(["ellar-db-sed"], ["ellar-db-seed"]))
        ['allowed-plugins names ellar-db-sed, and no such plugin is installed; did you mean ellar-db-seed?']
    """
    known = {normal_name(distribution): distribution for distribution in (OURS, *distributions)}
    for name in allowed:
        if normal_name(name) not in known:
            yield f"allowed-plugins names {name}, and no such plugin is installed{meant(name, known.values())}"


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
    """Import one of the project's own modules.

    Args:
        name: Its name in `plugins`.

    Raises:
        DbError: The name isn't one of a module, or there is no such module.
    """
    # the console script doesn't put the working directory on the path
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())
    if name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        dotted = re.sub(r"[/\\]+", ".", re.sub(r"^[./\\]+|\.py$|:.*", "", name))
        raise DbError(f"{name!r} is no module's name{_meant_module(dotted)}")
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if f"{name}.".startswith(f"{missing}."):
            raise DbError(f"there is no module {missing}{_meant_module(missing)}") from error
        # it is there, and imports one that isn't
        raise


def _meant_module(name: str) -> str:
    """Return "; did you mean ...?" if one of the project's modules has a similar name, else an empty string."""
    package = name.rpartition(".")[0]
    here = Path.cwd().joinpath(*package.split("."))
    folders = getattr(sys.modules.get(package), "__path__", [here])
    names = {
        f"{package}.{path.stem}".lstrip(".")
        for folder in map(Path, folders)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.stem.isidentifier() and (path.suffix == ".py" or (path.is_dir() and not path.suffix))
    }
    return meant(name, sorted(names))


def unknown_names(modules: Collection[str]) -> list[tuple[str, str]]:
    """Return the names in the environment variables that no plugin has, each with its variable.

    Args:
        modules: The project's own plugin modules.
    """
    known = {normal_name(name) for name in modules}
    for entry_point, _ in _entry_points():
        known |= {normal_name(_title(entry_point)[0]), normal_name(entry_point.name)}
    return [(variable, name) for variable in (LOAD, DISABLE) for name in sorted((names_in(variable) or set()) - known)]
