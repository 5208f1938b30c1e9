"""The values that hooks exchange."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ellar_db.databases.database import DEFAULT

if TYPE_CHECKING:
    from sqlalchemy import MetaData


@dataclass(frozen=True)
class RevisionRequest:
    """What is known of a revision before it is written.

    Args:
        message: The message as it was given, or None.
        parents: The ids of the revisions on which it is based; empty for the first.
        branch_label: `--branch-label`, if given.
        autogenerate: Whether its content comes from a comparison with the models.
        directory: The migrations folder.
        create_date: Now, in the time zone that Alembic's `timezone` names.
        taken: The ids of all revisions that there are.
    """

    message: str | None
    parents: tuple[str, ...]
    branch_label: str | None
    autogenerate: bool
    directory: Path
    create_date: datetime.datetime
    taken: frozenset[str] = frozenset()

    @property
    def slug(self) -> str:
        """The message as part of a file name: its words, lower-case, joined by underscores."""
        return "_".join(re.findall(r"\w+", self.message or "")).lower()[:40].strip("_")


PREFIX = "alembic_version_"
"""How the names of the packages' version tables begin."""

LENGTH = 63
"""Characters that the name of a table may have on each server."""


@dataclass(frozen=True)
class PackageMigrations:
    """The migrations of one package, which has tables of its own.

    Args:
        name: Letters, digits and underscores; commands address the package by it (`--package`).
        versions: The folder of the revisions inside the installed package.
        version_table: Where its revisions are recorded, by default `alembic_version_<name>`.
        metadata: Its tables. Autogenerate for the package compares them; the application's leaves them alone.
        after: The names of packages whose migrations come first.
        databases: The names of the databases on which it runs; the project may name others.
        source: The distribution and its version; ellar_db fills it in.

    Raises:
        TypeError: `after` or `databases` is no list, or `metadata` is none.
        ValueError: The name, or the version table's, can't be one.

    Example:
        >>> PackageMigrations("audit", Path("versions")).version_table
        'alembic_version_audit'
    """

    name: str
    versions: Path
    version_table: str = ""
    metadata: MetaData | Sequence[MetaData] | None = field(default=None, repr=False)
    after: Sequence[str] = ()
    databases: Sequence[str] = (DEFAULT,)
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.name):
            raise ValueError(f"a package can't be named {self.name!r}: use letters, digits and underscores")
        for name in ("after", "databases"):
            given = getattr(self, name)
            if isinstance(given, str) or not isinstance(given, Sequence):
                raise TypeError(f"{name} must be a list of names, not {given!r}")
        if not all(hasattr(one, "tables") for one in self.metadatas):
            raise TypeError(f"metadata must be a MetaData or a list of these, not {self.metadata!r}")
        object.__setattr__(self, "versions", Path(self.versions))
        object.__setattr__(self, "version_table", self.version_table or f"{PREFIX}{self.name}")
        if len(self.version_table) > LENGTH:
            raise ValueError(f"the version table's name {self.version_table!r} has more than {LENGTH} characters")

    @property
    def title(self) -> str:
        """The package as headings and messages name it.

        Example:
            >>> PackageMigrations("audit", Path("versions"), source="ellar-db-audit 1.0").title
            'audit (ellar-db-audit 1.0)'
        """
        return f"{self.name} ({self.source})" if self.source else self.name

    @property
    def metadatas(self) -> Sequence[MetaData]:
        """Its metadata as a list."""
        if self.metadata is None:
            return []
        return self.metadata if isinstance(self.metadata, Sequence) else [self.metadata]


class Lock(Protocol):
    """What `ellar_db_lock` gives: a lock that a process holds until it lets go of it, or dies."""

    def acquire(self) -> bool:
        """Try to take it, without waiting; tell whether it is held now."""

    def release(self) -> None:
        """Let go of it; also called where it was never held."""

    def holder(self) -> str:
        """Say who holds it, as in "process 123 on web-1 since 12:00:03", or "" where that can't be told."""
