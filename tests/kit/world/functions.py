"""What Lambda knows of a function: its versions and aliases, now and a moment ago."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

LATEST = "$LATEST"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
_revisions = count(1)


class AwsError(Exception):
    """A refusal, as AWS answers it."""

    def __init__(self, code: str, message: str, status: int = 400, **more: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.more = code, message, status, more


@dataclass
class Change:
    """An update of a version that is under way.

    Attributes:
        at: when it will be settled.
        reason: why it will fail; empty when it will not.
        before: image and digest that come back then.
    """

    at: float
    reason: str = ""
    code: str = "InvalidImage"
    before: tuple[str, str] = ("", "")


@dataclass
class Version:
    """A version, or $LATEST."""

    number: str
    image: str
    digest: str
    configuration: dict[str, Any]
    description: str = ""
    state: str = "Active"
    state_reason: tuple[str, str] = ("", "")
    update: str = "Successful"
    update_reason: tuple[str, str] = ("", "")
    revision: str = ""
    change: Change | None = None
    passed: bool = False

    @property
    def contents(self) -> tuple[str, dict[str, Any]]:
        """What publishing compares."""
        return self.digest, self.configuration


@dataclass
class Alias:
    version: str
    weights: dict[str, float] = field(default_factory=dict)
    revision: str = ""
    description: str = ""


class Views[T]:
    """What reads answered at every time: a read may be given an older one."""

    def __init__(self) -> None:
        self._past: list[tuple[float, T]] = []

    def add(self, at: float, view: T) -> None:
        self._past.append((at, view))

    def at(self, moment: float) -> T | None:
        """What was true then; None before the first."""
        return next((view for at, view in reversed(self._past) if at <= moment), None)

    @property
    def first(self) -> T:
        return self._past[0][1]


View = tuple[dict[str, Any], dict[str, Any]]


class Function:
    """One function, from its creation until it is deleted."""

    def __init__(self, name: str, image: str, digest: str, configuration: dict[str, Any]) -> None:
        self.name = name
        self.versions = {LATEST: Version(LATEST, image, digest, configuration)}
        self.aliases: dict[str, Alias] = {}
        self.provisioned: set[str] = set()
        self.numbers = count(1)
        self.last_published = ""
        self.views: dict[str, Views[View]] = {}
        self.alias_views: dict[str, Views[dict[str, Any]]] = {}

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def version(self, number: str) -> Version:
        if number not in self.versions:
            raise self.missing(number)
        return self.versions[number]

    def alias(self, name: str) -> Alias:
        if name not in self.aliases:
            raise AwsError(
                "ResourceNotFoundException", f"Cannot find alias arn: {self.arn}:{name}", 404
            )
        return self.aliases[name]

    def missing(self, qualifier: str) -> AwsError:
        return AwsError(
            "ResourceNotFoundException", f"Function not found: {self.arn}:{qualifier}", 404
        )

    def settle(self, now: float) -> None:
        """Let every update that is due by now have ended."""
        for version in self.versions.values():
            if version.change and version.change.at <= now:
                self._settle(version, version.change)

    def _settle(self, version: Version, change: Change) -> None:
        version.change = None
        reason = (change.reason, change.code if change.reason else "")
        if version.update == "InProgress":
            version.update = "Failed" if change.reason else "Successful"
            version.update_reason = reason
            if change.reason:
                version.image, version.digest = change.before
        if version.state == "Pending":
            version.state = "Failed" if change.reason else "Active"
            version.state_reason = reason
        self.show(version, change.at)

    def show(self, version: Version, at: float) -> None:
        """Let reads see a version as it is now, under a new revision."""
        version.revision = new_revision()
        shown = (self.describe(version), _code(version))
        self.views.setdefault(version.number, Views()).add(at, shown)

    def show_alias(self, name: str, at: float) -> None:
        """Let reads see an alias as it is now, under a new revision."""
        self.aliases[name].revision = new_revision()
        self.alias_views.setdefault(name, Views()).add(at, self.describe_alias(name))

    def describe(self, version: Version) -> dict[str, Any]:
        """A version's configuration, as GetFunction and all that change it answer."""
        arn = self.arn if version.number == LATEST else f"{self.arn}:{version.number}"
        shown = {
            "FunctionName": self.name,
            "FunctionArn": arn,
            "Version": version.number,
            "Description": version.description,
            "PackageType": "Image",
            "CodeSha256": version.digest.removeprefix("sha256:"),
            "State": version.state,
            "LastUpdateStatus": version.update,
            "RevisionId": version.revision,
            **version.configuration,
        }
        for what, (reason, code) in (
            ("State", version.state_reason),
            ("LastUpdateStatus", version.update_reason),
        ):
            if reason:
                shown |= {f"{what}Reason": reason, f"{what}ReasonCode": code}
        return shown

    def describe_alias(self, name: str) -> dict[str, Any]:
        alias = self.aliases[name]
        shown: dict[str, Any] = {
            "AliasArn": f"{self.arn}:{name}",
            "Name": name,
            "FunctionVersion": alias.version,
            "Description": alias.description,
            "RevisionId": alias.revision,
        }
        if alias.weights:
            shown["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
        return shown


def new_revision() -> str:
    return f"00000000-0000-4000-8000-{next(_revisions):012}"


def _code(version: Version) -> dict[str, Any]:
    repository, _, _ = version.image.partition("@")
    resolved = f"{repository.rpartition(':')[0] if '@' not in version.image else repository}"
    return {
        "RepositoryType": "ECR",
        "ImageUri": version.image,
        "ResolvedImageUri": f"{resolved}@{version.digest}",
    }
