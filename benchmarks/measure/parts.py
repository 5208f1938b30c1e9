"""The parts of the law."""

from __future__ import annotations

PARTS = {
    "created": "`migrate` and `upgrade` from nothing give the same schema as `create_all`",
    "quiet": "`check` then finds nothing, and nothing after the change's upgrade",
    "changed": "`migrate` sees the change, and its `upgrade` gives the same schema as `create_all` of the new models",
    "rows": "all rows are there after that upgrade, with the right values",
    "back": "`downgrade` gives the former schema back, and after the last one nothing is left",
}
"""The parts of the law, and what must hold."""
