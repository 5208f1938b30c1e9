"""One revision in place of a range of revisions: made, proven, and put in their place."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.command_line import program
from ellar_db.config.groups import representatives
from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.config.packages import check_editable
from ellar_db.config.reports.broken_files import refuse_duplicates
from ellar_db.databases.database import Databases
from ellar_db.history.text import title
from ellar_db.inspection.squashing.contents import contents_of, write_contents
from ellar_db.inspection.squashing.data import data_steps, refuse_unknown, untouched
from ellar_db.inspection.squashing.old_chain import Ground, OldChain, old_chain
from ellar_db.inspection.squashing.proof import prove
from ellar_db.inspection.trials.stage import of_folder
from ellar_db.revisions.files import run_hooks
from ellar_db.revisions.squashing.ranges import Range, range_of
from ellar_db.revisions.squashing.replacement import Replacement, replacement_of
from ellar_db.runtime.confirmation import ask
from ellar_db.runtime.package_checks import heads_to_join
from ellar_db.util.errors import DbError, UnavailableError
from ellar_db.util.files import shown
from ellar_db.util.masking import masked, say

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from ellar_db.hooktypes import RevisionRequest


log = logging.getLogger("ellar_db")


class Squash:
    """A range of revisions that one revision replaces.

    Args:
        config: The command's configuration.
        text: The range, BASE:END.
        message: The message of the new revision; None for one that names the range.
        urls: Where scratch databases are made, each `URL` or `NAME=URL`.

    Raises:
        DbError: There is no such range, or one revision can't replace it.
    """

    def __init__(self, config: Config, text: str, message: str | None, urls: Sequence[str]) -> None:
        from alembic.script import ScriptDirectory

        self.config = config
        self.urls = urls
        self._request: RevisionRequest | None = None
        package = invocation_of(config).package
        if package is not None:
            check_editable(package, autogenerate=False)
        self.script: ScriptDirectory = ScriptDirectory.from_config(config)
        refuse_duplicates(self.script)
        heads = heads_to_join(config)
        if heads:
            option = f" --package {package.name}" if package is not None else ""
            raise DbError(
                f"there are the heads {' and '.join(heads)}; `{program()} merge{option}` joins them, "
                f"`{program()} rebase{option}` lets yours follow the other"
            )
        self.range: Range = range_of(self.script, text)
        first, last = self.range.members[0].revision, self.range.end.revision
        self.message = message or f"Squash {first} to {last}"
        self.directory = Path(self.script.dir) if package is None else package.versions

    def made(self, *, drop_data_steps: bool) -> Replacement:
        """Make the revision, and prove that it does what the range does.

        Args:
            drop_data_steps: Leave out what changes rows.

        Raises:
            DbError: It can't be made, or isn't proven.
            UnavailableError: The old revisions can't be run on scratch databases.
        """
        ground = self._ground()
        log.info("Running the %d revisions of %s on scratch databases ...", len(self.range.members), self.range.name)
        old = old_chain(ground, self.range, self.script)
        refuse_unknown(old)
        steps = data_steps(self.range, old)
        for step in steps:
            say(masked(step.line), err=True)
        if steps and not drop_data_steps:
            counted, them = ("1 step", "it") if len(steps) == 1 else (f"{len(steps)} steps", "them")
            raise DbError(
                f"{counted} may change rows, which one revision from the schemas doesn't do; --drop-data-steps leaves "
                f"{them} out, if no database needs {them} any more"
            )
        log.info("Trying one revision in their place, up, down and up ...")
        with tempfile.TemporaryDirectory(prefix="ellar-db-") as name:
            folder = Path(name).resolve()
            file = self._proven(ground, old, folder, untouched(steps))
            text = self._titled(file.read_bytes().decode("utf-8"))
            return replacement_of(self.range, file.relative_to(folder), text, self.directory)

    def _proven(self, ground: Ground, old: OldChain, folder: Path, uncompared: set[str] | None) -> Path:
        """Return the file of a revision that does what the range does.

        Raises:
            DbError: There is none.
        """
        failed: DbError | None = None
        for contents in contents_of(old):
            try:
                file, self._request = write_contents(ground, self.range, old, contents, self.message, folder)
                compared = prove(ground, self.range, old, file, uncompared)
                log.info("%s", _said(compared))
                return file
            except UnavailableError:
                raise
            except DbError as error:
                failed = failed or error
        assert failed is not None
        raise DbError(
            f"one revision doesn't do what {self.range.name} does, and nothing was written: {failed.message}"
        ) from failed

    def carry_out(self, made: Replacement) -> None:
        """Put the revision in place of the others, or leave everything as it is.

        Args:
            made: What it does to files.

        Raises:
            DbError: A file can't be written.
        """
        hooks = self.config.get_hooks_list()
        made.carry_out(lambda file: run_hooks(file, hooks))
        invocation_of(self.config).manager.tell("ellar_db_revision_written", path=made.target, request=self._request)

    def _ground(self) -> Ground:
        databases = representatives(self.config, self.config.attributes[DATABASES])
        return Ground(self.config, Databases(of_folder(self.config, self.script, databases, self.urls)), self.urls)

    def _titled(self, text: str) -> str:
        """Return the text with the old revisions in its docstring, where that begins with the message."""
        first = self.message.partition("\n")[0]
        begin = f'"""{first}\n'
        if not text.startswith(begin):
            return text
        lines = [f"    {each.revision}  {title(each.doc)}".rstrip() for each in self.range.members]
        listed = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''")
        return f"{begin}\nIn place of:\n{listed}\n{text[len(begin) :]}"


def tell(made: Replacement, count: int) -> None:
    """Print what a squash did to files."""
    say(f"Wrote {shown(made.target)} in place of {count} revisions")
    for old, new in made.moves:
        say(f"{shown(old)} is now {shown(new)}")


def confirm(made: Replacement, count: int, *, yes: bool) -> None:
    """Ask before the files are changed.

    Raises:
        DbError: The answer is no, or there is no terminal.
    """
    if not yes:
        lines = [f"{shown(made.target)}, which is new", f"{count} files, which move to {shown(made.kept)}"]
        ask("The squash will change:", lines, "files are moved and there is no terminal to ask on", "not squashed")


def _said(compared: int) -> str:
    rows = f", and so are the rows of {compared} table{'' if compared == 1 else 's'}" if compared else ""
    return f"Proven: the schema is the same after the upgrade and after the downgrade{rows}."
