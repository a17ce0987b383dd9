"""Promises whose figures tests establish: what was asked, and which tests say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PASSED = ""
"""In place of a figure's name: how many cases passed."""


@dataclass(frozen=True)
class Proof:
    """One promise.

    Attributes:
        key: Names it in every run.
        system, title: Whom and what it is about, for people.
        asked: The promise in words.
        limit: What the figure is held to.
        tests: Files, or tests of a file (`file::test`).
        figure: What these tests record of it; of several the worst counts.
        better: Whether less or more of it is good.
    """

    key: str
    system: str
    title: str
    asked: str
    limit: float
    tests: tuple[str, ...]
    figure: str = PASSED
    unit: str = ""
    better: Literal["less", "more"] = "more"

    @property
    def command(self) -> str:
        """What a person types."""
        return f".venv/bin/python -m pytest {' '.join(self.tests)}"


def _in(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{file}.py::test_{name}" for name in names)


_DIGEST = ("tests/integration/test_digest_scale.py",)
_MODEL = _in(
    "integration/test_release_model",
    "any_two_operators_leave_every_function_wholly_old_or_wholly_new",
)
_SCALE = _in(
    "integration/test_release_scale",
    "five_hundred_functions_take_as_long_as_the_request_rate_makes_them",
)
_DETECTION = _in("unit/test_judge_simulated", "a_worse_version_is_found_as_often_as_theory_says")
_FALSE_ALARMS = _in("unit/test_judge_simulated", "no_worse_version_is_failed_more_often_than_alpha")
_SSRF = (
    *_in("security/test_messages_ssrf_urls", "the_url_is_refused_and_not_repeated"),
    *_in("security/test_messages_ssrf_addresses", "the_address_is_refused_and_never_connected_to"),
    "tests/security/test_messages_outbound.py",
)
_MALFORMED = _in(
    "unit/test_bronze_validation",
    "a_malformed_box_score_has_its_class",
    "a_malformed_older_box_score_has_its_class",
    "a_malformed_schedule_has_its_class",
)
_SEASON = _in("integration/test_lake_season", "a_season_of_1230_games_is_true_to_the_last_digit")
_TRICKS = _in("unit/test_mcp_paths", "a_trick_is_a_tool_error_and_no_read")
_LOOP = _in("integration/test_gateway_audit", "the_loop_is_never_blocked_for_50_ms")
_TOKENS = _in("unit/test_gateway_tokens", "no_token_but_a_good_one_gets_in")
_INJECTION = _in("security/test_workflow_injection", "nothing_that_people_write_is_run")
_REPLAY = ("tests/unit/test_update_replay.py",)
_SCHEMA = _in("e2e/test_api_schemathesis", "callers_with_a_signature_get_what_is_described")
_FORBIDDEN = _in("e2e/test_deploy_role", "what_it_may_not")

PROOFS = (
    Proof(
        "digest_memory", "digest", "2,500 monitors and every fault: memory at most", "< 128 MB",
        limit=128, tests=_DIGEST, figure="peak_mib", unit="MiB", better="less",
    ),
    Proof(
        "digest_time", "digest", "the same: the longest run, of its timeout", "< 1",
        limit=1, tests=_DIGEST, figure="of_its_time", better="less",
    ),
    Proof(
        "sequences", "releases", "two operators, crashes and faults: sequences, no exception",
        "≥ 2,000", limit=2000, tests=_MODEL, figure="sequences",
    ),
    Proof(
        "five_hundred", "releases", "500 functions, 15 requests a second (simulated), of the bound",
        "≤ 1.15 x", limit=1.15, tests=_SCALE, figure="times_the_bound", unit="x", better="less",
    ),
    Proof(
        "detection", "releases", "the judge: detection off theory by at most", "≤ 3 points",
        limit=3, tests=_DETECTION, figure="points_from_theory", unit="points", better="less",
    ),
    Proof(
        "false_alarms", "releases", "the judge: false alarms in 10,000 canaries, of alpha", "≤ 1",
        limit=1, tests=_FALSE_ALARMS, figure="false_alarms_of_alpha", better="less",
    ),
    Proof(
        "updates", "devices", "events in any order, with duplicates, one final state", "10,000",
        limit=10_000, tests=_REPLAY, figure="events",
    ),
    Proof(
        "ssrf", "messages", "URLs and addresses of web actions refused or cut", "≥ 60",
        limit=60, tests=_SSRF,
    ),
    Proof(
        "season", "lake", "games from empty buckets to gold, true to the last digit", "1,230",
        limit=1230, tests=_SEASON, figure="games",
    ),
    Proof(
        "malformed", "lake", "malformed inputs classified", "≥ 40", limit=40, tests=_MALFORMED,
    ),
    Proof(
        "path_tricks", "lake", "path tricks refused by the MCP server without a read", "all",
        limit=1, tests=_TRICKS,
    ),
    Proof(
        "loop", "gateway", "the event loop blocked for at most", "< 50 ms",
        limit=50, tests=_LOOP, figure="blocked_ms", unit="ms", better="less",
    ),
    Proof(
        "tokens", "gateway", "attacks with tokens, none of which gets in", "≥ 40",
        limit=40, tests=_TOKENS,
    ),
    Proof(
        "injection", "delivery", "texts of people in workflows, none of which is run", "≥ 30",
        limit=30, tests=_INJECTION,
    ),
)  # fmt: skip
ON_THE_STACK = (
    Proof(
        "schemathesis", "devices", "generated requests answered as documented, no 5xx", "≥ 3,000",
        limit=3000, tests=_SCHEMA, figure="cases",
    ),
    Proof(
        "forbidden", "delivery", "calls refused to the role that deploys", "20",
        limit=20, tests=_FORBIDDEN,
    ),
)  # fmt: skip
SETS = {"": ("proofs", PROOFS), "stack": ("proofs_on_the_stack", ON_THE_STACK)}
