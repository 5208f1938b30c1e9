"""How each page is followed: the project from which it begins, and what it leaves to its reader.

A page that has blocks needs a line here, or in a module beside it: how to follow it, or why none of its blocks can be.
"""

from __future__ import annotations

from tests.support.pages.explained import EXPLAINED
from tests.support.pages.how_to import HOW_TO
from tests.support.pages.packages import EXAMPLES
from tests.support.pages.reader import Page
from tests.support.pages.shipping import SHIPPING
from tests.support.pages.starts import new_shop, nothing, quickstart, repository, run

PAGES: dict[str, Page | str] = {
    "README.md": Page(new_shop, [("ellar db init --multi", run("rm", "-r", "shop/migrations"))]),
    "docs/README.md": Page(quickstart),
    "docs/first-migration.md": Page(nothing),
    "docs/promises.md": "they are settings, which name a variable of the reader's",
    "examples/quickstart/README.md": Page(quickstart),
    "examples/shop/README.md": Page(
        repository,
        left={"pytest": "tests/test_shop.py runs its tests"},
        long=True,
    ),
    **EXPLAINED,
    **HOW_TO,
    **EXAMPLES,
    **SHIPPING,
}
"""By the page: how to follow it, or why none of its blocks can be run."""
