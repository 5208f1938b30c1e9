"""What a migrations folder's env.py imports; this import path won't change.

`run` does everything that an env.py does, and `database_names` is for the template of revisions.
"""

from ellar_db.runtime.environment import database_names, run

__all__ = ["database_names", "run"]
