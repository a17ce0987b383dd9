"""Every role of an environment, functions' and others', and what it may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fleet.environments import Environment


@dataclass(frozen=True)
class Standing:
    """A role as IAM has it.

    Attributes:
        name: Without the environment's prefix.
        statements: What its inline policies allow; denials are left out.
        attached: Names of managed policies.
    """

    name: str
    statements: tuple[dict[str, Any], ...]
    attached: tuple[str, ...]

    def everywhere(self) -> Iterator[str]:
        """Ids of statements with a wildcard for a resource or in an action."""
        for statement in self.statements:
            actions, resources = statement.get("Action", "*"), statement.get("Resource", "*")
            if "*" in listed(resources) or any("*" in action for action in listed(actions)):
                yield str(statement.get("Sid"))


def standing(environment: Environment) -> list[Standing]:
    """The environment's roles."""
    iam = environment.client("iam")
    prefix = f"{environment.project}-{environment.name}-"
    pages = iam.get_paginator("list_roles").paginate()
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    return [_standing(iam, name, prefix) for name in names if name.startswith(prefix)]


def _standing(iam: Any, name: str, prefix: str) -> Standing:
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    statements: list[dict[str, Any]] = []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        read = json.loads(document) if isinstance(document, str) else document
        statements += [s for s in read["Statement"] if s["Effect"] == "Allow"]
    managed = tuple(policy["PolicyName"] for policy in attached)
    return Standing(name.removeprefix(prefix), tuple(statements), managed)


def listed(value: str | list[str]) -> list[str]:
    """Actions or resources of a statement, which may be one without a list."""
    return [value] if isinstance(value, str) else value
