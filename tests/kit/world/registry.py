"""Images: which there are, and how functions made of them behave."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from fleet.errors import FleetError
from fleet.images.registry import Image

from tests.kit.world.functions import ACCOUNT, REGION

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
HEALTHY = {"healthy": True}


@dataclass
class Behaviour:
    """How a function made of an image answers.

    Attributes:
        smoke: what becomes of a direct invocation: well answered, an error, a wrong answer.
        error_rate: how often the traffic through `live` fails, 0 to 1.
        seconds: how long an invocation takes.
        failing_action: an event's `action` that fails although the smoke event passes.
    """

    smoke: Literal["ok", "error", "wrong"] = "ok"
    error_rate: float = 0.0
    seconds: float = 0.0
    failing_action: str = ""

    def answer(self, event: Any) -> tuple[Any, str]:
        """The payload, and what Lambda calls the error; empty for none."""
        if self.failing_action and event.get("action") == self.failing_action:
            return {"errorMessage": "no such table", "errorType": "MigrationFailed"}, "Unhandled"
        if self.smoke == "error":
            return {"errorMessage": "boom", "errorType": "RuntimeError"}, "Unhandled"
        return (HEALTHY if self.smoke == "ok" else {"healthy": False}), ""


@dataclass
class Images:
    """The repositories of an account, as Lambda sees them."""

    random: random.Random
    pushed: dict[str, Image] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    def resolve(self, uri: str) -> str:
        """The digest behind a URI; empty when there is no such image."""
        uri = uri if "@" in uri else self.tags.get(uri, "")
        return uri.partition("@")[2] if uri in self.pushed else ""

    def behaviour(self, digest: str) -> Behaviour:
        return self.behaviours.setdefault(digest, Behaviour())


class FakeRegistry:
    """What fleet.images.registry.Registry offers to a release, over images in memory."""

    def __init__(self, images: Images, project: str, call: Callable[[str], None]) -> None:
        self._images = images
        self._project = project
        self._call = call

    def repository_uri(self, function: str) -> str:
        return f"{HOST}/{self._project}/{function}"

    def push(
        self, function: str, tag: str, *, architecture: str = "x86_64", digest: str = "", **how: Any
    ) -> Image:
        """Push an image; how it behaves is `Behaviour`'s to say."""
        uri = self.repository_uri(function)
        digest = digest or f"sha256:{hashlib.sha256(f'{function}:{tag}'.encode()).hexdigest()}"
        image = Image(function, tag, f"{uri}@{digest}", digest, architecture, 1, ())
        self._images.pushed[image.uri] = image
        self._images.tags[f"{uri}:{tag}"] = image.uri
        self._images.behaviours[digest] = Behaviour(**how)
        return image

    def delete(self, function: str, image: str) -> None:
        """Delete an image by tag or digest, as a lifecycle policy does."""
        uri = self._uri(function, image)
        self._images.pushed.pop(uri, None)
        self._images.tags = {tag: to for tag, to in self._images.tags.items() if to != uri}

    def image(self, function: str, tag: str) -> Image:
        self._call("BatchGetImage")
        found = self._images.pushed.get(self._uri(function, tag))
        if found is None:
            raise FleetError(
                f"{self._project}/{function} has no image with the tag {tag}",
                f"run `make build push FN={function} TAG={tag}`, or give one of its tags",
            )
        return Image(function, tag, found.uri, found.digest, found.architecture, 1, ())

    def has_digest(self, function: str, digest: str) -> bool:
        self._call("BatchGetImage")
        return self._uri(function, digest) in self._images.pushed

    def has_tag(self, function: str, tag: str) -> bool:
        self._call("BatchGetImage")
        return self._uri(function, tag) in self._images.pushed

    def tags(self, function: str) -> list[str]:
        self._call("DescribeImages")
        start = f"{self.repository_uri(function)}:"
        return [tag.removeprefix(start) for tag in self._images.tags if tag.startswith(start)][-10:]

    def _uri(self, function: str, image: str) -> str:
        uri = self.repository_uri(function)
        if image.startswith("sha256:"):
            return f"{uri}@{image}"
        return self._images.tags.get(f"{uri}:{image}", "")
