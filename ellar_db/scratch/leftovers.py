"""Scratch databases that a killed program left: each is noted in a file while it is there, and the next run drops it.

The notes are in a folder of the user's own beside other temporary files. Each has a lock, which ends with its program.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import stat
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.util.errors import DbError
from ellar_db.util.file_lock import FileLock
from ellar_db.util.files import write_whole

if TYPE_CHECKING:
    from sqlalchemy import URL


log = logging.getLogger("ellar_db")

PREFIX = "ellar_db_scratch_"
"""Prefix of the names of scratch databases on servers, and of folders for files."""

NAME = re.compile(rf"{PREFIX}[0-9a-f]{{16}}")
"""The whole of such a name: nothing else is ever dropped."""


def new_name() -> str:
    """Return a name that no database has.

    Example:
        >>> bool(NAME.fullmatch(new_name()))
        True
    """
    return f"{PREFIX}{uuid.uuid4().hex[:16]}"


@contextmanager
def noted(name: str, url: URL) -> Iterator[Callable[[], None]]:
    """Note that a scratch database is on a server.

    Args:
        name: The database's name.
        url: A database on the same server.

    Yields:
        What removes the note, once the database is dropped. If it isn't called, the next run drops the database.
    """
    home = _home()
    if home is None:
        yield lambda: None
        return
    lock, note = _lock(home / name), home / f"{name}.json"
    lock.acquire()
    try:
        write_whole(note, json.dumps(_server(url)))
        yield lambda: note.unlink(missing_ok=True)
    finally:
        lock.release()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for the files of scratch databases, and remove it at the end; remove those that were left."""
    home = _home()
    if home is None:
        with tempfile.TemporaryDirectory(prefix="ellar-db-") as folder:
            yield Path(folder)
        return
    for left in _left(home, ""):
        shutil.rmtree(left, ignore_errors=True)
    made = home / new_name()
    lock = _lock(made)
    lock.acquire()
    try:
        made.mkdir(mode=0o700)
        yield made
    finally:
        # an error that is raised now would hide the one of the block
        shutil.rmtree(made, ignore_errors=True)
        lock.release()


def drop_left(url: URL, drop: Callable[[str], Any]) -> None:
    """Drop the scratch databases of killed programs on a server.

    What can't be dropped now stays noted.

    Args:
        url: A database on the server.
        drop: Drops the database with a name.
    """
    home = _home()
    for note in _left(home, ".json") if home is not None else ():
        with suppress(OSError, ValueError, DbError):
            if json.loads(note.read_text(encoding="utf-8")) == _server(url):
                drop(note.stem)
                note.unlink()
                log.info("Dropped the scratch database %s, which a killed run had left.", note.stem)


def left_behind() -> list[str]:
    """Return the names of what killed programs left, and a later run removes: folders, and databases on servers."""
    home = _folder()
    if not home.is_dir():
        return []
    return [path.stem for suffix in ("", ".json") for path in _left(home, suffix)]


def _left(home: Path, suffix: str) -> Iterator[Path]:
    """Yield what programs left that don't run any more, each while it is locked."""
    for path in sorted(home.iterdir()):
        if path.suffix != suffix or not NAME.fullmatch(path.stem) or path.is_symlink():
            continue
        lock = _lock(home / path.stem)
        with suppress(DbError):
            if lock.acquire():
                try:
                    yield path
                finally:
                    lock.release()


def _lock(path: Path) -> FileLock:
    return FileLock(path, "")


def _server(url: URL) -> Mapping[str, Any]:
    """Return what names a server, with any driver; no password is in it."""
    return {"kind": url.get_backend_name(), "host": url.host, "port": url.port}


def _home() -> Path | None:
    """Return the folder for notes; None if it can't be made, or others could write to it."""
    home = _folder()
    try:
        home.mkdir(mode=0o700, exist_ok=True)
        found = home.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return None
    private = not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)
    return home if private else None


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"ellar-db-scratch{os.geteuid() if hasattr(os, 'geteuid') else ''}"
