"""Split the workspace's own packages out of an environment into two layers.

`kit/` (function_kit, shared by all images) and `function/` (the function itself, the library that
it shares with a few others, and the module that names its handler): a change in one leaves the
other's layer as it was.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from collect_dependencies import drop_install_records, move_metadata, site_packages

ENTRY = '''"""The image's entry point: the handler of {function}."""

from {package}.handler import handler

__all__ = ["handler"]
'''


# Of those that are not in every image; an image has those that its function depends on.
LIBRARIES = ("message_kit",)


def collect(package: str, environment: Path, layer: Path) -> None:
    """Copy one installed package into a layer's /var/task, its metadata beside the others'."""
    target = layer / "var" / "task"
    for source in site_packages(environment).glob(f"{package}*"):
        if source.name == package or source.name.startswith(f"{package}-"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / source.name, ignore=ignored)
    drop_install_records(target)
    move_metadata(target, layer / "opt" / "metadata")


def main(environment: Path, out: Path, function: str) -> None:
    """Make both layers."""
    package = function.replace("-", "_")
    collect("function_kit", environment, out / "kit")
    for own in (*LIBRARIES, package):
        collect(own, environment, out / "function")
    entry = out / "function" / "var" / "task" / "lambda_function.py"
    entry.write_text(ENTRY.format(function=function, package=package), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
