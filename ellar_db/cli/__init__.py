"""The program `db`: the same group under `ellar` and as the console script `ellar-db`."""

from typing import TYPE_CHECKING, Any

from ellar_db.util.moved import formerly

if TYPE_CHECKING:
    from ellar_db.cli.program import db as db
    from ellar_db.cli.program import main as main

__all__ = ["db", "main"]

_former = formerly(__name__)


def __getattr__(name: str) -> Any:
    # whoever imports one of the package's modules needn't have all of them
    if name in __all__:
        from ellar_db.cli import program

        return getattr(program, name)
    return _former(name)
