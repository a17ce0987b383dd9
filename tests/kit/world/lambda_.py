"""Lambda's control plane, as far as releases touch it, with AWS's own refusals and delays."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kit.world import functions as model
from tests.kit.world.cloudwatch import Metrics
from tests.kit.world.functions import LATEST, Alias, AwsError, Change, Function, Version
from tests.kit.world.rates import Rates
from tests.kit.world.registry import Images

type Answer = dict[str, Any]

CONFIGURATION: dict[str, Any] = {
    "Role": f"arn:aws:iam::{model.ACCOUNT}:role/function",
    "Timeout": 30,
    "MemorySize": 256,
    "Architectures": ["x86_64"],
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "TracingConfig": {"Mode": "PassThrough"},
}
_SETTABLE = ("Role", "Timeout", "MemorySize", "Environment", "EphemeralStorage",
             "TracingConfig", "DeadLetterConfig")  # fmt: skip


@dataclass
class Timing:
    """How long the control plane takes, in seconds, and what it will not manage.

    Attributes:
        update: until an update of $LATEST has settled.
        publish: until a new version can be invoked.
        failing_updates: how many of the next updates end as Failed.
        failing_publishes: how many of the next versions end as Failed.
        late_refusal: whether a missing image is found only when the update has begun.
    """

    update: float = 2.0
    publish: float = 1.0
    wake: float = 3.0
    failing_updates: int = 0
    failing_publishes: int = 0
    late_refusal: bool = False


@dataclass
class ControlPlane:
    """Every function of an account, and the calls that change them.

    Calls are named as in AWS; `stale` is how old an answer to the read at hand is to be.
    """

    clock: Callable[[], float]
    images: Images
    metrics: Metrics
    rates: Rates = field(default_factory=Rates)
    timing: Timing = field(default_factory=Timing)
    functions: dict[str, Function] = field(default_factory=dict)
    stale: float = 0.0
    moved: Callable[[Function, Alias], None] = field(default=lambda _function, _alias: None)
    invoked: Callable[[Version, Any, Any], None] = field(default=lambda *_: None)

    # What Terraform does, without its calls.

    def create(self, name: str, image: str, **configuration: Any) -> Function:
        """Make a function whose alias `live` is on $LATEST, or replace it by such a one."""
        digest = self.images.resolve(image)
        assert digest, f"{image} was not pushed"
        made = Function(name, image, digest, CONFIGURATION | configuration)
        self.functions[name] = made
        made.aliases["live"] = Alias(LATEST)
        made.show(made.versions[LATEST], self.clock())
        made.show_alias("live", self.clock())
        return made

    def put_to_sleep(self, name: str, number: str) -> None:
        """Let a version be Inactive: it was not invoked for weeks."""
        function = self._function(name)
        version = function.version(number)
        version.state = "Inactive"
        version.state_reason = ("The function is idle.", "Idle")
        function.show(version, self.clock())

    # Reads: they may be a little old.

    def get_function(self, FunctionName: str, Qualifier: str = LATEST) -> Answer:
        configuration, code = self._view(FunctionName, Qualifier)
        return {"Configuration": configuration, "Code": code}

    def get_function_configuration(self, FunctionName: str, Qualifier: str = LATEST) -> Answer:
        return self._view(FunctionName, Qualifier)[0]

    def get_alias(self, FunctionName: str, Name: str) -> Answer:
        function = self._function(FunctionName)
        function.alias(Name)
        views = function.alias_views[Name]
        return views.at(self.clock() - self.stale) or views.first

    def list_aliases(self, FunctionName: str, **paging: Any) -> Answer:
        function = self._function(FunctionName)
        return {"Aliases": [function.describe_alias(name) for name in function.aliases]}

    def list_versions_by_function(self, FunctionName: str, **paging: Any) -> Answer:
        function = self._function(FunctionName)
        return {"Versions": [function.describe(v) for v in function.versions.values()]}

    def get_provisioned_concurrency_config(self, FunctionName: str, Qualifier: str) -> Answer:
        if Qualifier in self._function(FunctionName).provisioned:
            return {"RequestedProvisionedConcurrentExecutions": 1, "Status": "READY"}
        raise AwsError(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
            404,
        )

    # Writes: they always see the truth.

    def update_function_code(
        self,
        FunctionName: str,
        ImageUri: str,
        RevisionId: str | None = None,
        Publish: bool = False,
        Architectures: list[str] | None = None,
    ) -> Answer:
        assert not Publish, "a release publishes by itself"
        function = self._changeable(FunctionName, RevisionId)
        latest = function.versions[LATEST]
        digest = self.images.resolve(ImageUri)
        missing = f"Source image {ImageUri} does not exist. Provide a valid source image."
        if not digest and not self.timing.late_refusal:
            raise AwsError("InvalidParameterValueException", missing)
        reason = self._failure("failing_updates", "" if digest else missing)
        change = self._change(self.timing.update, reason)
        change.before = (latest.image, latest.digest)
        latest.image = ImageUri
        latest.digest = digest or ImageUri.partition("@")[2] or latest.digest
        return self._begin(function, change)

    def update_function_configuration(
        self, FunctionName: str, RevisionId: str | None = None, **changes: Any
    ) -> Answer:
        function = self._changeable(FunctionName, RevisionId)
        latest = function.versions[LATEST]
        latest.description = changes.pop("Description", latest.description)
        unknown = set(changes) - set(_SETTABLE)
        assert not unknown, f"this fake does not know {unknown}"
        latest.configuration = latest.configuration | changes
        change = self._change(self.timing.update, "")
        change.before = (latest.image, latest.digest)
        return self._begin(function, change)

    def publish_version(
        self, FunctionName: str, Description: str = "", RevisionId: str | None = None
    ) -> Answer:
        function = self._changeable(FunctionName, RevisionId)
        latest = function.versions[LATEST]
        last = function.versions.get(function.last_published)
        if last and last.contents == latest.contents:
            return function.describe(last)
        number = str(next(function.numbers))
        made = Version(number, latest.image, latest.digest, latest.configuration, Description)
        made.state, made.state_reason = "Pending", ("The function is being created.", "Creating")
        made.change = self._change(self.timing.publish, self._failure("failing_publishes", ""))
        function.versions[number] = made
        function.last_published = number
        function.show(made, self.clock())
        return function.describe(made)

    def update_alias(
        self,
        FunctionName: str,
        Name: str,
        FunctionVersion: str | None = None,
        RoutingConfig: dict[str, Any] | None = None,
        RevisionId: str | None = None,
        Description: str | None = None,
    ) -> Answer:
        function = self._function(FunctionName)
        alias = function.alias(Name)
        version = FunctionVersion or alias.version
        weights = alias.weights
        if RoutingConfig is not None:
            weights = RoutingConfig.get("AdditionalVersionWeights") or {}
        _check_routing(function, Name, version, weights)
        _check_revision(RevisionId, alias.revision)
        alias.version, alias.weights = version, dict(weights)
        alias.description = alias.description if Description is None else Description
        function.show_alias(Name, self.clock())
        self.moved(function, alias)
        return function.describe_alias(Name)

    def delete_function(self, FunctionName: str, Qualifier: str | None = None) -> Answer:
        function = self._function(FunctionName)
        if Qualifier is None:
            del self.functions[function.name]
            return {}
        if Qualifier == LATEST:
            raise AwsError(
                "InvalidParameterValueException",
                "$LATEST version cannot be deleted without deleting the function.",
            )
        users = [n for n, a in function.aliases.items() if Qualifier in {a.version, *a.weights}]
        if users:
            raise AwsError(
                "ResourceConflictException",
                f"Unable to delete version because the following aliases reference it: {users}",
                409,
            )
        function.version(Qualifier)
        del function.versions[Qualifier]
        return {}

    # Invocations.

    def invoke(self, FunctionName: str, Qualifier: str = LATEST, Payload: bytes = b"{}") -> Answer:
        function = self._function(FunctionName)
        alias = function.aliases.get(Qualifier)
        version = function.version(self._executed(alias) if alias else Qualifier)
        self._require_ready(function, version)
        event = json.loads(Payload)
        payload, error = self.images.behaviour(version.digest).answer(event)
        if alias is None:
            self.invoked(version, event, None if error else payload)
        self.metrics.invoked(function.name, Qualifier, version.number, alias, bool(error))
        answer: Answer = {
            "StatusCode": 200,
            "ExecutedVersion": version.number,
            "Payload": io.BytesIO(json.dumps(payload).encode()),
        }
        return answer | ({"FunctionError": error} if error else {})

    def seconds(self, FunctionName: str, Qualifier: str = LATEST, **_: Any) -> float:
        """How long an invocation takes."""
        function = self.functions.get(FunctionName)
        alias = function.aliases.get(Qualifier) if function else None
        version = function.versions.get(alias.version if alias else Qualifier) if function else None
        return self.images.behaviour(version.digest).seconds if version else 0.0

    def traffic(self, name: str, count: int) -> None:
        """Let users call a function through `live`, so many times at this moment."""
        function = self._function(name)
        alias = function.aliases["live"]
        rest = count
        for number, weight in alias.weights.items():
            share = self.images.random.binomialvariate(count, weight)
            rest -= share
            self._used(function, alias, number, share)
        self._used(function, alias, alias.version, rest)

    def _used(self, function: Function, alias: Alias, number: str, count: int) -> None:
        rate = self.images.behaviour(function.version(number).digest).error_rate
        errors = self.images.random.binomialvariate(count, rate)
        self.metrics.invoked(function.name, "live", number, alias, errors, count)

    def _executed(self, alias: Alias) -> str:
        for number, weight in alias.weights.items():
            if self.images.random.random() < weight:
                return number
        return alias.version

    def _require_ready(self, function: Function, version: Version) -> None:
        if version.state == "Inactive":
            gone = not self.images.resolve(version.image)
            reason = "The image was deleted from its repository." if gone else ""
            version.state = "Pending"
            version.state_reason = ("The function is being restored.", "Restoring")
            version.change = self._change(self.timing.wake, reason, "ImageDeleted")
            function.show(version, self.clock())
            raise AwsError(
                "ResourceNotReadyException",
                "The operation cannot be performed at this time. The function is currently idle.",
                502,
            )
        if version.state != "Active":
            raise AwsError(
                "ResourceConflictException",
                "The operation cannot be performed at this time. The function is currently in the "
                f"following state: {version.state}",
                409,
            )

    # What they share.

    def _view(self, name: str, qualifier: str) -> model.View:
        function = self._function(name)
        if qualifier in function.aliases:
            qualifier = function.aliases[qualifier].version
        function.version(qualifier)
        views = function.views[qualifier]
        view = views.at(self.clock() - self.stale)
        if view is None:
            if qualifier != LATEST:
                raise function.missing(qualifier)
            view = views.first
        return view

    def _function(self, name: str) -> Function:
        name = name.rpartition(":")[2]
        if name not in self.functions:
            raise AwsError("ResourceNotFoundException", f"Function not found: {name}", 404)
        function = self.functions[name]
        function.settle(self.clock())
        return function

    def _changeable(self, name: str, revision: str | None) -> Function:
        function = self._function(name)
        latest = function.versions[LATEST]
        if latest.update == "InProgress" or latest.state == "Pending":
            raise AwsError(
                "ResourceConflictException",
                "The operation cannot be performed at this time. An update is in progress for "
                f"resource: {function.arn}",
                409,
            )
        _check_revision(revision, latest.revision)
        return function

    def _begin(self, function: Function, change: Change) -> Answer:
        latest = function.versions[LATEST]
        latest.update = "InProgress"
        latest.update_reason = ("The function is being created.", "Creating")
        latest.change = change
        function.show(latest, self.clock())
        return function.describe(latest)

    def _change(self, seconds: float, reason: str, code: str = "InvalidImage") -> Change:
        return Change(self.clock() + seconds, reason, code)

    def _failure(self, kind: str, reason: str) -> str:
        left = getattr(self.timing, kind)
        if not left:
            return reason
        setattr(self.timing, kind, left - 1)
        return reason or "Lambda could not optimize the image."


def _check_revision(given: str | None, known: str) -> None:
    if given is not None and given != known:
        raise AwsError(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction "
            "API or the GetAlias API to retrieve the latest RevisionId for your resource.",
            412,
        )


def _check_routing(function: Function, alias: str, version: str, weights: dict[str, float]) -> None:
    made = function.version(version)
    if not weights:
        return
    if LATEST in {version, *weights}:
        raise _invalid("$LATEST is not supported for an alias pointing to more than 1 version")
    if len(weights) > 1:
        raise _invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if alias in function.provisioned:
        raise _invalid("Alias with weights can not be used with Provisioned Concurrency")
    for number, weight in weights.items():
        if not re.fullmatch(r"[0-9]+", number) or not 0.0 <= weight <= 1.0:
            raise _invalid(f"{number}={weight} is not a weight")
        if number == version:
            raise _invalid(
                f"Invalid function version {number}. Function version {number} is already "
                "included in routing configuration."
            )
        other = function.version(number)
        for key in ("Role", "DeadLetterConfig"):
            if other.configuration.get(key) != made.configuration.get(key):
                raise _invalid(f"The versions that an alias points at must have the same {key}")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
