"""Invocations: of one version, or through an alias as users make them."""

from __future__ import annotations

import io
import json
from typing import Any

from tests.kit.world.account import Account
from tests.kit.world.functions import LATEST, Alias, AwsError, Function, Version

type Answer = dict[str, Any]


class Invocations(Account):
    """Lambda's data plane."""

    def invoke(self, FunctionName: str, Qualifier: str = LATEST, Payload: bytes = b"{}") -> Answer:
        function = self.function(FunctionName)
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
        function = self.function(name)
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
            version.change = self.change(self.timing.wake, reason, "ImageDeleted")
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
