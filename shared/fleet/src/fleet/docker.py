"""The Docker command line, and what to say when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from fleet.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What Docker says of a container that is being removed, or has been.
_GOING = ("is already in progress", "No such container")


def require_engine() -> None:
    """Make sure that an engine answers, before anything is started."""
    if not shutil.which("docker"):
        raise FleetError(
            "docker is not on the PATH", "install Docker Engine with buildx, or run `make prepare`"
        )
    answer = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        reason = answer.stderr.strip().splitlines()[-1:] or ["no answer"]
        raise FleetError(
            f"no Docker engine answers ({reason[0]})",
            "start Docker, or run `make prepare`, which starts one on Debian as root",
        )


def docker(
    *arguments: str,
    config: Path | None = None,
    stdin: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run one docker command and return what it printed.

    Args:
        arguments: what stands after `docker`.
        config: a configuration folder of its own, so that a login does not touch the user's.
        stdin: text for its standard input, such as a password.
        variables: additions to its environment.
    """
    environment = {**os.environ, **(variables or {})}
    if config:
        environment["DOCKER_CONFIG"] = str(config)
    ended = subprocess.run(
        ["docker", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if ended.returncode:
        reason = ended.stderr.strip() or ended.stdout.strip()
        raise FleetError(f"docker {arguments[0]} failed: {reason}", "see the reason above")
    return ended.stdout.strip()


def drop_containers(image: str, network: str) -> None:
    """Remove the warm containers of an image, so that the next call is a cold one.

    Args:
        image: a name or digest.
        network: the Docker network of the stack that they belong to: the same image may run in
            another stack, or by hand.
    """
    ours = ("--filter", f"ancestor={image}", "--filter", f"network={network}")
    for container in docker("ps", "--quiet", *ours).split():
        try:
            docker("rm", "--force", container)
        except FleetError as error:
            # The local AWS removes idle containers of its own accord, maybe this moment.
            if not any(reason in str(error) for reason in _GOING):
                raise
