"""A file with the heads beside the revisions, so that two branches with revisions conflict in Git, and not later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.command_line import program
from ellar_db.config.invocation import invocation_of
from ellar_db.util.errors import DbError
from ellar_db.util.files import shown, write_whole

if TYPE_CHECKING:
    from alembic.config import Config

NAME = "heads.txt"


def keep_heads(config: Config) -> None:
    """Write the file with the heads anew, if the project has one (`head-file` in `[tool.ellar-db]`).

    Args:
        config: The configuration of the application or of a package.

    Raises:
        DbError: It can't be written.
    """
    if invocation_of(config).manager.settings.flag("head-file"):
        write_heads(config)


def write_heads(config: Config) -> Path:
    """Write the file with the heads.

    Args:
        config: The configuration of the application or of a package.

    Returns:
        Its path.

    Raises:
        DbError: The project has none, or it can't be written.
    """
    if not invocation_of(config).manager.settings.flag("head-file"):
        raise DbError(f"the project keeps no {NAME}; set head-file = true in [tool.ellar-db] to keep one")
    file, text = _state(config)
    if file.is_symlink():
        raise DbError(f"{shown(file)} is a link, which won't be replaced; put a file there")
    try:
        write_whole(file, text)
    except OSError as error:
        raise DbError(f"{shown(file)} can't be written: {error.strerror or error}") from error
    return file


def refuse_several(config: Config) -> None:
    """Refuse a folder with several heads, or whose file with the heads says something else.

    Args:
        config: The configuration of the application or of a package.

    Raises:
        DbError: There are several, or the file is another one's.
    """
    package = invocation_of(config).package
    option = f" --package {package.name}" if package is not None else ""
    file, text = _state(config)
    heads = text.split()
    if len(heads) > 1:
        raise DbError(
            f"there are the heads {' and '.join(heads)}; `{program()} merge{option}` joins them, "
            f"`{program()} rebase{option}` lets yours follow the other"
        )
    if not invocation_of(config).manager.settings.flag("head-file"):
        return
    try:
        there = file.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        there = []
    except (OSError, UnicodeDecodeError) as error:
        raise DbError(f"{shown(file)} can't be read: {error}") from error
    if there != heads:
        said = f"says {', '.join(there)}" if there else "isn't there or is empty"
        raise DbError(
            f"{shown(file)} {said}, and the head is {', '.join(heads) or 'none'}; `{program()} heads{option} --write` "
            "writes it"
        )


def _state(config: Config) -> tuple[Path, str]:
    """Return the file's path, and what belongs into it."""
    from alembic.script import ScriptDirectory

    package = invocation_of(config).package
    script = ScriptDirectory.from_config(config)
    folder = Path(script.dir) if package is None else package.versions
    heads = sorted(head.revision for head in script.get_revisions("heads"))
    return folder / NAME, "".join(f"{head}\n" for head in heads)
