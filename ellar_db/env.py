"""What a migrations folder's env.py imports; this import path won't change.

`run` does everything that an env.py does; `database_names` and `import_lines` are for the template of revisions.
"""

from ellar_db.autogenerate.imports import import_lines
from ellar_db.runtime.environment import database_names, run

__all__ = ["database_names", "import_lines", "run"]
