"""What the statements of a revision do to tables that other programs use, as the server shows it."""
