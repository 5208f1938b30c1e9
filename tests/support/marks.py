"""Marks for tests that need what isn't always installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_ellar = pytest.mark.skipif(find_spec("ellar") is None, reason="Ellar isn't installed")
