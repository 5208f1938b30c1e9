"""How each page is followed: the project from which it begins, and what it leaves to its reader.

A page that has blocks needs a line here: how to follow it, or why none of its blocks can be.
"""

from __future__ import annotations

from tests.support.pages.reader import Page
from tests.support.pages.starts import *

EXPLAINED = application()

PAGES: dict[str, Page | str] = {
    "README.md": Page(
        new_shop,
        [
            ("ellar db init --multi", run("rm", "-r", "shop/migrations")),
        ],
    ),
    "docs/first-migration.md": Page(nothing),
    "docs/architecture.md": "they are a drawing",
    "docs/promises.md": "they are settings that name a variable of the reader's",
    "docs/explain/E01.md": Page(
        all_of(
            application(),
            run("ellar-db", "init"),
            revision("one", None),
            revision("two", "one"),
            revision("three", "one"),
        )
    ),
    "docs/explain/E02.md": Page(all_of(application(), run("ellar-db", "init"), first())),
    "docs/explain/E03.md": Page(
        all_of(application(), run("ellar-db", "init"), revision("REVISION", None)),
    ),
    "docs/explain/E04.md": Page(all_of(application(), run("ellar-db", "init"))),
    "docs/explain/E05.md": Page(
        all_of(
            application(),
            run("ellar-db", "init"),
            run("ellar-db", "migrate"),
            statements("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL)"),
        )
    ),
    "docs/explain/E06.md": "they are settings",
    "docs/explain/E07.md": Page(application()),
    "docs/explain/E09.md": "they are operations of revisions",
    "docs/explain/E10.md": "they are operations of revisions",
    "docs/explain/E11.md": "they are statements for a server",
    "docs/explain/E12.md": "they are operations of revisions",
    "docs/explain/E13.md": Page(all_of(application(), run("ellar-db", "init"), first())),
    "docs/explain/E14.md": Page(
        nothing,
    ),
    "docs/explain/E15.md": Page(application()),
    "docs/explain/E16.md": Page(nothing),
    "docs/explain/E17.md": Page(all_of(application(), run("ellar-db", "init"))),
    "docs/explain/E18.md": Page(all_of(application(), run("ellar-db", "init"), first())),
    "docs/explain/E19.md": "they are statements for a server",
    "docs/explain/E20.md": "they are settings",
    "docs/explain/E21.md": "they are operations of revisions",
    "examples/quickstart/README.md": Page(quickstart),
}
"""By the page: how to follow it, or why none of its blocks can be run."""
