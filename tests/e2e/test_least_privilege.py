"""Each function may do what it needs and nothing else, with IAM enforced."""

from __future__ import annotations

import pytest
from fleet.project import Project

from tests.e2e.conftest import Stack
from tests.kit.by_lambda import EVERYWHERE
from tests.kit.policies import Role, failing_event, platform_refusal, without
from tests.kit.program import ROOT

pytestmark = pytest.mark.stack
FUNCTIONS = Project(ROOT).functions


@pytest.fixture(params=FUNCTIONS)
def role(stack: Stack, request: pytest.FixtureRequest) -> Role:
    return Role(stack.environment, request.param)


def test_every_event_passes_with_the_policy_as_it_is(stack: Stack, role: Role) -> None:
    assert failing_event(stack.place, role.function) is None
    assert platform_refusal(role, list(role.policies().values())) is None


def test_taking_any_one_statement_out_makes_something_fail(stack: Stack, role: Role) -> None:
    unneeded = []
    for name, policy in role.policies().items():
        assert all(statement.get("Sid") for statement in policy["Statement"])
        for statement in policy["Statement"]:
            less = without(policy, statement["Sid"])
            with role.with_policy(name, less):
                others = [p for n, p in role.policies().items() if n != name]
                failed = failing_event(stack.place, role.function) or platform_refusal(
                    role, [*others, less]
                )
            if failed is None:
                unneeded.append(statement["Sid"])
    assert unneeded == []


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_nothing_comes_from_a_managed_policy_or_a_wildcard(role: Role) -> None:
    assert role.attached() == []
    for policy in role.policies().values():
        for statement in policy["Statement"]:
            resources = as_list(statement["Resource"])
            assert "*" not in resources or statement["Sid"] in EVERYWHERE
            assert not any("*" in action for action in as_list(statement["Action"]))


def test_a_function_runs_with_its_own_role_alone(stack: Stack) -> None:
    roles = {Role(stack.environment, function).name for function in FUNCTIONS}
    assert len(roles) == len(FUNCTIONS)
