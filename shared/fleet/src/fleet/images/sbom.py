"""Software bills of materials, written beside the build: an attestation would make an index."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

from fleet.errors import FleetError

if TYPE_CHECKING:
    from pathlib import Path

    from fleet.project import Project


def write_sbom(project: Project, function: str) -> Path:
    """Write build/sbom/<function>.cdx.json (CycloneDX) from the lock file.

    Quick when neither the lock file nor the function's requirements have changed.
    """
    target = project.reports / "sbom" / f"{function}.cdx.json"
    stamp = target.with_suffix(".stamp")
    inputs = (project.root / "uv.lock", project.root / "images" / function / "pyproject.toml")
    fingerprint = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    if target.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == fingerprint:
        return target
    target.parent.mkdir(exist_ok=True)
    command = [_uv(project), "export", "--quiet", "--frozen", "--no-dev", "--package", function]
    command += ["--format", "cyclonedx1.5", "--preview-features", "sbom-export"]
    ended = subprocess.run(
        [*command, "--output-file", str(target)],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise FleetError(
            f"the SBOM of {function} could not be made: {ended.stderr.strip()}", "run `uv lock`"
        )
    stamp.write_text(fingerprint, encoding="utf-8")
    return target


def _uv(project: Project) -> str:
    prepared = project.state / "bin" / "uv"
    found = str(prepared) if prepared.exists() else shutil.which("uv")
    if not found:
        raise FleetError("uv is not on the PATH", "run `make prepare`")
    return found
