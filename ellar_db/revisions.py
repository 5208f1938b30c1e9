"""Writing revision files: what `revision`, `migrate` and `merge` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ellar_db.config import alembic_config
from ellar_db.errors import DbError
from ellar_db.naming import as_docstring, check_message, name_revision
from ellar_db.plugins import get_plugin_manager


@dataclass(frozen=True)
class NewRevision:
    """What the command line says of a new revision, each under its option's name."""

    message: str | None
    head: str
    splice: bool
    branch_label: str | None
    version_path: Path | None
    rev_id: str | None
    depends_on: tuple[str, ...]


def write_revision(
    directory: Path | None,
    new: NewRevision,
    *,
    x_arg: Sequence[str] = (),
    autogenerate: bool = False,
    sql: bool = False,
    output: Path | None = None,
) -> None:
    """Write a revision, empty or from the models.

    Args:
        directory: `-d`.
        new: The revision.
        x_arg: `-x`.
        autogenerate: Fill it from a comparison of models and databases.
        sql: Run the environment offline (with `revision_environment`).
        output: Where offline SQL goes.

    Raises:
        DbError: Refused; nothing has been written.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    check_message(new.message)
    with alembic_config(directory, x_arg=x_arg, autogenerate=autogenerate, output=output) as config:
        script = ScriptDirectory.from_config(config)
        if new.version_path is not None and not _listed(new.version_path, script):
            locations = ", ".join(map(str, script._version_locations))
            raise DbError(f"--version-path {new.version_path} isn't among the version locations: {locations}")
        named = name_revision(
            get_plugin_manager(),
            script,
            new.message,
            heads=new.head,
            branch_label=new.branch_label,
            autogenerate=autogenerate,
            rev_id=new.rev_id,
            version_path=new.version_path,
        )
        named.apply_to(config)
        command.revision(
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


def write_merge(
    directory: Path | None,
    revisions: Sequence[str],
    message: str | None,
    *,
    x_arg: Sequence[str] = (),
    branch_label: str | None = None,
    rev_id: str | None = None,
    splice: bool = False,
) -> None:
    """Write a revision that joins others.

    Args:
        directory: `-d`.
        revisions: The revisions to join.
        message: `-m`.
        x_arg: `-x`.
        branch_label: `--branch-label`.
        rev_id: `--rev-id`.
        splice: `--splice`.

    Raises:
        DbError: Refused; nothing has been written.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    check_message(message)
    with alembic_config(directory, x_arg=x_arg) as config:
        script = ScriptDirectory.from_config(config)
        if tuple(revisions) == ("heads",) and len(script.get_heads()) < 2:
            raise DbError("there is nothing to merge: the revisions have one head")
        named = name_revision(
            get_plugin_manager(), script, message, heads=revisions, branch_label=branch_label, rev_id=rev_id
        )
        named.apply_to(config)
        command.merge(
            config,
            tuple(revisions),
            message=as_docstring(message),
            branch_label=branch_label,
            rev_id=named.rev_id,
            splice=splice,
        )


def _listed(folder: Path, script: object) -> bool:
    locations = [Path(location).absolute() for location in script._version_locations]  # type: ignore[attr-defined]
    return folder.absolute() in locations
