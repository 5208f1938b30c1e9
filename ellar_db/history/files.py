"""The files that Alembic would read as revisions, and what tells whether one has changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from ellar_db.history.headers import UnclearError

CACHES = "__pycache__"


class RevisionFile(NamedTuple):
    """A file that Alembic reads as a revision.

    Args:
        path: Its absolute path.
        stamp: What changes whenever its contents do: its size in bytes, when its contents were changed, when anything
            of it was changed, which a program that restores the first can't restore, and its number, which another
            file that replaces it doesn't have.
        latest: The later of the two times, in nanoseconds.
    """

    path: str
    stamp: str
    latest: int


def revision_files(folders: Sequence[Path], *, recursive: bool = False) -> list[RevisionFile]:
    """Return the revision files of folders, in the order in which Alembic reads them.

    Args:
        folders: The folders; one that isn't there has none.
        recursive: Look into the folders below them too.

    Raises:
        UnclearError: What Alembic would read can't be told, as from links and from folders that contain each other.
    """
    found: list[RevisionFile] = []
    seen: set[str] = set()
    for folder in folders:
        waiting = [os.path.realpath(folder)]
        while waiting:
            place = waiting.pop()
            if place in seen:
                raise UnclearError(f"{place} is read twice")
            seen.add(place)
            below = _read_folder(place, found)
            if recursive:
                waiting += reversed(below)
    return found


def _read_folder(place: str, found: list[RevisionFile]) -> list[str]:
    """Add the revision files of one folder, and return the folders in it."""
    if place.endswith(CACHES):
        raise UnclearError(f"{place} is a folder of compiled files")
    try:
        with os.scandir(place) as listed:
            entries = sorted(listed, key=attrgetter("name"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UnclearError(str(error)) from error
    below = []
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            if not name.endswith(CACHES):
                below.append(entry.path)
        elif name.endswith(".py") and not name.startswith((".#", "__init__")):
            state = _state(entry)
            if "\n" in name or not stat.S_ISREG(state.st_mode):
                raise UnclearError(f"{entry.path!r} is no plain file")
            modified, changed = state.st_mtime_ns, state.st_ctime_ns
            stamp = f"{state.st_size} {modified} {changed} {state.st_ino}"
            found.append(RevisionFile(entry.path, stamp, max(modified, changed)))
    return below


def _state(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        # on Windows the entry itself doesn't know all of it
        return os.stat(entry.path, follow_symlinks=False) if os.name == "nt" else entry.stat(follow_symlinks=False)
    except OSError as error:
        raise UnclearError(str(error)) from error
