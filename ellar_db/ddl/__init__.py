"""Statements that change a schema, read from their text."""
