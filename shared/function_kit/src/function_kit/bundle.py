"""The bytecode of many modules in one file, so that a start does not open hundreds.

An import looks in every folder of the path, then stats, opens and reads a file: half a dozen
system calls, 300 to 550 times in a start. From a bundle it is one read. The image's build writes
the bundle (images/bundle_modules.py) from the compiled modules it installed. What is not in it,
and everything when there is none, is imported as usual.

A bundle is `MAGIC`, eight bytes with the length of the index (little endian), the index in
`marshal` form, and the code. The index is `(sys.version, {name: entry}, generated)`, an entry
`(offset, length, in_stdlib, path, is_package)`, where the path is that of the source, relative to
the standard library or to the folder of installed packages. `generated` is for `generated`.
"""

from __future__ import annotations

import marshal
import os
import sys
from contextlib import suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING

from function_kit.frames import roomy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, ModuleType

type Entry = tuple[int, int, bool, str, bool]

MAGIC = b"FKB1"
_HEADER = len(MAGIC) + 8


def install(packages: str) -> bool:
    """Import from the bundle of a folder of installed packages from now on.

    Returns:
        Whether there is one, written by this very version of the interpreter.
    """
    try:
        file = os.open(f"{packages}/modules.bundle", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    start, (version, entries, methods) = _index(file)
    if version != sys.version:
        os.close(file)
        return False
    sys.meta_path.insert(0, _Finder(file, start, packages, entries))
    from function_kit import generated  # noqa: PLC0415 - out of the bundle, with its imports

    generated.install(methods)
    return True


def _index(file: int) -> tuple[int, tuple[str, dict[str, Entry], dict[str, CodeType]]]:
    """Where the code begins, and the index; an empty one when the file is no bundle."""
    header = os.read(file, _HEADER)
    if header.startswith(MAGIC):
        length = int.from_bytes(header[len(MAGIC) :], "little")
        with suppress(EOFError, TypeError, ValueError):
            return _HEADER + length, marshal.loads(os.read(file, length))  # noqa: S302 - our own
    return 0, ("", {}, {})


def finish() -> None:
    """Undo what only init needs; modules still come from the bundle."""
    generated = sys.modules.get("function_kit.generated")
    if generated is not None:
        generated.remove()


class _Loader(SourceFileLoader):
    """Runs code out of the bundle; sources and data come from their own files as ever."""

    _nested = False

    def __init__(self, name: str, path: str, file: int, offset: int, length: int) -> None:
        super().__init__(name, path)
        self._where = file, length, offset

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - a loader is of one module
        """The module's code."""
        code: CodeType = marshal.loads(os.pread(*self._where))  # noqa: S302 - our own image's
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; the outermost import of all with room for those inside it."""
        if _Loader._nested:
            exec(self.get_code(self.name), module.__dict__)  # noqa: S102 - what loaders do
            return
        _Loader._nested = True
        try:
            roomy(self.exec_module)(module)
        finally:
            _Loader._nested = False


class _Finder:
    def __init__(self, file: int, start: int, packages: str, entries: Mapping[str, Entry]) -> None:
        self._file = file
        self._start = start
        self._packages = packages
        self._entries = entries
        self._stdlib = os.path.dirname(os.__file__)  # noqa: PTH120 - pathlib is not loaded yet

    def find_spec(
        self,
        name: str,
        _path: Sequence[str] | None = None,
        _target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        offset, length, in_stdlib, source, is_package = entry
        origin = f"{self._stdlib if in_stdlib else self._packages}/{source}"
        loader = _Loader(name, origin, self._file, self._start + offset, length)
        spec = ModuleSpec(name, loader, origin=origin, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [os.path.dirname(origin)]  # noqa: PTH120
        return spec
