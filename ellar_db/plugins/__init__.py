from ellar_db.util.moved import formerly

__getattr__ = formerly(__name__)
