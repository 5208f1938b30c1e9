"""What is in order, and what is wrong, with all that a command needs."""
