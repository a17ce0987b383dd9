"""The Model Context Protocol's own conformance suite against the function's transport."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp_server.service import Service

from tests.kit import gold_objects
from tests.kit.gold_edge import service, serving_gold
from tests.kit.mcp_everything import everything
from tests.kit.mcp_http import serving_mcp
from tests.kit.program import ROOT

SUITE = ROOT / ".fleet" / "conformance" / "node_modules"
# Of any server, whatever it offers.
GENERAL = {
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "dns-rebinding-protection",
}
# Of tools and resources that the suite wants to find: the same transport, with these.
OFFERED = {
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-error",
    "json-schema-2020-12",
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
}
# Of capabilities that a server need not have, and that this one does not say it has: prompts,
# completion, logging, subscriptions; and of sessions and messages from the server, which want a
# stream.
NOT_OFFERED = {
    "logging-set-level",
    "completion-complete",
    "tools-call-with-logging",
    "tools-call-with-progress",
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "resources-subscribe",
    "resources-unsubscribe",
    "prompts-list",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-embedded-resource",
    "prompts-get-with-image",
    "server-sse-polling",
    "server-sse-multiple-streams",
}


def conform(url: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every check of every scenario of the suite, by scenario."""
    node = SUITE / ".bin" / "node"
    program = SUITE / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    subprocess.run(
        [node, program, "server", "--url", url, "--suite", "all", "--output-dir", folder],
        capture_output=True,
        check=False,  # it counts what is not offered as failed
        timeout=120,
    )
    found = {}
    for path in folder.glob("server-*/checks.json"):
        scenario = path.parent.name.removeprefix("server-").rpartition("-20")[0]
        found[scenario] = json.loads(path.read_text())
    return found


def failures(checks: list[dict[str, Any]]) -> list[str]:
    return [f"{each['id']}: {each.get('errorMessage')}" for each in checks
            if each["status"] in {"FAILURE", "WARNING"}]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    if not SUITE.exists():
        pytest.skip("no conformance suite: shared/fleet/prepare/conformance.sh fetches it")
    found = {}
    with serving_gold(gold_objects.objects()):
        for name, served in (("basketball", service()), ("everything", Service(everything()))):
            with serving_mcp(served) as url:
                found[name] = conform(url, tmp_path_factory.mktemp(name))
    yield found


def test_every_scenario_of_the_suite_is_accounted_for(results: dict[str, Any]) -> None:
    assert set(results["basketball"]) == GENERAL | OFFERED | NOT_OFFERED


@pytest.mark.parametrize("scenario", sorted(GENERAL))
def test_the_server_conforms(results: dict[str, Any], scenario: str) -> None:
    assert failures(results["basketball"][scenario]) == []


@pytest.mark.parametrize("scenario", sorted(GENERAL | OFFERED))
def test_the_transport_conforms(results: dict[str, Any], scenario: str) -> None:
    assert failures(results["everything"][scenario]) == []


@pytest.mark.parametrize("scenario", sorted(NOT_OFFERED))
def test_what_is_not_offered_is_refused_in_the_protocol_s_own_way(
    results: dict[str, Any], scenario: str
) -> None:
    # Not by a fault: methods are unknown, tools are unknown, streams are not allowed.
    told = json.dumps(results["everything"][scenario])
    assert "Internal" not in told
    assert "-32603" not in told
