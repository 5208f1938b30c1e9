"""What the tests stand on: ellar_db's own kit."""

pytest_plugins = ["ellar_db.testing"]
