"""What PostgreSQL's catalogs say of indexes, and of how rows are numbered."""
