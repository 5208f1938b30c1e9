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

# ellar_db finds installed plugins by this entry point; commands go on if it can't be loaded. A plugin that restrains or
# supplies something (ellar_db_before_run, ellar_db_include_name, ellar_db_databases ...) must not be missing: then the
# group is [project.entry-points.ellar_db]
[project.entry-points."ellar_db.optional"]
${package.command} = "${package.module}"

[project.optional-dependencies]
test = ["ellar-db[testing]"]

[tool.hatch.build.targets.wheel]
only-include = ["${package.module}.py"]

[tool.pytest.ini_options]
testpaths = ["tests"]
