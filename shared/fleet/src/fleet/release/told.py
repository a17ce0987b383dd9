"""What Lambda tells of a function: its versions, its alias, and what an invocation returned."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

ALIAS = "live"
LATEST = "$LATEST"
# What makes two versions behave differently, besides their image.
_CONFIGURATION = (
    "Role", "Timeout", "MemorySize", "Environment", "VpcConfig", "Architectures",
    "EphemeralStorage", "TracingConfig", "LoggingConfig", "FileSystemConfigs", "DeadLetterConfig",
    "ImageConfigResponse", "KMSKeyArn",
)  # fmt: skip


@dataclass(frozen=True)
class Version:
    """A published version, or $LATEST."""

    number: str
    image: str
    architecture: str
    configuration: str
    description: str
    state: str = "Active"
    update: str = "Successful"
    reason: str = ""
    revision: str = ""
    modified: str = ""
    timeout: int = 3

    @property
    def digest(self) -> str:
        """sha256:… of its image; empty while it was set by tag."""
        return self.image.partition("@")[2]

    @property
    def settled(self) -> bool:
        """Whether Lambda has made up its mind about it."""
        return self.update != "InProgress" and self.state != "Pending"

    @property
    def failed(self) -> bool:
        """Whether Lambda could not make or update it."""
        return "Failed" in {self.update, self.state}


@dataclass(frozen=True)
class Alias:
    """Where `live` points."""

    version: str
    revision: str
    weights: dict[str, float] = field(default_factory=dict)

    @property
    def traffic(self) -> tuple[str, tuple[tuple[str, float], ...]]:
        """What callers get, whoever wrote it."""
        return self.version, tuple(sorted(self.weights.items()))


@dataclass(frozen=True)
class Answer:
    """What an invocation returned."""

    payload: Any
    function_error: str | None
    milliseconds: float


def alias_of(answer: dict[str, Any]) -> Alias:
    """The alias of GetAlias's or UpdateAlias's answer."""
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return Alias(answer["FunctionVersion"], answer["RevisionId"], dict(weights))


def version_of(configuration: dict[str, Any], code: dict[str, Any]) -> Version:
    """The version of the two halves of GetFunction's answer."""
    image = code.get("ImageUri", "")
    resolved = code.get("ResolvedImageUri", "")
    compared = {key: configuration.get(key) for key in _CONFIGURATION}
    return Version(
        number=configuration["Version"],
        image=resolved if "@" in resolved else image,
        architecture=(configuration.get("Architectures") or ["x86_64"])[0],
        configuration=json.dumps(compared, sort_keys=True, default=str),
        description=configuration.get("Description", ""),
        state=configuration.get("State", "Active"),
        update=configuration.get("LastUpdateStatus", "Successful"),
        reason=configuration.get("LastUpdateStatusReason") or configuration.get("StateReason", ""),
        revision=configuration.get("RevisionId", ""),
        modified=str(configuration.get("LastModified", "")),
        timeout=int(configuration.get("Timeout", 3)),
    )


def decoded(body: bytes) -> Any:
    """What a function returned: JSON, or text when it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
