"""Revisions that are run on scratch databases, to see what they would do to other programs."""
