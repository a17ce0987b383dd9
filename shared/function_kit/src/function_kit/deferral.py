"""Modules that are imported only when something in them is used.

Unlike `importlib.util.LazyLoader`, whose modules load at the second `import` statement that
names them, these load when a name that they lack is looked up.
"""

from __future__ import annotations

import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader

_PENDING = "__deferred__"
_lock = threading.RLock()


def install(names: frozenset[str]) -> None:
    """Defer these top-level modules from now on; those already imported stay as they are."""
    sys.meta_path.insert(0, _Finder(names))


def is_pending(name: str) -> bool:
    """Whether a module has been imported by name but not been run."""
    return _PENDING in vars(sys.modules.get(name, sys))


class _DeferredModule(ModuleType):
    """A module whose code runs at the first look for a name in it."""

    def __getattr__(self, name: str) -> Any:
        with _lock:
            loader: Loader | None = self.__dict__.pop(_PENDING, None)
            if loader is not None:
                loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment]  # it is one now
        if type(self) is ModuleType or name in self.__dict__:
            return getattr(self, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class _DeferredLoader:
    """Makes a `_DeferredModule`, and leaves the running to the module's own loader."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _DeferredModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        module.__dict__[_PENDING] = self._loader


class _PresentLoader:
    """Hands out a module that running its package has just imported.

    The import that led there would otherwise run it a second time. It takes the spec from the
    module itself, so this loader stands in that spec's place until it has been asked.
    """

    def __init__(self, module: ModuleType) -> None:
        self._spec = module.__spec__
        module.__spec__ = ModuleSpec(module.__name__, self)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class _Finder:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in self._names and name not in sys.modules:  # else it is being reloaded
            return self._defer(name, path, target)
        package = name.partition(".")[0]
        if package in self._names and is_pending(package):
            getattr(sys.modules[package], "__all__", None)  # a submodule needs its package run
            if name in sys.modules:
                _PresentLoader(sys.modules[name])
                return sys.modules[name].__spec__
        return None

    def _defer(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _DeferredLoader(spec.loader)  # type: ignore[assignment]
                return spec
        return None
