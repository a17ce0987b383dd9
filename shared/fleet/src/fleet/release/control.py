"""The part of the Lambda control plane that a release touches."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet.environments import Environment

ALIAS = "live"
LATEST = "$LATEST"
# What makes two versions behave differently, besides their image.
_CONFIGURATION = (
    "Role", "Timeout", "MemorySize", "Environment", "VpcConfig", "Architectures",
    "EphemeralStorage", "TracingConfig", "LoggingConfig", "FileSystemConfigs", "DeadLetterConfig",
    "ImageConfigResponse", "KMSKeyArn",
)  # fmt: skip
_POLL_SECONDS = 0.25
_POLL_GROWTH = 1.5
_POLL_MAX_SECONDS = 5.0


@dataclass(frozen=True)
class Version:
    """A published version, or $LATEST."""

    number: str
    image: str
    architecture: str
    configuration: str
    description: str

    @property
    def digest(self) -> str:
        """sha256:… of its image; empty while it was set by tag."""
        return self.image.partition("@")[2]


@dataclass(frozen=True)
class Alias:
    """Where `live` points."""

    version: str
    revision: str
    weights: dict[str, float]


@dataclass(frozen=True)
class Answer:
    """What an invocation returned."""

    payload: Any
    function_error: str | None
    milliseconds: float


class FunctionControl:
    """One function's control plane.

    Every call is one AWS request (waits poll), so a caller can tell what has happened
    when it is killed between two of them.
    """

    def __init__(
        self,
        environment: Environment,
        function: str,
        *,
        client: Any = None,
        sleep: Callable[[float], None] = time.sleep,
        wait_seconds: float = 300,
    ) -> None:
        self.function = function
        self.name = environment.function_name(function)
        self._environment = environment
        # A smoke event may run as long as the function may: 15 minutes.
        self._client = client or environment.client("lambda", read_timeout=910)
        self._sleep = sleep
        self._wait_seconds = wait_seconds

    def version(self, qualifier: str) -> Version:
        """Describe a version; `$LATEST` is the one that Terraform configures."""
        try:
            answer = self._client.get_function(FunctionName=self.name, Qualifier=qualifier)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise FleetError(
                f"{self.name} has no version {qualifier}"
                if qualifier != LATEST
                else f"the function {self.name} does not exist",
                f"run `make bootstrap ENV={self._environment.name}`"
                if qualifier == LATEST
                else f"`fleet history --function {self.function}` lists the versions",
            ) from error
        return _version(answer["Configuration"], answer.get("Code", {}))

    def alias(self) -> Alias:
        """Where `live` points now."""
        try:
            answer = self._client.get_alias(FunctionName=self.name, Name=ALIAS)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise FleetError(
                f"{self.name} has no alias {ALIAS}",
                f"run `make bootstrap ENV={self._environment.name}`: Terraform makes it",
            ) from error
        weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return Alias(answer["FunctionVersion"], answer["RevisionId"], dict(weights))

    def update_image(self, uri: str) -> None:
        """Give $LATEST an image, and wait until Lambda has taken it."""
        # An update that failed before is no obstacle: this one replaces it.
        self._settled()
        self._client.update_function_code(FunctionName=self.name, ImageUri=uri, Publish=False)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until no update is in progress; a failed one is an error with its reason."""
        state = self._settled()
        if "Failed" in {state.get("LastUpdateStatus"), state.get("State")}:
            reason = state.get("LastUpdateStatusReason") or state.get("StateReason")
            raise FleetError(
                f"Lambda could not update {self.name}: {reason or 'no reason given'}",
                "mend the reason, then deploy again",
            )

    def _settled(self, qualifier: str = LATEST) -> dict[str, Any]:
        """Wait until Lambda has made up its mind about a version; return its state."""
        deadline = time.monotonic() + self._wait_seconds
        pause = _POLL_SECONDS
        while time.monotonic() < deadline:
            state: dict[str, Any] = self._client.get_function_configuration(
                FunctionName=self.name, Qualifier=qualifier
            )
            if state.get("LastUpdateStatus") != "InProgress" and state.get("State") != "Pending":
                return state
            self._sleep(pause)
            pause = min(pause * _POLL_GROWTH, _POLL_MAX_SECONDS)
        raise FleetError(
            f"{self.name} is still updating after {self._wait_seconds:.0f} s",
            f"look at it in AWS, then run the deploy again: {ALIAS} was not moved",
        )

    def publish(self, description: str) -> Version:
        """Publish $LATEST. When nothing has changed Lambda returns the last version."""
        answer = self._client.publish_version(FunctionName=self.name, Description=description)
        # A new version of an image is Pending for a while, and cannot be invoked until then.
        self._settled(answer["Version"])
        return self.version(answer["Version"])

    def invoke(self, qualifier: str, event: Any) -> Answer:
        """Invoke one version and wait for its answer."""
        began = time.perf_counter()
        answer = self._client.invoke(
            FunctionName=self.name, Qualifier=qualifier, Payload=json.dumps(event).encode()
        )
        body = answer["Payload"].read()
        took = (time.perf_counter() - began) * 1000
        return Answer(_decode(body), answer.get("FunctionError"), took)

    def move_alias(self, version: str, expected: Alias) -> Alias:
        """Point `live` at one version, alone; refused when somebody else has moved it."""
        try:
            answer = self._client.update_alias(
                FunctionName=self.name,
                Name=ALIAS,
                FunctionVersion=version,
                # Always sent: an update without it would keep the weights of a canary.
                RoutingConfig={"AdditionalVersionWeights": {}},
                RevisionId=expected.revision,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailedException":
                raise
            raise FleetError(
                f"somebody else moved {ALIAS} of {self.name} during this release",
                f"look at `fleet status --env {self._environment.name}`, then run it again",
                ExitCode.REFUSED,
            ) from error
        return Alias(answer["FunctionVersion"], answer["RevisionId"], {})


def _version(configuration: dict[str, Any], code: dict[str, Any]) -> Version:
    image = code.get("ImageUri", "")
    resolved = code.get("ResolvedImageUri", "")
    compared = {key: configuration.get(key) for key in _CONFIGURATION}
    return Version(
        number=configuration["Version"],
        image=resolved if "@" in resolved else image,
        architecture=(configuration.get("Architectures") or ["x86_64"])[0],
        configuration=json.dumps(compared, sort_keys=True, default=str),
        description=configuration.get("Description", ""),
    )


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
