"""What changes of a schema lock, and what work they do meanwhile, for each kind of server."""
