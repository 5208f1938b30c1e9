"""How the pages about moving in, working in a team and shipping are followed."""

from __future__ import annotations

from tests.support.pages.reader import Page
from tests.support.pages.scenes import FOLDER, MIGRATED, foreign, of_flask
from tests.support.pages.starts import (
    all_of,
    anew,
    application,
    first,
    folder_shown_as,
    not_there,
    nothing,
    run,
    standalone,
    tutorial,
)

SHIPPING: dict[str, Page | str] = {
    "docs/how-to/ci.md": Page(tutorial),
    "docs/how-to/coming-from-django.md": Page(tutorial),
    "docs/how-to/containers.md": "they are files for Docker and Kubernetes",
    "docs/how-to/existing-folders.md": Page(
        of_flask,
        [
            ("ellar-db -d migrations", anew(foreign("generic"), "as-it-is")),
            ("ellar-db -c alembic.ini -c pyproject.toml", anew(foreign("pyproject"), "pyproject")),
            ("alembic -c", anew(all_of(FOLDER, first()), "bare")),
        ],
    ),
    "docs/how-to/from-advanced-alchemy.md": Page(nothing),
    "docs/how-to/from-alembic.md": Page(nothing),
    "docs/how-to/from-ellar-sql.md": Page(folder_shown_as("/home/ann")),
    "docs/how-to/from-flask-migrate.md": Page(folder_shown_as("/home/ann/shop")),
    "docs/how-to/one-line-of-history.md": Page(tutorial),
    "docs/how-to/urls-and-env.md": Page(standalone(), [("ellar-db doctor", run("ellar-db", "init"))]),
    "docs/how-to/use-it-as-a-library.md": Page(all_of(application(), MIGRATED)),
    "docs/how-to/zero-downtime.md": Page(
        not_there("postgresql+psycopg://postgres:secret@127.0.0.1:5432/orders"), long=True
    ),
    "docs/to-production.md": Page(
        all_of(tutorial, not_there("postgresql+psycopg://postgres:secret@127.0.0.1:5432/shop"))
    ),
}
"""By the page."""
