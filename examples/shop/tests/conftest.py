"""What the tests share: the kit for plugins, and the ready-made tests of the migrations."""

pytest_plugins = ["ellar_db.testing", "ellar_db.testing.migrations"]
