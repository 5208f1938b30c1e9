"""How ellar_db and five other plugin hosts handle the same faults and requests, each host run for real.

Each host is installed by pip into a separate virtual environment. To Python the plugins look installed: a module each,
and the metadata that entry points are read from. A cell says what the processes did; a dash means that the host
documents no way to do it.

usage: python benchmarks/platforms.py [--only datasette,ellar-db] [--keep FOLDER] [--conda SOURCE]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from hosts import CONDA, HOSTS, Host, failing

BROKEN = "raise RuntimeError('boom')\n"
TRACE = re.compile(r"Traceback \(most recent call last\)|^\S+\.py:\d+: in ", re.MULTILINE)
# locations in a traceback, and pytest's list of its plugins, don't count as naming the faulty one
NO_NAMING = re.compile(r'File "|\.py:\d+|^plugins: ')


@dataclass(frozen=True)
class Installed:
    """A plugin, installed as acme-NAME, with the entry point NAME-entry and the module NAME_code.

    Args:
        name: The name.
        source: Its code, without the imports.
        metadata: More lines of its metadata.
    """

    name: str
    source: str
    metadata: str = ""

    def write(self, site: Path, host: Host) -> None:
        """Write it into the folder of installed packages."""
        info = site / f"acme_{self.name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{self.name}\nVersion: 1.0\n{self.metadata}")
        (info / "entry_points.txt").write_text(f"[{host.group}]\n{self.name}-entry = {self.name}_code\n")
        (site / f"{self.name}_code.py").write_text(host.imports + self.source)


@dataclass(frozen=True)
class Outcome:
    """The result of a process.

    Args:
        code: Its exit code.
        stdout: Its standard output.
        said: Standard output and standard error.
    """

    code: int
    stdout: str
    said: str

    @property
    def end(self) -> str:
        """How it ended."""
        return f"exit {self.code}{', stack trace' if TRACE.search(self.said) else ''}"

    def whom(self, name: str) -> str:
        """Return how it names the faulty plugin, or nothing."""
        lines = "\n".join(line for line in self.said.splitlines() if not NO_NAMING.search(line))
        names = {f"acme-{name}": "distribution", f"{name}-entry": "entry point", f"{name}_code": "module"}
        return next((what for text, what in names.items() if text in lines), "")

    def told(self, name: str) -> str:
        """Return how it ended, and how it names a plugin."""
        what = self.whom(name)
        return f"{self.end}, {f'names the {what}' if what else 'names nobody'}"


@dataclass(frozen=True)
class Bench:
    """A host that is installed.

    Args:
        host: The host.
        folder: Its virtual environment.
    """

    host: Host
    folder: Path

    def command(self, line: str) -> list[str]:
        """Return the command of a program in the environment."""
        program, *arguments = line.split()
        return [str(self.folder / ("Scripts" if os.name == "nt" else "bin") / program), *arguments]

    def install(self, conda: str) -> bool:
        """Create the environment unless it exists, and return whether it exists now."""
        if (self.folder / "ready").exists():
            return True
        print(f"... installing {self.host.name}", file=sys.stderr)
        venv.create(self.folder, with_pip=True, clear=True)
        for line in self.host.installs:
            arguments = [conda if argument == "SOURCE" else argument for argument in line.split()]
            if subprocess.run([*self.command("python -m pip install --quiet"), *arguments], check=False).returncode:
                print(f"left out: {self.host.name}, which pip could not install", file=sys.stderr)
                return False
        (self.folder / "ready").touch()
        return True

    @property
    def title(self) -> str:
        """The host's name and version."""
        code = f"from importlib.metadata import version; print(version('{self.host.name}'))"
        version = subprocess.check_output([*self.command("python -c"), code], text=True).strip()
        return f"{self.host.name} {version}"

    def typed(self, name: str) -> str:
        """Return the command line for a plugin's command."""
        return self.host.typed.replace("COMMAND", name)

    def giving(self, name: str, command: str = "") -> Installed:
        """Return a plugin with a command, by default with the plugin's name."""
        return Installed(name, self.host.gives.replace("COMMAND", command or name))

    def run(self, line: str, *plugins: Installed, files: Mapping[str, str] | None = None) -> Outcome:
        """Run the host with plugins, in a separate project."""
        foreign = ("PYTEST", "TOX", "LLM_", "DATASETTE", "CONDA", "ELLAR")
        env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        words = line.split()
        variables = dict(word.split("=", 1) for word in takewhile(re.compile("[A-Z_]+=").match, words))
        with tempfile.TemporaryDirectory(prefix="platforms-") as name:
            project, site = Path(name, "project"), Path(name, "site")
            project.mkdir()
            content = {"tox.ini": "[tox]\nenv_list = a\n", "test_it.py": "def test_it(): pass\n", **(files or {})}
            for file, text in content.items():
                (project / file).write_text(text)
            for plugin in plugins:
                plugin.write(site, self.host)
            env |= {"HOME": name, "NO_COLOR": "1", "COLUMNS": "300", "PYTHONPATH": str(site), **variables}
            done = subprocess.run(
                [*self.command(self.host.program), *words[len(variables) :]],
                cwd=project,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        return Outcome(done.returncode, done.stdout, done.stdout + done.stderr)

    def way(self, name: str, *plugins: Installed) -> Outcome:
        """Run one of the host's command lines."""
        return self.run(self.host.ways[name], *plugins)

    def others(self, *plugins: Installed) -> str:
        """Return whether another plugin's command works together with these."""
        outcome = self.run(self.typed("fine"), *plugins, self.giving("fine"))
        works = outcome.code == 0 and "fine of fine_code" in outcome.said
        return f"others {'work' if works else 'do NOT work'}"

    def mishap(self, source: str, line: str) -> str:
        """Return what the host does if a plugin is faulty, and whether the others work."""
        culprit = Installed("culprit", source)
        return f"{self.run(line, culprit, self.giving('fine')).told('culprit')}; {self.others(culprit)}"


def misspelt(bench: Bench) -> str:
    """Let a plugin have a hook that doesn't exist."""
    return bench.mishap(failing(f"{bench.host.asked.partition('(')[0][:-1]}()", "pass"), bench.typed("fine"))


def wrong_argument(bench: Bench) -> str:
    """Let a plugin's hook have an argument that the hook doesn't have."""
    return bench.mishap(failing(f"{bench.host.asked.partition('(')[0]}(nothing)", "return []"), bench.typed("fine"))


def late(bench: Bench) -> str:
    """Let a hook fail that a built-in command calls."""
    return bench.run(bench.host.works, Installed("culprit", failing(bench.host.late))).told("culprit")


def own_command(bench: Bench) -> str:
    """Let a plugin's own command fail."""
    source = bench.giving("culprit").source.replace("{__name__}", "{1 / 0}")
    return bench.run(bench.typed("culprit"), Installed("culprit", source)).told("culprit")


def one_name(bench: Bench) -> str:
    """Let two plugins provide the same command, or the same option if the host has no commands."""
    rivals = [bench.giving("one", "seed"), bench.giving("two", "seed")]
    outcome = bench.run(bench.typed("seed"), *rivals)
    if outcome.code == 0:
        silent = "" if outcome.whom("one") == outcome.whom("two") == "distribution" else ", silently"
        said = f"runs one of them{silent}"
    else:
        named = sum(outcome.whom(rival.name) == "distribution" for rival in rivals)
        cure = "says" if re.search(r"choose|leave one|make sure", outcome.said) else "says NO"
        said = f"{outcome.end}, names {named} of 2, {cure} cure"
    return f"{said}; {bench.others(*rivals)}"


def replaced(bench: Bench) -> str:
    """Replace a built-in command, and call it."""
    fine = bench.giving("fine")
    plain = [line for line in bench.way("replaced", fine).stdout.splitlines() if len(line.strip()) > 15]
    outcome = bench.way("replaced", Installed("culprit", bench.host.plugins["replaced"]), fine)
    original = any(line in outcome.stdout for line in plain)
    if "instead" in outcome.stdout:
        return f"works, the original {'too' if original else 'NOT'}"
    return f"refused, {outcome.told('culprit')}; the original {'works' if original else 'does NOT work'}"


def option(bench: Bench) -> str:
    """Add an option to built-in commands."""
    source = bench.host.plugins.get("option", bench.giving("fine").source)
    outcome = bench.way("option", Installed("culprit", source))
    return "works" if outcome.code == 0 and "fine of" in outcome.said else outcome.told("culprit")


def without(bench: Bench, how: str) -> str:
    """Disable a broken plugin, and return whether it is still imported and another plugin works."""
    plugins = Installed("culprit", BROKEN), bench.giving("fine")
    outcome = bench.run(f"{bench.host.ways[how]} {bench.typed('fine')}", *plugins)
    imported = "imported ALL THE SAME" if "boom" in outcome.said else "not imported"
    works = outcome.code == 0 and "fine of fine_code" in outcome.said
    return f"{imported}; others {'work' if works else 'do NOT work'}"


def listed(bench: Bench) -> str:
    """List the plugins."""
    hook = bench.host.late.partition("(")[0]
    said = bench.way("list", Installed("fine", failing(bench.host.late, "pass"))).stdout
    row = said[said.find("acme-fine") :] if "acme-fine" in said else ""
    shown = {"distribution": "acme-fine", "version": "1.0", "hooks": re.sub("^(conda|ellar_db)_", "", hook)}
    return ", ".join(what for what, text in shown.items() if text in row) or "nothing"


def listed_broken(bench: Bench) -> str:
    """List the plugins while one is broken."""
    outcome = bench.way("list", Installed("culprit", BROKEN), bench.giving("fine"))
    return f"{outcome.told('culprit')}; others {'' if 'acme-fine' in outcome.stdout else 'NOT '}listed"


def as_json(bench: Bench) -> str:
    """List the plugins as JSON."""
    return ", ".join(json.loads(bench.way("json", bench.giving("fine")).stdout)[-1])


def call_order(bench: Bench) -> str:
    """List the implementations of a hook, several times, and compare the order with that of the calls."""
    body = f"def {bench.host.late}:\n    print(f'called {{__name__}}')\n"
    marks = {"one": "", "two": "tryfirst=True", "three": "", "four": "trylast=True"}
    plugins = [Installed(name, f"@hookimpl({mark})\n{body}") for name, mark in marks.items()]
    for _ in range(5):
        called = re.findall(r"called (\w+)_code", bench.run(bench.host.works, *plugins).said)
        rows = list(dict.fromkeys(re.findall(r"acme-(\w+)", bench.way("hooks", *plugins).stdout)))
        if called != rows:
            return f"{len(rows)} of {len(called)}, NOT in call order"
    return "all, in call order"


def checked(bench: Bench) -> str:
    """Check the plugins."""
    sound = bench.way("check", bench.giving("fine"))
    return f"{sound.end} where all is sound, else {bench.way('check', Installed('culprit', BROKEN)).told('culprit')}"


def timings(bench: Bench) -> str:
    """Show how long each plugin took to load."""
    return (
        "each plugin" if re.search(r"acme-fine.* \d+\.\d", bench.way("timings", bench.giving("fine")).stdout) else "NO"
    )


def traced(bench: Bench) -> str:
    """Trace the hook calls: the line of a call, and the few lines below it."""
    hook = bench.host.late.partition("(")[0]
    lines = bench.way("trace", Installed("fine", failing(bench.host.late, "pass"))).said.splitlines()
    near = "\n".join("\n".join(lines[place : place + 5]) for place, line in enumerate(lines) if hook in line)
    shown = {"calls": hook, "who answers": "acme-fine|fine-entry|fine_code", "times": r"\d ms"}
    return ", ".join(what for what, pattern in shown.items() if re.search(pattern, near)) or "NOTHING"


def newer_host(bench: Bench) -> str:
    """Let a plugin's metadata require a newer host."""
    source = bench.giving("culprit").source
    outcome = bench.run(
        bench.typed("culprit"), Installed("culprit", source, f"Requires-Dist: {bench.host.name}>=999\n")
    )
    return "loaded, NOTHING said" if "culprit of" in outcome.said else outcome.told("culprit")


def newer_hooks(bench: Bench) -> str:
    """Let a plugin declare that it was written for newer hooks."""
    return bench.mishap(bench.host.plugins["newer"] + bench.giving("culprit").source, bench.host.ways["newer"])


def required(bench: Bench) -> str:
    """Let the project require a plugin that isn't installed."""
    return bench.run(bench.host.ways["required"], files=bench.host.demands).told("absent")


# the question, the command line or plugin that it needs, and the function that answers it
QUESTIONS: list[tuple[str, str, Callable[[Bench], str]]] = [
    ("a plugin's import raises: `--help`", "", lambda bench: bench.mishap(BROKEN, "--help")),
    ("its import ends the program: `--help`", "", lambda bench: bench.mishap("raise SystemExit(3)\n", "--help")),
    ("a hook that doesn't exist", "", misspelt),
    ("an argument that the hook doesn't have", "", wrong_argument),
    ("the hook for commands raises", "", lambda bench: bench.mishap(failing(bench.host.asked), bench.typed("fine"))),
    (
        "the hook for options raises",
        "options",
        lambda bench: bench.mishap(bench.host.plugins["options"], bench.typed("fine")),
    ),
    ("a hook raises during a built-in command", "", late),
    ("its own command raises", "", own_command),
    ("two plugins give one command or option", "", one_name),
    ("replace a built-in command, and call it", "replaced", replaced),
    ("add an option to built-in commands", "option", option),
    ("one run without a broken plugin", "without", lambda bench: without(bench, "without")),
    ("one run with none but these", "only", lambda bench: without(bench, "only")),
    ("list of plugins shows", "list", listed),
    ("list where one is broken", "list", listed_broken),
    ("list as JSON", "json", as_json),
    ("list of those who answer a hook", "hooks", call_order),
    ("check of the plugins", "check", checked),
    ("list of load times", "timings", timings),
    ("trace of hooks shows", "trace", traced),
    ("its metadata requires a newer host", "", newer_host),
    ("it is written for newer hooks", "newer", newer_hooks),
    ("a required plugin is absent", "required", required),
]


def table(benches: Sequence[Bench]) -> None:
    """Ask each host every question, and print a line for each question."""
    print("| |", " | ".join(bench.title for bench in benches), "|")
    print("|---|" + "---|" * len(benches))
    for title, way, ask in QUESTIONS:
        print(f"... {title}", file=sys.stderr)
        cells = [ask(bench) if bench.host.has(way) else "-" for bench in benches]
        print(f"| {title} |", " | ".join(cells), "|", flush=True)


def main() -> None:
    """Install the hosts and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(host.name for host in HOSTS), help="the hosts")
    parser.add_argument("--keep", type=Path, help="the folder in which the environments are kept for reuse")
    parser.add_argument("--conda", default=CONDA, help="the source from which pip installs conda")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="platforms-") as work:
        folder = (given.keep or Path(work)).resolve()
        benches = [Bench(host, folder / host.name) for host in HOSTS if host.name in given.only.split(",")]
        table([bench for bench in benches if bench.install(given.conda)])


if __name__ == "__main__":
    main()
