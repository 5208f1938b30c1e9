"""Revisions that are tried on scratch databases."""
