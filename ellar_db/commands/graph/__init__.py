"""The command `graph`, and the pictures that it draws."""
