"""Looking into images."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

from fleet import environments
from fleet.images import bake
from fleet.project import Project

TAG = "test-images"


@cache
def built(project: Project) -> dict[str, str]:
    """The ship image of every function of a checkout, built when first asked for."""
    architecture = environments.load(project, "local").architecture
    bake.build(project, project.functions, tag=TAG, architecture=architecture)
    return {function: f"{project.name}/{function}:{TAG}" for function in project.functions}


def docker(*arguments: str) -> str:
    ended = subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, (
        f"docker {arguments[0]} ended with {ended.returncode}: {ended.stderr}"
    )
    return ended.stdout


def inspect(image: str) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(docker("image", "inspect", image))[0]
    return described


def layers(image: str) -> list[str]:
    found: list[str] = inspect(image)["RootFS"]["Layers"]
    return found


def in_image(image: str, script: str) -> str:
    """What a shell script prints inside an image, as root, so that it sees everything."""
    return docker("run", "--rm", "--user", "0", "--entrypoint", "/bin/sh", image, "-c", script)
