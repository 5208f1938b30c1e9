"""Atomic writes of files and folders."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text file atomically: it is never half written, even if the program is killed.

    Args:
        path: The file; its folder must exist. An existing file is replaced.
        text: Its content, written as UTF-8.

    Raises:
        OSError: The file can't be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp gives access to the owner only
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def move_whole(source: Path, target: Path) -> None:
    """Move a file or a folder atomically to its final path.

    Args:
        source: The file or folder, built in the system's temporary folder, where leftovers of a killed program do no
            harm.
        target: Its final path, in an existing folder; a file or an empty folder there is replaced.

    Raises:
        OSError: The file or folder can't be moved.
    """
    try:
        _rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # a rename doesn't work across file systems
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as beside:
            copy = Path(beside) / target.name
            try:
                shutil.copytree(source, copy) if source.is_dir() else shutil.copyfile(source, copy)
            except shutil.Error as several:
                # one line about the first file, not a list of all
                raise OSError(several.args[0][0][2]) from several
            _rename(copy, target)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder and its missing parents; remove them again if the context fails.

    Args:
        folder: The folder.

    Raises:
        OSError: The folder can't be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for one in missing:
            with suppress(OSError):
                one.rmdir()
        raise


def _rename(source: Path, target: Path) -> None:
    if target.is_dir():
        # Windows doesn't replace a folder
        target.rmdir()
    source.replace(target)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def shown(path: Path) -> Path:
    """Return a path relative to the working directory, or unchanged if it is outside of it.

    Example:
        >>> shown(Path.cwd() / "migrations").as_posix()
        'migrations'
    """
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
