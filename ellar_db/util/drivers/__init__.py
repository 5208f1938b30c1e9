"""Private names of database drivers."""
