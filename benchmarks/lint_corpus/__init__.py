"""Revisions that look dangerous and aren't, and the other way round, with what they do to programs that wait."""

from __future__ import annotations

from benchmarks.lint_corpus import columns, constraints, hidden, indexes, on_mariadb, others, partitions, rows, types
from benchmarks.lint_corpus.case import Case

CASES: tuple[Case, ...] = tuple(
    case
    for group in (columns, types, constraints, indexes, rows, hidden, partitions, others, on_mariadb)
    for case in group.CASES
)
"""All cases, those of PostgreSQL first."""
