"""Plugins that a test registers itself."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pluggy import HookRelay

    from ellar_db.plugins.manager import PluginManager
    from ellar_db.project.settings import Settings


class TestPlugins:
    """The plugin manager of a test's commands, with the test's own plugins.

    A command reads the project again, and creates a new manager if the project has changed; the test's plugins are
    registered in each of them. They come before installed ones, as a project's own do.
    """

    # pytest would mistake it for a class of tests
    __test__ = False

    def __init__(self) -> None:
        self._registered: dict[str, object] = {}

    def __enter__(self) -> TestPlugins:
        from ellar_db.plugins import manager as plugins

        self._create = plugins.create_plugin_manager
        plugins.create_plugin_manager = self._created
        plugins.get_plugin_manager.cache_clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from ellar_db.plugins import manager as plugins

        plugins.create_plugin_manager = self._create
        plugins.get_plugin_manager.cache_clear()

    @property
    def manager(self) -> PluginManager:
        """The current manager itself."""
        from ellar_db.plugins.manager import get_plugin_manager

        return get_plugin_manager()

    @property
    def hook(self) -> HookRelay:
        """The hooks, for calling them: `plugin_manager.hook.ellar_db_templates()`."""
        return self.manager.hook

    def register(self, plugin: object, name: str | None = None) -> str:
        """Register a plugin for the commands of this test.

        Args:
            plugin: A module or an instance, with functions marked by `hookimpl`.
            name: Its name, by default the module's or the class's.

        Returns:
            The name.

        Raises:
            PluginError: It isn't a valid plugin: it has an unknown hook, a wrong argument, or no hooks at all.

        Example:
            class Dated:
                @hookimpl
                def ellar_db_revision_id(self, request):
                    return request.create_date.strftime("%Y%m%d")

            plugin_manager.register(Dated())
        """
        from ellar_db.plugins.manager import get_plugin_manager
        from ellar_db.util.errors import PluginError

        name = name or getattr(plugin, "__name__", None) or type(plugin).__name__
        if name in self._registered:
            raise PluginError(f"a plugin {name!r} is registered already; give this one another name")
        self._registered[name] = plugin
        get_plugin_manager.cache_clear()
        record = next(record for record in self.manager.records if record.name == name)
        if record.state != "active":
            self.unregister(name=name)
            raise PluginError(f"{name} can't be a plugin: {record.error}")
        return name

    def unregister(self, plugin: object | None = None, name: str | None = None) -> None:
        """Unregister a plugin.

        Args:
            plugin: The plugin.
            name: Its name, which may be given instead.
        """
        from ellar_db.plugins.manager import get_plugin_manager

        name = name or next(known for known, other in self._registered.items() if other is plugin)
        del self._registered[name]
        get_plugin_manager.cache_clear()

    def _created(self, settings: Settings | None = None) -> PluginManager:
        from ellar_db.plugins.record import PROJECT, Plugin

        manager = self._create(settings)
        for name, plugin in self._registered.items():
            manager.load(Plugin(name, PROJECT, name), lambda plugin=plugin: plugin)  # type: ignore[misc]
        return manager
