"""Create plugin packages from a template."""

from __future__ import annotations

import keyword
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from ellar_db.hookspecs import API
from ellar_db.plugins.discovery import normal_name
from ellar_db.util.errors import DbError

TEMPLATES = Path(__file__).parents[2] / "templates" / "plugin"


@dataclass(frozen=True)
class Package:
    """A plugin package.

    Args:
        name: The distribution's name.
        folder: Its folder.
    """

    name: str
    folder: Path

    @property
    def module(self) -> str:
        """The module's name."""
        return self.name.replace("-", "_")

    @property
    def command(self) -> str:
        """The name of the command that the package adds."""
        return self.name.removeprefix("ellar-db-")


def write_package(name: str, into: Path, taken: Mapping[str, str]) -> Package:
    """Create a package that is ready to be installed.

    Args:
        name: The distribution's name.
        into: The folder in which to create the package's folder.
        taken: The existing commands, with the distributions that supply them.

    Raises:
        click.BadParameter: The name isn't valid for a distribution, or its module or its command already exists.
        DbError: The folder already exists, or can't be created.
    """
    package = Package(normal_name(name), into / normal_name(name))
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", package.name) or keyword.iskeyword(package.module):
        raise click.BadParameter(
            f"{name!r} can't name a package; use letters, digits and '-', as in ellar-db-audit", param_hint="NAME"
        )
    if package.name in ("ellar-db", "ellar"):
        raise click.BadParameter(f"{name!r} is taken", param_hint="NAME")
    if package.module in sys.stdlib_module_names or find_spec(package.module) is not None:
        raise click.BadParameter(
            f"its module would be {package.module!r}, which there is already; take another name", param_hint="NAME"
        )
    if package.folder.exists():
        raise DbError(f"{package.folder} already exists; choose another name, or another folder with --into")
    if package.command in taken:
        raise click.BadParameter(
            f"its command would be {package.command!r}, which {taken[package.command]} gives; take another name",
            param_hint="NAME",
        )
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{package.name}.", dir=into) as scratch:
            # a subfolder, since only its owner may access the temporary folder
            made = Path(scratch) / package.name
            for source in sorted(TEMPLATES.rglob("*.mako")):
                target = made / str(source.relative_to(TEMPLATES)).removesuffix(".mako").replace(
                    "MODULE", package.module
                )
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(_rendered(source, package), encoding="utf-8")
            made.rename(package.folder)
    except OSError as error:
        raise DbError(f"the folder {package.folder} can't be made: {error.strerror or error}") from error
    return package


def _rendered(source: Path, package: Package) -> str:
    from mako.template import Template

    rendered: str = Template(source.read_text(encoding="utf-8")).render(package=package, api=API)
    return rendered
