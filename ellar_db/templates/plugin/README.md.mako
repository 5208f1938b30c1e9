# ${package.name}

A plugin of [ellar_db](https://pypi.org/project/ellar-db/): it adds the command `ellar db ${package.command}`, and prints
after each run how many revisions ran.

Install it from this folder, into the environment of ellar_db:

    pip install .

Use it:

    $ ellar db ${package.command}
    default: sqlite:///app.db

Develop it in this folder:

    pip install -e ".[test]"
    pytest
