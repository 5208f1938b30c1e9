"""Types, SQLAlchemy's own ones and those of the dialects, and their changes."""

from __future__ import annotations

from sqlalchemy import Integer, Numeric, String

from benchmarks.corpus.feature import added, retyped

GROUP = "Types"

FEATURES = [
    added("Integer", Integer, 7),
    retyped("String", "longer", lambda: String(20), lambda: String(40), "a"),
    retyped("Numeric", "wider", lambda: Numeric(10, 2), lambda: Numeric(12, 2), "1.50"),
]
