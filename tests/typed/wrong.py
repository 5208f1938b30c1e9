"""Programs with one mistake a line, each of which a type checker finds: in the comment, mypy's code of it."""

from __future__ import annotations

from sqlalchemy import create_engine

import ellar_db
from ellar_db import Database, EllarDBModule, MigrationOptions, Run, alembic_config, hookimpl, library
from ellar_db import migration_locks  # attr-defined
from ellar_db.library import status, upgrade, wait

EllarDBModule.setup(databases=3)  # arg-type
EllarDBModule.setup(metadata=3)  # arg-type
EllarDBModule.setup(databases="sqlite://", migration_options=["migrations"])  # arg-type
EllarDBModule.setup(database="sqlite://")  # call-arg
MigrationOptions(directory=3)  # arg-type

upgrade(revision=3)  # arg-type
upgrade(directry="migrations")  # call-arg
upgrade(lock_timeout="5")  # arg-type
upgrade(databases="sqlite://")  # arg-type
status(lock_timeout=5)  # call-arg
wait("ready")  # arg-type
library.upgrad()  # attr-defined
library.check().differences  # attr-defined
ellar_db.alembic_configuration  # attr-defined

for each in status():
    each.pendin  # attr-defined
    each.state == "at heads"  # comparison-overlap
    each.state = "behind"  # misc

database = Database("default", create_engine("sqlite://"))
database.enigne  # attr-defined
Database("default", 3)  # arg-type

with alembic_config(limits={"lock_timeout": "5"}):  # dict-item
    pass


@hookimpl(wraper=True)  # call-overload, untyped-decorator
def ellar_db_before_run(run: Run) -> None:
    run.conection  # attr-defined
