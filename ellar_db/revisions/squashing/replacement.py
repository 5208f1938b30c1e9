"""The files of a squash: the new revision comes in place of the old ones, which are kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.squashed.files import FOLDER, squashes_of
from ellar_db.revisions.files import one_writer
from ellar_db.revisions.rewriting.changes import Change, made, text_of
from ellar_db.util.alembic import version_folders
from ellar_db.util.errors import DbError
from ellar_db.util.files import made_folder, shown

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from ellar_db.revisions.squashing.ranges import Range


ENDING = ".squash"
"""The ending of a squash that another one has replaced: the old revisions that it stood for are there themselves."""


@dataclass(frozen=True)
class Replacement:
    """What a squash does to files.

    Args:
        directory: The folder that is locked meanwhile.
        target: The file of the new revision.
        text: Its text.
        kept: Where the old revisions are kept.
        moves: Each old file, and where it is kept.
        changes: The changes.
    """

    directory: Path
    target: Path
    text: str
    kept: Path
    moves: Sequence[tuple[Path, Path]]
    changes: Sequence[Change]

    def carry_out(self, finish: Callable[[Path], None]) -> None:
        """Make the changes, all or none.

        Args:
            finish: Called with the file of the new revision once it is in place.

        Raises:
            DbError: A file has changed meanwhile, or can't be written.
        """
        with one_writer(self.directory), ExitStack() as stack:
            try:
                for folder in dict.fromkeys(new.parent for _, new in self.moves):
                    stack.enter_context(made_folder(folder))
            except OSError as error:
                raise DbError(f"{shown(self.kept)} can't be made: {error.strerror or error}") from error
            with made(self.changes):
                finish(self.target)
        for old, _ in self.moves:
            if old.parent.parent.name == FOLDER:
                with suppress(OSError):
                    old.parent.rmdir()


def replacement_of(found: Range, name: Path, text: str, directory: Path) -> Replacement:
    """Return what a squash does to files.

    Args:
        found: The range.
        name: The name of the new file, below the folder of the revisions.
        text: Its text.
        directory: The migrations folder.

    Raises:
        DbError: There is another file under one of the names, or a file can't be read.
    """
    script, end = found.script, found.end.revision
    if Path(end).name != end or end in (".", ".."):
        raise DbError(f"the id {end!r} can't be the name of a folder, in which the old files would be kept")
    home = _home(script, Path(found.end.path))
    kept = home.parent / FOLDER / end
    if script.recursive_version_locations and any(kept.is_relative_to(folder) for folder in version_folders(script)):
        raise DbError(
            f"the old files would be kept in {shown(kept)}, where Alembic would read them too; set version_locations "
            "to a folder that has no other in it"
        )
    target = home / name
    moves = list(_moves(found, kept))
    old = {path for path, _ in moves}
    taken = {path for path, new in moves if path == new}
    for path, new in moves:
        if path != new and (new in taken or new.exists()):
            raise DbError(f"{shown(path)} can't be kept as {shown(new)}, which already exists; rename one of them")
        taken.add(new)
    if target not in old and target.exists():
        raise DbError(f"{shown(target)} already exists; give the squash another message")
    changes = [Change(new, None, text_of(path), "is kept", copied=False) for path, new in moves if path != new]
    before = text_of(target) if target in old else None
    changes.append(Change(target, before, text, "is the squash", copied=False))
    changes += [
        Change(path, text_of(path), None, "is moved", copied=False) for path, new in moves if path not in (new, target)
    ]
    return Replacement(directory, target, text, kept, [(path, new) for path, new in moves if path != new], changes)


def _moves(found: Range, kept: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each old file, and where it is kept; of a squash that is squashed, the files that it stands for too."""
    squashes = {each.end: each for each in squashes_of(found.script)}
    for each in found.members:
        path = Path(each.path)
        place = kept / path.relative_to(_home(found.script, path))
        squash = squashes.get(each.revision)
        if squash is None:
            yield path, place
            continue
        for own in squash.scripts:
            yield Path(own.path), kept / Path(own.path).relative_to(squash.folder)
        yield path, _free(place)


def _free(place: Path) -> Path:
    """Return a name that Alembic takes for no revision, and that isn't taken."""
    numbers = ["", *(f".{number}" for number in range(2, 100))]
    return next(new for number in numbers if not (new := place.with_name(f"{place.name}{ENDING}{number}")).exists())


def _home(script: ScriptDirectory, path: Path) -> Path:
    """Return the folder of revisions in which a file is."""
    found = [folder for folder in version_folders(script) if path.is_relative_to(folder)]
    found += [folder.resolve() for folder in version_folders(script) if path.is_relative_to(folder.resolve())]
    return max(found, key=lambda folder: len(folder.parts))
