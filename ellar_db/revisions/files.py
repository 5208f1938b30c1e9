"""Atomic writes of revision files, by one writer at a time per folder."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.guards.locking import wait_for
from ellar_db.util.alembic import run_post_write_hooks, without_output_and_hooks
from ellar_db.util.errors import DbError
from ellar_db.util.file_lock import FileLock
from ellar_db.util.files import made_folder, move_whole, shown
from ellar_db.util.masking import say

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


log = logging.getLogger("ellar_db")

FOLDER_TIMEOUT = 60.0
"""Seconds to wait for another program that writes a revision to the same folder."""


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Let one program at a time write to a folder, so that sequential ids stay unique.

    Args:
        folder: The migrations folder.

    Raises:
        DbError: Another program held the folder for a minute, or the folder can't be written.
    """
    # without the lock, two programs could write one id
    lock = FileLock(folder / ".revisions", without="")
    try:
        wait_for(lock, FOLDER_TIMEOUT, f"{folder} is being written to")
        yield
    finally:
        lock.release()


@contextmanager
def whole_files(
    config: Config, script: ScriptDirectory, filename: str | None, *, dry_run: bool = False
) -> Iterator[NewFiles]:
    """Let Alembic write its files to a temporary folder, and move them into place at the end.

    Alembic's post-write hooks run on a file once it is in place, where they find the project's own settings.

    Args:
        config: Alembic's configuration.
        script: The migrations folder.
        filename: The file's name without `.py`, or None to use `file_template`.
        dry_run: Print the files instead, without the post-write hooks.

    Yields:
        The temporary folder; its `belongs` sets where each file is moved.

    Raises:
        DbError: A file with that name already exists.
    """
    hooks = config.get_hooks_list()
    template = script.file_template if filename is None else filename.replace("%", "%%")
    with tempfile.TemporaryDirectory(prefix="ellar-db-") as name:
        scratch = NewFiles(Path(name))
        # Alembic joins this to the versions folder, which an absolute path replaces
        doubled = scratch.folder.as_posix().replace("%", "%%")
        config.set_main_option("file_template", f"{doubled}/{template}".replace("%", "%%"))
        without_output_and_hooks(config)
        yield scratch
        if dry_run:
            for file, target in scratch.files.items():
                log.info("Would write %s", shown(target))
                scratch.sources[target] = file.read_text(encoding=script.output_encoding)
                say(scratch.sources[target].rstrip("\n"))
            return
        scratch.placed = scratch.place(lambda file: run_hooks(file, hooks))
        for file in scratch.placed:
            scratch.sources[file] = file.read_text(encoding=script.output_encoding)
            if not getattr(config.cmd_opts, "quiet", False):
                say(f"Wrote {shown(file)}")


def run_hooks(file: Path, hooks: Any) -> None:
    """Run the post-write hooks on a revision file.

    Args:
        file: The file.
        hooks: Alembic's settings of them.

    Raises:
        DbError: The program of a hook can't be run.
    """
    from alembic.util import CommandError

    for hook in hooks:
        try:
            with redirect_stdout(io.StringIO()) as printed:
                run_post_write_hooks(file, [hook])
        except OSError as error:
            raise _not_run(hook, f"{error.filename!r}: {error.strerror or error}") from error
        except CommandError as error:
            if "Could not find module" not in str(error):
                raise
            raise _not_run(hook, f"{hook['module']} isn't installed") from error
        # standard output is for the path; of the lines, two are Alembic's own
        for line in printed.getvalue().splitlines():
            if not line.startswith(("Running post write hook ", "  done")):
                say(line, err=True)


def _not_run(hook: Any, cause: str) -> DbError:
    return DbError(
        f"the post-write hook {hook['_hook_name']!r} can't be run: {cause}; install its program, or take the hook out "
        "of post_write_hooks"
    )


class NewFiles:
    """A temporary folder with files that will be moved elsewhere.

    Args:
        folder: The folder.

    Attributes:
        files: Where each file of the folder will be moved.
        placed: The files that have been moved there.
        sources: The text of each file, by where it is or would be, once the block has ended.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[Path, Path] = {}
        self.placed: list[Path] = []
        self.sources: dict[Path, str] = {}

    def belongs(self, file: Path, versions: Path) -> None:
        """Set to which versions folder a file will be moved.

        Raises:
            DbError: A file with its name already exists there.
        """
        target = versions / file.relative_to(self.folder)
        if target.exists():
            raise DbError(f"{target} already exists; give the revision another message or id")
        self.files[file] = target

    def place(self, finish: Callable[[Path], None]) -> list[Path]:
        """Move all files into place, or none.

        Args:
            finish: Called with each file once it is in place.

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
