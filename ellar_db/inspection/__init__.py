"""What databases, the history of revisions and scratch databases have in common, and in what they differ."""
