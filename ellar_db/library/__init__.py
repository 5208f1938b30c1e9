"""The commands as functions, for start-up code, tests, scripts and admin pages: typed, and without a command line.

Each function has its command's name and does the same: it finds the application, the databases and the migrations
folder, takes the locks, guards the runs, and asks the plugins. It returns values instead of printing them. What a
command would say meanwhile goes to the logger `ellar_db`. An error is an `ellar_db.DbError`; where no answer could be
had, since the application or a database can't be reached, its `exit_code` is 3.

An answer that says no isn't an error: `check`, `drift`, `lint` and `verify` return what they found. Nothing is ever
asked on a terminal. One call runs at a time in a process; others wait for it, at most for their `lock_timeout`, by
default five minutes. Inside of a run, as in a plugin's hook or in a revision, only `heads` and `history` can be called.

An argument of a wrong kind is a `DbError` too; one that doesn't exist is a `TypeError`.

Hooks of plugins take part as they do in commands, except those about the command line itself: nothing calls
`ellar_db_invoke`, and options that plugins add have no values.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ellar_db.autogenerate.words import Difference as Difference
    from ellar_db.inspection.answers import Compared as Compared
    from ellar_db.inspection.answers import Drifted as Drifted
    from ellar_db.inspection.drift import Deviation as Deviation
    from ellar_db.inspection.linting import Located as Located
    from ellar_db.library.answers import check as check
    from ellar_db.library.answers import drift as drift
    from ellar_db.library.answers import lint as lint
    from ellar_db.library.answers import verify as verify
    from ellar_db.library.arguments import Limiting as Limiting
    from ellar_db.library.arguments import Where as Where
    from ellar_db.library.files import merge as merge
    from ellar_db.library.files import migrate as migrate
    from ellar_db.library.files import revision as revision
    from ellar_db.library.places import current as current
    from ellar_db.library.places import heads as heads
    from ellar_db.library.places import history as history
    from ellar_db.library.places import plan as plan
    from ellar_db.library.places import status as status
    from ellar_db.library.places import wait as wait
    from ellar_db.library.results import Current as Current
    from ellar_db.library.results import Linted as Linted
    from ellar_db.library.results import Migrated as Migrated
    from ellar_db.library.results import Plan as Plan
    from ellar_db.library.results import PlannedStep as PlannedStep
    from ellar_db.library.results import Revision as Revision
    from ellar_db.library.results import Rows as Rows
    from ellar_db.library.results import Status as Status
    from ellar_db.library.results import Trial as Trial
    from ellar_db.library.results import Verified as Verified
    from ellar_db.library.results import VerifiedDatabase as VerifiedDatabase
    from ellar_db.library.runs import downgrade as downgrade
    from ellar_db.library.runs import stamp as stamp
    from ellar_db.library.runs import upgrade as upgrade
    from ellar_db.lint.findings import Finding as Finding
    from ellar_db.revisions.writer import Written as Written

HOMES = {
    "Compared": "inspection.answers",
    "Current": "library.results",
    "Deviation": "inspection.drift",
    "Difference": "autogenerate.words",
    "Drifted": "inspection.answers",
    "Finding": "lint.findings",
    "Limiting": "library.arguments",
    "Linted": "library.results",
    "Located": "inspection.linting",
    "Migrated": "library.results",
    "Plan": "library.results",
    "PlannedStep": "library.results",
    "Revision": "library.results",
    "Rows": "library.results",
    "Status": "library.results",
    "Trial": "library.results",
    "Verified": "library.results",
    "VerifiedDatabase": "library.results",
    "Where": "library.arguments",
    "Written": "revisions.writer",
    "check": "library.answers",
    "current": "library.places",
    "downgrade": "library.runs",
    "drift": "library.answers",
    "heads": "library.places",
    "history": "library.places",
    "lint": "library.answers",
    "merge": "library.files",
    "migrate": "library.files",
    "plan": "library.places",
    "revision": "library.files",
    "stamp": "library.runs",
    "status": "library.places",
    "upgrade": "library.runs",
    "verify": "library.answers",
    "wait": "library.places",
}
"""The module of each name; a test checks that the imports for type checkers agree."""

__all__ = [*HOMES]  # the keys are strings

# for type checkers, any name would be one of the package's
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in HOMES:
            return getattr(import_module(f"ellar_db.{HOMES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
