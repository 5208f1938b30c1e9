# Alembic's settings for this folder. `ellar db` and bare `alembic -c` both read them.
# The databases are configured in the application, or in [tool.ellar-db] of pyproject.toml.

[alembic]
script_location = %(here)s

# prepended to sys.path, so that bare `alembic`, run in the project's folder, finds the application
prepend_sys_path = .
path_separator = os

# names of new files; see Alembic's documentation for all tokens
# file_template = %%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d-%%(rev)s_%%(slug)s
# truncate_slug_length = 40

# time zone of the date in new files, such as UTC or Europe/Vienna; by default local time
# timezone =

# look for revisions in subfolders of versions/ too
# recursive_version_locations = false

# folders of revisions, separated according to path_separator
# version_locations = %(here)s/versions

# programs that run on new revision files; see Alembic's documentation
# [post_write_hooks]
# hooks = ruff_check, ruff_format
# ruff_check.type = module
# ruff_check.module = ruff
# ruff_check.options = check --fix --exit-zero --quiet REVISION_SCRIPT_FILENAME
# ruff_format.type = module
# ruff_format.module = ruff
# ruff_format.options = format --quiet REVISION_SCRIPT_FILENAME

# logging of bare `alembic`; `ellar db` leaves the application's own logging unchanged
[loggers]
keys = root,alembic,ellar_db

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console
qualname =

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[logger_ellar_db]
level = INFO
handlers =
qualname = ellar_db

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
datefmt = %H:%M:%S
