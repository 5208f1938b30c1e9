"""Write revision files, for the commands `revision`, `migrate` and `merge`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.invocation import change_invocation, invocation_of
from ellar_db.config.packages import check_editable
from ellar_db.config.reports.broken_files import refuse_duplicates
from ellar_db.lint.findings import Findings
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.revisions.contents import tell_contents
from ellar_db.revisions.files import NewFiles, one_writer, whole_files
from ellar_db.revisions.names import RevisionName, as_docstring, check_branch_label, check_message, name_revision
from ellar_db.revisions.replay import replayed
from ellar_db.revisions.rewriting.heads import keep_heads
from ellar_db.util.alembic import version_folders
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import UpgradeOps
    from alembic.script import Script, ScriptDirectory


@dataclass(frozen=True)
class NewRevision:
    """The command-line options of a new revision, each under its option's name."""

    message: str | None
    head: str
    splice: bool
    branch_label: str | None
    version_path: Path | None
    rev_id: str | None
    depends_on: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A revision that was written, or that would be.

    Args:
        revision: Its id.
        file: Its file.
        source: The text of the file.
        is_written: Whether the file is there; not with `--dry-run`.
    """

    revision: str
    file: Path
    source: str
    is_written: bool = True


def write_revision(
    config: Config,
    new: NewRevision,
    *,
    autogenerate: bool = False,
    sql: bool = False,
    duplicates: bool = False,
    dry_run: bool = False,
    scratch: Sequence[str] | None = None,
) -> list[Written]:
    """Write a revision, empty or from the models.

    Args:
        config: The command's configuration.
        new: The revision.
        autogenerate: Fill it from a comparison of models and databases.
        sql: Run the environment offline (with `revision_environment`).
        duplicates: `--probe-duplicates`.
        dry_run: Print the file instead of writing it.
        scratch: Compare with the history on scratch databases, made at these URLs or where the application's are; None
            compares with the application's own.

    Returns:
        What was written; nothing if a comparison found no difference.

    Raises:
        DbError: The revision was refused; nothing has been written.
    """
    from alembic import command

    check_message(new.message)
    findings = Findings()
    package = invocation_of(config).package
    with (
        _opened(config, autogenerate=autogenerate, writes=not dry_run) as script,
        nullcontext() if scratch is None else replayed(config, script, scratch),
    ):
        if new.version_path is not None and not _listed(new.version_path, script):
            locations = ", ".join(map(str, version_folders(script)))
            raise DbError(f"--version-path {new.version_path} isn't among the version locations: {locations}")
        change_invocation(config, findings=findings, duplicates=duplicates)
        check_branch_label(new.branch_label, script)
        named = name_revision(
            get_plugin_manager(),
            script,
            new.message,
            heads=new.head,
            branch_label=new.branch_label,
            autogenerate=autogenerate,
            rev_id=new.rev_id,
            version_path=new.version_path,
            directory=_home(config, script),
        )
        compared: list[UpgradeOps] = []
        change_invocation(config, found=compared.extend, shows=dry_run)
        revisions: list[str] = []
        with whole_files(config, script, named.filename, dry_run=dry_run) as made:
            written = command.revision(
                config,
                as_docstring(new.message),
                autogenerate=autogenerate,
                sql=sql,
                head=new.head,
                splice=new.splice,
                branch_label=new.branch_label,
                version_path=new.version_path,
                rev_id=named.rev_id,
                depends_on=list(new.depends_on) or None,  # type: ignore[arg-type]  # Alembic takes a list, as its own option does
            )
            for one in written if isinstance(written, list) else [written]:
                if one is not None:
                    revisions.append(one.revision)
                    made.belongs(Path(one.path), new.version_path or _folder(one, script))
        if made.files:
            tell_contents(compared, None if package is None else package.name, written=not dry_run)
        if made.placed:
            keep_heads(config)
        findings.tell()
        _tell_written(made.placed, named)
        return _described(revisions, made)


def write_merge(
    config: Config,
    revisions: Sequence[str],
    message: str | None,
    *,
    branch_label: str | None = None,
    rev_id: str | None = None,
    splice: bool = False,
) -> list[Written]:
    """Write a revision that merges others.

    Args:
        config: The command's configuration.
        revisions: The revisions to merge.
        message: `-m`.
        branch_label: `--branch-label`.
        rev_id: `--rev-id`.
        splice: `--splice`.

    Returns:
        The revision.

    Raises:
        DbError: The revision was refused; nothing has been written.
    """
    from alembic import command

    check_message(message)
    with _opened(config) as script:
        if tuple(revisions) == ("heads",) and len(script.get_heads()) < 2:
            there = "the revisions have one head" if script.get_heads() else "there are no revisions"
            raise DbError(f"there is nothing to merge: {there}")
        check_branch_label(branch_label, script)
        named = name_revision(
            get_plugin_manager(),
            script,
            message,
            heads=revisions,
            branch_label=branch_label,
            rev_id=rev_id,
            directory=_home(config, script),
        )
        with whole_files(config, script, named.filename) as scratch:
            written = command.merge(
                config,
                tuple(revisions),
                message=as_docstring(message),
                branch_label=branch_label,
                rev_id=named.rev_id,
                splice=splice,
            )
            if written is not None:
                scratch.belongs(Path(written.path), _folder(written, script))
        keep_heads(config)
        _tell_written(scratch.placed, named)
        return _described([] if written is None else [written.revision], scratch)


def _described(revisions: Sequence[str], made: NewFiles) -> list[Written]:
    return [
        Written(revision, file, made.sources[file], file in made.placed)
        for revision, file in zip(revisions, made.files.values(), strict=True)
    ]


def _tell_written(files: Sequence[Path], named: RevisionName) -> None:
    for file in files:
        get_plugin_manager().tell("ellar_db_revision_written", path=file, request=named.request)


def _listed(folder: Path, script: ScriptDirectory) -> bool:
    return folder.absolute() in version_folders(script)


@contextmanager
def _opened(config: Config, *, autogenerate: bool = False, writes: bool = True) -> Iterator[ScriptDirectory]:
    """Yield the migrations folder, locked against other writers if it is written to."""
    from alembic.script import ScriptDirectory

    package = invocation_of(config).package
    if package is not None:
        check_editable(package, autogenerate=autogenerate)
    with one_writer(_home(config, ScriptDirectory.from_config(config))) if writes else nullcontext():
        script = ScriptDirectory.from_config(config)
        refuse_duplicates(script)
        yield script


def _home(config: Config, script: ScriptDirectory) -> Path:
    """Return the migrations folder; for a package, its folder of revisions."""
    package = invocation_of(config).package
    return Path(script.dir) if package is None else package.versions


def _folder(written: Script, script: ScriptDirectory) -> Path:
    """Return the versions folder in which Alembic puts a revision: its parent's, if there are several."""
    from alembic.util import to_tuple

    locations = version_folders(script)
    for parent in to_tuple(written.down_revision, default=()) if len(locations) > 1 else ():
        file = Path(script.get_revision(parent).path)
        return next((location for location in locations if file.is_relative_to(location)), file.parent)
    return locations[0]
