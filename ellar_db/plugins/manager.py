"""The plugins: built-ins; installed packages and the project's own modules, whose errors are handled one by one."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from operator import itemgetter
from typing import Any, TypeVar

import click
import pluggy

from ellar_db import hookspecs
from ellar_db.options import tracebacks_wanted
from ellar_db.plugins.blame import name_in_errors
from ellar_db.plugins.builtin import BUILTINS, built_in
from ellar_db.plugins.discovery import installed, names_in, normal_name, project_module
from ellar_db.plugins.faults import (
    API_ATTRIBUTE,
    IncompatibleError,
    NotOptionalError,
    SameModuleError,
    UnknownHookError,
    cause,
    check_api,
    place,
    refusal,
    refuse_restraining,
    refuse_unmarked,
    refuse_unrunnable,
)
from ellar_db.plugins.record import BUILT_IN, DISABLE, INSTALLED, PROJECT, UNUSABLE, Plugin, leaving_out, recorded
from ellar_db.plugins.requirements import chosen_plugin, rivalry, unmet
from ellar_db.project.env_files import use
from ellar_db.project.folder import working_directory
from ellar_db.project.keys import KEYS
from ellar_db.project.settings import Settings, read_settings, settings_state
from ellar_db.util.errors import DbError, in_one_line, stack_trace
from ellar_db.util.masking import masked, say
from ellar_db.version import __version__

T = TypeVar("T")

GROUP = hookspecs.PROJECT

DISTRIBUTION = "ellar-db"

WRAPPED = ("ellar_db_invoke", "ellar_db_run", "ellar_db_step")
"""Hooks whose implementations wrap what happens."""

WARNED = "ellar_db.warned"
"""Key in the context of a command that has warned of the plugins that can't be used."""

_active: ContextVar[PluginManager | None] = ContextVar("ellar_db_active_manager", default=None)


