"""The plugins of pytest that the suite uses."""

from __future__ import annotations

pytest_plugins = ["ellar_db.testing", "pytester", "tests.support.fixtures"]
