"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that nobody, whenever the program ends, finds half of it.

    Args:
        path: The file; its folder must be there. What it held before is replaced.
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
        # mkstemp makes the file for its owner alone
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def move_whole(source: Path, target: Path) -> None:
    """Move a file or a folder to its place, where all of it appears at once.

    Args:
        source: The file or folder, built in the system's temporary folder, where a program that is killed leaves
            nothing in anybody's way.
        target: Its place, in a folder that is there; a file is replaced, as is an empty folder.

    Raises:
        OSError: It can't be there.
    """
    try:
        _rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # a name can't go from one file system to the other
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as beside:
            copy = Path(beside) / target.name
            try:
                shutil.copytree(source, copy) if source.is_dir() else shutil.copyfile(source, copy)
            except shutil.Error as several:
                # one line of the first, rather than a list of all files
                raise OSError(several.args[0][0][2]) from several
            _rename(copy, target)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; where the context fails, those that were made for it go again.

    Args:
        folder: The folder.

    Raises:
        OSError: It can't be made.
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
    """Give a path as a person in the working directory would type it.

    Example:
        >>> shown(Path.cwd() / "migrations").as_posix()
        'migrations'
    """
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
