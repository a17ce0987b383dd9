"""Copy a virtual environment's packages into the dependency layer.

Leaves out what no function imports at run time: launchers, records of the install
(which differ from build to build) and the data of AWS services that the function's
pyproject.toml does not name.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import trim_botocore

# Written by the installer, different in each build or naming the builder's paths.
INSTALL_RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


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


def main(environment: Path, layer: Path, project: Path) -> None:
    """Copy the packages to the layer's /opt/python, then trim the copy."""
    target = layer / "opt" / "python"
    shutil.copytree(site_packages(environment), target, symlinks=True)
    drop_install_records(target)
    if trim_botocore.main([str(project), str(target)]):
        sys.exit(1)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
