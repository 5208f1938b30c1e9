"""Changes of files that are made together, with copies of what was there, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ellar_db.util.errors import DbError
from ellar_db.util.files import write_whole

ENDING = ".before-adopt"


@dataclass(frozen=True)
class Change:
    """A file's new text.

    Args:
        path: The file.
        before: Its text, or None if it isn't there yet.
        after: Its text afterwards, or None if it is removed.
        what: What changes, for messages.
        copied: A copy of what was there is kept.
    """

    path: Path
    before: str | None
    after: str | None
    what: str
    copied: bool = True

    @property
    def copy(self) -> Path | None:
        """The path of the copy; None if there is none."""
        if not self.copied or self.before is None:
            return None
        number = 1
        while True:
            path = self.path.with_name(f"{self.path.name}{ENDING}{'' if number == 1 else f'.{number}'}")
            # one that an earlier adoption left is never overwritten, unless it is the same
            if not path.exists() or (path.is_file() and path.read_bytes() == self.before.encode()):
                return path
            number += 1


def text_of(path: Path) -> str:
    """Return a file's text, with the ends of its lines as they are.

    Raises:
        DbError: It isn't UTF-8, it is a link, or it can't be read.
    """
    if path.is_symlink():
        raise DbError(f"{path} is a link, which won't be replaced; put a file there")
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DbError(f"{path} can't be read as UTF-8: {error}") from error


@contextmanager
def made(changes: Sequence[Change]) -> Iterator[list[Path]]:
    """Make changes; put everything back if the context fails.

    Args:
        changes: In the order in which they are made.

    Yields:
        The copies.

    Raises:
        DbError: A file has changed meanwhile, or can't be written.
    """
    copies: list[Path] = []
    kept: list[Path] = []
    done: list[Change] = []
    try:
        for change in changes:
            if (text_of(change.path) if change.path.exists() else None) != change.before:
                raise DbError(f"{change.path} has changed meanwhile; run the command again")
            copy = change.copy
            if copy is not None:
                kept.append(copy)
                if not copy.exists():
                    copies.append(_copied(change, copy))
        for change in changes:
            done.append(change)
            _write(change.path, change.after)
        yield kept
    except BaseException as error:
        for change in reversed(done):
            _restore(change)
        for copy in copies:
            with suppress(OSError):
                copy.unlink()
        if isinstance(error, OSError):
            raise DbError(f"{error.filename or 'a file'} can't be written: {error.strerror}") from error
        raise


def _copied(change: Change, copy: Path) -> Path:
    with copy.open("xb") as file:
        file.write((change.before or "").encode())
    return copy


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    mode = path.stat().st_mode if path.exists() else None
    write_whole(path, text)
    if mode is not None:
        path.chmod(mode & 0o7777)


def _restore(change: Change) -> None:
    if change.before is None:
        change.path.unlink(missing_ok=True)
    elif not change.path.exists() or text_of(change.path) != change.before:
        _write(change.path, change.before)