class PluginManager(pluggy.PluginManager):
    """pluggy's manager, which also keeps a record of each plugin and calls one plugin at a time.

    Args:
        settings: The project's settings.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(GROUP)
        self.settings = settings
        self.records: list[Plugin] = []
        self.traced = False
        self._askers: dict[str, list[tuple[Plugin, Callable[..., Any], bool]]] = {}
        self._made: dict[str, Any] = {}
        # of the plugin that is being registered
        self._hooks: list[str] = []
        self._built_in = False
        self.add_hookspecs(hookspecs)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """Return the options of a hook's implementation, as pluggy does; skip what can't be one.

        Those are attributes that Python itself adds; and of the built-ins, whose modules pluggy would look through
        for longer than it takes to import them, what isn't named like a hook.
        """
        if name.startswith("__") or (self._built_in and not name.startswith(GROUP)):
            return None
        options = super().parse_hookimpl_opts(plugin, name)
        if options is not None:
            self._hooks.append(str(options.get("specname") or name))
        return options

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Register a plugin, as pluggy does; errors of its wrappers will name it."""
        self._askers.clear()
        self._made.clear()
        self._hooks, self._built_in = [], name is not None and recorded(self.records, name).kind == BUILT_IN
        registered = super().register(plugin, name)
        if registered is not None:
            record = recorded(self.records, registered)
            record.hooks = sorted(set(self._hooks))
            for hook_name in record.hooks:
                for impl in getattr(self.hook, hook_name).get_hookimpls():
                    if impl.plugin is plugin and (impl.wrapper or impl.hookwrapper):
                        name_in_errors(impl, record, hook_name)
        return registered

    def unregister(self, plugin: object | None = None, name: str | None = None) -> Any:
        """Unregister a plugin, as pluggy does."""
        self._askers.clear()
        self._made.clear()
        return super().unregister(plugin, name)

    def answers(
        self,
        hook_name: str,
        /,
        only: Plugin | None = None,
        failed: Callable[[Plugin, click.ClickException], None] | None = None,
        **arguments: Any,
    ) -> Iterator[tuple[Plugin, Any]]:
        """Call the plugins one by one, in call order, and yield (plugin, answer) for each answer that isn't None.

        The wrappers of a hook wrap each plugin's call.

        Args:
            hook_name: The hook.
            only: The one plugin to call, instead of all.
            failed: Called with a plugin that fails and its error, instead of raising it; the others are still called.
            arguments: The hook's arguments.

        Raises:
            PluginError: A plugin failed.
        """
        for plugin, ask, first_only in self._asked(hook_name):
            if only is not None and plugin is not only:
                continue
            token = _active.set(self)
            try:
                answer = plugin.guarded(hook_name, ask, arguments)
            except click.ClickException as error:
                if failed is None:
                    raise
                failed(plugin, error)
                continue
            finally:
                _active.reset(token)
            for one in [answer] if first_only else answer:
                if one is not None:
                    yield plugin, one

    def built_in_only(self, hook_name: str) -> list[Callable[[dict[str, Any]], Any]] | None:
        """Return functions that call a hook which only built-in plugins implement, or None if others do.

        Filters are called for each name and object of a schema, where what `answers` does for plugins that may fail
        takes longer than the built-ins themselves.

        Args:
            hook_name: The hook, whose implementations are no wrappers.
        """
        if self.traced or any(plugin.kind != BUILT_IN for plugin, _, _ in self._asked(hook_name)):
            return None
        impls = reversed(getattr(self.hook, hook_name).get_hookimpls())
        return [_direct(impl, first_only=True) for impl in impls]

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let `active_manager` return this manager in the block, wherever the working directory is by then."""
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)

    def once(self, key: str, make: Callable[[PluginManager], T]) -> T:
        """Return a value made from the plugins' answers; it is made on first use.

        Args:
            key: The key in the cache, which is cleared when a plugin is registered or unregistered.
            make: The function that makes the value, called with the manager.
        """
        if key not in self._made:
            self._made[key] = make(self)
        found: T = self._made[key]
        return found

    def _asked(self, hook_name: str) -> list[tuple[Plugin, Callable[..., Any], bool]]:
        """Return each plugin that implements a hook, with a function that calls only it; filters do so very often."""
        if hook_name not in self._askers:
            self._askers[hook_name] = self._make_askers(hook_name)
        return self._askers[hook_name]

    def _make_askers(self, hook_name: str) -> list[tuple[Plugin, Callable[..., Any], bool]]:
        caller = getattr(self.hook, hook_name)
        # without anything to wrap, wrappers are called alone: what they check must not depend on other plugins
        everyone = list(reversed(caller.get_hookimpls()))
        impls = [impl for impl in everyone if not (impl.hookwrapper or impl.wrapper)] or everyone[:1]
        first_only = bool(caller.spec.opts.get("firstresult"))
        askers = []
        for name in dict.fromkeys(impl.plugin_name for impl in impls):
            plugin = recorded(self.records, name)
            own = [impl for impl in impls if impl.plugin_name == name]
            if plugin.kind == BUILT_IN and len(own) == 1 and impls == everyone and not self.traced:
                # what pluggy would do around it takes ten times as long, for each name and object of a schema
                askers.append((plugin, _direct(own[0], first_only), first_only))
                continue
            ask = self.subset_hook_caller(hook_name, [impl.plugin for impl in impls if impl.plugin_name != name])
            askers.append((plugin, lambda arguments, ask=ask: ask(**arguments), first_only))  # type: ignore[misc]
        return askers

    def first(self, hook_name: str, /, **arguments: Any) -> tuple[Plugin, Any] | None:
        """Return the plugin whose answer counts, with the answer; None if no plugin answers.

        The project's own plugins come before installed ones, and these before built-in ones. Of installed ones only one
        may answer, or the one that `[tool.ellar-db.hooks]` names.

        Args:
            hook_name: The hook, one of which only one answer counts.
            arguments: The hook's arguments.

        Raises:
            DbError: Two installed plugins answered, or the choice of the project can't be used.
            PluginError: A plugin failed.
        """
        chosen = self.chosen(hook_name)
        found: tuple[Plugin, Any] | None = None
        for plugin, _, _ in self._asked(hook_name):
            if plugin.kind == INSTALLED and chosen not in (None, normal_name(plugin.distribution)):
                continue
            if found is not None and not found[0].rivals(plugin):
                continue
            for _, answer in self.answers(hook_name, only=plugin, **arguments):
                if found is not None:
                    raise DbError(rivalry(hook_name, found[0], plugin))
                found = plugin, answer
        return found

    def chosen(self, hook_name: str) -> str | None:
        """Return the distribution whose answer counts by `[tool.ellar-db.hooks]`, normalized; None without a choice.

        Args:
            hook_name: The hook.

        Raises:
            DbError: The choice of the project can't be used.
        """
        asked = [plugin for plugin, _, _ in self._asked(hook_name)]
        return chosen_plugin(hook_name, self.settings.mapping("hooks"), asked, self.records)

    def tell(
        self,
        hook_name: str,
        /,
        failed: Callable[[Plugin, click.ClickException], None] | None = None,
        **arguments: Any,
    ) -> None:
        """Call a hook that wants no answer.

        Args:
            hook_name: The hook.
            failed: Called with a plugin that fails or answers, and the error, instead of raising it; the others are
                still called.
            arguments: The hook's arguments.

        Raises:
            PluginError: A plugin failed, or answered.
        """
        for plugin, answer in self.answers(hook_name, failed=failed, **arguments):
            error = plugin.unwanted(hook_name, answer)
            if failed is None:
                raise error
            failed(plugin, error)

    def load(self, record: Plugin, loader: Callable[[], object]) -> None:
        """Import and register one plugin; any error is stored in its record."""
        self.records.append(record)
        started = time.perf_counter()
        try:
            # stdout is reserved for the output of commands: SQL, JSON
            with redirect_stdout(sys.stderr):
                plugin = loader()
            self._register(plugin, record)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may raise anything at import, SystemExit too
            self.discard(record, error)
        record.load_ms = (time.perf_counter() - started) * 1000

    def _register(self, plugin: object, record: Plugin) -> None:
        if isinstance(plugin, type):
            raise DbError("the entry point names a class; name a module, or an instance")
        check_api(getattr(plugin, API_ATTRIBUTE, None))
        twin = next((name for name, other in self.list_name_plugin() if other is plugin), None)
        if twin is not None:
            raise SameModuleError(twin)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self.register(plugin, name=record.name)
        except BaseException:
            self.unregister(name=record.name)
            raise
        for message in dict.fromkeys(str(warning.message) for warning in caught):
            say(f"Warning: the plugin {record.title} uses what will go away: {message}", err=True)
        for caller in [getattr(self.hook, name) for name in record.hooks]:
            for impl in caller.get_hookimpls():
                if impl.plugin is not plugin:
                    continue
                if not caller.has_spec() and not impl.optionalhook:
                    raise UnknownHookError(caller.name)
                refuse_unrunnable(caller.name, impl)
                if caller.name in WRAPPED and record.kind != BUILT_IN and not impl.wrapper:
                    raise DbError(f"its {caller.name} must be marked with @hookimpl(wrapper=True), and yield once")
        if not record.hooks:
            raise DbError("it has no function marked with @hookimpl")
        refuse_unmarked(plugin, self)
        refuse_restraining(record)

    def discard(self, record: Plugin, error: BaseException, doing: str = "") -> None:
        """Unregister a plugin completely, and record why.

        Args:
            record: The plugin.
            error: What it raised.
            doing: The hook that failed, if any.
        """
        record.state = "incompatible" if isinstance(error, IncompatibleError) else "broken"
        record.error = masked(in_one_line(f"{f'{doing}: ' if doing else ''}{cause(error, self)}"))
        record.where = place(error)
        if isinstance(error, (NotOptionalError, SameModuleError)):
            record.restrains = isinstance(error, NotOptionalError)
        if self.has_plugin(record.name):
            self.unregister(name=record.name)
        if tracebacks_wanted():
            click.echo(stack_trace(error), err=True, nl=False)
        self._warn(record)

    def remind(self) -> None:
        """Warn of the plugins that restrain and can't be used, unless this command has warned of them already."""
        ctx = click.get_current_context(silent=True)
        if ctx is None or ctx.meta.get(WARNED):
            return
        for record in self.records:
            if record.state in UNUSABLE and record.restrains:
                self._warn(record)

    def _warn(self, record: Plugin) -> None:
        ctx = click.get_current_context(silent=True)
        if ctx is not None:
            ctx.meta[WARNED] = True
        end = "" if record.error.endswith(("?", ".")) else "."
        ways = "Until then, say" if record.state == "incompatible" else "Mend or uninstall it, or say"
        say(
            f"Warning: the plugin {record.title} is left out: {record.error}{end} {ways} "
            f"{leaving_out(record.distribution)} to hear no more of it.",
            err=True,
        )

    def require(self, *, strict: bool = False) -> None:
        """Check that no plugin is missing that must be there.

        Args:
            strict: The caller is about to write, or to decide something: then every plugin that restrains must be
                usable, and every one that the project lists. Otherwise only those in `required-plugins`.

        Raises:
            DbError: A plugin is missing or can't be used; of one in `required-plugins` also: it has another version.
        """
        if self.settings.misspelt:
            raise DbError(
                f"{self.settings.pyproject} has [{self.settings.misspelt}], which nothing reads; did you mean "
                "[tool.ellar-db]?"
            )
        for text, problem in unmet(self.settings.texts("required-plugins"), self.records):
            raise DbError(f"{self.settings.place('required-plugins')} has {text!r}, and {problem}")
        reason = refusal(self.records) if strict else ""
        if reason:
            raise DbError(reason)


