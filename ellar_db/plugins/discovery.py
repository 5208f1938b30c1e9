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
from typing import TYPE_CHECKING, Any

from ellar_db.hookspecs import PROJECT as GROUP
from ellar_db.plugins.record import DISABLE, INSTALLED, Plugin
from ellar_db.util.errors import DbError, meant
from ellar_db.util.masking import say

if TYPE_CHECKING:
    from importlib import metadata
    from typing import TypeAlias

    Found: TypeAlias = "metadata.EntryPoint | EntryPoint"

OPTIONAL_GROUP = f"{GROUP}.optional"
"""The group of plugins without which all commands may go on, since they only add something."""

GROUPS = ((GROUP, True), (OPTIONAL_GROUP, False))
"""Both groups, each with whether its plugins restrain."""

LOAD = "ELLAR_DB_LOAD_PLUGINS"
"""The environment variable that names the only installed plugins to load."""

NOT_ALLOWED = "not allowed"
"""The state of a plugin that the project's `allowed-plugins` doesn't name."""

OURS = "ellar-db"
"""The distribution of the built-in plugins, which are always there."""


def installed(allowed: Collection[str] | None = None) -> list[tuple[Plugin, Found]]:
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
    for entry_point, metadata, restrains in _entry_points():
        distribution, version = _title(entry_point, metadata)
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
        near = meant(name, known) or "."
        say(f"Warning: {LOAD} names {name}, and no such plugin is installed{near}", err=True)
    for problem in not_installed(allowed or (), (record.distribution for record, _ in found)):
        say(f"Warning: {problem}{'' if problem.endswith('?') else '.'}", err=True)
    return sorted(found, key=lambda pair: (normal_name(pair[0].distribution), pair[1].name))


class EntryPoint:
    """An entry point that was read from the file of a package.

    Args:
        name: Its name.
        value: What it names, as `module:attribute`.
        folder: The folder with the package's metadata.
    """

    def __init__(self, name: str, value: str, folder: str) -> None:
        self.name = name
        self.value = value
        self.folder = folder
        self.module, _, self.attribute = value.partition("[")[0].replace(" ", "").partition(":")

    def load(self) -> Any:
        """Import what it names."""
        found = import_module(self.module)
        for name in filter(None, self.attribute.split(".")):
            found = getattr(found, name)
        return found


def _entry_points() -> Iterator[tuple[Found, str, bool]]:
    """Yield the entry points of both groups, each with the package's metadata and whether its plugin restrains."""
    packages = packages_on(sys.path)
    if packages is not None:
        for folder, text in packages:
            for group, restrains in GROUPS:
                for name, value in _in_group(text, group):
                    yield EntryPoint(name, value, folder), _metadata(folder), restrains
        return
    from importlib.metadata import entry_points

    # all groups, since each call reads the metadata of every installed package
    found = entry_points()
    for group, restrains in GROUPS:
        for entry_point in found.select(group=group):
            dist = entry_point.dist
            text = (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "") if dist else ""
            yield entry_point, text, restrains


def packages_on(path: Iterable[str]) -> list[tuple[str, str]] | None:
    """Return the packages on a path that have plugins: the folder of the metadata, and the text of the entry points.

    To import `importlib.metadata` takes longer than to read the entry points of a hundred packages, most of which
    have none. Only it can tell what is in an archive, or what another finder than Python's own brings.

    Args:
        path: The path, as `sys.path`.

    Returns:
        The packages, of those with one name the first; None if `importlib.metadata` has to be asked.
    """
    theirs = [finder for finder in sys.meta_path if finder is not PathFinder]
    if any(hasattr(finder, "find_distributions") for finder in theirs):
        return None
    mark = f"[{GROUP}"
    found, known = [], set[str]()
    for folder in dict.fromkeys(entry or "." for entry in path):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        egg = folder.lower().rstrip("/\\").endswith(".egg")
        for name in names:
            lower = name.lower()
            if not lower.endswith((".dist-info", ".egg-info")) and not (egg and lower == "egg-info"):
                continue
            own = normal_name(name.rpartition(".")[0].partition("-")[0])
            if own and own in known:
                continue
            known.add(own)
            place = os.path.join(folder, name)
            try:
                with open(os.path.join(place, "entry_points.txt"), encoding="utf-8") as file:
                    text = file.read()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, UnicodeDecodeError):
                return None
            if mark in text:
                found.append((place, text))
    return found


def _in_group(text: str, group: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of one group of an entry_points.txt."""
    current = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            current = line[1:-1]
        elif current == group and line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _metadata(folder: str) -> str:
    for name in ("METADATA", "PKG-INFO"):
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            continue
    return ""


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


def _title(entry_point: Found, metadata: str) -> tuple[str, str]:
    """Return the name and the version of an entry point's distribution; without metadata, the module's name."""
    name, version = (re.search(rf"^{key}:[ \t]*(\S+)", metadata, re.MULTILINE) for key in ("Name", "Version"))
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
    for entry_point, metadata, _ in _entry_points():
        known |= {normal_name(_title(entry_point, metadata)[0]), normal_name(entry_point.name)}
    return [(variable, name) for variable in (LOAD, DISABLE) for name in sorted((names_in(variable) or set()) - known)]
