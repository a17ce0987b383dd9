"""Compile bytecode at build time, and fail the build when a file has none.

Run inside the build with the image's own interpreter. Bytecode is hash-based and
unchecked, so it stays valid whatever modification times a COPY gives the sources, and
every timestamp is set to one constant, so the same sources give the same layer.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import py_compile
import shutil
import sys
import sysconfig
from pathlib import Path

EPOCH = 0
# Never imported by a function; a third of the standard library's bytecode.
NEVER_IMPORTED = frozenset(
    {"test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data"}
)


def sources(root: Path) -> list[Path]:
    """Every module below a folder that a function could import."""
    return sorted(
        path
        for path in root.rglob("*.py")
        if not NEVER_IMPORTED & set(path.relative_to(root).parts)
        and "site-packages" not in path.relative_to(root).parts
        and "dist-packages" not in path.relative_to(root).parts
    )


def compile_file(path: Path, shown_as: str) -> Path:
    """Compile one module; return the bytecode's path. A syntax error ends the build."""
    target = Path(importlib.util.cache_from_source(str(path)))
    py_compile.compile(
        str(path),
        cfile=str(target),
        dfile=shown_as,
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return target


def freeze_time(path: Path) -> None:
    """Give a file or folder the constant time that makes its layer reproducible."""
    os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def compile_tree(root: Path) -> int:
    """Compile a layer's tree and freeze its times; return the number of modules.

    Tracebacks name each file by its path in the image, where `root` is `/`.
    """
    modules = sources(root)
    for module in modules:
        compile_file(module, f"/{module.relative_to(root)}")
    for path in root.rglob("*"):
        freeze_time(path)
    freeze_time(root)
    return len(modules)


def has_bytecode(module: Path) -> bool:
    """Whether the interpreter will find bytecode for a module without compiling it."""
    return Path(importlib.util.cache_from_source(str(module))).exists()


def compile_standard_library() -> int:
    """Compile what the base image lacks and remove pip; return the modules compiled."""
    root = Path(sysconfig.get_path("stdlib"))
    remove_pip(root)
    missing = [module for module in sources(root) if not has_bytecode(module)]
    folders = {module.parent for module in missing}
    for module in missing:
        freeze_time(compile_file(module, str(module)))
    for folder in folders:
        freeze_time(folder / "__pycache__")
        freeze_time(folder)
    return len(missing)


def remove_pip(root: Path) -> None:
    """Remove the installers that the official images carry."""
    for folder in (root / "site-packages", root / "ensurepip"):
        for path in [folder] if folder.name == "ensurepip" else folder.glob("pip*"):
            shutil.rmtree(path, ignore_errors=True)
    for program in Path(sys.prefix, "bin").glob("pip*"):
        program.unlink()


def main() -> None:
    """Compile the trees named on the command line, or the standard library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", nargs="*", type=Path)
    parser.add_argument("--standard-library", action="store_true")
    arguments = parser.parse_args()
    count = sum(compile_tree(tree) for tree in arguments.tree)
    if arguments.standard_library:
        count += compile_standard_library()
    print(f"compiled {count} modules")


if __name__ == "__main__":
    main()