def create_plugin_manager(settings: Settings | None = None) -> PluginManager:
    """Make a manager with specs, built-ins, installed plugins by (distribution, name), and the project's own modules.

    Args:
        settings: The project's settings, by default those of the working directory.

    Raises:
        DbError: The settings can't be read.
    """
    settings = read_settings() if settings is None else settings
    use(settings.variables)
    manager = PluginManager(settings)
    if not manager.settings.table.keys() <= KEYS.keys():
        unknown = ", ".join(manager.settings.unknown_keys())
        say(f"Warning: {manager.settings.title} has {unknown}, which nothing reads.", err=True)
    if os.environ.get("ELLAR_DB_TRACE_PLUGINS", "") not in ("", "0"):
        from ellar_db.plugins.tracing import trace

        trace(manager)
        manager.traced = True
    for name in BUILTINS:
        record = Plugin(f"{DISTRIBUTION}:{name}", BUILT_IN, DISTRIBUTION, version=__version__)
        manager.records.append(record)
        started = time.perf_counter()
        manager.register(built_in(name), name=record.name)
        record.load_ms = (time.perf_counter() - started) * 1000
    allowed = manager.settings.texts("allowed-plugins") if "allowed-plugins" in manager.settings.table else None
    for record, entry_point in installed(allowed):
        if record.state == "active":
            manager.load(record, entry_point.load)
        else:
            manager.records.append(record)
    disabled = names_in(DISABLE) or set()
    for module_name in dict.fromkeys(manager.settings.texts("plugins")):
        record = Plugin(module_name, PROJECT, module_name)
        if normal_name(module_name) in disabled:
            record.state = "disabled"
            manager.records.append(record)
        else:
            manager.load(record, lambda name=module_name: project_module(name))  # type: ignore[misc]
    return manager


