"""Where databases are, for programs that act on it. It reads them as `fleet/` does, and so is above that."""
