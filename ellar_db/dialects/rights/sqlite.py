"""What a user may do with the file of a SQLite database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from ellar_db.hooktypes import MissingRight


def unwritable(file: Path | None) -> Iterator[MissingRight]:
    """Yield what can't be written: the file, or the folder, in which SQLite makes its journal.

    Args:
        file: The file; None for a database in memory.
    """
    if file is None:
        return
    folder = file.parent
    here = quote(str(folder))
    if file.exists() and not os.access(file, os.W_OK):
        yield MissingRight(f"write the file {file}", f"chmod u+w {quote(str(file))}")
    if not folder.is_dir():
        yield MissingRight(f"make the file {file}, since its folder isn't there", f"mkdir -p {here}")
    elif not os.access(folder, os.W_OK):
        yield MissingRight(f"make files in the folder {folder}, such as SQLite's journal", f"chmod u+w {here}")
