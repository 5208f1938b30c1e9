"""What a run over many databases has done so far: a file from which `--resume` goes on."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from ellar_db.config.invocation import Way
from ellar_db.fleet.outcome import Outcome
from ellar_db.util.errors import DbError
from ellar_db.util.file_lock import SAFELY, FileLock

FORMAT = 1

NAME = "ellar-db-run"


class Earlier(NamedTuple):
    """What is known of an earlier run.

    Args:
        command: The command with its target, as typed.
        ways: What it was to do, by database; None for one that it couldn't reach.
        done: The databases that it brought there.
    """

    command: str
    ways: Mapping[str, Way | None]
    done: frozenset[str]

    @property
    def undone(self) -> list[str]:
        """The databases that it was to bring somewhere, and didn't."""
        return [name for name in self.ways if name not in self.done]


class Record:
    """The file of a run: what it is to do, and a line for each database that is done.

    It lies beside the compiled env.py, where Git and images leave it out. One run at a time writes it.

    Args:
        folder: The migrations folder; of a package in a project without one, the project's folder.
        part: What is in the file's name besides: a package, a shard; empty for none.
    """

    def __init__(self, folder: Path, part: str = "") -> None:
        self.path = folder / "__pycache__" / f"{NAME}{part}.jsonl"
        self._lock = FileLock(self.path, without="")
        self._handle: int | None = None
        self.is_kept = False

    def __enter__(self) -> Record:
        try:
            self.path.parent.mkdir(exist_ok=True)
            self.is_kept = not self.path.parent.is_symlink() and self._lock.acquire()
        except (OSError, DbError):
            self.is_kept = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        if self.is_kept:
            self._lock.release()

    @property
    def is_begun(self) -> bool:
        """Whether the file says of this run what is done."""
        return self._handle is not None

    def read(self) -> Earlier | None:
        """Return what the file says of the last run, or None if there is none that left anything undone.

        Raises:
            DbError: The file can't be used.
        """
        try:
            lines = self._text().splitlines()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise DbError(f"{self.path}, the record of the last run, can't be read: {error}") from error
        found: list[dict[str, Any]] = []
        for line in lines:
            # the last line of a run that was killed may be cut short
            with suppress(ValueError):
                found.append(json.loads(line))
        try:
            head, *rest = found
            if head["format"] != FORMAT:
                raise ValueError(head["format"])
            ways = {
                str(name): Way(*(tuple(map(str, revisions)) for revisions in way)) if way else None
                for name, *way in head["databases"]
            }
            done = frozenset(str(line["done"]) for line in rest)
            return Earlier(str(head["command"]), ways, done)
        except (ValueError, KeyError, TypeError) as error:
            raise DbError(
                f"{self.path}, the record of the last run, is damaged; run the command without --resume, which leaves "
                "alone what is done"
            ) from error

    def begin(self, command: str, ways: Mapping[str, Way | None]) -> None:
        """Begin the record of a run.

        Args:
            command: The command with its target, as typed.
            ways: What it is to do, by database; None for one that can't be reached.
        """
        if not self.is_kept:
            return
        head = {"format": FORMAT, "command": command, "databases": [[name, *(way or ())] for name, way in ways.items()]}
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | SAFELY
        try:
            self._handle = os.open(self.path, flags, 0o666)
            self._write(head)
        except OSError:
            # a run can do without: the disk may be full
            self.end()
            self.is_kept = False
            self._lock.release()

    def resume(self) -> None:
        """Go on with the record of the last run."""
        with suppress(OSError):
            self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | SAFELY)
            os.write(self._handle, b"\n")

    def add(self, outcome: Outcome) -> None:
        """Note a database that is done.

        Args:
            outcome: What became of it; one that failed isn't noted.
        """
        if self._handle is not None and outcome.is_done:
            # whoever resumes looks where each database is
            with suppress(OSError):
                self._write({"done": outcome.database})

    def end(self) -> None:
        """Remove the file of a run that has left nothing undone."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            with suppress(OSError):
                self.path.unlink()

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._handle is not None
        # one call, so that a killed program leaves a whole line or none but for the last
        whole = json.dumps(line).encode() + b"\n"
        if os.write(self._handle, whole) < len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _text(self) -> str:
        handle = os.open(self.path, os.O_RDONLY | SAFELY)
        with os.fdopen(handle, encoding="utf-8") as file:
            return file.read()
