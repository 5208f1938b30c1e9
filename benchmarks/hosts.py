"""The plugin hosts that `platforms.py` compares: how each is installed, queried, and given a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# between 26.7.1 and the next release: the first commit with `conda plugins list`
CONDA = "conda @ git+https://github.com/conda/conda@0f64223fb8da4328457a69fe6483959dbb783152"
# its dependencies except menuinst, which isn't on PyPI and isn't used here
CONDA_NEEDS = (
    "archspec backports.zstd boltons charset-normalizer conda-package-handling distro frozendict msgpack packaging "
    "platformdirs pluggy pycosat requests<3 ruamel.yaml setuptools tqdm truststore"
)


@dataclass(frozen=True)
class Host:
    """A plugin host. A command line may begin with environment variables, as in `NAME=value plugins`.

    Args:
        name: Its distribution.
        group: Its group of entry points.
        program: The program that runs it, in its environment.
        installs: The arguments of each pip run.
        imports: The first lines of a plugin.
        gives: A plugin that provides COMMAND, which prints the module that provides it.
        asked: The hook for commands, with its parameters.
        late: A hook that is called while a built-in command runs, with its parameters.
        works: That built-in command.
        ways: The command lines for the other questions that the host supports.
        plugins: Plugins for these.
        typed: How a plugin's command is called.
        demands: The file that requires a plugin, and its text.
    """

    name: str
    group: str
    program: str
    installs: tuple[str, ...]
    imports: str
    gives: str
    asked: str
    late: str
    works: str
    ways: Mapping[str, str]
    plugins: Mapping[str, str] = field(default_factory=dict)
    typed: str = "COMMAND"
    demands: Mapping[str, str] = field(default_factory=dict)

    def has(self, way: str) -> bool:
        """Return whether the host has a command line or a plugin for a question, or the question needs none."""
        return not way or way in self.ways or way in self.plugins


def failing(hook: str, body: str = "raise ZeroDivisionError('boom')") -> str:
    """Return a plugin with one hook, by default one that fails."""
    return f"@hookimpl\ndef {hook}:\n    {body}\n"


def click_host(name: str, install: str, late: str, works: str, ways: Mapping[str, str]) -> Host:
    """Return datasette or llm, which pass their click group to the plugins."""
    return Host(
        name,
        name,
        name,
        (install,),
        f"import click\nfrom {name} import hookimpl\n",
        "@hookimpl\ndef register_commands(cli):\n    @cli.command('COMMAND')\n    def given():\n"
        "        click.echo(f'COMMAND of {__name__}')\n",
        "register_commands(cli)",
        late,
        works,
        {"list": "plugins", "json": "plugins", "replaced": "plugins", **ways},
        {
            "replaced": "@hookimpl\ndef register_commands(cli):\n    replaced = cli.commands['plugins']\n"
            "    @cli.command('plugins')\n    @click.pass_context\n    def ours(ctx):\n"
            "        click.echo('instead')\n        ctx.invoke(replaced)\n"
        },
    )


HOSTS = [
    click_host(
        "datasette",
        "datasette>=1.0a41",
        "startup(datasette)",
        "--get /-/versions.json",
        {"only": "DATASETTE_LOAD_PLUGINS=acme-fine", "trace": "DATASETTE_TRACE_PLUGINS=1 --get /-/versions.json"},
    ),
    click_host(
        "llm",
        "llm",
        "register_models(register)",
        "models",
        {"only": "LLM_LOAD_PLUGINS=acme-fine", "hooks": "plugins --hook register_models"},
    ),
    Host(
        "pytest",
        "pytest11",
        "python -m pytest -s",
        ("pytest",),
        "from pytest import hookimpl\n",
        "@hookimpl\ndef pytest_addoption(parser):\n    parser.addoption('--COMMAND', action='store_true')\n"
        "@hookimpl\ndef pytest_report_header(config):\n"
        "    return f'COMMAND of {__name__}' if config.getoption('COMMAND') else None\n",
        "pytest_addoption(parser)",
        "pytest_collection_modifyitems(items)",
        "-q",
        {
            "without": "-p no:culprit-entry",
            "only": "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 -p fine-entry",
            "list": "--trace-config",
            "trace": "PYTEST_DEBUG=1",
            "replaced": "--markers",
            "option": "--fine",
            "required": "-o required_plugins=acme-absent",
        },
        {
            "replaced": "@hookimpl(wrapper=True)\ndef pytest_cmdline_main(config):\n    print('instead')\n"
            "    return (yield)\n",
            "options": failing("pytest_addoption(parser)"),
        },
        typed="--COMMAND",
    ),
    Host(
        "tox",
        "tox",
        "tox",
        ("tox",),
        "from tox.plugin import impl as hookimpl\n",
        "def given(state):\n    print(f'COMMAND of {__name__}')\n    return 0\n"
        "@hookimpl\ndef tox_add_option(parser):\n    parser.add_command('COMMAND', [], 'given', given)\n",
        "tox_add_option(parser)",
        "tox_add_core_config(core_conf)",
        "list",
        {
            "without": "TOX_DISABLED_EXTERNAL_PLUGINS=culprit-entry",
            "list": "--version",
            "replaced": "list",
            "option": "list --ticket one",
            "required": "--no-provision list",
        },
        {
            "replaced": "def given(state):\n    print('instead')\n    return 0\n"
            "@hookimpl\ndef tox_add_option(parser):\n    parser.add_command('list', [], 'given', given)\n",
            "option": "@hookimpl\ndef tox_add_option(parser):\n    parser.add_argument('--ticket', default='')\n"
            "@hookimpl\ndef tox_add_core_config(state):\n    print('fine of', state.conf.options.ticket)\n",
            "options": failing("tox_add_option(parser)"),
        },
        demands={"tox.ini": "[tox]\nrequires = acme-absent\n"},
    ),
    Host(
        "conda",
        "conda",
        "python -m conda",
        (CONDA_NEEDS, "--no-deps SOURCE"),
        "from conda.plugins import hookimpl\nfrom conda.plugins.types import CondaSubcommand\n",
        "def given(arguments):\n    print(f'COMMAND of {__name__}')\n    return 0\n"
        "@hookimpl\ndef conda_subcommands():\n"
        "    yield CondaSubcommand(name='COMMAND', summary='given', action=given)\n",
        "conda_subcommands()",
        "conda_pre_commands()",
        "info",
        {"without": "--no-plugins", "list": "plugins list", "json": "plugins list --json", "replaced": "info"},
        {
            "replaced": "def given(arguments):\n    print('instead')\n    return 0\n"
            "@hookimpl\ndef conda_subcommands():\n"
            "    yield CondaSubcommand(name='info', summary='given', action=given)\n"
        },
    ),
    Host(
        "ellar-db",
        "ellar_db",
        "ellar-db",
        (str(Path(__file__).resolve().parent.parent),),
        "import click\nfrom ellar_db import OverridingCommand, hookimpl, plugin_option\n",
        "@click.command('COMMAND')\ndef given():\n    click.echo(f'COMMAND of {__name__}')\n"
        "@hookimpl\ndef ellar_db_register_commands():\n    yield given\n",
        "ellar_db_register_commands()",
        "ellar_db_directory()",
        "heads",
        {
            "without": "ELLAR_DB_DISABLE_PLUGINS=acme-culprit",
            "only": "ELLAR_DB_LOAD_PLUGINS=acme-fine",
            "list": "plugins",
            "json": "plugins --json",
            "hooks": "plugins --hooks",
            "check": "plugins --check",
            "timings": "plugins --timings",
            "trace": "ELLAR_DB_TRACE_PLUGINS=1 heads",
            "replaced": "list-templates",
            "option": "list-templates --ticket one",
            "newer": "fine",
            "required": "heads",
        },
        {
            "replaced": "@click.command('list-templates', cls=OverridingCommand)\n@click.pass_context\n"
            "def ours(ctx, **_):\n    click.echo('instead')\n    ctx.command.call_replaced(ctx)\n"
            "@hookimpl\ndef ellar_db_register_commands():\n    yield ours\n",
            "option": "@hookimpl\ndef ellar_db_command_options(command):\n    yield click.Option(['--ticket'])\n"
            "@hookimpl(wrapper=True)\ndef ellar_db_invoke(ctx, command):\n"
            "    click.echo(f'fine of {plugin_option(\"ticket\")}')\n    return (yield)\n",
            "options": failing("ellar_db_command_options(command)"),
            "newer": "ELLAR_DB_API = '99.0'\n",
        },
        demands={"pyproject.toml": "[tool.ellar-db]\nrequired-plugins = ['acme-absent']\n"},
    ),
]
