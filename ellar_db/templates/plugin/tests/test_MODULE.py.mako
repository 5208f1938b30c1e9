"""${package.name}, in a project of its own."""
