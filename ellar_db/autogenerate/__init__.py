"""What autogenerate finds beyond Alembic's own comparison, and how its operations are written."""
