"""A lock file, which the operating system unlocks when its holder dies."""

from __future__ import annotations

import contextlib
import os
import socket
from datetime import datetime, timezone
from pathlib import Path

from ellar_db.util.errors import DbError


class FileLock:
    """The lock of a SQLite database: a file beside it, which the operating system unlocks when its holder dies.

    Args:
        path: The database's file.
    """

    def __init__(self, path: Path) -> None:
        from filelock import FileLock as SystemLock

        # a symbolic link to the database, as in the folder of each release, is the same database
        path = path.resolve()
        self.path = path.with_name(f"{path.name}.migrating")
        self._note = path.with_name(f"{path.name}.migrating-by")
        self._lock = SystemLock(self.path, timeout=0, thread_local=False)

    def acquire(self) -> bool:
        """Try to acquire the lock; return False if another process holds it."""
        from filelock import Timeout

        if not self.path.parent.is_dir():
            # filelock would make the folder, and the run a new database in it; without it, the run reports the error
            return True
        try:
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise DbError(
                f"the lock file {self.path} can't be made: {error.strerror or error}; --no-lock goes without"
            ) from error
        with contextlib.suppress(OSError):
            self._note.write_text(f"process {os.getpid()} on {socket.gethostname()} since {_now()}", encoding="utf-8")
        return True

    def release(self) -> None:
        """Release the lock and remove its files."""
        if self._lock.is_locked:
            # Windows can't remove a file that another process has open
            with contextlib.suppress(OSError):
                self._note.unlink()
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._lock.release()

    def holder(self) -> str:
        """Return the note that the holder wrote, or an empty string."""
        try:
            return self._note.read_text(encoding="utf-8")
        except OSError:
            return ""


def _now() -> str:
    return datetime.now(timezone.utc).astimezone().strftime("%H:%M:%S")
