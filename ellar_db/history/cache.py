"""What revision files said when they were last read; a file that can be deleted at any time."""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ellar_db.history.files import CACHES, RevisionFile
from ellar_db.history.headers import Header

NAME = "ellar-db-revisions.json"

FORMAT = f"ellar-db 2 {sys.version_info[0]}.{sys.version_info[1]}"
"""The format of the file, and the version of Python, on which docstrings depend."""

SEPARATOR = "\0"

EMPTY = "", "", "", ""

UNSETTLED = "-"
"""In place of the stamp of a file that may change without showing it."""

WORTH = 200
"""The number of revisions from which on reading them takes longer than reading a cache."""

SETTLED = 2_000_000_000
"""Nanoseconds after which another change of a file shows in its times, on any file system."""


class Head(NamedTuple):
    """A revision that no other follows.

    Args:
        revision: Its id.
        labels: Its branch labels, sorted.
        effective: Another revision depends on it.
    """

    revision: str
    labels: tuple[str, ...]
    effective: bool


class Listed(NamedTuple):
    """A revision in the order in which Alembic lists them, with what its line says of the others.

    Args:
        place: Its place among the files.
        following: How many follow it.
        effective: Nothing follows it, and another revision depends on it.
        labels: Its branch labels, those of its line too, sorted.
    """

    place: int
    following: int
    effective: bool
    labels: Sequence[str]


class Cache:
    """What a cache says about files.

    Args:
        folder: The folder of revisions, whose `__pycache__` has the cache.
        files: The files that are there now.
    """

    def __init__(self, folder: Path, files: Sequence[RevisionFile]) -> None:
        self._path = folder / CACHES / NAME
        self._files = files
        self._began = time.time_ns()
        self._stamps = SEPARATOR.join([f"{path} {stamp}" for path, stamp, _ in files])
        sections = self._load() if len(files) >= WORTH else EMPTY
        self._heads, self._saved, self._headers, self._listing = sections

    def _load(self) -> tuple[str, str, str, str]:
        """Return the sections of the file; empty ones if it can't be used."""
        try:
            sign, _, content = self._path.read_bytes().partition(b"\n")
            if sign.decode() != _sign(content):
                return EMPTY
            heads, stamps, headers, listing = content.decode("utf-8", "surrogatepass").split("\n")
        except (OSError, ValueError):
            return EMPTY
        return heads, stamps, headers, listing

    @property
    def is_current(self) -> bool:
        """Whether no file has changed since the cache was written."""
        return bool(self._saved) and self._saved == self._stamps

    def heads(self) -> list[Head]:
        """Return the heads, by a cache that is current."""
        import json

        return [Head(revision, tuple(labels), effective) for revision, labels, effective in json.loads(self._heads)]

    def headers(self) -> list[Header | None]:
        """Return what each file says; None for one that has changed since the cache was written."""
        if not self._saved:
            return [None] * len(self._files)
        import json

        headers = json.loads(self._headers)
        if self.is_current:
            return [_header(saved) for saved in headers]
        known = dict(zip(self._saved.split(SEPARATOR), headers, strict=True))
        return [_header(known.get(stamp)) for stamp in self._stamps.split(SEPARATOR)]

    def listing(self) -> list[Listed]:
        """Return all revisions in order, by a cache that is current; none if nobody has asked for them yet."""
        import json

        return [Listed(*saved) for saved in json.loads(self._listing)]

    def save(
        self,
        headers: Sequence[Header],
        heads: Sequence[Head],
        broken: Collection[str],
        listing: Sequence[Listed] = (),
    ) -> None:
        """Write the cache, where Python would write its own; nobody is told if that isn't possible.

        Files that have changed just now are left out, since another change could leave them with the same times.

        Args:
            headers: What each file says.
            heads: The heads.
            broken: The paths of files that are to be read again, so that each command warns of them.
            listing: All revisions in order, if that is known.
        """
        if len(self._files) < WORTH or sys.dont_write_bytecode or sys.pycache_prefix is not None:
            return
        import json

        latest = self._began - SETTLED
        stamps = [
            written if file.latest < latest and file.path not in broken else UNSETTLED
            for written, file in zip(self._stamps.split(SEPARATOR), self._files, strict=True)
        ]
        sections = [json.dumps(heads), SEPARATOR.join(stamps), json.dumps(headers), json.dumps(listing)]
        # nothing else needs it
        from ellar_db.util.files import write_whole

        try:
            content = "\n".join(sections)
            text = f"{_sign(content.encode())}\n{content}"
            self._path.parent.mkdir(exist_ok=True)
            if not self._path.parent.is_symlink():
                write_whole(self._path, text)
        except (OSError, UnicodeEncodeError):
            return


def _sign(content: bytes) -> str:
    """Return the first line of the file, by which one that is damaged, or of another version, is known."""
    return f"{FORMAT} {zlib.crc32(content):08x}"


def _header(saved: Any) -> Header | None:
    if saved is None:
        return None
    revision, down, labels, depends, doc = saved
    return Header(revision, tuple(down), tuple(labels), tuple(depends), doc)
