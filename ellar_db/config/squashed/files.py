"""The files of revisions that one revision has replaced: they are kept beside the folder of the revisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ellar_db.util.alembic import version_folders
from ellar_db.util.scripts import scripts_of

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory


FOLDER = "squashed"
"""The folder's name. Alembic reads what is below a folder of revisions, but nothing beside it."""


@dataclass(frozen=True)
class Squash:
    """A revision that has replaced others.

    Args:
        end: Its id, which is that of the last revision that it has replaced.
        folder: Where these are.
        scripts: These, each as it is by itself.
    """

    end: str
    folder: Path
    scripts: Sequence[Script]

    @property
    def revisions(self) -> dict[str, Script]:
        """The revisions that only this folder has, by their ids."""
        return {each.revision: each for each in self.scripts if each.revision != self.end}


_squashes: WeakKeyDictionary[ScriptDirectory, list[Squash]] = WeakKeyDictionary()


def squashes_of(script: ScriptDirectory) -> list[Squash]:
    """Return the revisions of a folder that have replaced others, whose files are still there.

    Args:
        script: The folder.
    """
    if script not in _squashes:
        places = list(_places(script))
        ids = {each.revision for each in script.walk_revisions()} if places else set()
        _squashes[script] = [
            Squash(place.name, place, scripts_of(script, files_in(place))) for place in places if place.name in ids
        ]
    return _squashes[script]


def files_in(folder: Path) -> list[Path]:
    """Return the files of the revisions that a folder keeps."""
    return sorted(file for file in folder.rglob("*.py") if file.name != "__init__.py")


def _places(script: ScriptDirectory) -> Iterator[Path]:
    for place in sorted({folder.parent / FOLDER for folder in version_folders(script)}):
        if place.is_dir():
            yield from sorted(folder for folder in place.iterdir() if folder.is_dir())