def _direct(impl: pluggy.HookImpl, first_only: bool) -> Callable[[dict[str, Any]], Any]:
    """Return a function that calls an implementation as pluggy does where no wrapper takes part."""

    names = impl.argnames
    # filters are called for each name and object of a schema
    chosen = itemgetter(*names) if len(names) > 1 else lambda arguments: tuple(arguments[name] for name in names)

    def ask(arguments: dict[str, Any]) -> Any:
        answer = impl.function(*chosen(arguments))
        return answer if first_only else [answer]

    return ask


class Managers:
    """The plugin managers of this process: one for each project folder."""

    def __init__(self) -> None:
        self._by_folder: dict[str, tuple[Hashable, PluginManager]] = {}

    def __call__(self) -> PluginManager:
        """Return the manager of the project in the working directory.

        It is made when it is first asked for, and again when the settings have changed. The variables of its files are
        then those of the environment.

        Raises:
            DbError: The project's settings can't be read.

        Example:
            >>> get_plugin_manager() is get_plugin_manager()
            True
        """
        folder = str(working_directory())
        known = self._by_folder.get(folder)
        if known is None or known[0] != settings_state(folder, known[1].settings):
            settings = read_settings()
            state = settings_state(folder, settings)
            known = self._by_folder[folder] = state, create_plugin_manager(settings)
        use(known[1].settings.variables)
        return known[1]

    def cache_clear(self) -> None:
        """Forget the managers, so that plugins and settings are read again."""
        self._by_folder.clear()


get_plugin_manager = Managers()


def active_manager() -> PluginManager:
    """Return the manager whose plugin is being called; outside of hooks and commands, that of the working directory.

    Raises:
        DbError: The project's settings can't be read.
    """
    return _active.get() or get_plugin_manager()
