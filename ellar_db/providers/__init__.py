"""Built-in plugins that supply databases and the migrations folder."""
