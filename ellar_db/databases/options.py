"""Options of an application's migrations, the same for all its databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ellar_db.util.errors import DbError, meant


@dataclass(frozen=True)
class MigrationOptions:
    """Options of an application's migrations, the same for all its databases.

    Args:
        directory: The migrations folder; a relative path is resolved against the working directory.
        use_two_phase: Commit all databases of a run by two-phase commit.
        context_configure: Keyword arguments of Alembic's `context.configure`, for every database.
        lock: Let only one run at a time write (see `Limits`). Here and below, None leaves it to `[tool.ellar-db]`.
        lock_timeout: Seconds to wait for that lock.
        connect_wait: Seconds to wait for a database that is starting.
        db_lock_timeout: Seconds that a statement may wait for a lock in the database.
        statement_timeout: Seconds that a statement may run.
        confirm: "always": `downgrade` requires `--yes`, or a confirmation on the terminal.

    Example:
        >>> MigrationOptions(directory="migrations", context_configure={"compare_server_default": True})
        ... # doctest: +ELLIPSIS
        MigrationOptions(directory='migrations', ...)
    """

    directory: str | Path | None = None
    use_two_phase: bool = False
    context_configure: Mapping[str, object] = field(default_factory=dict)
    lock: bool | None = None
    lock_timeout: float | None = None
    connect_wait: float | None = None
    db_lock_timeout: float | None = None
    statement_timeout: float | None = None
    confirm: str | None = None

    @property
    def limits(self) -> dict[str, float | bool | None]:
        """The limits that are set, by name."""
        names = ("lock", "lock_timeout", "connect_wait", "db_lock_timeout", "statement_timeout")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @classmethod
    def parse(cls, options: MigrationOptions | Mapping[str, object] | None) -> MigrationOptions:
        """Return the options unchanged, or make them from a mapping with the same names.

        Raises:
            DbError: `options` is something else, or the mapping has a name that isn't an option.
        """
        if isinstance(options, MigrationOptions):
            return options
        if options is not None and not isinstance(options, Mapping):
            raise DbError(f"migration_options must be a dict or a MigrationOptions, not a {type(options).__name__}")
        unknown = sorted(set(options or {}) - set(cls.__dataclass_fields__))
        if unknown:
            known = ", ".join(cls.__dataclass_fields__)
            near = meant(unknown[0], cls.__dataclass_fields__)
            raise DbError(f"migration_options has no {', '.join(unknown)}; it takes {known}{near}")
        given: dict[str, Any] = {**(options or {})}
        return cls(**given)
