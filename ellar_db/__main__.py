"""`python -m ellar_db`: the same program as the console script `ellar-db`."""

from ellar_db.cli import main

if __name__ == "__main__":
    main()
