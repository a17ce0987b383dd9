"""Building with `docker buildx bake`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import certifi

from fleet.docker import require_engine
from fleet.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleet.project import Project

_LOG_LINES = 40


def build(
    project: Project,
    functions: Sequence[str],
    *,
    tag: str,
    architecture: str,
    stage: str = "ship",
    no_cache: bool = False,
) -> dict[str, str]:
    """Build images of functions; return each one's local image id.

    The full output goes to build/logs/build.log, its end is shown when the build fails.
    """
    if not functions:
        return {}  # bake itself would take every target
    require_engine()
    suffix = "-local" if stage == "local" else ""
    metadata = project.reports / "bake.json"
    command = [
        "docker",
        "buildx",
        "bake",
        "--file",
        "docker-bake.hcl",
        "--load",
        "--progress=plain",
    ]
    command += ["--metadata-file", str(metadata), *(["--no-cache"] if no_cache else [])]
    command += [f"{function}{suffix}" for function in functions]
    _run(project, command, _variables(project, functions, tag, architecture))
    made = json.loads(metadata.read_text(encoding="utf-8"))
    return {fn: made[f"{fn}{suffix}"]["containerimage.config.digest"] for fn in functions}


def _variables(
    project: Project, functions: Sequence[str], tag: str, architecture: str
) -> dict[str, str]:
    system = Path("/etc/ssl/certs/ca-certificates.crt")
    bundle = os.environ.get("SSL_CERT_FILE") or (
        str(system) if system.exists() else certifi.where()
    )
    return {
        "FUNCTIONS": ",".join(functions),
        "REGISTRY": project.name,
        "TAG": tag,
        "ARCHITECTURE": architecture,
        "CA_BUNDLE": bundle,
        "CONTEXTS": str(project.state / "context"),
        **base_images(project),
    }


def base_images(project: Project) -> dict[str, str]:
    """BASE_IMAGE and POSTGRES_IMAGE: from the environment, else as `make` prepared them."""
    prepared = project.state / "images.env"
    lines = prepared.read_text(encoding="utf-8").splitlines() if prepared.exists() else []
    known = dict(line.split("=", 1) for line in lines if "=" in line)
    return known | {name: os.environ[name] for name in known if os.environ.get(name)}


def _run(project: Project, command: list[str], variables: Mapping[str, str]) -> None:
    log = project.reports / "logs" / "build.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        ended = subprocess.run(
            command,
            cwd=project.root,
            env=os.environ | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        end = "\n".join(log.read_text(encoding="utf-8").splitlines()[-_LOG_LINES:])
        raise FleetError(f"the build failed:\n{end}", f"see {log.relative_to(project.root)}")
