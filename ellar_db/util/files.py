"""Writes of files and folders: atomic, or through what the user named."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HANDLES = re.compile(r"/dev/fd/(\d+)|/proc/(?:self|thread-self|\d+)/fd/(\d+)")
"""Paths that stand for a file that the process has open."""

MOST_LINKS = 40
"""How many symbolic links a path may lead through, as in Linux."""


def write_through(path: Path, text: str) -> None:
    """Write a text where a path that the user named leads, as a shell's `>` would.

    A regular file is written atomically, and keeps its permissions. A symbolic link stays, and its target is written;
    a device, a pipe or a handle such as `/dev/stdout` is written to.

    Args:
        path: The path; its folder must exist.
        text: The text, written as UTF-8.

    Raises:
        OSError: The text can't be written there.
    """
    handle = open_handle(path)
    if handle is not None:
        with os.fdopen(os.dup(handle), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    if found is not None and (not stat.S_ISREG(found.st_mode) or found.st_nlink > 1):
        # a replaced file would no longer be the one that its other names stand for
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        return
    if found is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    write_whole(Path(os.path.realpath(path)), text, None if found is None else stat.S_IMODE(found.st_mode))


def open_handle(path: Path) -> int | None:
    """Return the number of this process's open file for which a path stands, or None.

    Example:
        >>> open_handle(Path("/dev/fd/1"))
        1
    """
    for _ in range(MOST_LINKS):
        match = HANDLES.fullmatch(os.path.join(os.path.realpath(path.parent), path.name)) or HANDLES.fullmatch(
            path.as_posix()
        )
        if match is not None:
            return _own_handle(path, int(match[1] or match[2]))
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _own_handle(path: Path, number: int) -> int | None:
    """Return the number if it is that of a file of this process, not of another one's."""
    try:
        return number if os.path.samestat(path.stat(), os.fstat(number)) else None
    except OSError:
        return None


def write_whole(path: Path, text: str, mode: int | None = None) -> None:
    """Write a text file atomically: it is never half written, even if the program is killed.

    Args:
        path: The file; its folder must exist. An existing file, or a symbolic link, is replaced.
        text: Its content, written as UTF-8.
        mode: Its permissions, by default those of any new file.

    Raises:
        OSError: The file can't be written.
    """
    # with all that it needs, a fortieth of the time of --help
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp gives access to the owner only
        temporary.chmod(0o666 & ~_umask() if mode is None else mode)
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
        import shutil
        import tempfile

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
