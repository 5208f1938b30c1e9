"""Comparisons beyond those of Alembic: what the models say, as the database restates it."""
