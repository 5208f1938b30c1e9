"""Use ellar_db's test kit."""

pytest_plugins = ["ellar_db.testing"]
