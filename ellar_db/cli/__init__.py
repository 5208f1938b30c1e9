"""The command group `db`, the same in `ellar db` and in the console script `ellar-db`."""

from typing import TYPE_CHECKING, Any

from ellar_db.util.moved import formerly

if TYPE_CHECKING:
    from ellar_db.cli.program import db as db
    from ellar_db.cli.program import main as main

__all__ = ["db", "main"]

_former = formerly(__name__)


def __getattr__(name: str) -> Any:
    # importing one of the package's modules shouldn't import all of them
    if name in __all__:
        from ellar_db.cli import program

        return getattr(program, name)
    return _former(name)
