"""How the pages about errors are followed."""

from __future__ import annotations

from tests.support.pages.reader import Page
from tests.support.pages.starts import (
    all_of,
    application,
    first,
    replaced,
    revision,
    run,
    standalone,
    statements,
)

FOLDER = all_of(application(), run("ellar-db", "init"))

OPERATIONS = "they are operations of a revision, which need the revision that failed"
STATEMENTS = "they are statements for the owner of a server"
SETTINGS = "they are settings, which name what the reader has"

EXPLAINED: dict[str, Page | str] = {
    "docs/explain/E01.md": Page(
        all_of(FOLDER, revision("one", None), revision("two", "one"), revision("three", "one")),
    ),
    "docs/explain/E02.md": Page(all_of(FOLDER, first())),
    "docs/explain/E03.md": Page(all_of(FOLDER, revision("REVISION", None))),
    "docs/explain/E04.md": Page(FOLDER),
    "docs/explain/E05.md": Page(
        all_of(
            FOLDER,
            run("ellar-db", "migrate"),
            statements("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL)"),
        )
    ),
    "docs/explain/E06.md": SETTINGS,
    "docs/explain/E07.md": Page(FOLDER),
    "docs/explain/E09.md": OPERATIONS,
    "docs/explain/E10.md": OPERATIONS,
    "docs/explain/E11.md": STATEMENTS,
    "docs/explain/E12.md": OPERATIONS,
    "docs/explain/E13.md": Page(all_of(FOLDER, first())),
    "docs/explain/E14.md": Page(
        all_of(
            application("mariadb"),
            run("ellar-db", "init"),
            revision("REVISION", None, "op.execute('CREATE TABLE one (id INTEGER)'); op.execute('oops')"),
            run("ellar-db", "upgrade", exit_code=1),
        ),
        [
            (
                "ellar db repair REVISION --reverted",
                all_of(
                    run("ellar-db", "downgrade", "base"),
                    replaced("migrations/versions/REVISION_.py", "TABLE one", "TABLE two"),
                    run("ellar-db", "upgrade", exit_code=1),
                ),
            ),
        ],
        codes={"ellar db repair\n": 1},
    ),
    "docs/explain/E15.md": Page(application()),
    "docs/explain/E16.md": SETTINGS,
    "docs/explain/E17.md": Page(
        all_of(
            standalone(),
            run("ellar-db", "init"),
            run("ellar-db", "migrate"),
            run("ellar-db", "upgrade"),
            replaced("models.py", "class User", "raise ValueError\nclass User"),
        ),
        codes={"ellar-db --traceback check": 3},
    ),
    "docs/explain/E18.md": Page(all_of(FOLDER, first())),
    "docs/explain/E19.md": STATEMENTS,
    "docs/explain/E20.md": SETTINGS,
    "docs/explain/E21.md": OPERATIONS,
    "docs/explain/E22.md": OPERATIONS,
}
