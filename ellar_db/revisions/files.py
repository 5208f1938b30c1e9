"""Revision files that are there whole or not at all, and one writer at a time in a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.guards.locking import wait_for
from ellar_db.util.alembic import run_post_write_hooks, without_output_and_hooks
from ellar_db.util.errors import DbError
from ellar_db.util.file_lock import FileLock
from ellar_db.util.files import made_folder, move_whole, shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


FOLDER_TIMEOUT = 60.0
"""Seconds to wait for another program that writes a revision to the same folder."""


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Let one program at a time write to a folder, so that ids which count up stay unique.

    Args:
        folder: The migrations folder.

    Raises:
        DbError: Another one held the folder for a minute, or the folder can't be written.
    """
    lock = FileLock(folder / ".revisions")
    try:
        wait_for(lock, FOLDER_TIMEOUT, f"{folder} is being written to")
        yield
    finally:
        lock.release()


@contextmanager
def whole_files(config: Config, script: ScriptDirectory, filename: str | None) -> Iterator[_Scratch]:
    """Let Alembic write its files to a scratch folder, from which they are moved into place at the end.

    Alembic's post-write hooks run on a file once it is in its place, where they find the project's own settings.

    Args:
        config: Alembic's configuration.
        script: The migrations folder.
        filename: The file's name without `.py`, or None where `file_template` is to say.

    Yields:
        The scratch folder, to be told where the files belong.

    Raises:
        DbError: A file of that name is there already.
    """
    hooks = config.get_hooks_list()
    template = script.file_template if filename is None else filename.replace("%", "%%")
    with tempfile.TemporaryDirectory(prefix="ellar-db-") as name:
        scratch = _Scratch(Path(name))
        # an absolute path, which Alembic joins to the versions folder, replaces it
        doubled = scratch.folder.as_posix().replace("%", "%%")
        config.set_main_option("file_template", f"{doubled}/{template}".replace("%", "%%"))
        without_output_and_hooks(config)
        yield scratch
        for file in scratch.place(lambda file: run_post_write_hooks(file, hooks)):
            if not getattr(config.cmd_opts, "quiet", False):
                click.echo(f"Wrote {shown(file)}")


class _Scratch:
    """A folder with files that belong elsewhere.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[Path, Path] = {}

    def belongs(self, file: Path, versions: Path) -> None:
        """Say to which versions folder a file of the scratch folder belongs.

        Raises:
            DbError: A file of its name is there already.
        """
        target = versions / file.relative_to(self.folder)
        if target.exists():
            raise DbError(f"{target} is there already; give the revision another message or id")
        self.files[file] = target

    def place(self, finish: Callable[[Path], None]) -> list[Path]:
        """Move the files to where they belong, all or none.

        Args:
            finish: What is done to each in its place.

        Returns:
            Their paths.
        """
        placed: list[Path] = []
        with ExitStack() as folders:
            try:
                for file, target in self.files.items():
                    folders.enter_context(made_folder(target.parent))
                    move_whole(file, target)
                    placed.append(target)
                    finish(target)
            except BaseException:
                # a failed command leaves no revision behind
                for target in placed:
                    target.unlink(missing_ok=True)
                raise
        return placed
