"""Write the bundle that `function_kit.bundle` imports from: run in the image's build stage.

It imports what functions import when they start, then puts the compiled form of those modules
into one file, `modules.bundle`, in the folder of installed packages. Only third-party packages
and the standard library go in: the bundle belongs to the layer of the dependencies, and stays
the same when a function or function_kit changes.

Run it with the image's interpreter after the bytecode was compiled and botocore trimmed:
`bundle_modules.py /out/dependencies/opt/python`.
"""

from __future__ import annotations

import argparse
import builtins
import dataclasses
import importlib
import importlib.util
import json
import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

type Entry = tuple[int, int, bool, str, bool]
type Module = tuple[str, str, bool]  # its source, its bytecode, whether it is a package

MAGIC = b"FKB1"
EPOCH = 0
# The libraries that function_kit's modules import, as far as this image has them.
ROOTS = (
    *("structlog", "pydantic_settings", "botocore.session", "httpx", "httpcore", "psycopg"),
    *("encodings.idna", "hmac", "http.client", "random"),  # function_kit.signed_api, sigv4
)


class BundleError(Exception):
    """The installed packages are not as a bundle needs them."""


def imported() -> tuple[dict[str, Module], list[str]]:
    """Import the roots; gives every module there is now, and the methods of data classes."""
    methods: set[str] = set()

    def execute(text: str, variables: dict[str, Any], names: dict[str, Any]) -> None:
        methods.add(text)
        builtins.exec(text, variables, names)  # noqa: S102 - as dataclasses does

    vars(dataclasses)["exec"] = execute
    for name in ROOTS:
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)
    found = {name: _module(name) for name in tuple(sys.modules)}
    return {name: module for name, module in found.items() if module}, sorted(methods)


def _module(name: str) -> Module | None:
    """A module that was read from bytecode; built-in and frozen ones, and aliases, are not."""
    spec = sys.modules[name].__spec__
    if spec and spec.name == name and spec.has_location and spec.cached and spec.origin:
        return spec.origin, spec.cached, spec.submodule_search_locations is not None
    return None


def imported_from(packages: Path) -> tuple[dict[str, Module], list[str]]:
    """What `imported` gives in a fresh process, with the packages of that folder only.

    Raises:
        BundleError: They cannot be imported.
    """
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(packages)}
    run = subprocess.run(
        [sys.executable, "-S", "-B", __file__, "--list", str(packages)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    if run.returncode:
        raise BundleError(f"the packages cannot be imported:\n{run.stderr}")
    modules, methods = json.loads(run.stdout)
    return modules, methods


def write(packages: Path, modules: Mapping[str, Module], methods: Iterable[str]) -> Path:
    """Write the bundle of these modules and methods, the same bytes for the same input.

    Raises:
        BundleError: A module has no bytecode for this interpreter.
    """
    stdlib = Path(os.__file__).parent
    entries: dict[str, Entry] = {}
    codes: list[bytes] = []
    offset = 0
    for name, (source, cached, is_package) in sorted(modules.items()):
        code = bytecode(name, Path(cached))
        in_stdlib = not Path(source).is_relative_to(packages)
        path = str(Path(source).relative_to(stdlib if in_stdlib else packages))
        entries[name] = (offset, len(code), in_stdlib, path, is_package)
        codes.append(code)
        offset += len(code)
    # Version 2 knows no references, which would depend on how the objects came to be.
    generated = {text: compile(text, "<string>", "exec", dont_inherit=True) for text in methods}
    index = marshal.dumps((sys.version, entries, generated), 2)
    bundle = packages / "modules.bundle"
    bundle.write_bytes(b"".join([MAGIC, len(index).to_bytes(8, "little"), index, *codes]))
    for touched in (bundle, packages):
        os.utime(touched, (EPOCH, EPOCH))
    return bundle


def bytecode(name: str, cached: Path) -> bytes:
    """A compiled module's code in `marshal` form.

    Raises:
        BundleError: There is none, or it is another interpreter's.
    """
    try:
        raw = cached.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{name} is not compiled: {cached} is missing") from None
    if raw[:4] != importlib.util.MAGIC_NUMBER:
        raise BundleError(f"{cached} was compiled by another Python")
    return raw[16:]  # after the magic number, the flags, and the source's hash or time and size


def main(arguments: list[str] | None = None) -> int:
    """Write the bundle; returns 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", type=Path, help="the folder of installed packages")
    parser.add_argument("--list", action="store_true", help="only print what would go in")
    options = parser.parse_args(arguments)
    if options.list:
        json.dump(imported(), sys.stdout)
        return 0
    packages = options.packages.resolve()
    try:
        write(packages, *imported_from(packages))
    except (BundleError, OSError) as error:
        print(f"bundle_modules: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
