"""Secrets by their shapes: in every layer of an image, in its history, in the repository's commits.

The shapes are detect-secrets'. Entropy says nothing here: layers are full of hashes.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.jwt import JwtTokenDetector

JWT = "JSON Web Token"
# What begins in its own way. The others' shapes (32 hexadecimal digits, an address) are everywhere
# in programs.
KINDS = (
    "AWS Access Key",
    "Azure Storage Account access key",
    "Basic Auth Credentials",
    "GitHub Token",
    "GitLab Token",
    JWT,
    "NPM tokens",
    "OpenAI Token",
    "Private Key",
    "PyPI Token",
    "SendGrid API Key",
    "Slack Token",
    "Square OAuth Secret",
    "Stripe Access Key",
)
# Found, looked at, and no secret: digests of the values, and what they are.
KNOWN: dict[str, str] = json.loads(
    (Path(__file__).parents[1] / "security" / "known.json").read_text(encoding="utf-8")
)
LARGEST = 16 * 2**20  # bytes of a file that are looked at: no secret is that long
LONGEST = 100_000  # characters of a line of a commit


@dataclass(frozen=True)
class Leak:
    """Something with the shape of a secret.

    Attributes:
        place: File of a layer, or commit and file.
        kind: Whose secret it would be.
        digest: The beginning of its SHA-256: reports must not repeat what they found.
    """

    place: str
    kind: str
    digest: str


def _detectors() -> list[RegexBasedDetector]:
    known = get_mapping_from_secret_type_to_class()
    return [known[kind]() for kind in KINDS]


DETECTORS = _detectors()


def in_text(place: str, text: str) -> Iterator[Leak]:
    """What in a text has the shape of a secret."""
    for detector in DETECTORS:
        # The whole match: of a part of it, its beginning say, every token has the same.
        for secret in {found[0] for shape in detector.denylist for found in shape.finditer(text)}:
            if detector.secret_type == JWT and not JwtTokenDetector.is_formally_valid(secret):
                continue
            digest = sha256(secret.encode("utf-8", "replace")).hexdigest()[:12]
            yield Leak(place, detector.secret_type, digest)


def known(leak: Leak) -> bool:
    """Whether somebody has looked at it and said why it is none."""
    return leak.digest in KNOWN


def in_commits(checkout: Path) -> list[Leak]:
    """What the commits that a checkout knows have added, whatever was removed later."""
    command = ["git", "log", "--patch", "--unified=0", "--no-color", "--no-ext-diff", "--text"]
    ended = subprocess.run(
        [*command, "--format=commit %h%n%B"], cwd=checkout, capture_output=True, check=True
    )
    found: list[Leak] = []
    commit = file = ""
    for line in ended.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("commit "):
            commit, file = line.split()[1], "message"
        elif line.startswith("+++ "):
            file = line.removeprefix("+++ ").removeprefix("b/")
        elif line.startswith("+") or file == "message":
            found += in_text(f"{commit} {file}", line[:LONGEST])
    return found


def in_layers(images: Iterable[str], seen: set[str]) -> list[Leak]:
    """What the layers and the histories of images hold, files among them that a later one removes.

    Each layer and each file's content is looked at once, however many images share it: one archive
    of them all has a shared layer once.

    Args:
        images: names of them.
        seen: digests of what was looked at before, and hereafter of this as well.
    """
    found: list[Leak] = []
    with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        with tarfile.open(fileobj=saving.stdout, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    found += _in_part(member.name, content.read(), seen)
    assert saving.returncode == 0, f"docker save ended with {saving.returncode}"
    return found


def _in_part(place: str, content: bytes, seen: set[str]) -> Iterator[Leak]:
    """A layer, or one of the JSON documents (configuration and history)."""
    if _seen_before(content, seen):
        return
    try:
        layer = tarfile.open(fileobj=io.BytesIO(content))  # noqa: SIM115
    except tarfile.ReadError:
        yield from in_text(place, content.decode("utf-8", "replace"))
        return
    with layer:
        for member in layer:
            file = layer.extractfile(member) if member.isreg() else None
            if file is not None:
                yield from _in_file(f"{place}:/{member.name}", file, seen)


def _in_file(place: str, file: IO[bytes], seen: set[str]) -> Iterator[Leak]:
    content = file.read(LARGEST)
    if not _seen_before(content, seen):
        # Latin-1 reads any byte: bytecode and programs hold their texts as they are.
        yield from in_text(place, content.decode("latin-1"))


def _seen_before(content: bytes, seen: set[str]) -> bool:
    digest = sha256(content).hexdigest()
    if digest in seen:
        return True
    seen.add(digest)
    return False
