"""A healthy function in memory, for the checks of `fleet validate`: a test spoils one thing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fleet.environments import Environment
from fleet.errors import FleetError
from fleet.project import Project
from fleet.release.runner import Threads
from fleet.release.told import ALIAS, LATEST, Alias, Answer, Version
from fleet.release.validation.checks import Check, Validation
from fleet.release.validation.inside import RUNNER
from fleet.release.validation.subject import Options, Sources
from fleet.release.validation.validator import Validator
from function_kit.releases import Release

from tests.kit.validated import (
    ARN,
    EVENTS,
    FUNCTION,
    GROUP,
    NAME,
    NEW,
    OLD,
    POLICY,
    TOPIC,
    TRUST,
    alarm,
    declared,
    refusal,
    release,
    version,
)


@dataclass
class House:
    """Everything that validation reads; `refuse` names calls that AWS refuses."""

    root: Path
    local: bool = False
    alias: Alias = field(default_factory=lambda: Alias("2", "r"))
    versions: dict[str, Version] = field(
        default_factory=lambda: {LATEST: version(LATEST, NEW), "2": version("2", NEW)}
    )
    declared: dict[str, Any] = field(default_factory=declared)
    routes: list[dict[str, Any]] = field(default_factory=list)
    releases: list[Release] = field(default_factory=lambda: [release(2), release(1)])
    digests: set[str] = field(default_factory=lambda: {OLD, NEW})
    on_latest: list[dict[str, Any]] = field(default_factory=list)
    on_live: list[dict[str, Any]] = field(default_factory=list)
    trust: dict[str, Any] = field(default_factory=lambda: TRUST)
    policies: dict[str, Any] = field(default_factory=lambda: {"function": POLICY})
    attached: list[str] = field(default_factory=list)
    repository_policy: dict[str, Any] | None = field(
        default_factory=lambda: {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": {"ArnLike": {"aws:SourceArn": ARN.replace("-dev-", "-*-")}},
            }
        }
    )
    groups: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"logGroupName": f"{GROUP}-2"},
            {"logGroupName": GROUP, "retentionInDays": 14},
        ]
    )
    alarms: list[dict[str, Any]] = field(
        default_factory=lambda: [alarm("errors"), alarm("throttles")]
    )
    answers: dict[str, Answer] = field(default_factory=dict)
    cold_calls: int = 1
    refuse: dict[str, str] = field(default_factory=dict)
    runner: Callable[[dict[str, Any]], Answer] | None = None
    invoked: list[Any] = field(default_factory=list)
    awake: list[str] = field(default_factory=list)

    def validate(
        self,
        *functions: str,
        invoke: bool = True,
        all_events: bool = False,
        inside: bool = False,
    ) -> Validation:
        options = Options(invoke=invoke, all_events=all_events, inside=inside)
        validator = Validator(self.sources(), options)
        return validator.run(functions or (FUNCTION,))

    def checks(self, **options: bool) -> dict[str, Check]:
        """The checks by name."""
        return {check.name: check for check in self.validate(**options).functions[0].checks}

    def sources(self) -> Sources:
        environment = Environment(
            "dev", "lambda-fleet", "us-east-1", "arm64",
            "http://localhost:1" if self.local else None, releases=True,
        )  # fmt: skip
        return Sources(
            project=self.project(),
            environment=environment,
            registry=self,  # type: ignore[arg-type]
            history=self,  # type: ignore[arg-type]
            outputs={
                "functions": {FUNCTION: self.declared},
                "registry": {"rollback_window": 2},
                "routes": {FUNCTION: self.routes},
                "alarm_topic_arn": TOPIC,
            },
            control=self.control,
            api=_Api(self),  # type: ignore[arg-type]
            runner=Threads(),
            iam=_Iam(self),
            ecr=self,
            logs=self,
            cloudwatch=self,
        )

    def control(self, function: str) -> Any:
        if function == RUNNER and self.runner:
            return _Runner(self.runner)
        if function != FUNCTION:
            raise FleetError(f"the function {function} does not exist", "make it")
        return _Control(self)

    def project(self) -> Project:
        events = self.root / "images" / FUNCTION / "events"
        if not events.exists():
            events.mkdir(parents=True)
            (self.root / "pyproject.toml").write_text('[tool.fleet]\nproject = "lambda-fleet"\n')
            for name, content in EVENTS.items():
                (events / f"{name}.json").write_text(json.dumps(content))
        return Project(self.root)

    def check_refusal(self, operation: str) -> None:
        if operation in self.refuse:
            raise refusal(self.refuse[operation], operation)

    def has_digest(self, function: str, digest: str) -> bool:
        self.check_refusal("has_digest")
        return digest in self.digests

    def of(self, function: str, limit: int = 50) -> list[Release]:
        return self.releases

    def get_repository_policy(self, repositoryName: str) -> dict[str, Any]:
        self.check_refusal("get_repository_policy")
        assert repositoryName == f"lambda-fleet/{FUNCTION}"
        if self.repository_policy is None:
            raise refusal("RepositoryPolicyNotFoundException")
        return {"policyText": json.dumps(self.repository_policy)}

    def describe_log_groups(self, logGroupNamePrefix: str) -> dict[str, Any]:
        self.check_refusal("describe_log_groups")
        found = [g for g in self.groups if g["logGroupName"].startswith(logGroupNamePrefix)]
        return {"logGroups": found}

    def describe_alarms(self, AlarmNames: Sequence[str]) -> dict[str, Any]:
        self.check_refusal("describe_alarms")
        return {"MetricAlarms": [a for a in self.alarms if a["AlarmName"] in AlarmNames]}


class _Control:
    def __init__(self, house: House) -> None:
        self._house = house

    def alias(self) -> Alias:
        self._house.check_refusal("get_alias")
        return self._house.alias

    def version(self, qualifier: str) -> Version:
        return self._house.versions[qualifier]

    def wait_active(self, qualifier: str) -> Version:
        self._house.awake.append(qualifier)
        self._house.versions[qualifier] = replace(self._house.versions[qualifier], state="Active")
        return self._house.versions[qualifier]

    def invoke(self, qualifier: str, event: Any) -> Answer:
        self._house.invoked.append((qualifier, event))
        name = next(name for name, sample in EVENTS.items() if sample["event"] == event)
        return self._house.answers.get(name, Answer({"ok": True}, None, 20.0))


class _Runner:
    """The control plane of lambda-test-runner; what it answers, the test says."""

    def __init__(self, answer: Callable[[dict[str, Any]], Answer]) -> None:
        self._answer = answer

    def invoke(self, qualifier: str, event: dict[str, Any]) -> Answer:
        assert qualifier == ALIAS
        return self._answer(event)


class _Api:
    def __init__(self, house: House) -> None:
        self._house = house

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        self._house.check_refusal(operation)
        assert arguments["FunctionName"] == NAME
        if operation == "invoke":
            return self._invoke(arguments)
        assert operation == "get_policy"
        found = self._house.on_live if arguments.get("Qualifier") else self._house.on_latest
        if not found:
            raise refusal("ResourceNotFoundException")
        return {"Policy": json.dumps({"Statement": found})}

    def _invoke(self, arguments: dict[str, Any]) -> dict[str, Any]:
        house = self._house
        house.invoked.append((arguments["Qualifier"], json.loads(arguments["Payload"])))
        smoke = house.answers.get("smoke", Answer({"ok": True}, None, 20.0))
        house.cold_calls -= 1
        cold = house.cold_calls >= 0
        log = "UkVQT1JUIEluaXQgRHVyYXRpb246IDEgbXM=" if cold else ""  # REPORT Init Duration: 1 ms
        body = smoke.payload
        answer: dict[str, Any] = {
            "Payload": io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode()),
            "LogResult": log,
        }
        return answer | ({"FunctionError": smoke.function_error} if smoke.function_error else {})


class _Iam:
    def __init__(self, house: House) -> None:
        self._house = house

    def get_role(self, RoleName: str) -> dict[str, Any]:
        self._house.check_refusal("get_role")
        return {"Role": {"AssumeRolePolicyDocument": self._house.trust}}

    def get_role_policy(self, RoleName: str, PolicyName: str) -> dict[str, Any]:
        self._house.check_refusal("get_role_policy")
        if PolicyName not in self._house.policies:
            raise refusal("NoSuchEntity")
        return {"PolicyDocument": self._house.policies[PolicyName]}

    def list_role_policies(self, RoleName: str) -> dict[str, Any]:
        return {"PolicyNames": list(self._house.policies)}

    def list_attached_role_policies(self, RoleName: str) -> dict[str, Any]:
        return {"AttachedPolicies": [{"PolicyName": name} for name in self._house.attached]}
