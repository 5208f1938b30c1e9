"""Ids, file names and messages of new revisions, checked before anything is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program
from ellar_db.databases.database import VERSION_LENGTH
from ellar_db.hooktypes import RevisionRequest
from ellar_db.util.alembic import create_date, version_folders
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from ellar_db.plugins.manager import PluginManager


SYMBOLS = {"base", "head", "heads", "current"}

FILENAME_LENGTH = 250
"""Maximum bytes of a file's name, without its extension, on every operating system."""


@dataclass(frozen=True)
class RevisionName:
    """The names of a new revision.

    Args:
        rev_id: Its id, or None to let Alembic generate one.
        filename: Its file without `.py`, or None to use `file_template`.
        request: What was asked for.
    """

    rev_id: str | None
    filename: str | None
    request: RevisionRequest


def name_revision(
    manager: PluginManager,
    script: ScriptDirectory,
    message: str | None,
    *,
    heads: str | Sequence[str] = "head",
    branch_label: str | None = None,
    autogenerate: bool = False,
    rev_id: str | None = None,
    version_path: Path | None = None,
    directory: Path | None = None,
) -> RevisionName:
    """Ask the plugins for the id and the file name of a new revision.

    Args:
        manager: The plugins.
        script: The migrations folder.
        message: The revision's message.
        heads: The revisions it is based on.
        branch_label: `--branch-label`.
        autogenerate: Whether its content comes from the models.
        rev_id: `--rev-id`, which takes precedence over the plugins.
        version_path: `--version-path`.
        directory: The migrations folder to pass to the plugins, if it isn't the script's own.

    Raises:
        DbError: The id or the file name is invalid, or already exists.
    """
    request = RevisionRequest(
        message=message,
        parents=_parents(script, heads),
        branch_label=branch_label,
        autogenerate=autogenerate,
        directory=directory or Path(script.dir),
        create_date=create_date(script),
        taken=frozenset(known.revision for known in script.walk_revisions()),
    )
    source = "--rev-id"
    if rev_id is None:
        found = manager.first("ellar_db_revision_id", request=request)
        if found is not None:
            plugin, rev_id = found
            source = f"the plugin {plugin.title}"
    if rev_id is not None:
        check_id(rev_id, source, script)
    filename = None
    # a plugin's file name may contain the id, so one is generated now, as Alembic would
    given_id = rev_id
    if manager.hook.ellar_db_revision_filename.get_hookimpls():
        from alembic.util import rev_id as make_rev_id

        rev_id = rev_id or make_rev_id()
        found = manager.first("ellar_db_revision_filename", request=request, rev_id=rev_id)
        if found is not None:
            plugin, filename = found
            folder = version_path or version_folders(script)[0]
            _check_filename(filename, f"the plugin {plugin.title}", script, folder)
    return RevisionName(rev_id if filename is not None else given_id, filename, request)


def check_message(message: str | None) -> str | None:
    """Refuse a message that can't be written to a Python file.

    Raises:
        click.BadParameter: It has control characters, or bytes that aren't text.

    Example:
        >>> check_message("Größe: 100 %")
        'Größe: 100 %'
    """
    for character in message or "":
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t":
            raise click.BadParameter(
                f"the character {character!a} can't stand in a revision's message", param_hint="'-m' / '--message'"
            )
    return message


def check_branch_label(label: str | None, script: ScriptDirectory) -> None:
    """Refuse a branch label that is invalid, or already exists.

    Raises:
        click.BadParameter: The label is invalid.
        DbError: A revision or a branch already has it.
    """
    if label is None:
        return
    if not re.fullmatch(r"\w[\w.-]*", label) or label in SYMBOLS:
        raise click.BadParameter(
            f"{label!r} can't be a label; use letters, digits, '_', '.' and '-'", param_hint="'--branch-label'"
        )
    taken = next((known for known in script.walk_revisions() if label in {known.revision, *known.branch_labels}), None)
    if taken is not None:
        raise DbError(f"--branch-label gives {label!r}, which {taken.path} has; take another")


