"""What a user may do on a kind of database, and through which session."""
