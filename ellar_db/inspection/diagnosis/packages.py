"""Python, and the packages that ellar_db uses, by the bounds that it declares."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING

from ellar_db.inspection.diagnosis.finding import Finding
from ellar_db.version import __version__

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "ellar-db"

LEFT_OUT = (DISTRIBUTION, "pytest")
"""Requirements that say nothing about databases."""


def check_python() -> Iterator[Finding]:
    """Yield what is found out about Python and ellar-db."""
    from packaging.specifiers import SpecifierSet

    found = f"ellar-db {__version__} on Python {platform.python_version()}"
    wanted = str(metadata(DISTRIBUTION).get("Requires-Python") or "")
    if not SpecifierSet(wanted).contains(platform.python_version(), prereleases=True):
        yield Finding("broken", "python", f"{found}, which needs Python {wanted}", "make an environment with that")
    else:
        yield Finding("ok", "python", found)


def check_packages() -> Iterator[Finding]:
    """Yield what is found out about the packages: those in order together, each other one by itself."""
    from packaging.requirements import Requirement

    yield from compared([Requirement(text) for text in requires(DISTRIBUTION) or ()])


def compared(requirements: Iterable[Requirement]) -> Iterator[Finding]:
    """Yield what is found out about some requirements.

    Args:
        requirements: The requirements of ellar-db, those of its extras too.
    """
    sound, others = {}, []
    for each in requirements:
        found = _version(each.name)
        needed = each.marker is None or each.marker.evaluate({"extra": ""})
        if each.name in LEFT_OUT or (found is None and not needed):
            continue
        if found is not None and each.specifier.contains(found, prereleases=True):
            sound[each.name] = found
            continue
        wanted = f"{each.name}{each.specifier}"
        said = f"{each.name} isn't installed" if found is None else f"{each.name} {found} is too old, or too new"
        install = f'pip install --upgrade "{wanted}"'
        others.append(Finding("broken" if needed else "look", "packages", f"{said}; ellar-db needs {wanted}", install))
    if sound:
        yield Finding("ok", "packages", ", ".join(f"{name} {found}" for name, found in sorted(sound.items())))
    yield from others


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
