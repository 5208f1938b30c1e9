"""Which of the tests only `make faults` runs."""

from __future__ import annotations

import os

# servers list prepared transactions of all their databases, so that other two-phase tests at the same time disturb it
collect_ignore = [] if "ELLAR_DB_FAULTS" in os.environ else ["test_two_phase_kills.py"]
