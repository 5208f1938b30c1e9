# ${package.name}

A plugin of [ellar_db](https://pypi.org/project/ellar-db/): it adds the command `ellar db ${package.command}`, and says
after each run how many revisions were applied.

Install it beside ellar_db:

    pip install ${package.name}

Use it:

    $ ellar db ${package.command}
    default: sqlite:///app.db

Work on it, from this folder:

    pip install -e ".[test]"
    pytest
