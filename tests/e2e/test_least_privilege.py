"""Each function may do what it needs and nothing else, with IAM enforced."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from fleet.project import Project

from tests.e2e.conftest import Stack
from tests.kit.by_lambda import EVERYWHERE
from tests.kit.policies import Role, failing_event, platform_refusal, without
from tests.kit.program import ROOT
from tests.kit.roles import listed, standing

pytestmark = pytest.mark.stack
FUNCTIONS = Project(ROOT).functions
# Roles that are no function's, statements whose resource is *, and why.
WITHOUT_ARN = {
    ("github-deploy", "LogInToRegistry"): "a registry's token is for all of it",
    ("github-deploy", "Judge"): "alarms, metrics and the names of log groups are listed as a whole",
}


@pytest.fixture(params=FUNCTIONS)
def role(stack: Stack, request: pytest.FixtureRequest) -> Role:
    return Role(stack.environment, request.param)


def test_every_event_passes_with_the_policy_as_it_is(stack: Stack, role: Role) -> None:
    assert failing_event(stack.place, role.function) is None
    assert platform_refusal(role, list(role.policies().values())) is None


@pytest.fixture(scope="module")
def unneeded(stack: Stack) -> dict[str, Future[list[str]]]:
    """By function, the statements without which everything still works.

    Several functions at a time: each has its role, and most of it is waiting for containers.
    """
    with ThreadPoolExecutor(4) as pool:
        return {
            function: pool.submit(without_need, stack, Role(stack.environment, function))
            for function in FUNCTIONS
        }


def without_need(stack: Stack, role: Role) -> list[str]:
    found = []
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
                found.append(statement["Sid"])
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_taking_any_one_statement_out_makes_something_fail(
    unneeded: dict[str, Future[list[str]]], function: str
) -> None:
    assert unneeded[function].result() == []


def test_nothing_comes_from_a_managed_policy_or_a_wildcard(role: Role) -> None:
    assert role.attached() == []
    for policy in role.policies().values():
        for statement in policy["Statement"]:
            resources = listed(statement["Resource"])
            assert "*" not in resources or statement["Sid"] in EVERYWHERE
            assert not any("*" in action for action in listed(statement["Action"]))


def test_no_other_role_has_a_wildcard_without_a_reason(stack: Stack) -> None:
    """Schedules' and GitHub's: what may be done everywhere is what AWS knows no ARN for."""
    others = [role for role in standing(stack.environment) if role.name not in FUNCTIONS]
    assert {"digest-schedule", "github-deploy", "github-plan"} <= {role.name for role in others}
    assert {(role.name, sid) for role in others for sid in role.everywhere()} == set(WITHOUT_ARN)
    # Who plans reads everything but data: that policy is AWS's, and it has denials of its own.
    managed = {(role.name, policy) for role in others for policy in role.attached}
    assert managed == {("github-plan", "ReadOnlyAccess")}


def test_a_function_runs_with_its_own_role_alone(stack: Stack) -> None:
    roles = {Role(stack.environment, function).name for function in FUNCTIONS}
    assert len(roles) == len(FUNCTIONS)
