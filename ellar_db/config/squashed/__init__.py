"""Revisions that one revision has replaced: where their files are, and which databases need them."""
