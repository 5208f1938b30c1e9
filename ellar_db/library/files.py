"""The functions that write revision files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.invocation import Answers
from ellar_db.library.arguments import Where, flags, opened, path_of, revision_named, text_of, texts
from ellar_db.options import wrong_fill, wrong_rename
from ellar_db.revisions.writer import NewRevision, Written, write_merge, write_revision
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from typing_extensions import Unpack


def migrate(
    message: str | None = None,
    *,
    rename: Sequence[str] = (),
    fill: Sequence[str] = (),
    dry_run: bool = False,
    scratch: bool | Sequence[str] = False,
    probe_duplicates: bool = False,
    head: str = "head",
    splice: bool = False,
    branch_label: str | None = None,
    version_path: Path | str | None = None,
    rev_id: str | None = None,
    depends_on: Sequence[str] = (),
    **where: Unpack[Where],
) -> list[Written]:
    """Compare the models with the databases and write a revision of the differences.

    Args:
        message: The message of the revision.
        rename: What was renamed, each as in `users.name:full_name`.
        fill: Values for rows in columns that become NOT NULL, each as in `users.age=18`.
        dry_run: Write no file.
        scratch: Compare with a scratch database on which all revisions are run; or the URLs where it is made.
        probe_duplicates: Look for duplicates in what becomes unique.
        head: The revision that the new one follows.
        splice: Allow a revision there that isn't a head.
        branch_label: A label for the new revision.
        version_path: The folder for the file, one of those configured.
        rev_id: The new revision's id.
        depends_on: Revisions on which it depends.
        where: The arguments of `Where`.

    Returns:
        The revision; nothing if the models have no changes.

    Raises:
        DbError: It was refused, or a database isn't at the newest revision; nothing has been written.

    Example:
        from ellar_db.library import migrate

        for written in migrate("Add users", dry_run=True):
            print(written.source)
    """
    new = _new(message, head, splice, branch_label, version_path, rev_id, depends_on)
    flags(dry_run=dry_run, probe_duplicates=probe_duplicates)
    answers = Answers(_known("rename", rename), _known("fill", fill), ask=False)
    urls = (() if scratch else None) if isinstance(scratch, bool) else texts("scratch", scratch)
    with opened(migrate, where, autogenerate=True, decides=True, answers=answers) as config:
        return write_revision(
            config, new, autogenerate=True, duplicates=probe_duplicates, dry_run=dry_run, scratch=urls
        )


def revision(
    message: str | None = None,
    *,
    head: str = "head",
    splice: bool = False,
    branch_label: str | None = None,
    version_path: Path | str | None = None,
    rev_id: str | None = None,
    depends_on: Sequence[str] = (),
    **where: Unpack[Where],
) -> list[Written]:
    """Write an empty revision, to be filled in by hand or by the caller; `migrate` compares models.

    Args:
        message: The message of the revision.
        head: The revision that the new one follows.
        splice: Allow a revision there that isn't a head.
        branch_label: A label for the new revision.
        version_path: The folder for the file, one of those configured.
        rev_id: The new revision's id.
        depends_on: Revisions on which it depends.
        where: The arguments of `Where`.

    Returns:
        The revision.

    Raises:
        DbError: It was refused; nothing has been written.

    Example:
        from ellar_db.library import revision

        (written,) = revision("Fill in the names")
        print(written.file)
    """
    new = _new(message, head, splice, branch_label, version_path, rev_id, depends_on)
    with opened(revision, where, decides=True) as config:
        return write_revision(config, new)


def merge(
    *revisions: str,
    message: str | None = None,
    branch_label: str | None = None,
    rev_id: str | None = None,
    splice: bool = False,
    **where: Unpack[Where],
) -> list[Written]:
    """Write a revision that merges others.

    Args:
        revisions: Those to merge; by default all heads.
        message: The message of the revision.
        branch_label: A label for the new revision.
        rev_id: The new revision's id.
        splice: Allow revisions that aren't heads.
        where: The arguments of `Where`.

    Returns:
        The revision.

    Raises:
        DbError: It was refused, such as where there is one head; nothing has been written.

    Example:
        from ellar_db.library import heads, merge

        if len(heads()) > 1:
            merge(message="Join the branches")
    """
    chosen = tuple(revision_named(each, "a revision") for each in revisions) or ("heads",)
    flags(splice=splice)
    text_of("message", message)
    text_of("branch_label", branch_label)
    text_of("rev_id", rev_id)
    with opened(merge, where, decides=True) as config:
        return write_merge(config, chosen, message, branch_label=branch_label, rev_id=rev_id, splice=splice)


def _new(
    message: str | None,
    head: str,
    splice: bool,
    branch_label: str | None,
    version_path: Path | str | None,
    rev_id: str | None,
    depends_on: Sequence[str],
) -> NewRevision:
    flags(splice=splice)
    return NewRevision(
        text_of("message", message),
        revision_named(head, "head"),
        splice,
        text_of("branch_label", branch_label),
        path_of("version_path", version_path),
        text_of("rev_id", rev_id),
        tuple(revision_named(each, "depends_on") for each in texts("depends_on", depends_on)),
    )


def _known(what: str, given: Sequence[str]) -> tuple[str, ...]:
    wrong = {"rename": wrong_rename, "fill": wrong_fill}[what]
    found = texts(what, given)
    for each in found:
        problem = wrong(each)
        if problem:
            raise DbError(f"{what}: {problem}")
    return found
