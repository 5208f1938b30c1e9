"""The command group `db`, the same in `ellar db` and in the console script `ellar-db`."""

from typing import TYPE_CHECKING, Any

from ellar_db.util.moved import formerly

if TYPE_CHECKING:
    from ellar_db.cli.program import db as db

__all__ = ["db", "main"]


def main() -> None:
    """Run the console script `ellar-db`."""
    from ellar_db.util.garbage import search_rarely

    # before all that follows is imported
    search_rarely()
    from ellar_db.cli.program import main as run

    run()


_former = formerly(__name__)


def __getattr__(name: str) -> Any:
    # importing one of the package's modules shouldn't import all of them
    if name == "db":
        from ellar_db.cli.program import db

        return db
    return _former(name)
