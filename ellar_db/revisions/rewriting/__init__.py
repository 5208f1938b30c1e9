"""Files that are rewritten: a folder that moves in, and revisions that follow another one."""
