"""Real services for tests: PostgreSQL in a container, and a local AWS of a test's own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_PREPARED = ROOT / ".fleet"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """PostgreSQL in a container of `POSTGRES_IMAGE`.

    Yields:
        libpq's connection string.
    """
    # The reaper is an image of its own, which is not everywhere to be had; leaving the block
    # removes the container.
    testcontainers_config.ryuk_disabled = True
    with PostgresContainer(postgres_image(), driver=None) as container:
        yield container.get_connection_url()


def postgres_image() -> str:
    """The image of PostgreSQL: `POSTGRES_IMAGE`, or what was prepared."""
    if image := os.environ.get("POSTGRES_IMAGE"):
        return image
    prepared = _PREPARED / "images.env"
    lines = prepared.read_text(encoding="utf-8").splitlines() if prepared.exists() else []
    images = dict(line.split("=", 1) for line in lines if "=" in line)
    return images.get("POSTGRES_IMAGE", "postgres:17-alpine")


@contextlib.contextmanager
def local_aws() -> Iterator[str]:
    """A MiniStack with IAM enforced, on a port of its own, empty and gone afterwards.

    Yields:
        Its endpoint. Root's credentials are test/test.
    """
    program = os.environ.get("MINISTACK", str(_PREPARED / "ministack" / "bin" / "ministack"))
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "LOG_LEVEL": "WARNING",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [program],
            env=environment | {"HOME": folder, "TMPDIR": folder},
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        endpoint = f"http://127.0.0.1:{port}"
        try:
            until_healthy(f"{endpoint}/_ministack/health")
            yield endpoint
        finally:
            process.terminate()


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def until_healthy(url: str, seconds: float = 60) -> None:
    """Return when `url` answers well.

    Raises:
        TimeoutError: It did not in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(url, timeout=2) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer")