def as_docstring(message: str | None) -> str | None:
    r"""Escape a message so that Alembic's templates can put it between triple quotes.

    Example:
        >>> print(as_docstring('say "hi"'))
        say "hi\"
    """
    if message is None:
        return None
    message = message.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return re.sub(r'(?<!\\)"$', '\\"', message)


def _parents(script: ScriptDirectory, heads: str | Sequence[str]) -> tuple[str, ...]:
    from alembic.util import CommandError

    try:
        found = script.get_revisions(heads if isinstance(heads, str) else tuple(heads))
    except CommandError:
        # Alembic refuses the revision itself and says why
        return ()
    return tuple(revision.revision for revision in found if revision is not None)


def check_id(rev_id: Any, source: str, script: ScriptDirectory) -> None:
    """Refuse an id that is invalid for a new revision.

    Args:
        rev_id: The id.
        source: Where it comes from, for messages.
        script: The folder, in which it must be new.

    Raises:
        DbError: It has invalid characters, is too long, already exists, or is a reserved word.
    """
    if not isinstance(rev_id, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.]*", rev_id) or ".." in rev_id:
        raise DbError(f"{source} gives {rev_id!r} as revision id; use letters, digits, underscores and dots")
    if rev_id in SYMBOLS:
        raise DbError(f"{source} gives {rev_id!r} as revision id, which means something else to Alembic; take another")
    if len(rev_id) > VERSION_LENGTH:
        raise DbError(
            f"{source} gives a revision id of {len(rev_id)} characters; the version table holds {VERSION_LENGTH}"
        )
    taken = next((known for known in script.walk_revisions() if known.revision == rev_id), None)
    if taken is not None:
        raise DbError(f"{source} gives {rev_id!r} as revision id, which {taken.path} has; take another")


def _check_filename(filename: Any, source: str, script: ScriptDirectory, folder: Path) -> None:
    if not isinstance(filename, str):
        raise DbError(f"{source} gives {filename!r} as file name; it must be a text")
    parts = PurePosixPath(filename).parts
    windows = PureWindowsPath(filename)
    unsafe = not parts or windows.drive or windows.root or ".." in parts or "\\" in filename
    if unsafe or not all(re.fullmatch(r"\w[\w .+=@,%()-]*(?<![ .])", part) for part in parts):
        raise DbError(
            f"{source} gives {filename!r} as file name; it must lie in the versions folder and use letters, digits, "
            "spaces and .+=@,%()-_"
        )
    if any(len(part.encode()) > FILENAME_LENGTH for part in parts):
        raise DbError(f"{source} gives a file name of {len(filename)} characters; {FILENAME_LENGTH} bytes is the most")
    if parts[-1].endswith(".py"):
        raise DbError(f"{source} gives {filename!r} as file name; leave its ending out")
    if parts[-1] == "__init__":
        raise DbError(f"{source} gives {filename!r} as file name, which Alembic doesn't read")
    if len(parts) > 1 and not script.recursive_version_locations:
        raise DbError(
            f"{source} gives {filename!r} as file name; folders need recursive_version_locations = true in alembic.ini"
        )
    if (folder / f"{filename}.py").exists():
        raise DbError(f"{source} gives {filename!r} as file name, and {folder / filename}.py already exists")


def check_relative(config: Config, revision: str) -> None:
    """Refuse a revision such as `-5` that lies before the first one, which Alembic doesn't detect.

    Args:
        config: Alembic's configuration.
        revision: The revision as it was given.

    Raises:
        DbError: There aren't that many revisions.
    """
    from alembic.script import ScriptDirectory

    if not re.search(r"-\d+$", revision):
        return
    found = ScriptDirectory.from_config(config).get_revisions(revision)
    if any(one is None or isinstance(one, str) for one in found):
        raise DbError(f"{revision} lies before the first revision; `{program()} history` lists them")
