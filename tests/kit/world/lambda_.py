"""Lambda's control plane, as far as releases touch it, with AWS's own refusals and delays."""

from __future__ import annotations

from typing import Any

from tests.kit.world import functions as model
from tests.kit.world.functions import LATEST, Alias, AwsError, Change, Function, Version
from tests.kit.world.invocations import Answer, Invocations
from tests.kit.world.rules import check_revision, check_routing

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


class ControlPlane(Invocations):
    """The calls that look at functions and change them, named as in AWS."""

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
        function = self.function(name)
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
        function = self.function(FunctionName)
        function.alias(Name)
        views = function.alias_views[Name]
        return views.at(self.clock() - self.stale) or views.first

    def list_aliases(self, FunctionName: str, **paging: Any) -> Answer:
        function = self.function(FunctionName)
        return {"Aliases": [function.describe_alias(name) for name in function.aliases]}

    def list_versions_by_function(self, FunctionName: str, **paging: Any) -> Answer:
        function = self.function(FunctionName)
        return {"Versions": [function.describe(v) for v in function.versions.values()]}

    def get_provisioned_concurrency_config(self, FunctionName: str, Qualifier: str) -> Answer:
        if Qualifier in self.function(FunctionName).provisioned:
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
        change = self.change(self.timing.update, reason)
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
        change = self.change(self.timing.update, "")
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
        made.change = self.change(self.timing.publish, self._failure("failing_publishes", ""))
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
        function = self.function(FunctionName)
        alias = function.alias(Name)
        version = FunctionVersion or alias.version
        weights = alias.weights
        if RoutingConfig is not None:
            weights = RoutingConfig.get("AdditionalVersionWeights") or {}
        check_routing(function, Name, version, weights)
        check_revision(RevisionId, alias.revision)
        alias.version, alias.weights = version, dict(weights)
        alias.description = alias.description if Description is None else Description
        function.show_alias(Name, self.clock())
        self.moved(function, alias)
        return function.describe_alias(Name)

    def delete_function(self, FunctionName: str, Qualifier: str | None = None) -> Answer:
        function = self.function(FunctionName)
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

    # What they share.

    def _view(self, name: str, qualifier: str) -> model.View:
        function = self.function(name)
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

    def _changeable(self, name: str, revision: str | None) -> Function:
        function = self.function(name)
        latest = function.versions[LATEST]
        if latest.update == "InProgress" or latest.state == "Pending":
            raise AwsError(
                "ResourceConflictException",
                "The operation cannot be performed at this time. An update is in progress for "
                f"resource: {function.arn}",
                409,
            )
        check_revision(revision, latest.revision)
        return function

    def _begin(self, function: Function, change: Change) -> Answer:
        latest = function.versions[LATEST]
        latest.update = "InProgress"
        latest.update_reason = ("The function is being created.", "Creating")
        latest.change = change
        function.show(latest, self.clock())
        return function.describe(latest)

    def _failure(self, kind: str, reason: str) -> str:
        left = getattr(self.timing, kind)
        if not left:
            return reason
        setattr(self.timing, kind, left - 1)
        return reason or "Lambda could not optimize the image."
