[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "${package.name}"
version = "0.1.0"
description = "A plugin of ellar_db"
readme = "README.md"
requires-python = ">=3.10"
dependencies = ["ellar-db"]

# ellar_db finds installed plugins by this entry point, and writes nothing when it can't load one of them;
# for a plugin that only adds commands, options, templates or names of revisions, and may be missing, the group is
# [project.entry-points."ellar_db.optional"]
[project.entry-points.ellar_db]
${package.command} = "${package.module}"

[project.optional-dependencies]
test = ["ellar-db[testing]"]

[tool.hatch.build.targets.wheel]
only-include = ["${package.module}.py"]

[tool.pytest.ini_options]
testpaths = ["tests"]
