"""The databases of a group: where each is, and running a command on all of them, many at a time."""
