"""Copy a virtual environment's packages into the dependency layer.

Leaves out what no function imports at run time: launchers, records of the install
(which differ from build to build), the data of AWS services that the function's
pyproject.toml does not name, and the files that it names in `leave-out`.
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

import trim_botocore

# Written by the installer, different in each build or naming the builder's paths.
INSTALL_RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
# Stubs, headers and Cython: 8 MB of pyarrow.
COMPILED = {".pyi", ".h", ".hpp", ".pxd", ".pxi", ".pyx"}


def site_packages(environment: Path) -> Path:
    """The one site-packages folder of a virtual environment."""
    (found,) = environment.glob("lib/python3*/site-packages")
    return found


def drop_install_records(tree: Path) -> None:
    """Remove what would make two builds of the same lock file differ."""
    for name in INSTALL_RECORDS:
        for path in tree.glob(f"*.dist-info/{name}"):
            path.unlink()
    for pattern in ("_virtualenv.*", "*.pth", "*.virtualenv"):
        for path in tree.glob(pattern):
            path.unlink()
    for cache in sorted(tree.rglob("__pycache__")):
        shutil.rmtree(cache)


def drop_sources(tree: Path) -> None:
    """Remove what only type checkers and compilers read, and the folders that held nothing else."""
    for path in [path for path in tree.rglob("*") if path.suffix in COMPILED]:
        path.unlink()
    for folder in sorted((p for p in tree.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def leave_out(tree: Path, pyproject: Path) -> None:
    """Remove the files of packages that the function's pyproject.toml says it never loads.

    Raises:
        SystemExit: A pattern matches nothing: the package has changed, and its author must look.
    """
    table = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    for pattern in table.get("lambda-image", {}).get("leave-out", []):
        found = list(tree.glob(pattern))
        if not found:
            sys.exit(f"{pyproject}: leave-out: nothing matches {pattern}; see what became of it")
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def move_metadata(packages: Path, metadata: Path) -> None:
    """Give *.dist-info a folder of its own, which is on PYTHONPATH too.

    An engine writes a layer's files in one of two orders, by path or folder by folder, and
    they differ where `name/` has a neighbour `name-1.0.dist-info/`. In one order only, the
    same files are always the same layer.
    """
    metadata.mkdir(parents=True, exist_ok=True)
    for folder in packages.glob("*.dist-info"):
        shutil.move(folder, metadata / folder.name)


def tell_libraries_apart(packages: Path) -> None:
    """Move `name/` and `name.libs/`, where wheels bring shared libraries, to a folder of their own.

    For the same reason. A library is found beside the folder that the link leads to, because the
    loader asks the kernel for `name/../name.libs`.
    """
    for libraries in sorted(packages.glob("*.libs")):
        name = libraries.name.removesuffix(".libs")
        if (packages / name).is_dir():
            home = packages / f"_{name}"
            home.mkdir()
            (packages / name).rename(home / "package")
            libraries.rename(home / libraries.name)
            (packages / name).symlink_to(f"_{name}/package")


def ambiguous(layer: Path) -> list[str]:
    """Folders with such neighbours, after which the two orders would differ."""
    return [
        str(path.relative_to(layer))
        for path in layer.rglob("*")
        if path.is_dir() and any(path.parent.glob(f"{path.name}[ -.]*"))
    ]


def main(environment: Path, layer: Path, project: Path) -> None:
    """Copy the packages to the layer's /opt/python, then trim the copy."""
    target = layer / "opt" / "python"
    shutil.copytree(site_packages(environment), target, symlinks=True)
    drop_install_records(target)
    leave_out(target, project)
    drop_sources(target)
    move_metadata(target, layer / "opt" / "metadata")
    tell_libraries_apart(target)
    if trim_botocore.main([str(project), str(target)]):
        sys.exit(1)
    for folder in ambiguous(layer):
        print(f"note: the layer's digest may depend on the engine's order, at {folder}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
