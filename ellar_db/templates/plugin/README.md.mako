# ${package.name}

A plugin of [ellar_db](https://pypi.org/project/ellar-db/): it adds the command `ellar db ${package.command}`, and says
after each run how many revisions there were.

Install it beside ellar_db, from this folder:

    pip install .

Use it:

    $ ellar db ${package.command}
    default: sqlite:///app.db

Work on it, from this folder:

    pip install -e ".[test]"
    pytest
