"""A lock file, which the operating system unlocks when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from datetime import datetime, timezone
from pathlib import Path

from ellar_db.util.errors import DbError

SAFELY: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags with which a file of ours is opened: no link is followed, no pipe waited for."""

TRIES = 100
"""How often a lock file is opened again that its former holder is just removing."""

NOTE_LENGTH = 200
"""Maximum number of bytes of a note that are read."""

ENDS = (".migrating", ".migrating-by")
"""What the names of the lock file and of its note have in addition to the name of what is locked."""

WITHOUT = "; --no-lock goes without"

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """A lock on something in the file system: a file beside it, which is unlocked when its holder dies.

    What a killed program of another user left is used, as long as it can be read.

    Args:
        path: What is locked, such as a database's file.
        without: What messages say about going without the lock; empty if that isn't possible.
    """

    def __init__(self, path: Path, without: str = WITHOUT) -> None:
        # a symbolic link to the database, as in the folder of each release, is the same database
        self._locked = Path(os.path.realpath(path))
        self._without = without
        self.path, self._note = (self._locked.with_name(self._locked.name + end) for end in ENDS)
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Try to acquire the lock; return False if another process holds it.

        Raises:
            DbError: The lock file can't be made, read or locked.
        """
        if self._handle is not None:
            return True
        if not self.path.parent.is_dir():
            # there is nothing to lock; without the lock, the run reports the error
            return True
        for _ in range(TRIES):
            handle = self._opened()
            if handle is None:
                continue
            if not self._locks(handle):
                return False
            if self.is_in_place(handle):
                self._handle = handle
                self._write_note()
                return True
            os.close(handle)
        return False

    def release(self) -> None:
        """Release the lock and remove its files."""
        if self._handle is None:
            return
        # Windows can't remove a file that another process has open
        with contextlib.suppress(OSError):
            _remove_file(self._note)
        if sys.platform != "win32":
            # while it is locked, so that whoever has it open sees that it is gone
            with contextlib.suppress(OSError):
                self.path.unlink()
            # a child process may have inherited the handle
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        os.close(self._handle)
        self._handle = None
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                self.path.unlink()

    def holder(self) -> str:
        """Return the note that the holder wrote, or an empty string."""
        try:
            handle = os.open(self._note, os.O_RDONLY | SAFELY)
        except OSError:
            return ""
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return ""
            return file.read(NOTE_LENGTH).decode("utf-8", "replace")

    def held_by(self, _: object = None) -> str:
        """Return who holds the lock, without acquiring it; an empty string if nobody does, or it can't be told."""
        if self._handle is not None:
            return self.holder()
        try:
            handle = os.open(self.path, os.O_RDONLY | SAFELY)
        except OSError:
            return ""
        try:
            _lock(handle)
        except OSError as error:
            held = error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
            return (self.holder() or "another program") if held else ""
        finally:
            os.close(handle)
        return ""

    def _opened(self) -> int | None:
        """Open the lock file; return None if it vanished meanwhile."""
        try:
            handle = self._open()
        except (FileExistsError, FileNotFoundError):
            return None
        except OSError as error:
            raise self._refusal(error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise self._no_file()
        return handle

    def _open(self) -> int:
        if os.path.islink(self.path):
            raise self._no_file()
        try:
            # first without O_CREAT, with which Linux refuses files of others in folders such as /tmp
            return os.open(self.path, os.O_RDWR | SAFELY)
        except FileNotFoundError:
            return self._made()
        except IsADirectoryError:
            raise self._no_file() from None
        except PermissionError:
            # to lock a file it is enough to read it
            return os.open(self.path, os.O_RDONLY | SAFELY)

    def _made(self) -> int:
        """Make the lock file, for all users who may use what it locks."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY, 0o666)
        if sys.platform != "win32":
            locked = self._locked if os.path.exists(self._locked) else self._locked.parent
            with contextlib.suppress(OSError):
                os.fchmod(handle, stat.S_IMODE(locked.stat().st_mode) & 0o666)
        return handle

    def _locks(self, handle: int) -> bool:
        """Lock the open file; close it and return False if another process holds the lock."""
        try:
            _lock(handle)
        except OSError as error:
            os.close(handle)
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                return False
            if error.errno == errno.EBADF:
                # some network drives lock only what can be written
                raise self._refusal(error) from error
            raise DbError(f"{self.path} can't be locked: {error.strerror}{self._without}") from error
        return True

    def is_in_place(self, handle: int) -> bool:
        """Return whether the open file is still the one at the lock's path."""
        try:
            return os.path.samestat(os.fstat(handle), self.path.lstat())
        except FileNotFoundError:
            return False

    def _write_note(self) -> None:
        with contextlib.suppress(OSError):
            # a former holder's, which may be another user's
            _remove_file(self._note)
            handle = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFELY, 0o644)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"process {os.getpid()} on {socket.gethostname()} since {_now()}")

    def _no_file(self) -> DbError:
        kind = (
            "a symbolic link"
            if os.path.islink(self.path)
            else "a folder"
            if os.path.isdir(self.path)
            else "no regular file"
        )
        return DbError(f"{self.path} is {kind}, where the lock file of {self._locked.name} belongs; remove it")

    def _refusal(self, error: OSError) -> DbError:
        why = error.strerror or str(error)
        folder = self.path.parent
        if os.path.lexists(self.path):
            return DbError(
                f"the lock file {self.path}, which belongs to {_owner(self.path)}, can't be opened: {why}; if none of "
                f"their programs is running, remove it{self._without}"
            )
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return DbError(
                f"the folder {folder}, which belongs to {_owner(folder)}, can't be written to: {why}; make it writable "
                "for this user"
            )
        return DbError(f"the lock file {self.path} can't be made: {why}{self._without}")


def _remove_file(path: Path) -> None:
    """Remove a regular file, if there is one; leave anything else, which isn't ours."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISREG(path.lstat().st_mode):
            path.unlink()


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, NotImplementedError, OSError):
        return "another user"


def _now() -> str:
    return datetime.now(timezone.utc).astimezone().strftime("%H:%M:%S")
