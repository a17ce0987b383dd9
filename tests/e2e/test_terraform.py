"""Terraform against the local AWS: settled after one apply, which leaves releases alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import Stack
from tests.kit.program import ROOT

pytestmark = pytest.mark.stack
EXPECTED = {
    known["resource_type"]: set(known["attributes"])
    for known in json.loads((ROOT / "tests" / "e2e" / "expected_drift.json").read_text())["updates"]
}


def differing(before: Any, after: Any) -> set[str]:
    """The top-level attributes in which a planned change differs."""
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def live_and_latest(stack: Stack) -> tuple[object, object]:
    control = stack.place.control("generate-presigned-url")
    return control.alias(), control.version("$LATEST").image


@pytest.fixture(scope="module")
def before(stack: Stack) -> tuple[object, object]:
    """What was live and latest before Terraform was applied once more."""
    found = live_and_latest(stack)
    stack.place.terraform.init()
    stack.place.terraform.apply()
    return found


@pytest.mark.usefixtures("before")
def test_a_second_apply_changes_nothing_but_what_the_local_aws_misreports(stack: Stack) -> None:
    _, plan = stack.place.terraform.plan()
    unexpected = {}
    for change in plan.get("resource_changes", []):
        if change["change"]["actions"] in (["no-op"], ["read"]):
            continue
        attributes = differing(change["change"]["before"] or {}, change["change"]["after"] or {})
        unknown = attributes - EXPECTED.get(change["type"], set())
        if change["change"]["actions"] != ["update"] or unknown:
            unexpected[change["address"]] = sorted(unknown)
    assert unexpected == {}


def test_terraform_does_not_undo_a_release(stack: Stack, before: tuple[object, object]) -> None:
    """Images and the alias belong to releases: an apply leaves both as they are."""
    assert live_and_latest(stack) == before
